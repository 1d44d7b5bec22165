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
    from sso_login.cli.output.render import Render
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


def show(render: Render, headings: Sequence[str], rows: Sequence[Sequence[str]], *, none: str) -> None:
    """Show the rows on stdout, made safe; where there are none, say so on stderr."""
    safe = [[printable(cell) for cell in row] for row in rows]
    if not rows:
        render.line(none)
    elif sys.stdout is None or not sys.stdout.isatty():
        out("".join("\t".join(row) + "\n" for row in safe))
    else:
        from sso_login.cli.output.status_view import drawn

        out(drawn(headings, [[cell or "-" for cell in row] for row in safe]))


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
