"""Who connected to a port of ours on 127.0.0.1: this user or another, by the kernel's own table on Linux.

An address that a browser is started with stands in its command line, which every user of the machine can read.
Source: https://docs.kernel.org/networking/proc_net_tcp.html.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_another_user(connection: socket.socket) -> bool:
    """Tell whether the other end belongs to another user; False where the system has no table to ask."""
    if sys.platform != "linux":
        return False
    try:
        # The other end's own line has the two addresses the other way round.
        wanted = {(_written(*connection.getpeername()[:2]), _written(*connection.getsockname()[:2]))}
    except OSError:
        return True  # gone already: nobody to answer
    tables = [text for path in _TABLES if (text := _read(path)) is not None]
    if not tables:
        return False
    uids = {uid for text in tables for uid in _owners(text, wanted)}
    return uids != {os.geteuid()}


def _owners(table: str, wanted: set[tuple[str, str]]) -> list[int]:
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and (_plain(fields[1]), _plain(fields[2])) in wanted:
            found.append(int(fields[7]))
    return found


def _read(path: Path) -> str | None:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace")
    return None


def _written(host: str, port: int) -> str:
    """Write an address as the table has it: each four bytes as a number of this machine, in hexadecimal digits."""
    packed = ip_address(host).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return _plain("".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}")


def _plain(address: str) -> str:
    """Write an IPv4 address within IPv6 (::ffff:127.0.0.1) as the IPv4 address that it is."""
    mapped = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in (bytes(4), bytes(4), b"\0\0\xff\xff"))
    return address.removeprefix(mapped) if len(address) > 13 else address
