"""`sso-login status`: how every known session stands, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login import layout
from sso_login.cli.options import Command, duration, json_flag, many_sessions
from sso_login.core.errors import LoginRequired, NotLoggedIn, StorageError, UnknownSession, UsageProblem

if TYPE_CHECKING:
    from sso_login.adapters.schedule.history import Run
    from sso_login.adapters.secrets.hot_index import Row
    from sso_login.cli.context import Context
    from sso_login.cli.sessions import Found
    from sso_login.flows.status import Standing
    from sso_login.world import World


@click.command(cls=Command, epilog="sso-login status --check || sso-login device")
@many_sessions
@click.option("--check", is_flag=True, help="Exit 3 if any needs a login (without names: any ever logged in).")
@click.option(
    "--within", type=duration, metavar="DURATION", help="With --check: also exit 3 if one will need a login by then."
)
@click.option("--short", is_flag=True, help="One line for a prompt; without names: every login there is.")
@json_flag
@click.pass_obj
def status(
    context: Context,
    *,
    sessions: tuple[str, ...],
    profile: str | None,
    check: bool,
    within: float | None,
    short: bool,
) -> None:
    """Show token and registration time left of each SESSION, or of every known one."""
    from sso_login.cli.output import status_view as table
    from sso_login.cli.sessions import Sessions, kind_of, name_of
    from sso_login.core.model import OAUTH, SIGNIN, SSO

    _fitting(context, check=check, within=within, short=short)
    world = context.world()
    index, *_ = (world.of(kind).index for kind in (SSO, SIGNIN, OAUTH))  # before anything is read that goes into them
    known = Sessions(context)
    names = known.named(sessions, profile=profile, every=False)
    found = known.known() if names is None else names
    unknown = [item for item in found if isinstance(item, tuple) and isinstance(item[1], UnknownSession)]
    standings = [_standing(world, item) for item in found if item not in unknown]
    asked = known.ever_logged_in() if names is None else names
    which = {(kind_of(item), name_of(item)) for item in asked}
    about = [each for each in standings if (each.kind, each.name) in which]
    now = world.clock.now()
    if short:
        table.brief(about, now=now)
    elif standings or not unknown:
        table.show(context.render, standings, now=now, runs=lambda: _runs(world))
    for _, error in unknown:
        context.render.error(error)
        context.codes.add(error.exit_code)
    if check:
        context.codes.update(_code(each, now, within) for each in about)
    if not unknown:
        rows = [_row(world, each, asked=each in about) for each in standings]
        index.note_rows(("status", "\0".join(sessions), profile or ""), rows, config=world.config)


def _fitting(context: Context, *, check: bool, within: float | None, short: bool) -> None:
    if within is not None and not check:
        raise UsageProblem("--within needs --check", hint="`sso-login status --check --within 1h` ends with exit 3.")
    if short and context.render.as_json:
        raise UsageProblem("--short and --json exclude each other", hint="Give one of them.")


def _runs(world: World) -> list[Run]:
    from sso_login.adapters.schedule.history import History

    return History(world.home).runs()


def _standing(world: World, found: Found) -> Standing:
    from sso_login.cli.sessions import kind_of, ports_of
    from sso_login.flows.status import LOGIN_REQUIRED, UNREADABLE, Standing, standing

    if isinstance(found, tuple):
        state = LOGIN_REQUIRED if isinstance(found[1], LoginRequired) else UNREADABLE
        return Standing(name=found[0], state=state, error=found[1], unread_kind=kind_of(found))
    return standing(ports_of(world, found), found)


def _code(standing: Standing, now: float, within: float | None) -> int:
    from sso_login.flows.status import LOGIN_REQUIRED, UNREADABLE

    if standing.state == LOGIN_REQUIRED:
        return LoginRequired.exit_code
    if standing.state == UNREADABLE:
        return UsageProblem.exit_code if isinstance(standing.error, UsageProblem) else StorageError.exit_code
    return LoginRequired.exit_code if within is not None and standing.ends_at - now <= within else 0


def _row(world: World, standing: Standing, *, asked: bool) -> tuple[str | None, Row]:
    """Give what the hot path may say of it, and what that rests on: None where that could change unseen."""
    from sso_login.adapters.secrets.hot_index import Noted, Row
    from sso_login.cli.output import status_view as table
    from sso_login.flows.stored_login import store_kind

    index = world.of(standing.kind).index
    label, *_, store, instance = table.row(standing, 0)
    row = Row(asked=asked, label=label, store=store, instance=instance)
    session, card = standing.session, standing.card
    if session and card and not standing.rescued:
        head, promised = index.head(session), session.token.refresh is not None and not card.refused
        noted = Noted(session.name, session.instance.binding, layout.entry(standing.kind, session.name))
        until, shown = session.client.expires_at, standing.registration_expires_at is not None
        row = row._replace(
            head=head,
            promised=promised,
            registration=until,
            shown=shown,
            portal=standing.portal_ends_at or int(card.refused),
        )
        return index.login(noted) if head else None, row
    new = isinstance(standing.error, NotLoggedIn) and standing.store is None
    return index.none(standing.name, standing.kind, store_kind(None, world.env)) if new else None, row
