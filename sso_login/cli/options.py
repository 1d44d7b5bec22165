"""The options that commands share, and the command class that gives every command its -v and --no-input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.context import Context
from sso_login.cli.synonyms import COMMANDS
from sso_login.core.errors import UsageProblem

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_NEAR: Final = 0.7  # of 1; with less likeness a suggestion leads astray: `signout` is not `signin`


def duration(text: object) -> float:
    """Read `90s`, `15m`, `8h`, `2d` or plain seconds as an option's value; a float of seconds."""
    from sso_login.core.times import parse_duration

    try:
        return parse_duration(str(text))
    except UsageProblem as error:
        raise click.BadParameter(f"{error.message}. {error.hint}") from error


def _louder(ctx: click.Context, _param: click.Parameter, steps: int) -> None:
    if not ctx.resilient_parsing:  # while a shell completes, nothing is said
        ctx.ensure_object(Context).louder(steps)


def _silent(ctx: click.Context, _param: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's own call
    context = ctx.ensure_object(Context)
    context.no_input = context.no_input or given


def _quiet(ctx: click.Context, _param: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's own call
    render = ctx.ensure_object(Context).render
    render.quiet = render.quiet or given


def everywhere() -> list[click.Parameter]:
    """Give the options that work before and after every command."""
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_louder,
            help="Log each AWS request and its result, never secrets.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_quiet,
            help="Say nothing on success.",
        ),
        click.Option(
            ["--no-input"],
            is_flag=True,
            expose_value=False,
            callback=_silent,
            help="Never ask, never open a browser.",
        ),
    ]


def _help(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's own call
    if asked and not ctx.resilient_parsing:
        from sso_login.cli.output.render import out

        out(f"{ctx.get_help()}\n")
        ctx.exit()


class Formatter(click.HelpFormatter):
    """Writes help with bold headings, where stdout has colours."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line."""
        super().write_usage(prog, args, prefix=f"{_bold('Usage:')} " if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write the line above a section."""
        self.write(f"{_bold(f'{heading}:')}\n")


def _bold(text: str) -> str:
    from sso_login.cli.output.colour import coloured, painted

    return painted(text, "bold", on=coloured(sys.stdout))


class HelpfulContext(click.Context):
    """click's own, but for how help is written."""

    formatter_class = Formatter


class Helpful(click.Command):
    """A command whose help is written as every result is: what stdout does not take is told, never a traceback."""

    context_class = HelpfulContext

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give click's own option, with our way to stdout."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _help
        return option


class Command(Helpful):
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


class OneOf(click.Choice[str]):
    """A choice that answers a typo with the nearest word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's own signature
        """Give the word if it is one of ours; raises UsageProblem."""
        words = [str(word) for word in self.choices]
        if value in words:
            return str(value)
        what = param.get_error_hint(ctx) if param and ctx else "the value"
        raise UsageProblem(f"invalid value for {what}: {value!r}", hint=did_you_mean(str(value), words))


class Noun(Command, click.Group):
    """A group of commands that takes the options that work everywhere, and tells its commands apart from typos."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or answer a typo with the nearest name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown_command(args[0], self.list_commands(ctx), group=ctx.command_path)
        return super().resolve_command(ctx, args)


def unknown_command(name: str, commands: Iterable[str], *, group: str = "sso-login") -> UsageProblem:
    """Say that there is no such command in a group, and which one may be meant."""
    near = nearest(name, commands)
    meant = f"Did you mean `{group} {near}`?" if near else f"`{group} --help` lists the commands."
    if group == "sso-login":
        meant = COMMANDS.get(name.lower(), meant)
    said = name if group == "sso-login" else f"{group.removeprefix('sso-login ')} {name}"
    return UsageProblem(f"there is no command {said!r}", hint=meant)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Offer the nearest of the words there are, and list them."""
    there = list(words)
    near = nearest(word, there)
    return (f"Did you mean {near}? " if near else "") + f"Known: {', '.join(there)}."


def nearest(word: str, words: Iterable[str]) -> str:
    """Give the word that may be meant, nothing where none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=_NEAR)), "")


def one_session(command: Decorated) -> Decorated:
    """Let a command take one session, by name or by profile."""
    return click.argument("session", required=False, shell_complete=known.sessions)(_profile(command))


def one_of_aws(command: Decorated) -> Decorated:
    """Let a command take one session of IAM Identity Center, by name or by profile."""
    return click.argument("session", required=False, shell_complete=known.aws_sessions)(_profile(command))


def many_sessions(command: Decorated) -> Decorated:
    """Let a command take sessions by name, or one by profile."""
    taken = click.argument("sessions", nargs=-1, metavar="[SESSION]...", shell_complete=known.sessions)
    return taken(_profile(command))


def _profile(command: Decorated) -> Decorated:
    option = click.option(
        "--profile", metavar="PROFILE", help="The session of this profile.", shell_complete=known.profiles
    )
    return option(command)


def json_flag(command: Decorated) -> Decorated:
    """Let a command answer in JSON; the renderer is told before the command line is parsed."""
    return click.option("--json", "as_json", is_flag=True, expose_value=False, help="Answer in JSON.")(command)
