"""How long a login takes until its code is shown."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.home import Home
from benchmarks.measure import Case, Failed, spent
from benchmarks.table import table, verdict

BUDGET: Final = 15.0  # floors, on the wall

_LOGIN: Final = ("device", "--force", "--no-browser", "--json")


def until_code(home: Home) -> float:
    """Start a login and give the seconds until its code is there; then let it be approved; raise Failed."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [home.installed.script("sso-login"), *_LOGIN],
        env=dict(home.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        took = time.perf_counter() - begun
        process.communicate()
    if '"user_code"' not in line or process.returncode != 0:
        raise Failed(f"`{' '.join(_LOGIN)}` showed no code, or ended with {process.returncode}")
    return took


def ratios(home: Home, floor: Case, *, rounds: int) -> list[float]:
    """Measure so many logins, each beside a floor."""
    return [until_code(home) / spent(floor).wall for _ in range(rounds)]


def login_table(found: Sequence[float]) -> str:
    """Write the median with its verdict: on the wall, for that is what a human waits for."""
    ratio = median(found)
    cells = ["`device`, start to code", f"{ratio:.2f}", f"{BUDGET:.2f}", verdict(ratio, BUDGET)]
    return table(["path", "x F wall", "budget", "verdict"], [cells])
