"""Runs schedules: `python -m tests.simulation --schedules N [--from SEED]`, or one, step by step: `--seed N`."""

from __future__ import annotations

import argparse
import sys
import time
from multiprocessing import Pool

from tests.simulation.schedule import drawn, judged, verdict


def failing(seeds: range) -> list[tuple[int, str]]:
    """Run the schedules of those seeds; give the seeds that failed, and how."""
    return [(seed, found) for seed in seeds if (found := verdict(seed))]


def main() -> int:
    """Run what the command line asks for; 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    if asked.seed is not None:
        schedule = drawn(asked.seed)
        found = judged(schedule)
        sys.stdout.write("\n".join([*schedule.plan.log, found or "nothing was violated"]) + "\n")
        return 1 if found else 0
    began = time.monotonic()
    parts = [
        range(start, min(start + 500, asked.first + asked.schedules))
        for start in range(asked.first, asked.first + asked.schedules, 500)
    ]
    with Pool() as pool:
        failed = [each for part in pool.imap_unordered(failing, parts) for each in part]
    for seed, found in sorted(failed)[:20]:
        sys.stdout.write(f"seed {seed}: {found}\n")
    spent = time.monotonic() - began
    sys.stdout.write(f"{asked.schedules} schedules, {len(failed)} failed, {spent:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
