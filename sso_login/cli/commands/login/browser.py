"""`sso-login browser`: the login with authorization code and PKCE."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import click

from sso_login.cli.commands.login.first_run import first_run, keep
from sso_login.cli.login import LoginOptions, Start, log_in, login_options
from sso_login.cli.options import Command, duration
from sso_login.core.errors import UsageProblem
from sso_login.core.times import spoken
from sso_login.flows.browser import PATIENCE

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.model import Session
    from sso_login.flows.browser import BrowserLogin

NEVER_GIVE: Final = "Paste it here and nowhere else: anybody else who asks for it wants your login."


@click.command(
    cls=Command, epilog="sso-login browser\nsso-login browser --paste     (the browser is on another machine)"
)
@login_options
@click.option("--timeout", type=duration, default=PATIENCE, help="Give up after this long (default 5m).")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Wait on this port of 127.0.0.1 (default: a free one).",
)
@click.option("--paste", is_flag=True, help="Wait for the address to be pasted; for a browser on another machine.")
def browser(context: Context, wanted: LoginOptions, *, timeout: float, port: int | None, paste: bool) -> None:
    """Log in to SESSION in a browser on this machine: no code to compare, and nobody else can finish it."""
    if paste and not context.world(asks=True).attended:
        hint = "Leave --paste out to wait on 127.0.0.1, or log in with `sso-login device`."
        raise UsageProblem("--paste needs a terminal to paste at", hint=hint)
    first = first_run(context, wanted)
    log_in(context, first.wanted, partial(_approved, timeout=timeout, port=port or 0, paste=paste))
    if first.asked:
        keep(context, first.wanted)


def _approved(start: Start, *, timeout: float, port: int, paste: bool) -> Session:
    """Listen, send the browser away, wait for it to come back, and spend the code it brings."""
    from sso_login.flows.browser import finish_browser, redirected, start_browser

    world, registered = start.world, start.registered
    issuer = world.issuer(start.chosen.instance, start.chosen.scopes)
    while True:
        # Whoever is to receive the answer is there before a browser can bring it.
        with world.pasted(port) if paste else world.listen(port) as receiver:
            login = start_browser(
                issuer,
                world.clock,
                start.chosen,
                redirect_uri=receiver.redirect_uri,
                registered=registered,
                timeout=timeout,
                notify=world.notify,
            )
            start.context.render.authorize(start.chosen, login.url)
            with start.context.render.drawing():
                _send(start, login, paste=paste)
                answer = redirected(login, receiver, world.clock)
        session = finish_browser(login, issuer, world.clock, answer)
        if session:
            return session
        start.context.render.line(
            "AWS no longer knew this program's registration. A new one is made: approve once more."
        )
        registered = None


def _send(start: Start, login: BrowserLogin, *, paste: bool) -> None:
    """Open the browser where there is one here, and say what happens next."""
    line = start.context.render.line
    if paste:
        line("Open it in any browser. In the end that shows an address that it cannot open, beginning with")
        line(f"{login.authorization.redirect_uri}?")
        line(NEVER_GIVE)
        line("Paste that address (it is not shown), then press Enter:")
        return
    if not start.browses:
        line("Open it in a browser on this machine.")
    elif not start.world.open_url(login.url):
        line("No browser could be opened here. Open it in one on this machine, or stop and use `sso-login device`.")
    else:
        line("Opened in your browser.")
    start.context.render.browsing(login.timeout, said=f"Waiting for the browser, {spoken(login.timeout)} at most.")
