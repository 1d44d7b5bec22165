"""`sso-login refresh`: for cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sso_login import layout
from sso_login.adapters.secrets.hot_index import Noted
from sso_login.cli.commands.login.refresh_run import RefreshRun
from sso_login.cli.options import Command, duration, many_sessions
from sso_login.cli.sessions import Found, Sessions, each, kind_of, label_of, ports_of, sound
from sso_login.core.errors import SsoLoginError
from sso_login.core.model import OAUTH, SIGNIN, SSO
from sso_login.core.times import about
from sso_login.flows.renewal import MARGIN, Want, ensured

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.flows.renewal import Outcome

AT_ONCE: Final = 16  # sessions renewed side by side


@click.command(cls=Command, epilog="*/5 * * * *  sso-login refresh --all --quiet")
@many_sessions
@click.option("--all", "every", is_flag=True, help="Every session with a login; the same as naming none.")
@click.option("--min-ttl", type=duration, default=900.0, help="Renew what has less than this left (default 15m).")
@click.option("--force", is_flag=True, help="Renew in any case, and try again at once after a failure.")
@click.option(
    "--scheduled", is_flag=True, help="As the schedule runs it: what the last run said already is not said again."
)
@click.pass_obj
def refresh(  # noqa: PLR0913 - a parameter an option
    context: Context,
    *,
    sessions: tuple[str, ...],
    profile: str | None,
    every: bool,
    min_ttl: float,
    force: bool,
    scheduled: bool,
) -> None:
    """Renew the token of each SESSION that has little time left. Never asks anything."""
    world = context.world()
    indexes = {kind: world.of(kind).index for kind in (SSO, SIGNIN, OAUTH)}  # before anything is read that goes in
    logins: list[str | None] = []
    quiet = context.render.quiet
    run = RefreshRun(context, scheduled=scheduled)
    want = Want(min_ttl=min_ttl, force=force)
    short = Want(min_ttl=min(min_ttl, MARGIN), force=force)  # those of AWS Sign-In live for 15 minutes at most

    def renew(found: Found) -> None:
        outcome = _tried(context, run, found, short if kind_of(found) == SIGNIN else want)
        if outcome is None:
            return
        name, session = outcome.session.name, outcome.session
        if every or not sessions:
            noted = Noted(name, session.instance.binding, layout.entry(kind_of(found), name))
            logins.append(indexes[kind_of(found)].login(noted))
        token = session.token
        left = "as long as it is accepted" if token.endless else about(token.expires_at - world.clock.now())
        context.render.say(f"{label_of(found)}: {'renewed' if outcome.renewed else 'fresh enough'}, good for {left}")

    known = Sessions(context)
    names = known.named(sessions, profile=profile, every=every)
    with run.remembered():
        if names is not None:
            each(context, names, renew, at_once=AT_ONCE)
            return
        names = known.ever_logged_in()
        if not names:
            context.render.say("Nothing to refresh: nobody has logged in yet.")
        each(context, names, renew, at_once=AT_ONCE)
        if quiet and len(logins) == len(names):
            world.index.note_all(("refresh",), logins, until=run.until, config=world.config)


def _tried(context: Context, run: RefreshRun, found: Found, want: Want) -> Outcome | None:
    """Renew one login if need be; None where that failed, and nobody has to be told again."""
    until = None
    try:
        outcome = ensured(ports_of(context.world(), found), sound(found), want)
        until = outcome.session.token.expires_at
        if outcome.problem:
            raise outcome.problem
    except SsoLoginError as error:
        news = run.failed(found, error, usable_until=until)
        if news:
            raise news from error
        context.codes.add(error.exit_code)
        return None
    run.went_well(found, outcome)
    return outcome
