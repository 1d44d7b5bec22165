"""`sso-login device`: the device-code login."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from sso_login.cli.commands.login.first_run import first_run, keep
from sso_login.cli.login import LoginOptions, Start, log_in, login_options
from sso_login.cli.options import Command, duration
from sso_login.cli.output.colour import unicode
from sso_login.cli.output.render import columns
from sso_login.core.errors import CodeExpired, LoginTimedOut

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.cli.output.render import Render
    from sso_login.core.granting import DeviceCode
    from sso_login.core.model import Session
    from sso_login.core.ports import Issuer
    from sso_login.flows.device import DeviceLogin


@click.command(
    cls=Command, epilog="sso-login device --start-url https://my-company.awsapps.com/start --region us-east-1"
)
@login_options
@click.option("--qr", is_flag=True, help="Show the address as a QR code, too (by itself where no browser opens).")
@click.option("--copy", is_flag=True, help="Ask the terminal to copy the code to the clipboard.")
@click.option("--timeout", type=duration, help="Give up after this long.")
def device(context: Context, wanted: LoginOptions, *, qr: bool, copy: bool, timeout: float | None) -> None:
    """Log in to SESSION: shows a code, waits until it is approved in a browser, keeps the tokens."""
    first = first_run(context, wanted)
    log_in(context, first.wanted, partial(_approved, extras=Extras(qr=qr, copy=copy), timeout=timeout))
    if first.asked:
        keep(context, first.wanted)


def log_in_to(context: Context, session: str) -> None:
    """Log in to a session as `sso-login device SESSION` does."""
    log_in(context, LoginOptions(session), partial(_approved, extras=Extras(qr=False, copy=False), timeout=None))


@dataclass(frozen=True, slots=True)
class Extras:
    """What is asked for besides code and address: a QR code, a copy of the code on the clipboard."""

    qr: bool
    copy: bool


def _approved(start: Start, *, extras: Extras, timeout: float | None) -> Session:
    """Show a code and poll until it is decided; a new code only when a human at a terminal asks for one."""
    from sso_login.cli.ask import own_line
    from sso_login.flows.device import start_device

    world, render, registered = start.world, start.context.render, start.registered
    issuer = world.issuer(start.chosen.instance, start.chosen.scopes)
    end = math.inf if timeout is None else world.clock.monotonic() + timeout
    while True:
        left = end - world.clock.monotonic()
        if left <= 0:
            raise LoginTimedOut("no code was approved within --timeout")
        login = start_device(
            issuer, world.clock, start.chosen, registered=registered, timeout=left, notify=world.notify
        )
        render.code(start.chosen, login.code)
        _offer(start, login.code, extras)
        try:
            with render.drawing():
                return _polled(start, login, issuer)
        except CodeExpired as error:
            if not world.attended:
                raise
            render.error(error)
            with own_line():
                click.prompt("Press Enter for a new code, Ctrl-C to stop", default="", show_default=False, err=True)
            registered = login.client


def _offer(start: Start, code: DeviceCode, extras: Extras) -> None:
    """Bring the address to a browser, here or on a phone, and the code to the clipboard where that is asked for."""
    render, url = start.context.render, code.url_complete or code.url
    if extras.copy:
        _copy(render, code.user_code)
    opened = start.browses and start.world.open_url(url)
    lost = start.browses and not opened
    if lost:
        render.line("No browser could be opened here; open the address on any device.")
    if opened:
        render.line("Opened in your browser.")
    if render.panel and (extras.copy or start.browses):
        render.line()
    if extras.qr or (lost and render.panel):
        _show_qr(render, url, asked=extras.qr)


def _copy(render: Render, user_code: str) -> None:
    from sso_login.cli.output.login_panel import LoginPanel

    if isinstance(render.panel, LoginPanel):
        render.panel.copy(user_code)
        render.line("The code is copied, if your terminal allows that.")
    else:
        render.line("The code was not copied: that takes a terminal with colours.")


def _show_qr(render: Render, url: str, *, asked: bool) -> None:
    """Draw the address; unasked only where there is room for it below the code."""
    from sso_login.cli.output.login_panel import LoginPanel
    from sso_login.cli.output.qr import qr

    panel = render.panel if isinstance(render.panel, LoginPanel) else None
    lines = qr(url, light=panel is None)
    stream = sys.stderr
    if not asked and not (panel and panel.fits(lines)):
        return
    if not unicode(stream):
        render.line("A QR code cannot be drawn here: the encoding of stderr has no blocks.")
    elif stream.isatty() and columns(stream) < len(lines[0]):
        render.line(f"The window is too narrow for the QR code, which takes {len(lines[0])} columns.")
    elif panel:
        panel.qr(lines)
    else:
        render.picture(lines)


def _polled(start: Start, login: DeviceLogin, issuer: Issuer) -> Session:
    from sso_login.core.model import Session
    from sso_login.flows.device import polls

    world = start.world
    for step in polls(login, issuer, world.clock):
        if isinstance(step, Session):
            return step
        start.context.render.waiting(step, expires_in=login.code.expires_at - world.clock.now())
    raise AssertionError("polls end with a session or an error")
