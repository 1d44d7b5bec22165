"""A bar on stderr that goes away when the work is done."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sso_login.cli.output.colour import console
from sso_login.cli.output.render import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Draw while the block runs; what is given is told how many are done, of how many where that is known."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    parts = (TextColumn("Listing {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console(sys.stderr, width=columns(sys.stderr))
    with Progress(*parts, console=screen, transient=True, redirect_stdout=False) as drawn:
        task = drawn.add_task(what, total=None)

        def told(done: int, total: int | None) -> None:
            drawn.update(task, completed=done, total=total)

        yield told
