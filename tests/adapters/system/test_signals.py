"""Signals, with real processes that get them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sso_login.adapters.system.signals import Terminated, cleanly, unbroken

if sys.platform == "win32":
    pytest.skip("Windows has no signals to send", allow_module_level=True)

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Says `in` inside the block, goes on when told to by a line on stdin, and says how far it came.
HOLDS = """
import sys
from sso_login.adapters.system.signals import cleanly, unbroken
try:
    with unbroken(), unbroken():
        print("in", flush=True)
        sys.stdin.readline()
        print("stored", flush=True)
    print("after", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
# Says `in`, then waits for ever; what was open is closed with care, whatever comes meanwhile.
ENDS = """
import os, signal, sys
from sso_login.adapters.system.signals import Terminated, cleanly
try:
    with cleanly():
        try:
            print("in", flush=True)
            sys.stdin.readline()
            print("after", flush=True)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
            print("closed", flush=True)
except Terminated as error:
    os._exit(128 + error.signal)
"""


def started(script: str, *before: str) -> subprocess.Popen[str]:
    """Start the script and wait until it is inside its block."""
    child = subprocess.Popen(
        [*before, sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "in\n"
    return child


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_held_back_until_the_block_is_done(number: str) -> None:
    """What must be stored is stored; then the signal does what it would have done: Ctrl-C raises, the others end."""
    child = started(HOLDS)
    for _ in range(2):
        child.send_signal(getattr(signal, number))
    said, _ = child.communicate("go on\n")
    if number == "SIGINT":
        assert (said, child.returncode) == ("stored\ninterrupted\n", 0)
    else:
        assert (said, child.returncode) == ("stored\n", -getattr(signal, number))


def test_without_a_signal_nothing_happens() -> None:
    """The block is left as it was entered."""
    child = started(HOLDS)
    assert child.communicate("go on\n")[0] == "stored\nafter\n"
    assert child.returncode == 0


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """Under nohup a hangup ends neither block."""
    for script, said in (
        (HOLDS, "stored\nafter\n"),
        (ENDS.replace("os.kill(os.getpid(), signal.SIGTERM)", ""), "after\nclosed\n"),
    ):
        child = started(script, "/bin/sh", "-c", 'trap "" HUP; exec "$0" "$@"')
        child.send_signal(signal.SIGHUP)
        assert child.communicate("go on\n")[0] == said
        assert child.returncode == 0


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_an_ending_signal_closes_what_is_open_and_ends_with_128_and_its_number(number: str) -> None:
    """Blocks are left through their `finally`, and no second signal breaks that off."""
    child = started(ENDS)
    child.send_signal(getattr(signal, number))
    assert child.stdout is not None
    assert child.stdout.read() == "closed\n"
    assert child.wait() == 128 + getattr(signal, number)
    child.communicate()


def test_a_held_signal_is_delivered_even_when_the_block_fails() -> None:
    """An error in the block does not swallow the signal."""

    def fails() -> None:
        with cleanly(), unbroken():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError

    with pytest.raises(Terminated) as caught:
        fails()
    assert caught.value.signal == signal.SIGTERM
    assert isinstance(caught.value.__context__, ValueError)


def test_handlers_are_put_back() -> None:
    """After the blocks every signal has the handler it had before, also when it came."""
    before = [signal.getsignal(number) for number in ALL]
    with pytest.raises(Terminated), cleanly():
        signal.raise_signal(signal.SIGHUP)
    with pytest.raises(KeyboardInterrupt), unbroken():
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in ALL] == before


def test_outside_the_main_thread_both_do_nothing() -> None:
    """Signals are delivered to the main thread only; elsewhere there is nothing to hold back."""
    seen: list[object] = []
    before = [signal.getsignal(number) for number in ALL]

    def work() -> None:
        with cleanly(), unbroken():
            seen.extend(signal.getsignal(number) for number in ALL)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == before
