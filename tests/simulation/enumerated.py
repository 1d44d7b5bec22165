"""Small cases, every one: two processes over a login that has run out, each interleaving, a kill at each step."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import Final, NamedTuple

from tests.simulation.disk import HOUR, Disk
from tests.simulation.process import Process
from tests.simulation.schedule import Plan, Schedule, alone, judged
from tests.simulation.work import made

MOVE: Final = "move"  # a login into the other store
EVERY: Final = ("token", "force", "credentials", "device", MOVE, "logout", "sdk")
FEW: Final = ("token", "credentials", MOVE, "logout")  # those of which each writes something that the others do not


class Case(NamedTuple):
    """Which two processes there are, at which steps the other goes on, where one is killed, which steps fail."""

    kinds: tuple[str, str]
    switches: tuple[int, ...] = ()
    kill: int = -1
    failing: tuple[int, ...] = ()

    def schedule(self) -> Schedule:
        """Set it up."""
        shared = "sdk" in self.kinds
        disk = Disk(rotation="strict")
        alone(disk, "device", made(disk, "device", shared=shared).work, {"SSO_LOGIN_STORE": "file"})
        disk.wall += HOUR + 100
        disk.mono += HOUR + 100
        disk.sent.clear()
        plan = Plan(
            random.Random(0),
            switching=0,
            switches=frozenset(self.switches),
            kill=self.kill,
            failing=frozenset(self.failing),
        )
        return Schedule(disk, [_process(disk, kind, shared=shared) for kind in self.kinds], plan)


def _process(disk: Disk, kind: str, *, shared: bool) -> Process:
    return made(disk, "device", shared=shared, move=True) if kind == MOVE else made(disk, kind, shared=shared)


def cases(kinds: tuple[str, ...], *, switches: int, kill: bool) -> Iterator[Case]:
    """List every case of two of those kinds with up to that many switches; with `kill`, killed at each of its steps."""
    for pair in ((one, other) for one in kinds for other in kinds):
        steps = _length(Case(pair))
        for count in range(switches + 1):
            for at in combinations(range(1, steps), count):
                yield from (Case(pair, at, step) for step in (range(steps) if kill else (-1,)))


def failing(kinds: tuple[str, ...], *, failures: int) -> Iterator[Case]:
    """List every case of two of those kinds, one after the other, in which that many steps fail."""
    for pair in ((one, other) for one in kinds for other in kinds):
        for at in combinations(range(_length(Case(pair))), failures):
            yield Case(pair, failing=at)


def _length(case: Case) -> int:
    schedule = case.schedule()
    judged(schedule)
    return schedule.steps


def violated(case: Case) -> str:
    """Run a case to its very end; give what was violated, "" where nothing was."""
    return judged(case.schedule())
