"""The whole run: prepares homes, measures, writes the report."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import growth, keyring_bus, listing, machine
from benchmarks.emulator import emulator
from benchmarks.home import CREDENTIALS, Home, make
from benchmarks.installed import Installed, install
from benchmarks.measure import Case, Failed, Pair, cpu_ratio, paired, wall_ratio
from benchmarks.peers import peers
from benchmarks.table import ratio_cells, table

RESULTS: Final = Path(__file__).with_name("RESULTS.md")

_SESSION: Final = "work-sso"
_READING: Final = """\
**F** is `<venv>/bin/python -I -c pass`. Each run of a path is paired with a run of F right before or after it, all
paths once a round in shuffled order, in a clean environment; a ratio is the median over {rounds} rounds. The verdict is
on CPU (user + system, from wait4), rounded as budgets are written; wall stands beside it. The line of F is F against F:
how far it is from 1.00 is what the method cannot tell. Times never fail a test.

A renewal talks to the emulator, which is a process of its own on this machine: its CPU is not counted, and there is no
network and no TLS in it, so the wall time is the program's own share, not what AWS would take. Where many sessions are
renewed at once the emulator's CPU is in the wall time, since both share the machine's cores.

The portal calls are made by the installed program's own parts within one process, over new connections each time, both
ways in every round; a ratio is the median over the rounds, here of wall time. There is no TLS in it, either.

The largest resident set counts the pages that processes share, such as the interpreter itself.
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that is prepared before the clock runs; `keyring` is None where there is no Secret Service."""

    installed: Installed
    url: str
    file: Home
    renewed: Home
    keyring: Home | None

    @property
    def floor(self) -> Case:
        """A Python that has nothing to do."""
        return Case("floor F", (self.installed.python, "-I", "-c", "pass"), self.file.env)

    def budgeted(self) -> list[Case]:
        """Give the paths that have a budget, F against itself first."""
        file, keyring = self.file, self.keyring
        paths = [
            self.floor,
            _hot("`token`, file store, valid", file, "token", budget=1.00),
            _hot("`credentials`, file store, cached", file, *CREDENTIALS, budget=1.00),
            file.case("`--help`", "--help", budget=6),
            file.case("`--version`", "--version", budget=6),
            file.case("`status`, file store", "status", budget=6),
            self.renewed.case("a renewal (`refresh --force`), file store", "refresh", "--force", budget=14),
            file.case("`token --json`: the ordinary way", "token", "--json"),
        ]
        if keyring:
            paths.insert(2, _hot("`token`, Secret Service, valid", keyring, "token", budget=1.10))
            paths.insert(4, _hot("`credentials`, Secret Service, cached", keyring, *CREDENTIALS, budget=1.10))
            paths.append(keyring.case("`token --json`: the ordinary way, Secret Service", "token", "--json"))
        return paths


def _hot(name: str, home: Home, *argv: str, budget: float) -> Case:
    return home.case(name if home.is_hot(*argv) else f"{name} (NOT ON THE HOT PATH)", *argv, budget=budget)


def prepared(stack: ExitStack, folder: Path) -> Desk:
    """Install the wheel, start emulator and keyring for as long as the stack stands, log in; raise Failed."""
    made = install(folder, say)
    url = stack.enter_context(emulator(made, folder / "emulator"))
    say("logging in")
    file = make(folder / "file", made, url, names=[_SESSION])
    renewed = make(folder / "renewed", made, url, names=[_SESSION])
    keyring = None
    if not keyring_bus.missing():
        bus = stack.enter_context(keyring_bus.keyring_bus(folder / "bus"))
        keyring = make(folder / "keyring", made, url, names=[_SESSION], more=bus)
    for home in filter(None, (file, renewed, keyring)):
        home.log_in()
        home.warm_up()
    return Desk(made, url, file, renewed, keyring)


def written(desk: Desk, folder: Path, rounds: int) -> str:
    """Measure everything and give the report."""
    before = machine.load()
    others, notes = peers(desk.file, desk.keyring)
    paths = desk.budgeted()
    pairs = paired([*paths, *others], desk.floor, rounds=rounds, chance=random.Random(), say=say)
    ours, theirs = pairs[: len(paths)], pairs[len(paths) :]
    by_sessions = growth.by_sessions(folder, desk.installed, desk.url, rounds=max(1, rounds // 4), say=say)
    say("200 portal calls, side by side and one by one")
    listed = listing.rounds_of(desk.installed, folder / "listing", rounds=max(1, rounds // 8))
    tokens = [case for case in paths if case.name.startswith("`token`")]
    python = desk.installed.python
    say("100 at once")
    crowds = growth.crowd_table([desk.floor, *tokens], 100, python=python)
    remembered = growth.memory_table([*paths, *others], python=python)
    loads = f"load average {before:.2f} when it began to measure, {machine.load():.2f} when it was done"
    return "\n".join(
        [
            "# Results of `python3 benchmarks/run.py`\n",
            _bullets([*machine.facts(desk.installed), loads, *_missing()]),
            f"## Budgets\n\n{_ratios(paths, ours)}\n{_floor(ours[0])}",
            f"## The same errand by others\n\n{_ratios(others, theirs)}\n{_bullets(notes)}",
            f"## Many accounts\n\n{listing.listing_table(listed)}",
            f"## With the number of sessions\n\n{growth.growth_table(by_sessions)}",
            f"## A hundred processes at once\n\n{crowds}",
            f"## Memory\n\n{remembered}",
            f"## How to read it\n\n{_READING.format(rounds=rounds)}",
        ]
    )


def _ratios(cases: Sequence[Case], pairs: Sequence[Sequence[Pair]]) -> str:
    measured = zip(cases, pairs, strict=True)
    lines = [ratio_cells(case.name, cpu_ratio(each), wall_ratio(each), case.budget) for case, each in measured]
    return table(["path", "x F CPU", "x F wall", "budget", "verdict"], lines)


def _floor(pairs: Sequence[Pair]) -> str:
    cpu, wall = median(pair.floor.cpu for pair in pairs), median(pair.floor.wall for pair in pairs)
    return f"F is {cpu * 1000:.1f} ms of CPU, {wall * 1000:.1f} ms on the wall.\n"


def _missing() -> list[str]:
    missing = keyring_bus.missing()
    return [f"no Secret Service was measured: {', '.join(missing)} not installed"] if missing else []


def _bullets(lines: Sequence[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


def say(text: str) -> None:
    """Tell on stderr what goes on."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run it all and print the report; ends with an error only if something does not work, never for a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="how often every path is measured (default %(default)s)")
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md as well")
    asked = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="sso-login-benchmark-") as name, ExitStack() as stack:
            folder = Path(name)
            report = written(prepared(stack, folder), folder, asked.rounds)
    except Failed as error:
        sys.exit(f"error: {error}")
    print(report)
    if asked.write:
        RESULTS.write_text(report, encoding="utf-8")
