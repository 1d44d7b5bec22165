"""A desktop that takes notices: a bus of its own with a notification daemon, which remembers them."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

PLACE: Final = "org.freedesktop.Notifications"
CONFIG: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def has_bus() -> bool:
    """Tell whether a bus can be had."""
    return shutil.which("dbus-daemon") is not None


needs_bus = pytest.mark.skipif(not has_bus(), reason="dbus-daemon is not installed")


@dataclass
class Desktop:
    """What has been shown: title and text of each notice."""

    shown: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def desktop(runtime: Path, *, daemon: bool = True) -> Iterator[Desktop]:
    """Run a bus at `bus` in that folder and, unless nobody is to be there, a daemon that takes notices."""
    config = runtime / "bus.conf"
    config.write_text(CONFIG.format(path=runtime / "bus"))
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as bus:
        try:
            assert bus.stdout
            assert bus.stdout.readline()
            made = Desktop()
            thread = _serve(runtime / "bus", made) if daemon else None
            yield made
        finally:
            bus.terminate()
    if thread:
        thread.join()


def _serve(path: Path, made: Desktop) -> threading.Thread:
    from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return  # noqa: PLC0415
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415 - Linux alone has it

    connection = open_dbus_connection(f"unix:path={path}")
    driver = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    connection.send_and_get_reply(new_method_call(driver, "RequestName", "su", (PLACE, 0)))

    def answer() -> None:
        try:
            while True:
                message = connection.receive()
                if message.header.message_type is MessageType.method_call:
                    if message.header.fields[HeaderFields.member] == "Notify":
                        made.shown.append((message.body[3], message.body[4]))
                    connection.send(new_method_return(message, "u", (len(made.shown),)))
        except (OSError, EOFError):
            connection.close()  # the bus is gone

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread
