"""Instants and spans as text; always seconds, since the epoch or long, inside the program."""

from __future__ import annotations

import re
import time
from typing import Final

from sso_login.core.errors import UsageProblem
from sso_login.wording import spoken

__all__ = ["about", "parse_duration", "rfc3339", "spoken"]

_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST: Final = 366 * 86_400


def parse_duration(text: str) -> float:
    """Read `90s`, `15m`, `8h`, `2d` or plain seconds; UsageProblem for anything else and for more than 366 days."""
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0 <= seconds <= _LONGEST:
        message = f"{text[:40]!r} is not a duration"
        raise UsageProblem(message, hint="Write 90s, 15m, 8h, 2d or plain seconds, 366d at most.")
    return seconds


def about(seconds: float) -> str:
    """Say a span for people: as `spoken`, but to the nearest minute from ten minutes on (`1 h`, not `59 min 59 s`)."""
    return spoken(60 * round(seconds / 60) if seconds >= 600 else seconds)


def rfc3339(epoch: float) -> str:
    """Write an instant as AWS and our own JSON have it: UTC, whole seconds, `2027-01-15T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
