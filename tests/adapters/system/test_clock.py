"""The system's clocks."""

from __future__ import annotations

import time

from sso_login.adapters.system.clock import SystemClock


def test_the_clock_tells_epoch_seconds_and_a_time_that_never_goes_back() -> None:
    """Both clocks are this machine's own."""
    clock = SystemClock()
    before, earlier = time.time(), time.monotonic()
    assert abs(clock.now() - before) < 3600
    assert clock.monotonic() >= earlier


def test_sleep_waits_at_least_as_long_as_asked_and_not_for_a_time_that_is_over() -> None:
    """Zero and negative waits return at once instead of raising."""
    clock = SystemClock()
    began = clock.monotonic()
    for seconds in (0.01, 0.0, -5.0):
        clock.sleep(seconds)
    assert clock.monotonic() - began >= 0.009
