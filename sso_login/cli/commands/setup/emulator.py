"""`emulator`: a local IAM Identity Center, or an OpenID Connect issuer, to try things on."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, cast

import click

from sso_login.adapters.system.programs import startable
from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command, OneOf, duration
from sso_login.cli.output.render import out
from sso_login.core.errors import SsoLoginError, StoreUnusable
from sso_login.core.shells import CMD, POWERSHELL, SH
from sso_login.emulator import sandbox, signals
from sso_login.emulator.core import organization
from sso_login.emulator.core.settings import ACCOUNTS, Rotation, Settings
from sso_login.emulator.server import running

if TYPE_CHECKING:
    from sso_login.cli.context import Context

_FORMS: Final = {SH: "env", POWERSHELL: "powershell", CMD: "cmd"}
_EXAMPLE: Final = """\
sso-login emulator -- sso-login device
sso-login emulator --approve --interval 1 -- sh -c 'sso-login device && sso-login token'
sso-login emulator --approve --accounts 700 --portal-delay 0.05 --portal-rate 20 -- bash
sso-login emulator --issuer -- sh -c 'sso-login device && sso-login token --id-token'
sso-login emulator --port 8400     (then paste the lines it prints into a second terminal)"""


def whole_seconds(text: object) -> int:
    """Read a duration of at least a second as an option's value."""
    seconds = duration(text)
    if seconds < 1 or seconds != int(seconds):
        raise click.BadParameter(f"{text!r} is not a whole number of seconds, one at least.")
    return int(seconds)


@click.command("emulator", cls=Command, epilog=_EXAMPLE)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [default: a free one]")
@click.option(
    "--approve",
    is_flag=True,
    help="Approve by itself: every device code after a moment, the browser's pages (/authorize, AWS Sign-In) at once.",
)
@click.option(
    "--rotation",
    type=OneOf(["strict", "grace", "none"]),
    default="strict",
    show_default=True,
    help="How refresh tokens age. strict: good once, a second use ends the login. grace: the previous one works "
    "until the new one is used. none: the same one stays.",
)
@click.option(
    "--interval", type=whole_seconds, metavar="DURATION", default="5", show_default=True, help="Time between two polls."
)
@click.option(
    "--token-lifetime",
    type=whole_seconds,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="Life of an access token.",
)
@click.option(
    "--code-lifetime", type=whole_seconds, metavar="DURATION", default="10m", show_default=True, help="Life of a code."
)
@click.option(
    "--role-lifetime",
    type=whole_seconds,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="Life of a role's credentials.",
)
@click.option(
    "--accounts",
    type=click.IntRange(1, 10_000),
    metavar="N",
    default=len(ACCOUNTS),
    show_default=True,
    help="How many accounts to make up, the same ones every time.",
)
@click.option(
    "--page-size",
    type=click.IntRange(1, 100),
    metavar="N",
    default=100,
    show_default=True,
    help="List no more than that at a time, whatever is asked for.",
)
@click.option(
    "--portal-delay",
    type=duration,
    metavar="DURATION",
    default="0",
    show_default=True,
    help="Let every call of the access portal wait that long, such as 0.05.",
)
@click.option(
    "--portal-rate",
    type=click.IntRange(0, 10_000),
    metavar="N",
    default=0,
    help="Answer 429 to more than N calls a second of the access portal.  [default: any number is served]",
)
@click.option(
    "--retry-after", type=whole_seconds, metavar="DURATION", help="What a 429 says to wait.  [default: it says nothing]"
)
@click.option(
    "--format",
    "form",
    type=OneOf(list(sandbox.FORMS)),
    help="The shell whose lines are printed.  [default: env; on Windows powershell, or cmd where that runs]",
)
@click.option("--issuer", is_flag=True, help="Be an OpenID Connect issuer instead, for logins at any OAuth server.")
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED, shell_complete=known.command)
@click.pass_obj
def emulator(  # noqa: PLR0913 - click gives each option its own parameter
    context: Context,
    *,
    port: int,
    approve: bool,
    rotation: str,
    interval: int,
    token_lifetime: int,
    code_lifetime: int,
    role_lifetime: int,
    accounts: int,
    page_size: int,
    portal_delay: float,
    portal_rate: int,
    retry_after: int | None,
    form: str | None,
    issuer: bool,
    command: tuple[str, ...],
) -> int:
    """Run a local IAM Identity Center on 127.0.0.1, with an approval page and made-up accounts.

    With COMMAND: runs it in an environment that points there (throwaway home, AWS config and file store) and passes
    on its exit code. Without: prints that environment as lines of a shell and serves until Ctrl-C.

    Beside the access portal and both ways to sign in, it answers STS's GetCallerIdentity, with the signature checked,
    and the console's /federation. With --issuer: discovery, device page, PKCE, rotation, revocation, /userinfo, /jwks;
    clients are `sso-login` and, with the secret `secret-EMULATED`, `sso-login-confidential`.

    GET /emulator/calls counts what was asked of it; POST /emulator/expire with {"tokens": true}, or registrations,
    sessions, codes, credentials or passwords, lets those be over at once.
    """
    settings = Settings(
        rotation=cast("Rotation", rotation),
        interval=interval,
        token_lifetime=token_lifetime,
        code_lifetime=code_lifetime,
        role_lifetime=role_lifetime,
        accounts=organization.accounts(accounts),
        page_size=page_size,
        portal_delay=portal_delay,
        portal_rate=portal_rate,
        retry_after=retry_after,
        approve=approve,
        issuer=issuer,
    )
    try:
        return _obey(context, settings, port, command=command, form=form or _FORMS[context.render.shell])
    except sandbox.CannotRun as error:
        context.render.error(SsoLoginError(str(error), hint="Name a program that is on PATH after `--`."))
        return error.exit_code


def _obey(context: Context, settings: Settings, port: int, *, command: tuple[str, ...], form: str) -> int:
    with ExitStack() as stack:
        stopped = None if command else stack.enter_context(signals.stop_signals())
        try:
            local = stack.enter_context(running(settings, port=port))
        except OSError as error:
            what = f"cannot listen on 127.0.0.1:{port} ({error.strerror})"
            raise SsoLoginError(what, hint="Leave --port out to take a free one.") from error
        try:
            box = stack.enter_context(sandbox.prepared(local, os.environ))
        except OSError as error:
            message = f"no folder for temporary files can be used: {error.strerror or error}"
            raise StoreUnusable(
                message, hint="Name one in TMPDIR, such as `TMPDIR=$HOME sso-login emulator`."
            ) from error
        if stopped is None:
            return sandbox.run(command, box.environment(os.environ), startable=startable)
        out(box.exports(form))
        served = "OpenID Connect issuer" if settings.issuer else "IAM Identity Center"
        context.render.line(f"Serving an emulated {served} at {local.url}; Ctrl-C ends it.")
        return 128 + stopped()
