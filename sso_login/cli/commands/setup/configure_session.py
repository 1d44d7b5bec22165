"""`sso-login configure session`: write an [sso-session] into the AWS config file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from sso_login.cli.commands.setup.config_change import carried_out, writes
from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command
from sso_login.core.commands import log_in
from sso_login.core.errors import UsageProblem
from sso_login.core.model import DEFAULT_SCOPE

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.config import SsoSection


@click.command(
    "session",
    cls=Command,
    epilog="sso-login configure session my-sso --start-url https://my-company.awsapps.com/start --region us-east-1",
)
@click.argument("name", shell_complete=known.configured_sessions)
@click.option("--start-url", metavar="URL", help="The access portal.")
@click.option("--region", help="The region the Identity Center lives in.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help=f"Default {DEFAULT_SCOPE}; repeatable.")
@click.option("--sdk-cache", is_flag=True, help="Keep the AWS SDKs' own cache in step with this session.")
@writes
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
    from sso_login.flows.select import names

    world = context.world()
    there = world.config.sessions.get(_name(name))
    if name in world.config.issuers.sections:
        message = f"{names.quoted(name)} is the name of an issuer"
        raise UsageProblem(message, hint="Give the session another name.")
    values = {
        "sso_start_url": _start_url(name, start_url, there, force=force),
        "sso_region": _region(region, there),
        "sso_registration_scopes": _scopes(scopes, there),
        "sso_login_sdk_cache": "true" if sdk_cache and not (there and there.sdk_cache) else None,
    }
    given = {key: value for key, value in values.items() if value is not None}
    title = there.title if there else title_of("sso-session", name)
    if carried_out(context, [Change(title, given)], dry_run=dry_run):
        context.render.say(f"Wrote [{names.plain(title)}] to {world.config.path}. Log in with `{log_in(name)}`.")
    elif not dry_run:
        context.render.say(f"[{names.plain(title)}] in {world.config.path} says so already: nothing to change.")


def _name(name: str) -> str:
    from sso_login.flows.select import names

    if not name.isprintable() or name != name.strip():
        message = f"{names.quoted(name)} cannot be a session's name"
        raise UsageProblem(message, hint="Use letters, digits, dots, dashes and underscores.")
    return names.fit(name)


def _start_url(name: str, given: str | None, there: SsoSection | None, *, force: bool) -> str | None:
    from sso_login.core.model import checked_start_url
    from sso_login.flows.select import names

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
    from sso_login.core.model import normal_url

    try:
        return normal_url(given) == normal_url(known)
    except ValueError:
        return False


def _region(given: str | None, there: SsoSection | None) -> str | None:
    from sso_login.core.model import checked_region

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
    from sso_login.flows.select import names

    odd = next((scope for scope in given if not re.fullmatch(r"[!-+\--~]+", scope)), None)
    if odd is not None:
        message = f"{names.quoted(odd)} cannot be a scope"
        raise UsageProblem(message, hint=f"Give one --scope for each, such as --scope {DEFAULT_SCOPE}.")
    known = there.scopes if there else ()
    wanted = tuple(dict.fromkeys(given)) or known or (DEFAULT_SCOPE,)
    return None if wanted == known else ",".join(wanted)
