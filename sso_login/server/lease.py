"""The time for which credentials are lent: over when the wall clock or the one that nobody sets says so first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_login.core.ports import Clock


class Lease:
    """Begins when it is made; None for `seconds` lends for good."""

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        """Begin."""
        self._clock = clock
        self._mono = None if seconds is None else clock.monotonic() + seconds
        self.until = None if seconds is None else clock.now() + seconds

    @property
    def ended(self) -> bool:
        """Tell whether it is over: a machine that slept, or whose clock was set, ends it no later."""
        if self.until is None or self._mono is None:
            return False
        return self._clock.now() >= self.until or self._clock.monotonic() >= self._mono

    @property
    def left(self) -> float:
        """Tell for how many seconds it goes on; many for one without an end."""
        if self.until is None or self._mono is None:
            return float("inf")
        return min(self.until - self._clock.now(), self._mono - self._clock.monotonic())
