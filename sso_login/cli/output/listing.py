"""What a session may use, shown: a table at a terminal, tabs for a pipe; and a word on what could not be listed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sso_login.cli.output.colour import lively
from sso_login.cli.output.render import out, printable
from sso_login.core.errors import ServiceError
from sso_login.core.message import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sso_login.cli.context import Context
    from sso_login.flows.list_roles import Problem

NAMED: Final = 5  # accounts that a warning names


@contextmanager
def progress(context: Context, what: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Draw a bar on stderr while the block lists, where somebody may be watching; else give None."""
    # With -v there are lines enough that say how it goes.
    if context.render.as_json or context.no_input or context.verbose or not lively(sys.stderr):
        yield None
        return
    from sso_login.cli.output.progress import bar

    with bar(what) as told:
        yield told


def show(
    context: Context, headings: Sequence[str], rows: Sequence[Sequence[str]], *, none: str, count: str = ""
) -> None:
    """Show the rows on stdout, made safe; where there are none, say so on stderr.

    At a terminal what a row has in common with the one above is not said again, a long table is paged, and `count`
    follows on stderr.
    """
    render = context.render
    safe = [[printable(cell) for cell in row] for row in rows]
    if not rows:
        render.line(none)
    elif sys.stdout is None or not sys.stdout.isatty():
        out("".join("\t".join(row) + "\n" for row in safe))
    else:
        from sso_login.cli.output.status_view import drawn

        shown = drawn(headings, _once([[cell or "-" for cell in row] for row in safe]))
        if not (context.asks and paged(shown)):
            out(shown)
        if count:
            render.say(count)


def _once(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Leave out what all but the last cells have in common with the row above."""
    above: list[str] = []
    shown = []
    for row in rows:
        same = list(row[:-1]) == above[:-1]
        shown.append([*("" for _ in row[:-1]), row[-1]] if same else list(row))
        above = list(row)
    return shown


def paged(text: str) -> bool:
    """Give a text that is longer than the screen to PAGER, else less; tell whether one took it."""
    import shutil

    if text.count("\n") < shutil.get_terminal_size().lines:
        return False
    import os
    import shlex
    import signal
    import subprocess

    try:
        words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    except ValueError:
        return False
    program = shutil.which(words[0])
    if program is None:
        return False
    env = {"LESS": "FRX", **os.environ}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    try:
        subprocess.run([program, *words[1:]], input=text, env=env, text=True, check=False)  # noqa: S603 - the user's own
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def tell(context: Context, problems: Sequence[Problem]) -> None:
    """Say what is missing, one warning for all that failed alike; the exit code is that of the problems."""
    alike: dict[tuple[type, str], list[Problem]] = {}
    for problem in problems:
        error = problem.error
        # The words of a refusal end in a request id, which is another one each time.
        kind = error.code if isinstance(error, ServiceError) else error.message
        alike.setdefault((type(error), kind), []).append(problem)
        context.codes.add(error.exit_code)
    for same in alike.values():
        words = f"{same[0].error.message}. {same[0].error.hint}"
        context.render.notice(Notice(f"not everything is listed: {_lacking(same)}: {words}", warning=True))


def _lacking(problems: Sequence[Problem]) -> str:
    ids = [problem.account.id for problem in problems if problem.account]
    if not ids:
        return "further accounts are missing"
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"roles of {'account' if len(ids) == 1 else 'accounts'} {', '.join(ids[:NAMED])}{more} are missing"
