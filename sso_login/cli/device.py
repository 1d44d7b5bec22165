"""`sso-login device`: the device-code login."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import click

from sso_login.cli.login import Start, Wanted, log_in, login_options
from sso_login.cli.options import Command, duration, own_line
from sso_login.core.errors import CodeExpired, LoginTimedOut
from sso_login.core.model import Session
from sso_login.flows.device import DeviceLogin, polls, start_device

if TYPE_CHECKING:
    from sso_login.cli.context import Context


@click.command(
    cls=Command, epilog="sso-login device --start-url https://my-company.awsapps.com/start --region us-east-1"
)
@login_options
@click.option("--timeout", type=duration, help="Give up after this long.")
def device(context: Context, wanted: Wanted, *, timeout: float | None) -> None:
    """Log in to SESSION: shows a code, waits until it is approved in a browser, keeps the tokens."""
    log_in(context, wanted, partial(_approved, timeout=timeout))


def _approved(start: Start, *, timeout: float | None) -> Session:
    """Show a code and poll until it is decided; a new code only when a human at a terminal asks for one."""
    world, render, registered = start.world, start.context.render, start.registered
    issuer = world.issuer(start.chosen.instance)
    end = math.inf if timeout is None else world.clock.monotonic() + timeout
    while True:
        left = end - world.clock.monotonic()
        if left <= 0:
            raise LoginTimedOut("no code was approved within --timeout")
        login = start_device(issuer, world.clock, start.chosen, registered=registered, timeout=left)
        render.code(start.chosen, login.code)
        if start.browses and not world.open_url(login.code.url_complete or login.code.url):
            render.line("No browser could be opened here; open the address on any device.")
        try:
            return _polled(start, login)
        except CodeExpired as error:
            if not world.attended:
                raise
            render.error(error)
            with own_line():
                click.prompt("Press Enter for a new code, Ctrl-C to stop", default="", show_default=False, err=True)
            registered = login.client


def _polled(start: Start, login: DeviceLogin) -> Session:
    world, said = start.world, ""
    for step in polls(login, world.issuer(login.chosen.instance), world.clock):
        if isinstance(step, Session):
            return step
        if step.reason != said:
            start.context.render.waiting(step, expires_in=login.code.expires_at - world.clock.now())
            said = step.reason
    raise AssertionError("polls end with a session or an error")
