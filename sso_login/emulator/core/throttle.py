"""Counts calls, so that no more than so many are let in within any second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

_SPAN: Final = 1.0


@dataclass(slots=True)
class Throttle:
    """Remembers when calls were let in, in epoch seconds, oldest first; those it turned away do not count."""

    admitted: deque[float] = field(default_factory=deque)

    def admits(self, rate: int, now: float) -> bool:
        """Tell whether one more call is let in where `rate` a second are, and count it; 0 lets all in."""
        if rate == 0:
            return True
        # A call later than now was counted before the clock was set back: it says nothing any more.
        self.admitted = deque(at for at in self.admitted if 0 <= now - at < _SPAN)
        if len(self.admitted) >= rate:
            return False
        self.admitted.append(now)
        return True
