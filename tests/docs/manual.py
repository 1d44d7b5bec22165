"""The manual page, made from the commands themselves and from README's tables; it has no date, only the version.

`python -m tests.docs.manual > docs/man/sso-login.1` brings it up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import click

from sso_login import __version__
from sso_login.cli.app import COMMANDS, group
from sso_login.cli.options import everywhere

README: Final = Path(__file__).parents[2] / "README.md"
PAGE: Final = Path(__file__).parents[2] / "docs" / "man" / "sso-login.1"
_EVERYWHERE: Final = {*(option.name for option in everywhere()), "help"}
_SIGNS: Final = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def page() -> str:
    """Make the whole page, in roff's man macros."""
    return "\n".join([*_head(), *_commands(), *_exit_status(), *_environment(), *_tail()]) + "\n"


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the table under a heading of README, without its head."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def plain(text: str) -> str:
    """Write text so that roff finds nothing in it to obey."""
    safe = "".join(_SIGNS.get(char, char) for char in text)
    return f"\\&{safe}" if safe.startswith((".", "\\(aq")) else safe


def prose(text: str) -> str:
    """Write a paragraph; what stands in backticks becomes bold, a link its words."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(text.split()))
    parts = words.split("`")
    shown = "".join(f"\\fB{plain(part)}\\fP" if at % 2 else plain(part) for at, part in enumerate(parts))
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def _head() -> Iterator[str]:
    yield '.\\" Made by `python -m tests.docs.manual` from the commands and README.md; edit those.'
    yield f'.TH SSO\\-LOGIN 1 "" "sso\\-login {__version__}" "User Commands"'
    yield from (
        ".SH NAME",
        plain("sso-login - log in to AWS IAM Identity Center and keep the tokens in the OS keyring"),
    )
    yield from (".SH SYNOPSIS", "\\fBsso\\-login\\fP [\\fIOPTIONS\\fP] \\fICOMMAND\\fP [\\fIARGS\\fP]...")
    yield from (".SH DESCRIPTION", *_help(group))
    yield from (".PP", "Results go to stdout, everything else to stderr.")
    yield from (".SH OPTIONS", "These work before and after every command.", *_options(_root()))


def _root() -> click.Context:
    return click.Context(group, info_name="sso-login", help_option_names=["-h", "--help"])


def _commands() -> Iterator[str]:
    yield ".SH COMMANDS"
    root = _root()
    for name in COMMANDS:
        command = group.get_command(root, name)
        if command is not None:
            yield from _command(click.Context(command, info_name=name, parent=root))


def _command(ctx: click.Context) -> Iterator[str]:
    usage = " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
    yield from (f".SS {plain(usage)}", *_help(ctx.command))
    yield from _options(ctx, leave_out=_EVERYWHERE)
    if ctx.command.epilog:
        yield from (".PP", "Example:", ".PP", ".RS 4", ".nf")
        yield from (plain(line) for line in ctx.command.epilog.splitlines())
        yield from (".fi", ".RE")
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            found = ctx.command.get_command(ctx, name)
            if found is not None:
                yield from _command(click.Context(found, info_name=name, parent=ctx))


def _help(command: click.Command) -> Iterator[str]:
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        yield from [".PP"] if number else []
        if paragraph.lstrip().startswith("\b"):
            lines = paragraph.replace("\b", "").strip("\n").splitlines()
            yield from (".nf", *(plain(line) for line in lines), ".fi")
        else:
            yield prose(paragraph)


def _options(ctx: click.Context, leave_out: Collection[str | None] = ()) -> Iterator[str]:
    for param in ctx.command.get_params(ctx):
        record = param.get_help_record(ctx) if param.name not in leave_out else None
        if record and isinstance(param, click.Option):
            yield from (".TP", f"\\fB{plain(record[0])}\\fP", prose(record[1]))


def _exit_status() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for code, name, meaning in rows("Exit codes"):
        yield from (".TP", f"\\fB{code}\\fP", prose(f"{name}: {meaning}" if meaning else name))
    yield from (".PP", "Over several sessions the code is the first present of 7, 3, 2, 6, 1, 5.")


def _environment() -> Iterator[str]:
    yield ".SH ENVIRONMENT"
    for names, meaning in rows("Environment"):
        yield from (".TP", prose(names), prose(meaning))


def _tail() -> Iterator[str]:
    yield ".SH FILES"
    files = {
        "~/.aws/config": "sessions and profiles; `AWS_CONFIG_FILE` names another",
        "~/.local/state/sso-login": "what is known of each login, without secrets, and the file store; "
        "`SSO_LOGIN_HOME` names another folder",
    }
    for path, meaning in files.items():
        yield from (".TP", f"\\fI{plain(path)}\\fP", prose(meaning))
    yield from (".SH SEE ALSO", "\\fBaws\\fP(1), \\fBcurl\\fP(1)")


if __name__ == "__main__":
    sys.stdout.write(page())
