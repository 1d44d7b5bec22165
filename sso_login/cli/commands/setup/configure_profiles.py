"""`sso-login configure profiles`: write a profile for each role into the AWS config file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from sso_login.cli.commands.setup.config_change import carried_out, writes
from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command, one_session
from sso_login.cli.output import listing
from sso_login.core.errors import ConfigError, UnsafeFile, UsageProblem
from sso_login.flows.profiles import FIELDS, TEMPLATE

_LEAST = 4_096  # bytes for a few profiles; the rest is seen when it is written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.cli.context import Context
    from sso_login.flows.profiles import RoleProfile, Style
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World


@click.command(
    "profiles",
    cls=Command,
    epilog="sso-login configure profiles my-sso --account '*-prod' --role 'Read*' --region eu-central-1",
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
    "--program",
    metavar="PATH",
    help="What credential_process runs.  [default: sso-login; its whole path where the desktop would not find it]",
    shell_complete=known.files,
)
@click.option("--absolute", is_flag=True, help="Write the whole path of the program in any case.")
@writes
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
    program: str | None,
    absolute: bool,
    **style: Any,  # noqa: ANN401 - click's own values, by option
) -> None:
    """Write a profile for each role that SESSION may use. What was written for other roles is left alone."""
    from sso_login.cli.commands.roles.listed import found as listed_roles
    from sso_login.cli.sessions import Sessions
    from sso_login.flows.profiles import Style, role_profiles, with_roles

    world = context.world()
    chosen = Sessions(context).of_aws(session, profile)
    named = _program(context, program, absolute=absolute, said=not style["sso_keys"])
    wanted = Style(chosen.name, region=region and _place(region), program=named, **style)
    _check(context, wanted)
    _check_room(world)
    with listing.progress(context, "accounts") as told:
        found = listed_roles(world, chosen, accounts, told)
    listing.tell(context, found.problems)
    if found.roles or not found.problems:
        made = role_profiles(with_roles(found.roles, roles), wanted)
        _write(context, made, wanted, chosen, force=force, dry_run=dry_run)


def _place(region: str) -> str:
    from sso_login.core.model import checked_region

    try:
        return checked_region(region)
    except UsageProblem as error:
        raise UsageProblem(
            error.message, hint="A region looks like us-east-1; where the profile is to work."
        ) from error


def _program(context: Context, program: str | None, *, absolute: bool, said: bool) -> str:
    """Choose what credential_process runs: what is named, else `sso-login`, by its path where the desktop needs that.

    Programs that are started from a desktop, such as an IDE, have the session's own short PATH, not a shell's.
    """
    from sso_login.adapters.system.programs import found, on_every_path
    from sso_login.core.message import Notice

    env = context.world().env
    name = program or "sso-login"
    if os.path.dirname(name):  # noqa: PTH120 - ./ says a path
        return os.path.abspath(name)  # noqa: PTH100 - the same
    place = found(name, env) if env.get("PATH") else None
    if place is None or not (absolute or (program is None and not on_every_path(place))):
        return name
    whole = os.path.abspath(place)  # noqa: PTH100 - the same
    if said and not absolute:
        why = "programs started from the desktop do not have its folder on their PATH"
        text = f"the profiles name {whole}, since {why}; `--program sso-login` writes the name alone"
        context.world().notify(Notice(text))
    return whole


def _check(context: Context, style: Style) -> None:
    from sso_login.flows.select import names

    world = context.world()
    if style.sso_keys and style.session not in world.config.sessions:
        message = f"session {names.quoted(style.session)} has no [sso-session] in {world.config.path}"
        hint = "Write one with `sso-login configure session NAME --start-url URL --region REGION`"
        raise UsageProblem(message, hint=f"{hint}, or leave out --sso-keys.")
    import shutil

    if not style.sso_keys and shutil.which(style.program, path=world.env.get("PATH")) is None:
        from sso_login.core.message import Notice

        where = "there is no program" if os.path.dirname(style.program) else "PATH has no program"  # noqa: PTH120
        text = f"{where} {style.program}; name it with --program, or the profiles will not work"
        world.notify(Notice(text, warning=True))


def _check_room(world: World) -> None:
    """Say that nothing more fits before everything is listed, which may take a minute."""
    from sso_login.adapters.aws_files.aws_config import LARGEST

    size = world.config.stamp[2] if world.config.stamp else 0
    if size + _LEAST > LARGEST:
        message = f"{world.config.path} is nearly 16 MiB large: no profile fits into it any more"
        raise ConfigError(message, hint="Take profiles out of it, or name another file in AWS_CONFIG_FILE.")


def _write(
    context: Context, made: Sequence[RoleProfile], style: Style, chosen: Chosen, *, force: bool, dry_run: bool
) -> None:
    from sso_login.adapters.aws_files.aws_edit import Change, read_keys, title_of
    from sso_login.core.message import Notice
    from sso_login.flows.profiles import READ, untouchable

    path = context.world().config.path
    there = read_keys(path, "profile", values=READ)
    left = {} if force else untouchable(made, there, style.session, instance=chosen.instance)
    for name, difference in left.items():
        text = (
            f"profile {name} is there already and not for this role ({difference}): left as it is; --force changes it"
        )
        context.render.notice(Notice(text, warning=True))
    wanted = [each for each in made if each.name not in left]
    _warn_of_keys(context, wanted)
    changes = [Change(title_of("profile", each.name), each.values, each.remove) for each in wanted]
    if carried_out(context, changes, dry_run=dry_run):
        new = sum(each.name not in there for each in wanted)
        context.render.say(f"Wrote profiles to {path}: {new} new, {len(wanted) - new} that were there.")
    elif not dry_run:
        context.render.say(f"Nothing to change in {path}: profiles as they are to be: {len(wanted)}.")


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
