"""How the cost grows with the number of sessions and profiles; and how much memory it takes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.home import Home, base, make
from benchmarks.installed import Installed
from benchmarks.measure import Case, Cost, checked, cpu_ratio, crowd, paired, spent
from benchmarks.paths import COLD
from benchmarks.table import each_more, table, verdict

SIZES: Final = (1, 10, 100)
MANY: Final = ((1, 1), (1000, 1), (1, 10_000))  # sessions and profiles
TIMES: Final = 3.0  # what one among many may cost, in what it costs alone
_FIRST: Final = "work-sso"
_FILLED: Final = Path(__file__).parent / "programs" / "filled.py"
NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "`token NAME`": ("token", _FIRST),
    "`status --check NAME`": ("status", "--check", _FIRST),
    "`status --short NAME`": ("status", "--short", _FIRST),
    "`credentials --profile P`": ("credentials", "--profile", "p0"),
    "`token NAME`, the ordinary way": ("token", _FIRST, COLD),
}


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


def filled(folder: Path, installed: Installed, *, sessions: int = 1, profiles: int = 1, asked: int = 1) -> Home:
    """Make a home of made-up logins and profiles; nothing is asked of anybody."""
    env = {**base(folder), "SSO_LOGIN_STORE": "file"}
    checked([installed.python, "-I", str(_FILLED), str(sessions), str(profiles), str(asked)], env)
    return Home(installed, env, [_FIRST])


def named_table(folder: Path, installed: Installed, floor: Case, *, rounds: int, say: Callable[[str], None]) -> str:
    """Write what one named session or profile costs among many, in floors, held against what it costs alone."""
    say("filling homes with 1,000 sessions and with 10,000 profiles")
    homes = [
        filled(folder / f"filled-{sessions}-{profiles}", installed, sessions=sessions, profiles=profiles)
        for sessions, profiles in MANY
    ]
    lines = []
    for name, argv in NAMED.items():
        say(f"{name}, among many")
        cases = [home.case(name, *argv) for home in homes]
        ratios = [cpu_ratio(each) for each in paired(cases, floor, rounds=rounds, chance=random.Random(), say=_silent)]
        worst = max(ratios) / ratios[0]
        judged = verdict(worst, None if COLD in argv else TIMES)  # the ordinary way reads the whole config
        lines.append([name, *(f"{ratio:.2f}" for ratio in ratios), f"{worst:.2f}", judged])
    many = ["1 session, 1 profile", "1,000 sessions", "10,000 profiles"]
    return table(["x F CPU", *many, f"times ({TIMES:.0f} at most)", "verdict"], lines)


def in_turn(folder: Path, installed: Installed, floor: Case, *, say: Callable[[str], None]) -> str:
    """Ask for the credentials of 500 profiles, one after the other: each question has its own place in the index."""
    say("500 profiles in turn")
    home = filled(folder / "in-turn", installed, profiles=500, asked=500)
    cases = [home.case("500 profiles", "credentials", "--profile", f"p{number}") for number in range(500)]
    pairs = [each[0] for each in paired(cases, floor, rounds=1, chance=random.Random(), say=_silent)]
    ratio = cpu_ratio(pairs)
    cells = ["`credentials` of 500 profiles in turn, cached", f"{ratio:.2f}", "1.15", verdict(ratio, 1.15)]
    return table(["path", "x F CPU", "budget", "verdict"], [cells])


def _silent(_text: str) -> None:
    """Say nothing of each round."""


def memory_table(cases: Sequence[Case], *, python: str) -> str:
    """Write the largest resident set of one process of each case."""
    return table(
        ["one process", "max RSS, MB"],
        ([case.name, f"{crowd(case, 1, python=python).rss / 1024:.1f}"] for case in cases),
    )
