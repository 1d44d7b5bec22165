"""A real gnome-keyring, unlocked, on a bus of its own: no screen, no terminal, nothing of the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.home import base
from benchmarks.measure import Failed, checked

PARTS: Final = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon")

_PATIENCE: Final = 30.0  # seconds
# No service folders: nothing is started by name, so asking for the service cannot start a second, locked daemon.
_CONFIG: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def missing() -> list[str]:
    """Name what is not installed of what this needs."""
    return [part for part in PARTS if shutil.which(part) is None]


@contextmanager
def keyring_bus(folder: Path) -> Iterator[dict[str, str]]:
    """Run bus and keyring while the block runs, and give the variables that lead there; raise Failed."""
    env = base(folder)
    config = folder / "bus.conf"
    config.write_text(_CONFIG.format(folder=folder))
    with ExitStack() as stack:
        bus = _started(stack, ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"], env)
        address = bus.stdout.readline().strip() if bus.stdout else ""
        env = {**env, "DBUS_SESSION_BUS_ADDRESS": address}
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        daemon = _started(stack, command, env)
        if daemon.stdin:
            with daemon.stdin as stdin:
                stdin.write("made-up")  # no newline: it would be part of the password
        _wait_for_owner(env)
        yield {"DBUS_SESSION_BUS_ADDRESS": address}


def _started(stack: ExitStack, command: list[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=dict(env), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
    stack.enter_context(process)
    stack.callback(process.terminate)
    return process


def _wait_for_owner(env: Mapping[str, str]) -> None:
    asked = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
    send = ["dbus-send", f"--bus={env['DBUS_SESSION_BUS_ADDRESS']}", "--dest=org.freedesktop.DBus"]
    end = time.monotonic() + _PATIENCE
    while "true" not in checked([*send, "--print-reply=literal", "/", *asked], env):
        if time.monotonic() > end:
            raise Failed("gnome-keyring-daemon does not come up")
        time.sleep(0.02)


def version() -> str:
    """Tell the keyring's version."""
    said = checked(["gnome-keyring-daemon", "--version"], os.environ)
    return said.splitlines()[0].removeprefix("gnome-keyring-daemon: ") if said else "unknown"
