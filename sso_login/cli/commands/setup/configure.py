"""`sso-login configure`: write sessions and profiles into the AWS config file; all by flags, never a prompt."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command, Noun, one_session
from sso_login.cli.output import listing
from sso_login.cli.output.render import out, printable
from sso_login.cli.sessions import Sessions
from sso_login.core.commands import log_in
from sso_login.core.errors import ConfigError, UnsafeFile, UsageProblem
from sso_login.core.model import DEFAULT_SCOPE, checked_region, checked_start_url, normal_url
from sso_login.flows import session_names as names
from sso_login.flows.profiles import (
    FIELDS,
    READ,
    TEMPLATE,
    RoleProfile,
    Style,
    matching,
    role_profiles,
    untouchable,
    with_roles,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_login.adapters.aws_files.aws_ini import Change
    from sso_login.cli.context import Context
    from sso_login.core.config import SsoSection
    from sso_login.flows.list_roles import Listing, Progress
    from sso_login.flows.select_session import Chosen
    from sso_login.world import World

_SECRETS: Final = re.compile(r"^([ +-]\s*(?:aws_secret_access_key|aws_session_token|\S*(?:secret|token|password)\S*)"
                             r"\s*[=:]\s*)\S.*", re.IGNORECASE)  # fmt: skip


@click.group(cls=Noun, epilog="sso-login configure profiles --region eu-central-1 --dry-run")
def configure() -> None:
    """Write sessions and profiles into the AWS config file; comments, order and all else in it stay as they are."""


def _writes(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")(command)
    return click.option("--force", is_flag=True, help="Change even what was not written for this.")(command)


# --- configure session


@configure.command(
    cls=Command,
    epilog="sso-login configure session my-sso --start-url https://my-company.awsapps.com/start --region us-east-1",
)
@click.argument("name", shell_complete=known.configured_sessions)
@click.option("--start-url", metavar="URL", help="The access portal.")
@click.option("--region", help="The region the Identity Center lives in.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help=f"Default {DEFAULT_SCOPE}; repeatable.")
@click.option("--sdk-cache", is_flag=True, help="Keep the AWS SDKs' own cache in step with this session.")
@_writes
@click.pass_obj
def session(  # noqa: PLR0913 - one parameter an option
    context: Context,
    *,
    name: str,
    start_url: str | None,
    region: str | None,
    scopes: tuple[str, ...],
    sdk_cache: bool,
    force: bool,
    dry_run: bool,
) -> None:
    """Write [sso-session NAME]: a new one, or what is given of one that is there."""
    from sso_login.adapters.aws_files.aws_edit import Change, title_of

    world = context.world()
    there = world.config.sessions.get(_name(name))
    values = {
        "sso_start_url": _start_url(name, start_url, there, force=force),
        "sso_region": _region(region, there),
        "sso_registration_scopes": _scopes(scopes, there),
        "sso_login_sdk_cache": "true" if sdk_cache and not (there and there.sdk_cache) else None,
    }
    given = {key: value for key, value in values.items() if value is not None}
    title = there.title if there else title_of("sso-session", name)
    if _carried_out(context, [Change(title, given)], dry_run=dry_run):
        context.render.line(f"Wrote [{title}] to {world.config.path}. Log in with `{log_in(name)}`.")
    elif not dry_run:
        context.render.line(f"[{title}] in {world.config.path} says so already: nothing to change.")


def _name(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        message = f"{names.quoted(name)} cannot be a session's name"
        raise UsageProblem(message, hint="Use letters, digits, dots, dashes and underscores.")
    return names.fit(name)


def _start_url(name: str, given: str | None, there: SsoSection | None, *, force: bool) -> str | None:
    known = there.start_url if there else None
    if given is None:
        _need("--start-url", known)
        return None
    given = checked_start_url(given, what="--start-url")
    if not known:
        return given
    if _same_url(given, known):
        return None  # another spelling of it is none the better
    if not force:
        message = f"session {names.quoted(name)} is there with another start URL: {names.plain(known)}"
        raise UsageProblem(message, hint="Give the session another name, or use --force to change it.")
    return given


def _same_url(given: str, known: str) -> bool:
    try:
        return normal_url(given) == normal_url(known)
    except ValueError:
        return False


def _region(given: str | None, there: SsoSection | None) -> str | None:
    if given is not None:
        return checked_region(given)
    _need("--region", there.region if there else None)
    return None


def _need(option: str, known: str | None) -> None:
    if not known:
        message = f"a new session needs {option}"
        raise UsageProblem(
            message, hint="Give --start-url and --region; the latter is where the Identity Center lives."
        )


def _scopes(given: tuple[str, ...], there: SsoSection | None) -> str | None:
    odd = next((scope for scope in given if not re.fullmatch(r"[!-+\--~]+", scope)), None)
    if odd is not None:
        message = f"{names.quoted(odd)} cannot be a scope"
        raise UsageProblem(message, hint=f"Give one --scope for each, such as --scope {DEFAULT_SCOPE}.")
    known = there.scopes if there else ()
    wanted = tuple(dict.fromkeys(given)) or known or (DEFAULT_SCOPE,)
    return None if wanted == known else ",".join(wanted)


# --- configure profiles


@configure.command(
    cls=Command, epilog="sso-login configure profiles my-sso --account '*-prod' --role 'Read*' --region eu-central-1"
)
@one_session
@click.option(
    "--template", default=TEMPLATE, help=f"How to name profiles: {', '.join(FIELDS)} in braces. Default {TEMPLATE}."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ID|NAME",
    help="Only these; * and ? work; repeatable.",
    shell_complete=known.accounts,
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE",
    help="Only these; * and ? work; repeatable.",
    shell_complete=known.roles,
)
@click.option("--region", help="The region of the profiles; without it each keeps its own, or has none.")
@click.option("--sso-keys/--credential-process", help="Plain SSO keys, or (default) a credential_process.")
@click.option(
    "--program", metavar="PATH", default="sso-login", help="What credential_process runs.", shell_complete=known.files
)
@_writes
@click.pass_obj
def profiles(  # noqa: PLR0913 - one parameter an option
    context: Context,
    /,
    *,
    session: str | None,
    profile: str | None,
    accounts: tuple[str, ...],
    roles: tuple[str, ...],
    force: bool,
    dry_run: bool,
    region: str | None,
    program: str,
    **style: Any,  # noqa: ANN401 - click's own values, by option
) -> None:
    """Write a profile for each role that SESSION may use. What was written for other roles is left alone."""
    world = context.world()
    chosen = Sessions(context).chosen(session, profile)
    wanted = Style(chosen.name, region=region and _place(region), program=_program(program), **style)
    _check(context, wanted)
    with listing.progress(context, "accounts") as told:
        found = _listed(world, chosen, accounts, told)
    listing.tell(context, found.problems)
    if found.roles or not found.problems:
        _write(context, role_profiles(with_roles(found.roles, roles), wanted), wanted, force=force, dry_run=dry_run)


def _place(region: str) -> str:
    try:
        return checked_region(region)
    except UsageProblem as error:
        raise UsageProblem(
            error.message, hint="A region looks like us-east-1; where the profile is to work."
        ) from error


def _program(program: str) -> str:
    return os.path.abspath(program) if os.path.dirname(program) else program  # noqa: PTH100, PTH120 - ./ says a path


def _check(context: Context, style: Style) -> None:
    world = context.world()
    if style.sso_keys and style.session not in world.config.sessions:
        message = f"session {names.quoted(style.session)} has no [sso-session] in {world.config.path}"
        hint = "Write one with `sso-login configure session NAME --start-url URL --region REGION`"
        raise UsageProblem(message, hint=f"{hint}, or leave out --sso-keys.")
    import shutil

    if not style.sso_keys and shutil.which(style.program, path=world.env.get("PATH")) is None:
        from sso_login.core.message import Notice

        text = f"there is no program {style.program} on PATH; name it with --program, or the profiles will not work"
        world.notify(Notice(text, warning=True))


def _listed(world: World, chosen: Chosen, accounts: tuple[str, ...], told: Progress | None) -> Listing:
    from sso_login.flows.list_roles import list_accounts, list_roles

    wanted: Sequence[str] | None = accounts or None
    if not all(re.fullmatch("[0-9]{12}", each) for each in accounts):
        wanted = [account.id for account in matching(list_accounts(world, chosen).accounts, accounts)]
    return list_roles(world, chosen, accounts=wanted, progress=told)


def _write(context: Context, made: Sequence[RoleProfile], style: Style, *, force: bool, dry_run: bool) -> None:
    from sso_login.adapters.aws_files.aws_edit import Change, read_keys, title_of
    from sso_login.core.message import Notice

    path = context.world().config.path
    there = read_keys(path, "profile", values=READ)
    left = [] if force else untouchable(made, there, style.session)
    for name in left:
        text = f"profile {name} is there already and not for this role: left as it is (--force changes it)"
        context.render.notice(Notice(text, warning=True))
    chosen = [each for each in made if each.name not in set(left)]
    _warn_of_keys(context, chosen)
    changes = [Change(title_of("profile", each.name), each.values, each.remove) for each in chosen]
    if _carried_out(context, changes, dry_run=dry_run):
        new = sum(each.name not in there for each in chosen)
        context.render.line(f"Wrote profiles to {path}: {new} new, {len(chosen) - new} that were there.")
    elif not dry_run:
        context.render.line(f"Nothing to change in {path}: profiles as they are to be: {len(chosen)}.")


def _warn_of_keys(context: Context, chosen: Sequence[RoleProfile]) -> None:
    """Say where an SDK would take other credentials first: it reads a profile's keys in the credentials file before."""
    from sso_login.adapters.aws_files.aws_config import credentials_path
    from sso_login.adapters.aws_files.aws_edit import read_keys
    from sso_login.core.message import Notice

    path = credentials_path(context.world().env)
    with suppress(ConfigError, UnsafeFile):  # not this command's business
        there = read_keys(path, "", values=())
        for name in (each.name for each in chosen if "aws_access_key_id" in there.get(each.name, ())):
            text = f"profile {name} has keys in {path}, which the AWS SDKs take before what is written here"
            context.render.notice(Notice(text, warning=True))


# --- what both do


def _carried_out(context: Context, changes: Sequence[Change], *, dry_run: bool) -> bool:
    world = context.world()
    if not dry_run:
        return world.edit_aws_file(world.config.path, changes, private=False)
    from sso_login.adapters.aws_files.aws_edit import planned

    out(_diff(world.config.path, *planned(world.config.path, changes)))
    return False


def _diff(path: str, before: bytes, after: bytes) -> str:
    """Show what would change; secrets in the lines around are not shown, nor is what a terminal would obey."""
    import difflib

    old, new = (content.decode().splitlines() for content in (before, after))
    lines = difflib.unified_diff(old, new, fromfile=path, tofile=path, lineterm="")
    shown = (_SECRETS.sub(r"\1***", printable(line.replace("\t", "    "))) for line in lines)
    return "".join(f"{line}\n" for line in shown)
