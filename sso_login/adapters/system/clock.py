"""The system's clocks as the port Clock."""

from __future__ import annotations

import time


class SystemClock:
    """Wall clock, monotonic clock and sleep of this machine.

    The monotonic clock is the portable one, which on Linux and macOS stands still while a laptop sleeps.
    Linux's CLOCK_BOOTTIME would not, but whoever waits for a deadline asks both clocks and believes the
    earlier: the wall clock tells of a suspend, the monotonic one of a wall clock that was set.
    """

    def now(self) -> float:
        """Tell the time in epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Tell a time in seconds that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; not at all where `seconds` is not above zero."""
        if seconds > 0:
            time.sleep(seconds)
