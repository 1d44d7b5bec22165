"""`sso-login serve`: credentials for SDKs that fetch and renew them by themselves, on 127.0.0.1."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.credential_source import RoleOptions
from sso_login.cli.options import Command, OneOf, duration
from sso_login.cli.output.credential_formats import SHELLS, assigned, environment
from sso_login.cli.output.render import out, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.cli.commands.roles.serving import Asked, Served
    from sso_login.cli.commands.roles.target import Target
    from sso_login.cli.context import Context

_EXAMPLE: Final = """\
sso-login serve dev                       (then paste the lines it prints into another terminal)
sso-login serve dev ops --port 9911 --for 8h -v"""


@click.command("serve", cls=Command, epilog=_EXAMPLE)
@click.argument("profiles", nargs=-1, metavar="[PROFILE]...", shell_complete=known.profiles)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port on 127.0.0.1.  [default: a free one]"
)
@click.option(
    "--for", "seconds", type=duration, metavar="DURATION", help="Answer nothing but LeaseEnded after that time."
)
@click.option(
    "--format", "form", type=OneOf(list(SHELLS)), default="env", show_default=True, help="How to write the variables."
)
@click.pass_obj
def serve(context: Context, *, profiles: tuple[str, ...], port: int, seconds: float | None, form: str) -> int:
    """Serve credentials of PROFILE (else the current one) to AWS SDKs on 127.0.0.1, until ended.

    Prints the variables by which an SDK finds them (those of further PROFILEs as comments). SDKs fetch and renew by
    themselves, so what runs longer than the credentials live never sees their end; the login is renewed meanwhile. Only
    this user's programs are answered, and only with the token. -v logs each answer.
    """
    from sso_login.adapters.system import child
    from sso_login.cli.commands.roles.serving import fetched, serving
    from sso_login.cli.commands.roles.target import Target

    names: Sequence[str | None] = list(dict.fromkeys(profiles)) or [None]
    targets = [Target(context, RoleOptions(profile=name)) for name in names]
    pairs = fetched(context, [partial(_asked, target) for target in targets])
    with child.held(), serving(context, pairs, port=port, seconds=seconds) as served:
        out(_written(served, form))
        shown = ", ".join(printable(each.name) for each in served)
        context.render.say(
            f"Serving credentials of {shown} on http://{urlsplit(served[0].uri).netloc}; Ctrl-C ends it."
        )
        return 128 + child.first_signal()


def _asked(target: Target) -> Asked:
    from sso_login.cli.commands.roles.serving import Asked

    source = target.source()
    return Asked.of(source, target.wanted)


def _written(served: Sequence[Served], form: str) -> str:
    first, *others = served
    regions = {"AWS_REGION": first.region, "AWS_DEFAULT_REGION": first.region} if first.region else {}
    values = {**_variables(first), **regions}
    lines = [environment(values, form)]
    mark = "rem" if form == "cmd" else "#"
    for each in others:
        text = assigned(_variables(each), form)
        lines += [f"{mark} {printable(each.name)}:\n", *(f"{mark}   {line}\n" for line in text.splitlines())]
    return "".join(lines)


def _variables(served: Served) -> dict[str, str]:
    from sso_login.cli.commands.roles.serving import TOKEN, URI

    return {URI: served.uri, TOKEN: served.token.reveal()}
