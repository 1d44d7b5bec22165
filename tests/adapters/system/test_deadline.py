"""The deadline around any call."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from sso_login.adapters.system.deadline import within

FOREVER = 120.0


class TooLong(Exception):
    """What the tests raise on a timeout."""


def test_the_result_comes_back() -> None:
    """What the call returns is returned."""
    assert within(FOREVER, lambda: 42, on_timeout=TooLong) == 42


@pytest.mark.parametrize("kind", [ValueError, TimeoutError, KeyboardInterrupt, SystemExit])
def test_every_exception_comes_back(kind: type[BaseException]) -> None:
    """What the call raises is raised here, even what would end a thread, and a timeout of its own is not ours."""

    def call() -> None:
        raise kind

    with pytest.raises(kind):
        within(FOREVER, call, on_timeout=TooLong)


def test_a_call_that_hangs_is_left_behind() -> None:
    """After the deadline the caller goes on, while the call may still end in a thread that holds up no exit."""
    go_on = threading.Event()
    ended = threading.Event()
    daemons: list[bool] = []

    def call() -> None:
        daemons.append(threading.current_thread().daemon)
        go_on.wait(FOREVER)
        ended.set()

    with pytest.raises(TooLong):
        within(0.02, call, on_timeout=TooLong)
    go_on.set()
    assert ended.wait(FOREVER)
    assert daemons == [True]


def test_a_deadline_that_is_over_already_is_a_timeout() -> None:
    """Time spent before the call can leave nothing; that is a timeout as well, not an error of its own."""
    go_on = threading.Event()
    with pytest.raises(TooLong):
        within(-1, lambda: go_on.wait(FOREVER), on_timeout=TooLong, on_slow=lambda: pytest.fail("said too late"))
    go_on.set()


def test_a_slow_call_is_told_once() -> None:
    """A call that takes longer than a moment is told while it lasts, and its result still counts."""
    go_on = threading.Event()
    told: list[str] = []

    def slow() -> None:
        told.append("slow")
        go_on.set()

    assert within(FOREVER, lambda: go_on.wait(FOREVER), on_timeout=TooLong, slow_after=0.01, on_slow=slow)
    assert told == ["slow"]


def test_a_quick_call_is_not_told() -> None:
    """Nobody hears of a call that answers at once."""
    within(FOREVER, lambda: None, on_timeout=TooLong, slow_after=FOREVER, on_slow=lambda: pytest.fail("not slow"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a single process")
def test_ctrl_c_ends_the_wait() -> None:
    """Ctrl-C while a call hangs interrupts the program at once."""
    program = (
        "import time\n"
        "from sso_login.adapters.system.deadline import within\n"
        "def hang():\n"
        "    print('hanging', flush=True)\n"
        "    time.sleep(120)\n"
        "within(120, hang, on_timeout=RuntimeError)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "hanging\n"
    started = time.monotonic()
    child.send_signal(signal.SIGINT)
    _out, err = child.communicate(timeout=FOREVER)
    assert "KeyboardInterrupt" in err
    assert time.monotonic() - started < 100
