"""The whole run: prepares homes, measures, writes the report."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import crowds, growth, keyring_bus, listing, login, machine
from benchmarks.emulator import DELAY, certificate, emulator, relayed
from benchmarks.home import Home, make
from benchmarks.installed import Installed, install
from benchmarks.measure import Case, Failed, Pair, cpu_ratio, paired, wall_ratio
from benchmarks.paths import budgeted
from benchmarks.peers import peers
from benchmarks.server import costs
from benchmarks.table import ratio_cells, table

RESULTS: Final = Path(__file__).with_name("RESULTS.md")

_SESSION: Final = "work-sso"
_BUSY: Final = ": others were at work, so a ratio may be off by as much as the line of F is from 1.00, and more"
_READING: Final = """\
**F** is `<venv>/bin/python -I -c pass`. Each run of a path is paired with a run of F right before or after it, all
paths once a round in shuffled order, in a clean environment; a ratio is the median over {rounds} rounds. The verdict is
on CPU (user + system, from wait4), rounded as budgets are written; wall stands beside it. The line of F is F against F:
how far it is from 1.00 is what the method cannot tell. Times never fail a test.

A renewal talks to the emulator, which is a process of its own on this machine: its CPU is not counted, and there is no
network in it, so the wall time is the program's own share, not what AWS would take. Over TLS there is a relay between
them, with a certificate of its own CA. Where many sessions are renewed at once the emulator's CPU is in the wall time,
since both share the machine's cores.

Beside busy loops, and at expiry, F is a crowd of as many floors in the same place; what counts is that all of them end
with exit code 0. At expiry CreateToken takes 1.5 s, and the ideal is that and the crowd's floors on two cores.

The portal calls are made by the installed program's own parts within one process, over new connections each time, both
ways in every round; a ratio is the median over the rounds, here of wall time. There is no TLS in it, either.

The largest resident set counts the pages that processes share, such as the interpreter itself.
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that is prepared before the clock runs; None where a part is missing on this machine.

    `crowded` are homes behind a relay that takes its time: name, home, the emulator's URL, when the login was made.
    """

    installed: Installed
    url: str
    file: Home
    renewed: Home
    keyring: Home | None
    over_tls: Home | None
    crowded: Sequence[tuple[str, Home, str, float]]

    @property
    def floor(self) -> Case:
        """A Python that has nothing to do."""
        return Case("floor F", (self.installed.python, "-I", "-c", "pass"), self.file.env)


def prepared(stack: ExitStack, folder: Path) -> Desk:
    """Install the wheel, start emulator, relays and keyring for as long as the stack stands, log in; raise Failed."""
    made = install(folder, say)
    url = stack.enter_context(emulator(made, folder / "emulator"))
    slow = stack.enter_context(relayed(url, delay=DELAY))
    say("logging in")
    stores: dict[str, dict[str, str] | None] = {"file store": None}
    if not keyring_bus.missing():
        stores["Secret Service"] = stack.enter_context(keyring_bus.keyring_bus(folder / "bus"))
    homes = {name: make(folder / name, made, url, names=[_SESSION], more=more) for name, more in stores.items()}
    renewed = make(folder / "renewed", made, url, names=[_SESSION])
    over_tls = _over_tls(stack, folder, made, url)
    for home in filter(None, (*homes.values(), renewed, over_tls)):
        home.log_in()
        home.warm_up()
    crowded = []
    for name, more in stores.items():
        # The name differs, for both homes may share a keyring.
        home = make(folder / f"crowd, {name}", made, url, names=[f"{_SESSION}-crowd"], more=more, through=slow)
        home.log_in()
        crowded.append((f"`token`, {name}", home, url, time.time()))
        home.warm_up()
    return Desk(made, url, homes["file store"], renewed, homes.get("Secret Service"), over_tls, crowded)


def _over_tls(stack: ExitStack, folder: Path, made: Installed, url: str) -> Home | None:
    files = certificate(folder)
    if files is None:
        return None
    tls = stack.enter_context(relayed(url, certificate=files))
    trust = {"SSO_LOGIN_STORE": "file", "AWS_CA_BUNDLE": str(files[0])}
    return make(folder / "tls", made, url, names=[_SESSION], more=trust, through=tls)


def written(desk: Desk, folder: Path, rounds: int) -> str:
    """Measure everything and give the report."""
    before = machine.load()
    others, notes = peers(desk.file, desk.keyring)
    paths = [desk.floor, *budgeted(desk.file, desk.keyring, desk.renewed, desk.over_tls)]
    pairs = paired([*paths, *others], desk.floor, rounds=rounds, chance=random.Random(), say=say)
    ours, theirs = pairs[: len(paths)], pairs[len(paths) :]
    few, python = max(1, rounds // 4), desk.installed.python
    turns = growth.in_turn(folder, desk.installed, desk.floor, say=say)
    named = growth.named_table(folder, desk.installed, desk.floor, rounds=max(1, rounds // 2), say=say)
    by_sessions = growth.by_sessions(folder, desk.installed, desk.url, rounds=few, say=say)
    say("200 portal calls, side by side and one by one")
    listed = listing.rounds_of(desk.installed, folder / "listing", rounds=max(1, rounds // 8))
    served = costs.serving_table(desk.file, desk.installed, folder, say=say)
    say("logins")
    logins = login.ratios(desk.renewed, desk.floor, rounds=few)
    tokens = [case for case in paths if case.name.startswith("`token`, valid")]
    say("crowds")
    at_once = crowds.crowd_table([desk.floor, *tokens], 100, python=python)
    beside = crowds.busy_table(tokens, desk.floor, (100, 300), python=python)
    expired = crowds.expiry_table(desk.crowded, desk.floor, 100, python=python)
    remembered = growth.memory_table([*paths, *others], python=python)
    after = machine.load()
    loads = f"load average {before:.2f} when it began to measure, {after:.2f} when it was done"
    loads += _BUSY if max(before, after) > (os.cpu_count() or 1) else ""
    return "\n".join(
        [
            "# Results of `python3 benchmarks/run.py`\n",
            _bullets([*machine.facts(desk.installed), loads, *_missing(desk)]),
            f"## Budgets\n\n{_ratios(paths, ours)}\n{_floor(ours[0])}",
            f"{turns}\n{login.login_table(logins)}",
            f"## The same errand by others\n\n{_ratios(others, theirs)}\n{_bullets(notes)}",
            f"## Many accounts\n\n{listing.listing_table(listed)}",
            f"## The credential server\n\n{served}",
            f"## One among many\n\n{named}",
            f"## With the number of sessions\n\n{growth.growth_table(by_sessions)}",
            f"## Many processes at once\n\n{at_once}\n{beside}\n{expired}",
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


def _missing(desk: Desk) -> list[str]:
    parts = keyring_bus.missing()
    keyring = [f"no Secret Service was measured: {', '.join(parts)} not installed"] if parts else []
    return keyring if desk.over_tls else [*keyring, "nothing was measured over TLS: openssl not installed"]


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
