"""Instants and spans as text; always seconds, since the epoch or long, inside the program."""

from __future__ import annotations

import re
import time
from typing import Final

from sso_login.core.errors import UsageProblem

_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST: Final = 366 * 86_400
_SPOKEN: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def parse_duration(text: str) -> float:
    """Read `90s`, `15m`, `8h`, `2d` or plain seconds; UsageProblem for anything else and for more than 366 days."""
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0 <= seconds <= _LONGEST:
        message = f"{text[:40]!r} is not a duration"
        raise UsageProblem(message, hint="Write 90s, 15m, 8h, 2d or plain seconds, 366d at most.")
    return seconds


def spoken(seconds: float) -> str:
    """Say a span in its two largest units, such as `7 h 59 min`; rounded down, `0 s` for what is over."""
    left = int(min(seconds, 9_999 * 86_400)) if seconds > 0 else 0
    counts = []
    for size, unit in _SPOKEN:
        counts.append((left // size, unit))
        left %= size
    first = next((at for at, (count, _) in enumerate(counts) if count), len(counts) - 1)
    largest, smaller = counts[first], counts[first + 1 : first + 2]
    return " ".join(f"{count} {unit}" for count, unit in [largest, *(pair for pair in smaller if pair[0])])


def about(seconds: float) -> str:
    """Say a span for people: as `spoken`, but to the nearest minute from ten minutes on (`1 h`, not `59 min 59 s`)."""
    return spoken(60 * round(seconds / 60) if seconds >= 600 else seconds)


def rfc3339(epoch: float) -> str:
    """Write an instant as AWS and our own JSON have it: UTC, whole seconds, `2027-01-15T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
