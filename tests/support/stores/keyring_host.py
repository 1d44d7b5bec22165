"""A real gnome-keyring on a bus of its own, without a screen: for tests in this process and for child processes.

`env` of a running host is the whole environment of a child: the private bus and a throwaway home. The
daemon keeps its files outside that home, so that a test may look through the home for secrets. The bus listens
at `bus` in the runtime folder, as that of a login session does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

PASSWORD: Final = "made-up"

_PARTS: Final = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon", "secret-tool")
_PATIENCE: Final = 60.0  # seconds; only a machine in trouble comes near it
# No service folders: nothing is started by name, so a poll for the service cannot start a second, locked daemon.
_BUS: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

_missing = [part for part in _PARTS if shutil.which(part) is None]

needs_keyring = pytest.mark.skipif(
    bool(_missing), reason=f"not installed: {', '.join(_missing)} (Debian: gnome-keyring dbus libsecret-tools)"
)


class State(Enum):
    """What the keyring is like when a host hands it over."""

    UNLOCKED = "unlocked"
    LOCKED = "locked: it was made, then its daemon was started again with a wrong password"
    NO_COLLECTION = "a daemon without any collection"
    NO_DAEMON = "a bus with nobody on it"


class KeyringHost:
    """A private bus and, for all states but NO_DAEMON, a gnome-keyring-daemon on it."""

    def __init__(self, folder: Path, runtime: Path | None = None) -> None:
        """Start the bus in `runtime` (default: below `folder`); all else goes below `folder`; paths must be short."""
        self.home = folder / "home"
        self.data = folder / "data"
        for made in (self.home, self.data):
            made.mkdir(mode=0o700)
        if runtime is None:
            runtime = folder / "run"
            runtime.mkdir(mode=0o700)
        config = folder / "bus.conf"
        config.write_text(_BUS.format(folder=runtime))
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._daemon: subprocess.Popen[bytes] | None = None
        assert self._bus.stdout is not None
        self.env = {
            "DBUS_SESSION_BUS_ADDRESS": self._bus.stdout.readline().strip(),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": str(runtime),
            # What coverage needs to follow children.
            **{key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")},
        }

    @property
    def address(self) -> str:
        """The address of the bus."""
        return self.env["DBUS_SESSION_BUS_ADDRESS"]

    @property
    def daemon(self) -> int:
        """The process id of the keyring's daemon."""
        assert self._daemon is not None
        return self._daemon.pid

    def start(self, state: State) -> None:
        """Bring the keyring into that state."""
        if state is State.NO_COLLECTION:
            self._start(None)
        elif state is not State.NO_DAEMON:
            self._start(PASSWORD)
        if state is State.LOCKED:
            self.stop_daemon()
            self._start("wrong")

    def become(self, state: State) -> None:
        """Bring a keyring that is running into another state; without a collection, what it held is gone."""
        self.stop_daemon()
        if state is State.NO_COLLECTION:
            shutil.rmtree(self.data)
            self.data.mkdir(mode=0o700)
        self.start(state)

    def _start(self, password: str | None) -> None:
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        self._daemon = subprocess.Popen(
            command if password is None else [*command, "--unlock"],
            env={**self.env, "XDG_DATA_HOME": str(self.data)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        with self._daemon.stdin as stdin:
            stdin.write((password or "").encode())  # no newline: it would be part of the password
        self._wait_for_owner(present=True)

    def stop_daemon(self) -> None:
        """End the daemon, frozen or not, and wait until its name is gone from the bus."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            _end(daemon)
            self._wait_for_owner(present=False)

    def freeze(self) -> None:
        """Stop the daemon in its tracks: it keeps its name and answers nothing."""
        if sys.platform == "win32":
            pytest.skip("D-Bus is for Linux")
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen daemon go on."""
        if sys.platform == "win32":
            pytest.skip("D-Bus is for Linux")
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    def lookup(self, service: str) -> str | None:
        """Read a secret with libsecret's own tool, None where there is none."""
        command = ["secret-tool", "lookup", "service", service, "username", "sso-login"]
        done = subprocess.run(command, env=self.env, capture_output=True, timeout=_PATIENCE, check=False)
        return done.stdout.decode() if done.returncode == 0 else None

    def close(self) -> None:
        """End daemon and bus."""
        try:
            self.stop_daemon()
        finally:
            _end(self._bus)
            assert self._bus.stdout is not None
            self._bus.stdout.close()

    def _wait_for_owner(self, *, present: bool) -> None:
        end = time.monotonic() + _PATIENCE
        while self._owned() is not present:
            assert time.monotonic() < end, f"org.freedesktop.secrets: waited in vain for present={present}"
            time.sleep(0.02)

    def _owned(self) -> bool:
        asked = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        done = subprocess.run(
            ["dbus-send", f"--bus={self.address}", "--dest=org.freedesktop.DBus", "--print-reply=literal", "/", *asked],
            env=self.env,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
        return b"true" in done.stdout


@contextmanager
def keyring_host(state: State = State.UNLOCKED, *, runtime: Path | None = None) -> Iterator[KeyringHost]:
    """Run a keyring in that state in a throwaway folder, its bus in `runtime`, and end all of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="keyring-"))
    try:
        host = KeyringHost(folder, runtime)
        try:
            host.start(state)
            yield host
        finally:
            host.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        pytest.skip("D-Bus is for Linux")
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
