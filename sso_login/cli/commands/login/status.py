"""`sso-login status`: how every known session stands, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login.cli.options import Command, json_flag, many_sessions
from sso_login.cli.output import status_view as table
from sso_login.cli.sessions import Found, Sessions, kind_of, name_of, ports_of
from sso_login.core.errors import LoginRequired, StorageError, UnknownSession, UsageProblem
from sso_login.flows.status import LOGIN_REQUIRED, UNREADABLE, Standing, standing

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.world import World


@click.command(cls=Command, epilog="sso-login status --check || sso-login device")
@many_sessions
@click.option("--check", is_flag=True, help="Exit 3 if any needs a login (without names: any ever logged in).")
@json_flag
@click.pass_obj
def status(context: Context, *, sessions: tuple[str, ...], profile: str | None, check: bool) -> None:
    """Show token and registration time left of each SESSION, or of every known one."""
    world = context.world()
    known = Sessions(context)
    names = known.named(sessions, profile=profile, every=False)
    found = known.known() if names is None else names
    unknown = [item for item in found if isinstance(item, tuple) and isinstance(item[1], UnknownSession)]
    standings = [_standing(world, item) for item in found if item not in unknown]
    if standings or not unknown:
        table.show(context.render, standings, now=world.clock.now())
    for _, error in unknown:
        context.render.error(error)
        context.codes.add(error.exit_code)
    if check:
        asked = known.ever_logged_in() if names is None else names
        which = {(kind_of(item), name_of(item)) for item in asked}
        context.codes.update(_code(each) for each in standings if (each.kind, each.name) in which)


def _standing(world: World, found: Found) -> Standing:
    if isinstance(found, tuple):
        return Standing(name=found[0], state=UNREADABLE, error=found[1], unread_kind=kind_of(found))
    return standing(ports_of(world, found), found)


def _code(standing: Standing) -> int:
    if standing.state == LOGIN_REQUIRED:
        return LoginRequired.exit_code
    if standing.state == UNREADABLE:
        return UsageProblem.exit_code if isinstance(standing.error, UsageProblem) else StorageError.exit_code
    return 0
