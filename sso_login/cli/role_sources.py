"""What gives the credentials that a command line means: a session's role, AWS Sign-In, a chain of roles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from sso_login import layout
from sso_login.adapters.secrets.hot_index import Noted
from sso_login.core.config import switched
from sso_login.core.credentials import TokenService
from sso_login.core.errors import ConfigError
from sso_login.core.model import checked_region
from sso_login.flows.renewal import MARGIN
from sso_login.flows.role_cache import Given, stale_notice
from sso_login.flows.role_credentials import RoleAsked, role_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.config import AwsConfig, Profile
    from sso_login.core.credentials import Credentials, RoleStep
    from sso_login.core.model import Instance
    from sso_login.flows.role_chain import ChainAsked
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

_REGION: Final = re.compile(r"[a-z0-9-]{1,64}")  # `aws-global` is one, too


class Source(Protocol):
    """Where credentials come from: a role of a session, or whatever else there may be."""

    @property
    def name(self) -> str:
        """Say for people whose credentials they are."""

    @property
    def label(self) -> str:
        """Name them for a prompt: the profile, else ACCOUNT:ROLE."""

    @property
    def region(self) -> str | None:
        """The region to work in, where the profile names one."""

    @property
    def chosen(self) -> Chosen:
        """The login they come of."""

    @property
    def instance(self) -> Instance:
        """Where the login was made, which tells the partition of AWS."""

    @property
    def profile(self) -> Profile | None:
        """The profile that is meant, whose endpoint overrides count."""

    @property
    def world(self) -> World:
        """The world in which the login is kept."""

    @property
    def words(self) -> tuple[str, ...]:
        """What tells these credentials from others of the same login."""

    @property
    def role_arn(self) -> str | None:
        """The ARN of the role, where it is known."""

    @property
    def noted(self) -> Noted | None:
        """Say where the hot path finds what was given last, None where it must not give it."""

    def given(self, min_ttl: float = MARGIN) -> Given:
        """Give credentials with so many seconds left, if that can be had; raises SsoLoginError. Never interactive."""

    def credentials(self, min_ttl: float = MARGIN) -> Credentials:
        """Give the same; that they could not be made fresher is told."""


class _Login:
    """What all sources have in common: they come of a login, and tell what is wrong with what they give."""

    chosen: Chosen
    world: World
    noted: Noted | None

    @property
    def instance(self) -> Instance:
        """Give where the login was made."""
        return self.chosen.instance

    def given(self, min_ttl: float = MARGIN) -> Given:
        """Give them."""
        raise NotImplementedError

    @property
    def entry(self) -> str:
        """Name the record that has them."""
        raise NotImplementedError

    def credentials(self, min_ttl: float = MARGIN) -> Credentials:
        """Give cached or fetched ones; that they could not be made fresher is told."""
        given = self.given(min_ttl)
        notice = stale_notice(given)
        if notice:
            self.world.notify(notice)
        else:
            self.noted = Noted(self.chosen.name, self.instance.binding, self.entry)
        return given.credentials


@dataclass(slots=True)
class RoleSource(_Login):
    """The role of an account, by way of a session."""

    world: World
    asked: RoleAsked
    profile: Profile | None
    region: str | None
    role_arn: str | None = field(default=None, init=False)
    noted: Noted | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Say which role in which account."""
        return f"{self.asked.role} in {self.asked.account}"

    @property
    def label(self) -> str:
        """Name the profile where it is of this very role, else account and role."""
        role = self.asked.account, self.asked.role
        return self.profile.name if self.profile and self.profile.target == role else ":".join(role)

    @property
    def chosen(self) -> Chosen:  # type: ignore[override]  # read alone
        """Give the session."""
        return self.asked.chosen

    @property
    def words(self) -> tuple[str, ...]:
        """Say which account and role."""
        return (self.asked.account, self.asked.role)

    @property
    def entry(self) -> str:
        """Name the role's record."""
        return layout.entry(layout.ROLE, *self.asked.key)

    def given(self, min_ttl: float = MARGIN) -> Given:
        """Give those of the portal."""
        return role_credentials(self.world, self.asked, min_ttl=min_ttl)


@dataclass(slots=True)
class SignInSource(_Login):
    """A login by AWS Sign-In, whose tokens are credentials already, renewed when `longest` seconds are left at most."""

    world: World
    chosen: Chosen
    profile: Profile | None
    longest: float = MARGIN
    words: tuple[str, ...] = field(default=(), init=False)
    role_arn: str | None = field(default=None, init=False)
    noted: Noted | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Say whose login it is."""
        return f"profile {self.chosen.name} (signin)"

    @property
    def label(self) -> str:
        """Name the profile, which the login is called after."""
        return self.chosen.name

    @property
    def region(self) -> str | None:
        """The region to work in, where the profile names one."""
        return working_region(self.world.config, self.profile)

    @property
    def entry(self) -> str:
        """Name the login's own record."""
        return layout.entry(layout.SIGNIN, self.chosen.name)

    def given(self, min_ttl: float = MARGIN) -> Given:
        """Give what is kept, renewed first if need be."""
        from sso_login.core import process
        from sso_login.flows import renewal as session

        want = session.Want(min_ttl=min(min_ttl, self.longest), keep_young=True)  # they live for 15 minutes at most
        outcome = session.ensured(self.world, self.chosen, want)
        return Given(process.read(outcome.session.token.access.reveal()), outcome.problem)


@dataclass(slots=True)
class ChainSource(_Login):
    """A role that another source's credentials assume, by way of any number of others."""

    world: World
    start: Source
    steps: tuple[RoleStep, ...]
    profile: Profile
    noted: Noted | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Say which role in which account."""
        return f"{self.steps[-1].name} in {self.steps[-1].account}"

    @property
    def label(self) -> str:
        """Name the profile."""
        return self.profile.name

    @property
    def region(self) -> str | None:
        """The region to work in, where the profile names one; it does not inherit its source's, as in the SDKs."""
        return working_region(self.world.config, self.profile)

    @property
    def chosen(self) -> Chosen:  # type: ignore[override]  # read alone
        """Give the login that it starts from."""
        return self.start.chosen

    @property
    def words(self) -> tuple[str, ...]:
        """Say which credentials assume the roles."""
        return self.start.words

    @property
    def role_arn(self) -> str | None:
        """Give the ARN of the last role."""
        return self.steps[-1].arn

    @property
    def entry(self) -> str:
        """Name the record of the last role."""
        return layout.entry(layout.ROLE, *self._asked().key)

    def given(self, min_ttl: float = MARGIN) -> Given:
        """Give those of the last role."""
        from sso_login.flows.role_chain import chain_credentials

        return chain_credentials(self.world, self._asked(), min_ttl=min_ttl)

    def _asked(self) -> ChainAsked:
        from sso_login.flows.role_chain import ENOUGH, ChainAsked
        from sso_login.flows.select.config import checked_endpoint

        world = self.world
        override = checked_endpoint("sts", config=world.config, profile=self.profile, env=world.env)
        region = self.region or self.start.region or self.instance.region
        service = token_service(world.env, self.profile, region=region, override=override)
        return ChainAsked(
            self.chosen,
            start=lambda: self.start.credentials(ENOUGH),
            words=self.words,
            steps=self.steps,
            service=service,
            override=override,
        )


def token_service(env: Mapping[str, str], profile: Profile, *, region: str, override: str) -> TokenService:
    """Name the STS to ask, in the region that one works in; raise UsageProblem where that is none."""
    from sso_login.aws.endpoint import sts_url
    from sso_login.core.model import normal_url

    named = checked_region(env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or region)
    fips = bool(switched(env, "AWS_USE_FIPS_ENDPOINT", profile=profile.fips))
    dualstack = bool(switched(env, "AWS_USE_DUALSTACK_ENDPOINT", profile=profile.dualstack))
    url = normal_url(override) if override else sts_url(named, fips=fips, dualstack=dualstack)
    return TokenService(url, named)


def working_region(config: AwsConfig, profile: Profile | None) -> str | None:
    """Give the region that a profile names to work in, None where it names none; ConfigError."""
    if profile is None or not profile.default_region:
        return None
    if not _REGION.fullmatch(profile.default_region):
        message = f"region in {config.place(profile.title)} is not the name of one"
        raise ConfigError(message, hint="A region looks like us-east-1.")
    return profile.default_region
