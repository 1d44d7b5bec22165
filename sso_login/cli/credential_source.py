"""Whose credentials a command line means: the options for it, and a source that gives them."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.role_sources import ChainSource, RoleSource, SignInSource, Source, working_region
from sso_login.cli.sessions import Found, Sessions, sound
from sso_login.core.config import current_profile
from sso_login.core.errors import UsageProblem
from sso_login.flows.role_credentials import RoleAsked
from sso_login.flows.select.chain import followed
from sso_login.flows.select.session import choose

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.config import Profile
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_OURS: Final = re.compile(r"(^|[/\\])sso-login(\.exe)?$")


@dataclass(frozen=True, slots=True)
class Wanted:
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
    """Let a command take what names credentials; it is called with the context and a Wanted, then its own options."""

    @click.option(
        "--profile",
        metavar="PROFILE",
        help="The session, account and role of this profile.",
        shell_complete=known.role_profiles,
    )
    @click.option(
        "--session",
        metavar="SESSION",
        help="The session to go by, with --account and --role.",
        shell_complete=known.session_values,
    )
    @click.option(
        "--account",
        metavar="ID",
        help="The account's 12 digits, in place of the profile's.",
        shell_complete=known.accounts,
    )
    @click.option(
        "--role", metavar="ROLE", help="The role's name, in place of the profile's.", shell_complete=known.roles
    )
    @click.pass_obj
    @functools.wraps(command)
    def called(context: Context, /, **given: Any) -> Any:  # noqa: ANN401 - click's own values, by option
        wanted = Wanted(**{name: given.pop(name) for name in Wanted.__dataclass_fields__})
        return command(context, wanted, **given)

    return called


def resolve(context: Context, wanted: Wanted) -> Source:
    """Find the source that is meant; raises UsageProblem, ConfigError, UnknownSession."""
    world = context.world()
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
        raise _unnamed(chosen, profile, account=account, role=role)
    return RoleSource(world, RoleAsked(chosen, account, role), profile, working_region(world.config, profile))


def _chained(context: Context, wanted: Wanted) -> Source | None:
    """Find the chain of roles that is meant: that of the profile, unless account and role are said otherwise."""
    world = context.world()
    if wanted.account is not None or wanted.role is not None or (wanted.session and not wanted.profile):
        return None
    profile = world.config.profiles.get(wanted.profile or current_profile(world.env))
    if profile is None or not profile.role_arn:
        return None
    chain = followed(world.config, profile)
    start = resolve(context, Wanted(profile=chain.start.name))
    named = wanted.session or (None if wanted.profile else world.env.get("SSO_LOGIN_SESSION"))
    if named in {None, "", start.chosen.name}:
        return ChainSource(start.world, start, chain.steps, profile)
    if not wanted.profile:
        return None
    message = f"the session of profile {profile.name!r} is {start.chosen.name!r}, not the one that is named"
    raise UsageProblem(message, hint="Name the session or the profile, not both.")


def _signed_in(context: Context, wanted: Wanted) -> Found | None:
    """Find the login by AWS Sign-In that is meant: that of the profile, unless that profile says where else to go."""
    world = context.world()
    if (wanted.session, wanted.account, wanted.role) != (None, None, None):
        return None
    if wanted.profile is None and world.env.get("SSO_LOGIN_SESSION"):
        return None
    name = wanted.profile or current_profile(world.env)
    profile = world.config.profiles.get(name)
    return None if profile and _said(profile.credential_process or "") else Sessions(context).signed_in(name)


def _followed(world: World, wanted: Wanted) -> tuple[Wanted, Profile | None]:
    """Follow a profile whose credential_process is one of ours (`configure` writes them) to what it says itself.

    Gives what is then wanted and that profile, or what was wanted as it is. Such a profile has no session of its own,
    and the current one does not count where SSO_LOGIN_SESSION names another session.
    """
    name = wanted.profile or (None if wanted.session is not None else current_profile(world.env))
    profile = world.config.profiles.get(name) if name else None
    said = _said(profile.credential_process or "") if profile and not profile.has_session else None
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
    return Wanted(session=said.session, account=account, role=role), profile


def _said(command: str) -> Wanted | None:
    """Read a credential_process of ours; None for any other."""
    try:
        program, *words = shlex.split(command.replace("\\", "\\\\"))  # the backslashes of a Windows path are meant
    except ValueError:
        return None
    if not _OURS.search(program) or words[:1] != ["credentials"] or len(words) % 2 == 0:
        return None
    said = dict(zip(words[1::2], words[2::2], strict=True))
    if said.pop("--format", "process") != "process" or set(said) != {"--session", "--account", "--role"}:
        return None
    return Wanted(session=said["--session"], account=said["--account"], role=said["--role"])


def _profile(world: World, chosen: Chosen, wanted: Wanted) -> Profile | None:
    """Find the profile that has a say: the one that is named, else the current one if it is of this very session."""
    if wanted.profile is not None:
        return world.config.profiles.get(wanted.profile)
    if wanted.session is not None:
        return None
    current = world.config.profiles.get(current_profile(world.env))
    if current is None or not current.has_session:
        return None
    theirs = choose(world.config, [], world.env, profile=current.name)
    return current if theirs.name == chosen.name else None


def _unnamed(chosen: Chosen, profile: Profile | None, *, account: str | None, role: str | None) -> UsageProblem:
    missing = " and no ".join(what for what, value in (("account", account), ("role", role)) if not value)
    where = f", nor in profile {profile.name!r}" if profile else ""
    return UsageProblem(
        f"no {missing} is named for session {chosen.name!r}{where}",
        hint="Give --account and --role, or --profile with sso_account_id and sso_role_name; "
        "`sso-login roles` lists what there is.",
    )
