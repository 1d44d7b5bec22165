"""Whose credentials a command line means: the options for it, and a source that gives them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sso_login.cli.completion import candidates as known
from sso_login.core.config import current_profile
from sso_login.core.errors import UsageProblem

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.cli.role_sources import Source
    from sso_login.cli.sessions import Found
    from sso_login.core.config import Profile
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RoleOptions:
    """What a command line says of whose credentials it means; None is what was not said."""

    session: str | None = None
    profile: str | None = None
    account: str | None = None
    role: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """Give it as the hot path's index has it."""
        return ("credentials", self.session or "", self.profile or "", self.account or "", self.role or "")


def target_options(command: Decorated) -> Callable[..., Any]:
    """Let a command take what names credentials; it is called with context, RoleOptions and its own options."""

    @click.option(
        "--profile",
        metavar="PROFILE",
        help="The session, account and role of this profile.",
        shell_complete=known.profiles,
    )
    @click.option(
        "--session",
        metavar="SESSION",
        help="The session to go by, with --account and --role.",
        shell_complete=known.session_values,
    )
    @click.option(
        "--account",
        metavar="ID|NAME",
        help="The account, by its 12 digits or its name, in place of the profile's; * and ? work.",
        shell_complete=known.accounts,
    )
    @click.option(
        "--role",
        metavar="ROLE",
        help="The role's name, in place of the profile's; * and ? work.",
        shell_complete=known.roles,
    )
    @click.pass_obj
    @functools.wraps(command)
    def called(context: Context, /, **given: Any) -> Any:  # noqa: ANN401 - click's own values, by option
        wanted = RoleOptions(**{name: given.pop(name) for name in RoleOptions.__dataclass_fields__})
        return command(context, with_profile(wanted, given.pop("named", None)), **given)

    return called


def profile_argument(command: Decorated) -> Decorated:
    """Let a command with `target_options` take PROFILE as its argument, too."""
    return click.argument("named", required=False, metavar="[PROFILE]", shell_complete=known.profiles)(command)


def with_profile(wanted: RoleOptions, named: str | None) -> RoleOptions:
    """Take PROFILE for --profile; UsageProblem where both are said and differ."""
    if named is None:
        return wanted
    if wanted.profile not in {None, named}:
        message = f"name the profile once: {named!r} or --profile {wanted.profile!r}"
        raise UsageProblem(message, hint="PROFILE and --profile mean the same.")
    return replace(wanted, profile=named)


def resolve(context: Context, wanted: RoleOptions) -> Source:
    """Find the source that is meant; raises UsageProblem, ConfigError, UnknownSession."""
    from sso_login.cli.role_sources import RoleSource, SignInSource, working_region
    from sso_login.cli.sessions import Sessions, sound
    from sso_login.flows.role_credentials import RoleAsked

    world = context.world()
    world.profile = wanted.profile
    wanted = _passed_on(world, wanted)
    chained = _chained(context, wanted)
    if chained is not None:
        return chained
    found = _signed_in(context, wanted)
    if found is not None:
        chosen = sound(found)
        return SignInSource(world.signin, chosen, world.config.profiles.get(chosen.name))
    meant, profile = _followed(world, wanted)
    chosen = Sessions(context).of_aws(meant.session, meant.profile)
    profile = profile or _profile(world, chosen, meant)
    account = meant.account if meant.account is not None else profile and profile.account_id
    role = meant.role if meant.role is not None else profile and profile.role_name
    if not account or not role:
        raise RoleUnnamed(chosen, profile, account=account, role=role)
    return RoleSource(world, RoleAsked(chosen, account, role), profile, working_region(world.config, profile))


def _passed_on(world: World, wanted: RoleOptions) -> RoleOptions:
    """Follow profiles whose credential_process, one of ours, names another profile."""
    from sso_login.flows.select.chain import leads

    name = wanted.profile or (None if wanted.session is not None else current_profile(world.env))
    profile = world.config.profiles.get(name) if name else None
    said = profile.ours if profile else None
    if profile is None or said is None or not said.profile:
        return wanted
    leads(world.config, profile)  # raises where that leads in a circle
    account = said.account if wanted.account is None else wanted.account
    role = said.role if wanted.role is None else wanted.role
    return _passed_on(world, RoleOptions(wanted.session, said.profile, account, role))


def _chained(context: Context, wanted: RoleOptions) -> Source | None:
    """Find the chain of roles that is meant: that of the profile, unless account and role are said otherwise."""
    from sso_login.cli.role_sources import ChainSource
    from sso_login.flows.select.chain import followed

    world = context.world()
    if wanted.account is not None or wanted.role is not None or (wanted.session and not wanted.profile):
        return None
    profile = world.config.profiles.get(wanted.profile or current_profile(world.env))
    if profile is None or not profile.role_arn:
        return None
    chain = followed(world.config, profile)
    start = resolve(context, RoleOptions(profile=chain.start.name))
    named = wanted.session or (None if wanted.profile else world.env.get("SSO_LOGIN_SESSION"))
    if named in {None, "", start.chosen.name}:
        return ChainSource(start.world, start, chain.steps, profile)
    if not wanted.profile:
        return None
    message = f"the session of profile {profile.name!r} is {start.chosen.name!r}, not the one that is named"
    raise UsageProblem(message, hint="Name the session or the profile, not both.")


def _signed_in(context: Context, wanted: RoleOptions) -> Found | None:
    """Find the login by AWS Sign-In that is meant: that of the profile, unless that profile says where else to go."""
    from sso_login.cli.sessions import Sessions

    world = context.world()
    if (wanted.session, wanted.account, wanted.role) != (None, None, None):
        return None
    if wanted.profile is None and world.env.get("SSO_LOGIN_SESSION"):
        return None
    name = wanted.profile or current_profile(world.env)
    profile = world.config.profiles.get(name)
    return None if profile and profile.ours else Sessions(context).signed_in(name)


def _followed(world: World, wanted: RoleOptions) -> tuple[RoleOptions, Profile | None]:
    """Follow a profile whose credential_process is one of ours (`configure` writes them) to what it says itself.

    Gives what is then wanted and that profile, or what was wanted as it is. The current one does not count where
    SSO_LOGIN_SESSION names another session.
    """
    name = wanted.profile or (None if wanted.session is not None else current_profile(world.env))
    profile = world.config.profiles.get(name) if name else None
    said = profile.ours if profile else None
    if profile is None or said is None:
        return wanted, None
    named = wanted.session if wanted.profile else world.env.get("SSO_LOGIN_SESSION") or None
    if named not in {None, said.session}:
        if not wanted.profile:
            return wanted, None
        message = f"the session of profile {profile.name!r} is {said.session!r}, not the one that is named"
        raise UsageProblem(message, hint="Name the session or the profile, not both.")
    account = said.account if wanted.account is None else wanted.account
    role = said.role if wanted.role is None else wanted.role
    return RoleOptions(session=said.session, account=account, role=role), profile


def _profile(world: World, chosen: Chosen, wanted: RoleOptions) -> Profile | None:
    """Find the profile that has a say: the one that is named, else the current one if it is of this very session."""
    from sso_login.flows.select.session import choose

    if wanted.profile is not None:
        return world.config.profiles.get(wanted.profile)
    if wanted.session is not None:
        return None
    current = world.config.profiles.get(current_profile(world.env))
    if current is None or not current.has_session or current.ours:
        return None
    theirs = choose(world.config, [], world.env, profile=current.name)
    return current if theirs.name == chosen.name else None


class RoleUnnamed(UsageProblem):
    """The session is known, but not which account and role; those that are said are kept."""

    def __init__(self, chosen: Chosen, profile: Profile | None, *, account: str | None, role: str | None) -> None:
        """Say what is missing."""
        missing = " and no ".join(what for what, value in (("account", account), ("role", role)) if not value)
        where = f", nor in profile {profile.name!r}" if profile else ""
        super().__init__(
            f"no {missing} is named for session {chosen.name!r}{where}",
            hint="Give --account and --role, or --profile with sso_account_id and sso_role_name; "
            "`sso-login roles` lists what there is.",
        )
        self.chosen, self.account, self.role = chosen, account or None, role or None
