"""Asking a human at the terminal: the question on stderr, the answer from stdin, and nothing on stdout."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from sso_login.core.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_login.core.errors import SsoLoginError


@contextmanager
def own_line() -> Iterator[None]:
    """End the line of a question that was left by Ctrl-C or Ctrl-D, so that what is said next has its own."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt, Interrupted):
        with suppress(OSError):
            click.echo(err=True)
        raise


def confirmed(question: str, *, default: bool = True) -> bool:
    """Ask a question that Enter answers by the default; raise Interrupted at the end of the input."""
    choices = "Y/n" if default else "y/N"
    while True:
        said = _line(f"{question} [{choices}]").casefold()
        if not said:
            return default
        if said in {"y", "yes", "n", "no"}:
            return said.startswith("y")


def answered(question: str, read: Callable[[str], str], *, default: str = "") -> str:
    """Ask until `read` takes what is typed, or the default; what it raises is shown, and it is asked again."""
    from sso_login.core.errors import UsageProblem

    while True:
        said = _line(f"{question}{f' [{default}]' if default else ''}:") or default
        if not said:
            continue
        try:
            return read(said)
        except UsageProblem as error:
            _shown(error)


def _shown(error: SsoLoginError) -> None:
    from sso_login.cli.output.render import printable

    click.echo(printable(f"  {error.message}. {error.hint}"), err=True)


def _line(question: str) -> str:
    from sso_login.cli.output.render import printable, wrapped

    with own_line():
        click.echo(wrapped(printable(question), sys.stderr) + " ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            raise Interrupted("interrupted")
    return line.strip()
