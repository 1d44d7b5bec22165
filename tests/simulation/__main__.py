"""Runs schedules: `python -m tests.simulation --schedules N [--from SEED]`, or one, step by step: `--seed N`.

`--switches N` runs the small cases instead: two processes, every interleaving with up to N switches; with `--kill` each
of them with a kill at every step. `--faults` puts old faults back, one at a time, and prints where each shows.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing import Pool
from typing import TypeVar

from tests.simulation.enumerated import EVERY, Case, cases, violated
from tests.simulation.old_faults import FAULTS, found
from tests.simulation.schedule import drawn, judged, verdict

One = TypeVar("One")
AT_ONCE = 500


def seeds(some: list[int]) -> list[str]:
    """Run the schedules of those seeds; give those that failed, and how."""
    return [f"seed {seed}: {how}" for seed in some if (how := verdict(seed))]


def small(some: list[Case]) -> list[str]:
    """Run those small cases; give those that failed, and how."""
    return [f"{case}: {how}" for case in some if (how := violated(case))]


def in_parts(every: Iterable[One]) -> Iterator[list[One]]:
    """Share them out among the processors."""
    rest = iter(every)
    while part := list(islice(rest, AT_ONCE)):
        yield part


def judge(every: Iterable[One], run: Callable[[list[One]], list[str]]) -> int:
    """Run all of them; print the first that failed, and how many there were."""
    began, count, failed = time.monotonic(), 0, []
    with Pool() as pool:
        for number, part in enumerate(pool.imap(run, parts := list(in_parts(every)))):
            count += len(parts[number])
            failed += part
    sys.stdout.write("".join(f"{each}\n" for each in failed[:20]))
    sys.stdout.write(f"{count} schedules, {len(failed)} failed, {time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


def faults(seeds: int) -> int:
    """Put each fault back and print where it shows, as docs/reliability.md has it; 1 where one is not found."""
    missed = 0
    for name in FAULTS:
        where, how = found(name, seeds=seeds) or ("nowhere", "")
        missed += not how
        sys.stdout.write(f"| {name} | {where} | {how} |\n")
    return 1 if missed else 0


def main() -> int:
    """Run what the command line asks for; 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--switches", type=int)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--faults", action="store_true")
    asked = parser.parse_args()
    if asked.faults:
        return faults(asked.schedules)
    if asked.switches is not None:
        return judge(cases(EVERY, switches=asked.switches, kill=asked.kill), small)
    if asked.seed is None:
        return judge(range(asked.first, asked.first + asked.schedules), seeds)
    schedule = drawn(asked.seed)
    how = judged(schedule)
    sys.stdout.write("\n".join([*schedule.plan.log, how or "nothing was violated"]) + "\n")
    return 1 if how else 0


if __name__ == "__main__":
    sys.exit(main())
