"""How much faster 200 calls to the access portal are side by side than one by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.home import base
from benchmarks.installed import Installed
from benchmarks.measure import Failed, checked
from benchmarks.table import table

BUDGET = 12.0  # times faster, at least
CONNECTIONS = 16  # at most


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds side by side and one by one, connections that were opened and requests in flight, side by side."""

    together: float
    alone: float
    connections: int
    most: int


def rounds_of(installed: Installed, folder: Path, *, rounds: int) -> list[Round]:
    """Measure so many rounds against a portal of 50 ms; raise Failed."""
    here = Path(__file__).parent / "programs"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(here / "portal.py")], stdout=subprocess.PIPE, text=True
    ) as portal:
        try:
            port = portal.stdout.readline().strip() if portal.stdout else ""
            if not port.isdigit():
                raise Failed("the portal of the benchmark does not serve")
            said = checked([installed.python, "-I", str(here / "roles.py"), port, str(rounds)], base(folder))
        finally:
            portal.terminate()
    return [read(line) for line in said.splitlines()]


def read(line: str) -> Round:
    """Read a line of roles.py."""
    together, alone, connections, most = line.split()
    return Round(float(together), float(alone), int(connections), int(most))


def listing_table(found: Sequence[Round]) -> str:
    """Write both times, the median of their ratios, and the verdict on ratio and connections."""
    ratio = median(each.alone / each.together for each in found)
    connections, most = max(each.connections for each in found), max(each.most for each in found)
    fits = round(ratio, 2) >= BUDGET and connections <= CONNECTIONS
    cells = [
        "200 portal calls of 50 ms each",
        f"{median(each.together for each in found):.2f}",
        f"{median(each.alone for each in found):.2f}",
        f"{ratio:.1f}",
        f"{BUDGET:.0f}",
        str(connections),
        str(most),
        "within" if fits else "MISSED",
    ]
    head = ["", "side by side, s", "one by one, s", "times faster", "at least", "connections", "at once", "verdict"]
    return table(head, [cells])
