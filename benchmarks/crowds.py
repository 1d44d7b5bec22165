"""Many processes at once: on a quiet machine, on a busy one, and where their token has just become too old."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from benchmarks.emulator import DELAY, renewals
from benchmarks.home import Home
from benchmarks.measure import Case, Crowd, crowd, spent
from benchmarks.table import table, verdict

LOOPS: Final = 24
BUSY_BUDGET: Final = 2.5  # floors of CPU each
EXPIRY_BUDGET: Final = 3.0
_YOUNG: Final = 60.0  # seconds for which `token` renews no token that is new
_LIFE: Final = 3600  # seconds: a token of the emulator's
_CORES: Final = 2


@contextmanager
def busy(python: str) -> Iterator[None]:
    """Let loops that do nothing take the machine while the block runs."""
    with ExitStack() as stack:
        for _ in range(LOOPS):
            loop = stack.enter_context(subprocess.Popen([python, "-I", "-S", "-c", "while True: pass"]))
            stack.callback(loop.kill)
        yield


def crowd_table(cases: Sequence[Case], count: int, *, python: str) -> str:
    """Start each case `count` times at once; write the time until all were done, and what one of them took."""
    head = ["at once", "wall of all, s", "CPU of one, ms", "largest, MB", "failed"]
    return table(head, (_cells(case.name, crowd(case, count, python=python), count) for case in cases))


def _cells(name: str, found: Crowd, count: int) -> list[str]:
    each = found.cpu * 1000 / count
    return [f"{count} x {name}", f"{found.wall:.2f}", f"{each:.1f}", f"{found.rss / 1024:.1f}", str(found.failed)]


def busy_table(cases: Sequence[Case], floor: Case, counts: Sequence[int], *, python: str) -> str:
    """Do the same beside the loops; the verdict is on what one took in floors of such a crowd, and on failures."""
    lines = []
    with busy(python):
        for count in counts:
            least = crowd(floor, count, python=python)
            for case in cases:
                found = crowd(case, count, python=python)
                lines.append(_judged(f"{count} x {case.name}", found, least.cpu, budget=BUSY_BUDGET))
    return table(["beside 24 busy loops", "wall of all, s", "x F CPU each", "failed", "budget", "verdict"], lines)


def _judged(name: str, found: Crowd, least: float, *, budget: float) -> list[str]:
    ratio = found.cpu / least
    said = "MISSED" if found.failed else verdict(ratio, budget)
    return [name, f"{found.wall:.2f}", f"{ratio:.2f}", str(found.failed), f"{budget:.2f}", said]


def expiry_table(homes: Sequence[tuple[str, Home, str, float]], floor: Case, count: int, *, python: str) -> str:
    """Start `token` so many times where the login's token has just become too old.

    `homes` are names, homes, the URL of the emulator behind the relay that takes 1.5 s, and when the login was made.
    """
    lines = []
    for name, home, url, made_at in homes:
        time.sleep(max(0.0, made_at + _YOUNG + 5 - time.time()))
        least = int(_LIFE - (time.time() - made_at) / 2)  # more than is left, less than a new one has
        case = home.case(name, "token", f"--min-ttl={least}s")
        before = renewals(url)
        found = crowd(case, count, python=python)
        made, alone = renewals(url) - before, crowd(floor, count, python=python)
        ideal = DELAY + count * spent(floor).wall / _CORES
        cells = _judged(f"{count} x {name}", found, alone.cpu, budget=EXPIRY_BUDGET)
        lines.append([cells[0], str(made), cells[1], f"{found.wall / ideal:.2f}", *cells[2:]])
    cost = ["x F CPU each", "failed", "budget", "verdict"]
    return table(["at expiry", "renewals", "wall of all, s", "x ideal (3 at most)", *cost], lines)
