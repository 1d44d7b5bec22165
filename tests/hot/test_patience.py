"""How long the hot path waits for a keyring: as long as a daemon is at work, and no longer; no clock decides."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from sso_login.hot_look import ASLEEP, AT_WORK, STOPPED, Look
from tests.support.stores.keyring_host import KeyringHost, keyring_host, needs_keyring

if sys.platform != "linux":
    pytest.skip("the Secret Service is for Linux", allow_module_level=True)

hot_dbus: Any = importlib.import_module("sso_login.hot_dbus")  # for type checkers elsewhere it is empty
ENTRY = "sso-login:sso:my-sso"
PATIENCE = 60  # seconds that only a hang comes near to


@pytest.fixture
def host() -> Iterator[KeyringHost]:
    """Give a real keyring that holds one secret."""
    with keyring_host() as made:
        command = ["secret-tool", "store", "--label=x", "service", ENTRY, "username", "sso-login"]
        subprocess.run(command, env={**os.environ, **made.env}, input=b"the-secret", check=True)
        yield made


class Looks:
    """Tells what it is told to, and keeps what it was asked; at one of the looks something is done."""

    def __init__(self, answer: str, *, at: int = 0, act: Callable[[], object] = int) -> None:
        """Act at that look, from 1."""
        self.answer = answer
        self.at = at
        self.act = act
        self.seen: list[list[int]] = []

    def __call__(self, pids: Sequence[int]) -> str:
        """Answer."""
        self.seen.append(list(pids))
        if len(self.seen) == self.at:
            self.act()
        return self.answer


@needs_keyring
def test_a_daemon_at_work_is_waited_for(host: KeyringHost) -> None:
    """Twenty silent steps, five seconds on an idle machine, and then the answer."""
    host.freeze()
    looks = Looks(AT_WORK, at=20, act=host.thaw)
    assert hot_dbus.secret(ENTRY, host.env, looks) == "the-secret"
    assert len(looks.seen) >= 20
    assert host.daemon in looks.seen[-1], "the daemon itself is looked at, by the number that the bus tells"


@needs_keyring
@pytest.mark.parametrize(("answer", "most"), [(STOPPED, 2), (ASLEEP, 12)])
def test_a_daemon_that_does_nothing_is_given_up(host: KeyringHost, answer: str, most: int) -> None:
    """At the second look if it is stopped, after three seconds of silence if it sleeps."""
    host.freeze()
    looks = Looks(answer)
    try:
        with pytest.raises(hot_dbus.Hangs):
            hot_dbus.secret(ENTRY, host.env, looks)
    finally:
        host.thaw()
    assert most <= len(looks.seen) <= 2 * most, "the bus tells once who the daemon is, which is no silence"


@needs_keyring
def test_a_frozen_daemon_is_seen_to_be_stopped(host: KeyringHost) -> None:
    """The real look at the real daemon."""
    host.freeze()
    end = time.monotonic() + PATIENCE
    try:
        while (found := Look()([host.daemon])) != STOPPED and time.monotonic() < end:
            time.sleep(0.01)
        assert found == STOPPED
        with pytest.raises(hot_dbus.Hangs):
            hot_dbus.secret(ENTRY, host.env)
    finally:
        host.thaw()
    assert hot_dbus.secret(ENTRY, host.env) == "the-secret"


def test_a_process_that_runs_is_at_work() -> None:
    """We are, while we look; so the two of us are, whatever the other one does."""
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            other.send_signal(signal.SIGSTOP)
            assert Look()([os.getpid(), other.pid]) == AT_WORK
        finally:
            other.kill()


def test_a_process_that_waits_for_nothing_of_ours_is_asleep() -> None:
    """By the second look at the latest: it has started, and uses no time."""
    with subprocess.Popen(["sleep", "1000"]) as other:
        look, end = Look(), time.monotonic() + PATIENCE
        try:
            while (found := look([other.pid])) != ASLEEP and time.monotonic() < end:
                time.sleep(0.01)
        finally:
            other.kill()
    assert found == ASLEEP


def test_a_process_that_cannot_be_seen_is_not_known_to_be_at_work() -> None:
    """Of another namespace, or gone."""
    assert Look()([1 << 30]) == ASLEEP
    assert Look()([]) == ASLEEP


class OddBus:
    """A bus that answers each connection as it is told to, one after the other."""

    def __init__(self, path: Path, answers: Sequence[bytes]) -> None:
        """Listen there."""
        self.env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        self.accepted = 0
        self._answers = answers
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._listening.settimeout(PATIENCE)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with closing(self._listening):
            for answer in self._answers:
                with self._listening.accept()[0] as connection:
                    self.accepted += 1
                    self._answer(connection, answer)

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        connection.settimeout(PATIENCE)
        connection.recv(1 << 16)
        connection.sendall(b"OK 0123\r\n")
        connection.recv(1 << 16)
        connection.sendall(answer)
        with suppress(ConnectionError):
            while connection.recv(1 << 16):  # what else is asked is read, until the other end has had enough
                pass


def error(name: bytes, *, to: int) -> bytes:
    """Write a D-Bus error in answer to the call of that serial."""
    fields = b"\x04\x01s\0" + len(name).to_bytes(4, "little") + name + b"\0"
    fields += b"\0" * (-len(fields) % 8) + b"\x05\x01u\0" + to.to_bytes(4, "little")
    start = b"l\x03\0\x01" + bytes(4) + (1).to_bytes(4, "little") + len(fields).to_bytes(4, "little") + fields
    return start + b"\0" * (-len(start) % 8)


def test_a_service_that_fails_at_once_is_asked_again(tmp_path: Path) -> None:
    """As gnome-keyring does now and then when many ask: three times in all, then the ordinary way decides."""
    bus = OddBus(tmp_path / "bus", [error(b"org.example.Failed", to=1)] * 3)
    with pytest.raises(hot_dbus.Refused, match=r"org\.example\.Failed"):
        hot_dbus.secret(ENTRY, bus.env)
    assert bus.accepted == 3


def test_a_full_bus_is_asked_again_until_there_is_room(tmp_path: Path) -> None:
    """A bus takes so many connections of a user and no more; those before us are about to end."""
    full = error(b"org.freedesktop.DBus.Error.LimitsExceeded", to=1)
    bus = OddBus(tmp_path / "bus", [*[full] * 5, *[error(b"org.example.Failed", to=1)] * 3])
    with pytest.raises(hot_dbus.Refused, match=r"org\.example\.Failed"):
        hot_dbus.secret(ENTRY, bus.env)
    assert bus.accepted == 8


def test_a_bus_that_accepts_slowly_is_waited_for(tmp_path: Path) -> None:
    """More are waiting for it than it lets wait: connecting is no error, and silence is judged as everywhere."""
    path = tmp_path / "bus"
    with socket.socket(socket.AF_UNIX) as listening, ExitStack() as stack:
        listening.bind(str(path))
        listening.listen(0)
        full = stack.enter_context(socket.socket(socket.AF_UNIX))
        full.connect(str(path))
        looks = Looks(AT_WORK, at=5, act=lambda: setattr(looks, "answer", STOPPED))
        with pytest.raises(hot_dbus.Hangs):
            hot_dbus.secret(ENTRY, {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}, looks)
    assert len(looks.seen) >= 5
