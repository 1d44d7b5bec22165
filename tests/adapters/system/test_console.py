"""The end of a Windows console, as Windows tells it: in another thread, which ends the process when it returns."""

from __future__ import annotations

import threading

import pytest

from sso_login.adapters.system.console import CLOSE, LOGOFF, SHUTDOWN, Ending


@pytest.mark.parametrize("event", [CLOSE, LOGOFF, SHUTDOWN])
def test_the_end_waits_for_what_must_not_be_broken_off(event: int) -> None:
    """A refresh that was sent is stored before the process may end, however many threads store something."""
    ending, returned = Ending(), threading.Event()
    steps: list[str] = []

    def windows() -> None:
        steps.append(f"ended {ending.told(event)}")
        returned.set()

    with ending.waits():
        with ending.waits():
            threading.Thread(target=windows, daemon=True).start()
        assert not returned.wait(0.05)
        steps.append("stored")
    assert returned.wait(60)
    assert steps == ["stored", "ended False"]


def test_nothing_is_waited_for_where_nothing_is_open() -> None:
    """The end is handed on at once, and so are Ctrl-C and Ctrl-Break, which Python holds back itself."""
    ending = Ending()
    assert ending.told(CLOSE) is False
    with ending.waits():
        assert ending.told(0) is False
        assert ending.told(1) is False
