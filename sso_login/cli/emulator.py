"""`emulator`: a local IAM Identity Center to try things on."""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from typing import Final, cast

import click

from sso_login.emulator import sandbox, signals
from sso_login.emulator.server import running
from sso_login.emulator.settings import Rotation, Settings

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_EXAMPLE: Final = """\b
Examples:
  sso-login emulator -- sso-login device
  sso-login emulator --approve --interval 1 -- sh -c 'sso-login device && sso-login token'
  sso-login emulator --port 8400     (then paste the lines it prints into a second terminal)"""


class _PortTaken(Exception):
    """The port cannot be listened on."""

    def __init__(self, port: int, error: OSError) -> None:
        """Keep one line that says which port, and why."""
        super().__init__(f"port {port} of 127.0.0.1 cannot be listened on ({error.strerror})")


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if seconds < 1:
        message = f"{text!r} is not a duration of a second or more; write 90s, 15m, 8h, 2d or seconds."
        raise click.BadParameter(message)
    return seconds


@click.command("emulator", epilog=_EXAMPLE)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [default: a free one]")
@click.option("--approve", is_flag=True, help="Approve every code by itself after a moment.")
@click.option(
    "--rotation",
    type=click.Choice(["strict", "grace", "none"]),
    default="strict",
    show_default=True,
    help="How refresh tokens age. strict: good once, a second use ends the login. grace: the previous one works "
    "until the new one is used. none: the same one stays.",
)
@click.option(
    "--interval", type=_seconds, metavar="DURATION", default="5", show_default=True, help="Time between two polls."
)
@click.option(
    "--token-lifetime",
    type=_seconds,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="Life of an access token.",
)
@click.option(
    "--code-lifetime", type=_seconds, metavar="DURATION", default="10m", show_default=True, help="Life of a code."
)
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
@click.pass_context
def emulator(  # noqa: PLR0913 - click gives each option its own parameter
    ctx: click.Context,
    *,
    port: int,
    approve: bool,
    rotation: str,
    interval: int,
    token_lifetime: int,
    code_lifetime: int,
    command: tuple[str, ...],
) -> None:
    """Run a local IAM Identity Center on 127.0.0.1, with an approval page and made-up accounts.

    With COMMAND: runs it in an environment that points there (throwaway home, AWS config and file store) and passes
    on its exit code. Without: prints that environment as `export` lines and serves until Ctrl-C.

    GET /emulator/calls counts what was asked of it; POST /emulator/expire with {"tokens": true}, or registrations,
    sessions or codes, lets those be over at once.
    """
    settings = Settings(
        rotation=cast("Rotation", rotation),
        interval=interval,
        token_lifetime=token_lifetime,
        code_lifetime=code_lifetime,
        approve=approve,
    )
    try:
        code = _obey(settings, port, command=command)
    except sandbox.CannotRun as error:
        code = _failed(str(error), hint="Name a program that is on PATH after `--`.", code=error.exit_code)
    except _PortTaken as error:
        code = _failed(str(error), hint="Leave --port out to take a free one.", code=1)
    ctx.exit(code)


def _obey(settings: Settings, port: int, *, command: tuple[str, ...]) -> int:
    with ExitStack() as stack:
        stopped = None if command else stack.enter_context(signals.stop_signals())
        try:
            local = stack.enter_context(running(settings, port=port))
        except OSError as error:
            raise _PortTaken(port, error) from error
        box = stack.enter_context(sandbox.prepared(local, os.environ))
        if stopped is None:
            return sandbox.run(command, box.environment(os.environ))
        click.echo(box.exports(), nl=False)
        sys.stdout.flush()
        click.echo(f"Serving an IAM Identity Center emulator at {local.url}; Ctrl-C ends it.", err=True)
        return 128 + stopped()


def _failed(message: str, *, hint: str, code: int) -> int:
    click.echo(f"error: {message}\nhint: {hint}", err=True)
    return code
