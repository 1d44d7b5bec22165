"""`sso-login exec`: run a command, or the user's own shell, with role credentials in its environment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from sso_login import layout
from sso_login.cli.completion import candidates as known
from sso_login.cli.credential_source import RoleOptions, target_options
from sso_login.cli.options import Command, duration
from sso_login.cli.output.credential_formats import CLEARED, variables
from sso_login.core.errors import SsoLoginError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.cli.commands.roles.target import Target
    from sso_login.cli.context import Context
    from sso_login.cli.role_sources import Source

AT_LEAST: Final = 900.0  # seconds that the credentials are good for, where the role's session lasts as long
_TARGET: Final = ("profile", "session", "account", "role")
_EXAMPLE: Final = """\
sso-login exec dev -- terraform plan
sso-login exec dev                      (your shell, until `exit`)
sso-login exec                          (pick a role first)
sso-login exec dev --server -- jupyter lab      (credentials that renew by themselves)"""


class WithProfile(Command):
    """A command that may begin with PROFILE: before `--`, or a profile's name where a command could stand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put --profile before what is a profile's name, and `--` before the command."""
        return super().parse_args(ctx, self._sorted(ctx, list(args)))

    def _sorted(self, ctx: click.Context, args: list[str]) -> list[str]:
        said, rest = self._parsed(ctx, args)
        before = args[: len(args) - len(rest)]
        if not rest or before[-1:] == ["--"] or any(said.get(name) is not None for name in _TARGET):
            return args
        word, *behind = rest
        if "--" in behind:
            at = behind.index("--")
            _, strange = self._parsed(ctx, behind[:at])
            return args if strange else [*before, f"--profile={word}", *behind]
        if ctx.resilient_parsing:
            return args
        return [*before, f"--profile={word}", *behind] if self._is_profile(ctx, word, alone=not behind) else args

    def _parsed(self, ctx: click.Context, args: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Give the options, and the words from the first on that is none."""
        said, _, _ = self.make_parser(ctx).parse_args(list(args))
        words = said.get("command")
        return dict(said), list(words) if isinstance(words, tuple) else []

    def _is_profile(self, ctx: click.Context, word: str, *, alone: bool) -> bool:
        """Tell a profile from a command; one word that is neither is taken for a profile that is not there."""
        import shutil

        world = ctx.obj.world()
        if word in world.config.profiles or word in world.signin.cards.names():
            return True
        return alone and shutil.which(word, path=world.env.get("PATH")) is None and not os.path.dirname(word)  # noqa: PTH120 - a word, no path


@click.command("exec", cls=WithProfile, epilog=_EXAMPLE, context_settings={"allow_interspersed_args": False})
@target_options
@click.option("--server", is_flag=True, help="Let COMMAND fetch and renew them by itself, from a server of its own.")
@click.option("--token-file", is_flag=True, help="With --server: name the server's token in a file.")
@click.option(
    "--for", "seconds", type=duration, metavar="DURATION", help="With --server: lend them for that time, and no longer."
)
@click.argument(
    "command",
    nargs=-1,
    metavar="[PROFILE] [-- COMMAND...]",
    type=click.UNPROCESSED,
    shell_complete=known.exec_words,
)
def run(
    context: Context,
    wanted: RoleOptions,
    *,
    server: bool,
    token_file: bool,
    seconds: float | None,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND, or your shell, with credentials of a role in its environment; its exit code is passed on.

    Other AWS credentials and AWS_PROFILE are taken out of that environment first; AWS_REGION is set where the profile
    names a region, else left alone. AWS_SSO_PROFILE says for prompts whose credentials they are. They are good for 15
    minutes at least, and at most for as long as the role's session: what runs longer takes --server, by which AWS SDKs
    fetch and renew credentials by themselves.
    """
    if not server and (token_file or seconds is not None):
        raise _for_server_alone("--token-file" if token_file else "--for")
    from sso_login.cli.commands.roles.target import Target

    target = Target(context, wanted)

    def found() -> Source:
        source = target.source()
        if not command and not _terminal():
            raise _no_command()
        return source

    if server:
        from sso_login.cli.commands.roles.exec_server import beside
        from sso_login.cli.commands.roles.serving import Asked

        served = beside(context, lambda: Asked.of(found(), target.wanted), token_file=token_file, seconds=seconds)
        return served.run(command, shell(context.world().env))
    return _in_our_place(context, target, found, command)


def _in_our_place(context: Context, target: Target, found: Callable[[], Source], command: tuple[str, ...]) -> int:
    """Become the command, or the shell where there is none."""
    from sso_login.cli.commands.roles.target import logged_in
    from sso_login.core.model import SIGNIN, SSO

    world = context.world()
    indexes = {SSO: world.index, SIGNIN: world.signin.index}  # before anything is read that goes into it

    def given() -> tuple[Source, dict[str, str]]:
        source = found()
        return source, added_by(source)

    source, added = logged_in(context, given)
    environment = {name: value for name, value in world.env.items() if name not in CLEARED} | added
    if source.noted and target.as_said:
        more = {name: value for name, value in added.items() if name not in layout.FROM_RECORD}
        asked = ("exec", *target.wanted.words[1:])
        indexes[source.instance.kind].note(asked, source.noted, config=world.config, more=more)
    if not command:
        _told(context, source, world.clock.now(), added)
    context.quiet()
    from sso_login.adapters.system.exec_program import CannotRun, become

    try:
        return become(command or shell(world.env), environment)
    except CannotRun as error:
        context.render.error(SsoLoginError(str(error), hint="Name a program that is on PATH after `--`."))
        return error.exit_code


def added_by(source: Source) -> dict[str, str]:
    """Give what the command finds in its environment besides."""
    credentials = source.credentials(AT_LEAST)
    account = {"AWS_ACCOUNT_ID": credentials.account_id} if credentials.account_id else {}
    return {**variables(credentials, source.region), **account, "AWS_SSO_PROFILE": source.label}


def shell(env: Mapping[str, str]) -> tuple[str, ...]:
    """Name the user's own shell: SHELL, else the system's word for it."""
    if sys.platform == "win32":
        return (env.get("COMSPEC") or "cmd.exe",)
    named = env.get("SHELL", "")
    if os.path.isabs(named) and os.access(named, os.X_OK):  # noqa: PTH117 - a string
        return (named,)
    import pwd

    try:
        found = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        found = ""
    return (found if os.access(found, os.X_OK) else "/bin/sh",)


def _for_server_alone(option: str) -> UsageProblem:
    return UsageProblem(f"{option} is for --server alone", hint="Add --server, or leave it out.")


def _no_command() -> UsageProblem:
    hint = "Name one after `--`, such as `sso-login exec -- aws s3 ls`; at a terminal your shell is run."
    return UsageProblem("no command is named, and this is not a terminal", hint=hint)


def _terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _told(context: Context, source: Source, now: float, added: Mapping[str, str]) -> None:
    import calendar
    import time

    from sso_login.core.times import about

    left = calendar.timegm(time.strptime(added["AWS_CREDENTIAL_EXPIRATION"], "%Y-%m-%dT%H:%M:%SZ")) - now
    context.render.say(f"Shell with credentials of {source.name}, good for {about(left)}; `exit` leaves it.")


exec = run  # noqa: A001 - the table of commands looks for it by its name
