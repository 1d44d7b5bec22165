"""The group, its lazy command table, and the one gate through which every error leaves."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final

import click

from sso_login import __version__
from sso_login.adapters.system.signals import Terminated, cleanly
from sso_login.cli.context import EXIT_ORDER, Build, Context, real_world
from sso_login.cli.options import Helpful, everywhere, nearest, unknown_command
from sso_login.cli.output.render import Render, StdoutClosed, out
from sso_login.cli.synonyms import OPTIONS
from sso_login.core.errors import Interrupted, SsoLoginError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

# Name -> what `--help` says of it; its module, of the same name in one of ROOMS, is imported only when it runs.
COMMANDS: Final = {
    "device": "Log in with a device code.",
    "browser": "Log in in a browser on this machine.",
    "signin": "Log in with AWS Sign-In, without an Identity Center.",
    "token": "Print the bearer token, renewed if need be.",
    "refresh": "Renew what is about to expire; for cron.",
    "status": "Show every known session; no network.",
    "logout": "Forget tokens and end the portal session.",
    "import": "Take over a login of the AWS CLI.",
    "accounts": "List the accounts that a session may use.",
    "roles": "List the roles that a session may take.",
    "credentials": "Print short-lived credentials of a role.",
    "exec": "Run a command or your shell with a role's credentials.",
    "serve": "Serve credentials that renew by themselves to SDKs.",
    "console": "Open the AWS console, signed in.",
    "configure": "Write sessions, profiles and issuers into config files.",
    "schedule": "Have the system itself keep logins fresh.",
    "doctor": "Find problems and show how to fix them.",
    "completion": "Print the completion script of a shell.",
    "emulator": "Run a local IAM Identity Center to try things on.",
}


ROOMS: Final = {
    "roles": ("accounts", "roles", "credentials", "exec", "serve", "console"),
    "setup": ("configure", "schedule", "doctor", "completion", "emulator"),
}


def module_of(name: str) -> str:
    """Name the module that has the command of that name."""
    room = next((room for room, names in ROOMS.items() if name in names), "login")
    return f"sso_login.cli.commands.{room}.{'take_over' if name == 'import' else name}"


class Commands(Helpful, click.Group):
    """A group whose commands are imported when they are called, and told apart from typos."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of a day's use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of that name, and give the command in it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(module_of(cmd_name)), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or answer a typo with the nearest name; `help COMMAND` is `COMMAND --help`."""
        if args[:1] == ["help"]:
            if len(args) == 1:
                out(f"{ctx.get_help()}\n")
                ctx.exit()
            args = [*args[1:], "--help"]
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise unknown_command(args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete with the commands of the table, without importing them, or with options."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=told) for name, told in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's own call
    if asked and not ctx.resilient_parsing:
        out(f"sso-login {__version__}\n")
        ctx.exit()


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First time: `sso-login device`, then `sso-login exec`. "
    "Without AWS: `sso-login emulator -- sso-login device`. Help on a command: `sso-login help exec`.",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
def group() -> None:
    """Log in to AWS IAM Identity Center; the tokens lie in the OS keyring and renew themselves."""


group.params.extend(everywhere())


def run(argv: Sequence[str], *, build: Build = real_world) -> int:
    """Run one command line and give its exit code; results on stdout, all else on stderr."""
    context = Context(render=Render(as_json=_asks_for_json(argv), shell=_shell()), build=build)
    if list(argv[:1]) == ["__complete"]:
        from sso_login.cli.completion.answer import complete

        return complete(argv[1:], group, context)
    try:
        with cleanly():
            answer = group.main(args=list(argv), prog_name="sso-login", standalone_mode=False, obj=context)
    except Terminated as error:
        return 128 + error.signal
    except BaseException as error:  # noqa: BLE001 - the one gate: nothing leaves but by an exit code
        return _left_by(error, context.render)
    finally:
        context.quiet()
    if isinstance(answer, int) and answer:
        return answer
    return next((code for code in EXIT_ORDER if code in context.codes), 0)


def _shell() -> str:
    if sys.platform == "win32":
        from sso_login.core.shells import shell_there

        return shell_there(os.environ, sys.platform)
    return "sh"


def _asks_for_json(argv: Sequence[str]) -> bool:
    # Known before the command line is parsed, so that even a usage error can answer in JSON.
    ours = list(argv[: argv.index("--")]) if "--" in argv else list(argv)
    return "--json" in ours


def _left_by(error: BaseException, render: Render) -> int:
    if isinstance(error, StdoutClosed):
        return SsoLoginError.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        for line in click.unstyle(error.format_message()).splitlines():
            render.line(line)
        return UsageProblem.exit_code
    if isinstance(error, click.NoSuchOption):
        error = _no_option(error)
    if isinstance(error, click.UsageError):
        asked = error.ctx.command_path if error.ctx else "sso-login"
        error = UsageProblem(_sentence(error.format_message()), hint=f"See `{asked} --help`.")
    if isinstance(error, KeyboardInterrupt | click.Abort):
        error = Interrupted("interrupted")
    if isinstance(error, SsoLoginError):
        render.error(error)
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return _unexpected(error, render)


def _no_option(error: click.NoSuchOption) -> UsageProblem:
    asked = error.ctx.command_path if error.ctx else "sso-login"
    params = error.ctx.command.get_params(error.ctx) if error.ctx else []
    there = [name for param in params for name in param.opts]
    there += ["SESSION"] if any(name in there for name in ("session", "sessions")) else []
    by_word = next((name for name in OPTIONS.get(error.option_name, ()) if name in there), "")
    near = by_word or nearest(error.option_name, [name for name in there if name.startswith("--")])
    meant = f"Did you mean {near}? " if near else ""
    if near == "SESSION":
        meant = f"Name the session without an option: `{asked} NAME`. "
    return UsageProblem(f"no such option: {error.option_name}", hint=f"{meant}See `{asked} --help`.")


def _sentence(text: str) -> str:
    line = " ".join(text.split())  # click lists choices with tabs and line breaks
    return line[:1].lower() + line[1:].rstrip(".")


def _unexpected(error: BaseException, render: Render) -> int:
    """Show where it happened, but not what the exception says: its text may hold anything."""
    import traceback

    from sso_login import shadow

    said = shadow.explained(error)
    if said:
        render.error(SsoLoginError(said[0], hint=said[1]))
        return SsoLoginError.exit_code
    seen: BaseException | None = error
    while seen is not None:
        for line in "".join(traceback.format_tb(seen.__traceback__)).splitlines():
            render.line(line)
        render.line(f"{type(seen).__module__}.{type(seen).__qualname__}")
        seen = seen.__cause__ or seen.__context__
    version = f"sso-login {__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    message = f"unexpected {type(error).__name__} ({version})"
    render.error(SsoLoginError(message, hint="This is a bug: please report the lines above; they hold no secret."))
    return SsoLoginError.exit_code
