"""What a process costs: CPU by wait4, time on the wall, always in a pair with a Python that has nothing to do."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

_LAUNCH: Final = Path(__file__).parent / "programs" / "launch.py"
_PATIENCE: Final = 300.0  # seconds


class Failed(Exception):
    """What is to be measured did not work; the message holds no secret."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command line with its whole environment; `budget` in floors of CPU, None for no verdict."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one run: user and system time together, and on the wall."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A run of a case, and the run of the floor right before or after it."""

    case: Cost
    floor: Cost


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many at once: seconds until all were done, CPU seconds of all, kB of the largest one, how many failed."""

    wall: float
    cpu: float
    rss: int
    failed: int


def spent(case: Case) -> Cost:
    """Run it once, its output thrown away; raise Failed unless it exits with 0."""
    if sys.platform == "win32":
        raise Failed("only POSIX tells what a child has cost")
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    begun = time.perf_counter()
    child = os.posix_spawn(case.argv[0], case.argv, case.env, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    if status != 0:
        raise Failed(f"{case.name}: ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(usage.ru_utime + usage.ru_stime, wall)


def paired(
    cases: Sequence[Case], floor: Case, *, rounds: int, chance: random.Random, say: Callable[[str], None]
) -> list[list[Pair]]:
    """Measure every case once a round, in shuffled order, each in a pair with the floor; give the pairs of each."""
    found: list[list[Pair]] = [[] for _ in cases]
    for done in range(rounds):
        say(f"round {done + 1} of {rounds}")
        for number in chance.sample(range(len(cases)), len(cases)):
            found[number].append(_pair(cases[number], floor, floor_first=chance.random() < 0.5))
    return found


def _pair(case: Case, floor: Case, *, floor_first: bool) -> Pair:
    if floor_first:
        before = spent(floor)
        return Pair(spent(case), before)
    return Pair(spent(case), spent(floor))


def cpu_ratio(pairs: Sequence[Pair]) -> float:
    """Give the median of CPU over the floor's CPU."""
    return median(pair.case.cpu / pair.floor.cpu for pair in pairs)


def wall_ratio(pairs: Sequence[Pair]) -> float:
    """Give the median of time over the floor's time."""
    return median(pair.case.wall / pair.floor.wall for pair in pairs)


def crowd(case: Case, count: int, *, python: str) -> Crowd:
    """Start it `count` times at once, from a Python so small that it does not hide how small they are."""
    argv = [python, "-I", "-S", str(_LAUNCH), str(count), *case.argv]
    done = subprocess.run(argv, env=dict(case.env), capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise Failed(f"{case.name}: {done.stderr.strip()[-300:]}")
    wall, cpu, rss, failed = done.stdout.split()
    return Crowd(float(wall), float(cpu), int(rss), int(failed))


def checked(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """Run a command and give its stdout; raise Failed with what it said on stderr."""
    try:
        done = subprocess.run(
            argv,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{argv[0]}: {error}") from error
    if done.returncode != 0:
        raise Failed(f"{argv[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout
