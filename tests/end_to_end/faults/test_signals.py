"""Ctrl-C, SIGTERM and SIGHUP, sent to real processes: a clean end, and never between spending and storing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.adapters.secrets.lock import FileLocks
from sso_login.core.message import Notice
from sso_login.emulator.core.settings import Settings
from tests.support.shell import COMMAND
from tests.support.strace import Stop, at_each, needs_strace, signalled, stops
from tests.support.terminal.desk import NAME, PATIENCE, Desk, Gate, desk, finished, unwatched

if sys.platform == "win32":
    pytest.skip("Windows has no signals to send", allow_module_level=True)

pexpect = pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
STRICT = Settings(rotation="strict", interval=1)
RENEWAL = ("refresh", "--force")
each_signal = pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Let children heed every signal, though this process may have been started with some ignored (nohup, &)."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def read_until(child: subprocess.Popen[str], words: str) -> str:
    """Read stderr until a line has these words in it."""
    assert child.stderr
    said = ""
    while words not in said:
        line = child.stderr.readline()
        assert line, said
        said += line
    return said


def last_words(name: str) -> str:
    """Say what follows on stderr: after Ctrl-C a line of its own, since a terminal has just shown ^C."""
    return "\nerror: interrupted\n" if name == "SIGINT" else ""


def is_clean(at: Desk) -> None:
    """Check that no half-written file is left and that the lock is free at once."""

    def told(notice: Notice) -> None:
        pytest.fail(notice.text)

    assert at.strays() == []
    with FileLocks(at.state, notify=told, wait_seconds=0).hold(NAME):
        pass


@each_signal
@pytest.mark.parametrize(("way", "words"), [("device", "Waiting for approval"), ("browser", "Waiting for the browser")])
def test_a_login_that_is_waited_for_can_be_stopped(home: Path, way: str, words: str, name: str, code: int) -> None:
    """The exit code is 128 + n, stderr ends with a whole line and no traceback, and nothing is stored."""
    with desk(home, STRICT) as at:
        child = at.start(way, "--no-browser")
        read_until(child, words)
        child.send_signal(getattr(signal, name))
        ran = finished(child)
        assert (ran.code, ran.out) == (code, "")
        assert ran.err == last_words(name)
        assert (at.stored, at.card) == (None, None)
        is_clean(at)


@each_signal
def test_a_process_that_waits_for_the_lock_can_be_stopped(home: Path, name: str, code: int) -> None:
    """It ends at once and sends nothing; the holder of the lock is not disturbed."""
    with desk(home, STRICT) as at:
        before = at.log_in()
        with FileLocks(at.state, notify=lambda _notice: None).hold(NAME):
            child = at.start(*RENEWAL)
            read_until(child, "waiting for another sso-login")
            child.send_signal(getattr(signal, name))
            ran = finished(child)
        assert (ran.code, ran.err) == (code, last_words(name))
        assert (at.kept(), at.renewals) == (before, 0)
        is_clean(at)


@each_signal
def test_a_renewal_in_flight_is_finished_first(home: Path, name: str, code: int) -> None:
    """From sending the refresh to storing its answer a signal is held back: the new tokens are kept, then 128 + n."""
    gate = Gate()
    with desk(home, STRICT, now=gate) as at:
        before = at.log_in()
        gate.open.clear()
        child = at.start(*RENEWAL)
        assert gate.arrived.wait(PATIENCE)
        for _ in range(2):
            child.send_signal(getattr(signal, name))
        gate.open.set()
        ran = finished(child)
        assert (ran.code, ran.out, ran.err) == (code, "", last_words(name))
        assert at.renewals == 1
        assert at.kept().token != before.token
        is_clean(at)
        assert at.run(*RENEWAL).code == 0


@needs_strace
def test_sigterm_at_any_call_of_a_renewal_loses_nothing(tmp_path: Path) -> None:
    """Wherever it comes, no half-written file is left, and even with strict rotation the next token is had."""
    with desk(tmp_path / "dry", STRICT) as dry:
        dry.log_in()
        found = stops(*RENEWAL, env=dry.env, log=dry.home / "trace")

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), STRICT) as at:
            before = at.log_in()
            assert signalled(stop, *RENEWAL, env=at.env, log=at.home / "trace", signal="SIGTERM") == 143
            assert (at.kept() == before) is (at.renewals == 0)
            is_clean(at)
            at.age()
            ran = at.run("token")
            assert (ran.code, ran.out) == (0, at.kept().token.access.reveal() + "\n")

    at_each(found, check)


def plain(said: str) -> str:
    """Leave the colours out."""
    return re.sub("\x1b\\[[0-9;]*m", "", said)


@pytest.mark.parametrize(
    ("term", "counting", "gone"),
    [("dumb", "Waiting for approval[^\n]*\n", ""), ("xterm-256color", "Waiting for approval", "\r\x1b[J")],
    ids=["plain", "drawn"],
)
def test_ctrl_c_at_a_terminal(home: Path, term: str, counting: str, gone: str) -> None:
    """At a real terminal Ctrl-C ends a login with 130, on a line of its own, with the terminal as it was."""
    with desk(home, STRICT) as at:
        env = {**unwatched(at.env), "TERM": term}
        child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "device"], env=env, encoding="utf-8", timeout=PATIENCE)
        try:
            child.expect(counting)
            assert child.getecho()
            child.sendintr()
            child.expect(pexpect.EOF)
            said = plain(child.before)
            assert child.getecho()
        finally:
            child.close()
        assert (child.exitstatus, child.signalstatus) == (130, None)
        end = f"{gone}\r\nerror: interrupted\r\n"
        assert said.endswith(end) if gone else said.removeprefix("^C") == end
        is_clean(at)


def test_ctrl_c_at_a_question(home: Path) -> None:
    """The question keeps its line, and what is said of the end has its own."""
    with desk(home, Settings(interval=1, code_lifetime=1)) as at:
        env = {**unwatched(at.env), "TERM": "xterm-256color"}
        argv = [*COMMAND[1:], "device", "--no-browser"]
        child = pexpect.spawn(COMMAND[0], argv, env=env, encoding="utf-8", timeout=PATIENCE)
        try:
            child.expect("Ctrl-C to stop: ")
            child.sendintr()
            child.expect(pexpect.EOF)
            said = plain(child.before)
        finally:
            child.close()
        assert (child.exitstatus, said.removeprefix("^C")) == (130, "\r\nerror: interrupted\r\n")
