"""The options that commands share, and the command class that gives every command its -v and --no-input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from sso_login.cli.context import Context
from sso_login.core.errors import UsageProblem

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def duration(text: object) -> float:
    """Read `90s`, `15m`, `8h`, `2d` or plain seconds as an option's value; a float of seconds."""
    from sso_login.core.duration import parse_duration

    try:
        return parse_duration(str(text))
    except UsageProblem as error:
        raise click.BadParameter(f"{error.message}. {error.hint}") from error


def _louder(ctx: click.Context, _param: click.Parameter, steps: int) -> None:
    ctx.ensure_object(Context).louder(steps)


def _silent(ctx: click.Context, _param: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's own call
    context = ctx.ensure_object(Context)
    context.no_input = context.no_input or given


def everywhere() -> list[click.Parameter]:
    """Give the options that work before and after every command."""
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_louder,
            help="Say what is asked of AWS and how it is answered; never a secret.",
        ),
        click.Option(
            ["--no-input"],
            is_flag=True,
            expose_value=False,
            callback=_silent,
            help="Never ask, never open a browser.",
        ),
    ]


class Command(click.Command):
    """A command that also takes the options that work everywhere; its epilog is its example, line for line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature, passed on
        """Add the options that work everywhere."""
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *everywhere()]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example as it is typed."""
        del ctx
        if self.epilog:
            with formatter.section("Example"):
                formatter.write("".join(f"  {line}\n" for line in self.epilog.splitlines()))


def one_session(command: Decorated) -> Decorated:
    """Let a command take one session, by name or by profile."""
    command = click.option("--profile", metavar="PROFILE", help="The session of this profile.")(command)
    return click.argument("session", required=False)(command)


@contextmanager
def own_line() -> Iterator[None]:
    """End the line of a question that was left by Ctrl-C or Ctrl-D, so that what is said next has its own."""
    try:
        yield
    except click.Abort:
        click.echo(err=True)
        raise


def json_flag(command: Decorated) -> Decorated:
    """Let a command answer in JSON; the renderer is told before the command line is parsed."""
    return click.option("--json", "as_json", is_flag=True, expose_value=False, help="Answer in JSON.")(command)
