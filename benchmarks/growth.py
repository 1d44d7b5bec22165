"""How the cost grows: with the number of sessions, with the number of processes; and how much memory it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.home import Home, make
from benchmarks.installed import Installed
from benchmarks.measure import Case, Cost, Crowd, crowd, spent
from benchmarks.table import each_more, table

SIZES = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a command line costs with each number of sessions: medians."""

    name: str
    costs: Sequence[Cost]


def by_sessions(
    folder: Path, installed: Installed, url: str, *, rounds: int, say: Callable[[str], None]
) -> list[Growth]:
    """Measure `status` and `refresh --all --force` in homes with 1, 10 and 100 logins."""
    homes = []
    for size in SIZES:
        say(f"logging in to {size} sessions")
        names = [f"session-{number:03}" for number in range(size)]
        home = make(folder / f"home-{size}", installed, url, names=names)
        home.log_in()
        homes.append(home)
    return [_growth(homes, argv, rounds, say=say) for argv in (("status",), ("refresh", "--all", "--force"))]


def _growth(homes: Sequence[Home], argv: Sequence[str], rounds: int, *, say: Callable[[str], None]) -> Growth:
    name = f"`{' '.join(argv)}`"
    cases = [home.case(name, *argv) for home in homes]
    runs: list[list[Cost]] = [[] for _ in cases]
    for done in range(rounds):
        say(f"{name}, round {done + 1} of {rounds}")
        for case, costs in zip(cases, runs, strict=True):
            costs.append(spent(case))
    return Growth(name, [Cost(median(c.cpu for c in costs), median(c.wall for c in costs)) for costs in runs])


def growth_table(found: Sequence[Growth]) -> str:
    """Write milliseconds of CPU and wall for each number of sessions, and what each session more adds."""
    head = ["ms of CPU (wall)", *(f"{size} sessions" if size > 1 else "1 session" for size in SIZES), "each more"]
    return table(head, ([growth.name, *map(_ms, growth.costs), _ms(_each(growth.costs))] for growth in found))


def _each(costs: Sequence[Cost]) -> Cost:
    more = SIZES[-1] - SIZES[0]
    few, many = costs[0], costs[-1]
    return Cost(each_more(few.cpu, many.cpu, more=more), each_more(few.wall, many.wall, more=more))


def _ms(cost: Cost) -> str:
    return f"{cost.cpu * 1000:.1f} ({cost.wall * 1000:.1f})"


def crowd_table(cases: Sequence[Case], count: int, *, python: str) -> str:
    """Start each case `count` times at once; write the time until all were done, and what one of them took."""
    head = ["at once", "wall of all, s", "CPU of one, ms", "largest, MB", "failed"]
    return table(head, (_crowd_cells(case.name, crowd(case, count, python=python), count) for case in cases))


def _crowd_cells(name: str, found: Crowd, count: int) -> list[str]:
    each = found.cpu * 1000 / count
    return [f"{count} x {name}", f"{found.wall:.2f}", f"{each:.1f}", f"{found.rss / 1024:.1f}", str(found.failed)]


def memory_table(cases: Sequence[Case], *, python: str) -> str:
    """Write the largest resident set of one process of each case."""
    return table(
        ["one process", "max RSS, MB"],
        ([case.name, f"{crowd(case, 1, python=python).rss / 1024:.1f}"] for case in cases),
    )
