"""What `sso-login configure profiles` does: list, compare with what is there, write and remove."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sso_login.adapters.aws_files.aws_edit import Change, read_keys, title_of
from sso_login.cli.commands.roles.listed import found as listed_roles
from sso_login.cli.commands.setup.config_change import carried_out
from sso_login.cli.output import listing
from sso_login.core.errors import ConfigError, UnsafeFile, UsageProblem
from sso_login.core.message import Notice
from sso_login.core.model import checked_region
from sso_login.flows.profiles import (
    READ,
    RoleProfile,
    Style,
    matching,
    role_profiles,
    unassigned,
    untouchable,
    with_roles,
)
from sso_login.flows.select import names

_LEAST = 4_096  # bytes for a few profiles; the rest is seen when it is written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.cli.context import Context
    from sso_login.flows.list_roles import Listing
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World


def carry_out(context: Context, chosen: Chosen, asked: Mapping[str, Any], *, force: bool, dry_run: bool) -> None:
    """Write and remove profiles as the options say."""
    style = Style(
        chosen.name,
        template=asked["template"],
        region=asked["region"] and _place(asked["region"]),
        sso_keys=asked["sso_keys"],
        program=_program(context, asked["program"], absolute=asked["absolute"], said=not asked["sso_keys"]),
    )
    _check(context, style)
    _check_room(context.world())
    found, gone = _listed(context, chosen, asked["accounts"], prune=asked["prune"])
    listing.tell(context, found.problems)
    if found.roles or gone or not found.problems:
        made = role_profiles(with_roles(found.roles, asked["roles"]), style) if found.roles or not gone else ()
        _write(context, made, style, chosen, force=force, dry_run=dry_run, gone=gone)


def _listed(context: Context, chosen: Chosen, accounts: tuple[str, ...], *, prune: bool) -> tuple[Listing, list[str]]:
    """List the roles to write profiles for, and name the profiles to remove: for that, all roles are listed."""
    world = context.world()
    with listing.progress(context, "accounts") as told:
        found = listed_roles(world, chosen, () if prune else accounts, told)
    if not prune:
        return found, []
    if found.problems:
        context.render.notice(Notice("no profile is removed, since not everything could be listed", warning=True))
        gone = []
    else:
        there = read_keys(world.config.path, "profile", values=READ)
        gone = unassigned(world.config, there, chosen.name, found.roles)
    if accounts:
        ids = {account.id for account in matching(found.accounts, accounts)}
        found = replace(found, roles=tuple(role for role in found.roles if role.account.id in ids))
    return found, gone


def _place(region: str) -> str:
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
    world = context.world()
    if style.sso_keys and style.session not in world.config.sessions:
        message = f"session {names.quoted(style.session)} has no [sso-session] in {world.config.path}"
        hint = "Write one with `sso-login configure session NAME --start-url URL --region REGION`"
        raise UsageProblem(message, hint=f"{hint}, or leave out --sso-keys.")
    import shutil

    if not style.sso_keys and shutil.which(style.program, path=world.env.get("PATH")) is None:
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


def _write(  # noqa: PLR0913 - what is written, and how
    context: Context,
    made: Sequence[RoleProfile],
    style: Style,
    chosen: Chosen,
    *,
    force: bool,
    dry_run: bool,
    gone: Sequence[str],
) -> None:
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
    changes += [Change(title_of("profile", name), gone=True) for name in gone]
    if carried_out(context, changes, dry_run=dry_run):
        new = sum(each.name not in there for each in wanted)
        context.render.say(f"Wrote profiles to {path}: {new} new, {len(wanted) - new} that were there.")
        if gone:
            context.render.say(f"Removed, since the role is no longer assigned: {names.listed(gone)}.")
    elif not dry_run:
        context.render.say(f"Nothing to change in {path}: profiles as they are to be: {len(wanted)}.")


def _warn_of_keys(context: Context, chosen: Sequence[RoleProfile]) -> None:
    """Say where an SDK would take other credentials first: it reads a profile's keys in the credentials file before."""
    from sso_login.adapters.aws_files.aws_config import credentials_path

    path = credentials_path(context.world().env)
    with suppress(ConfigError, UnsafeFile):  # not this command's business
        there = read_keys(path, "", values=())
        for name in (each.name for each in chosen if "aws_access_key_id" in there.get(each.name, ())):
            text = f"profile {name} has keys in {path}, which the AWS SDKs take before what is written here"
            context.render.notice(Notice(text, warning=True))
