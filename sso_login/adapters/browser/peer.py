"""Who connected to a port of ours on 127.0.0.1: this user or another, by what the kernel knows on Linux.

An address that a browser is started with stands in its command line, which every user of the machine can read.
The kernel is asked for the one connection (sock_diag(7)); where it knows no such question, its whole table is read,
which takes a hundred times as long: https://docs.kernel.org/networking/proc_net_tcp.html.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    Address = tuple[str, int]

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK: Final = 16
_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ANY_STATE: Final = 0xFFFFFFFF
_ANY_COOKIE: Final = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_UID_AT: Final = 80  # behind the message's head, and what it says of the connection
_NOBODY: Final = -1
_PATIENCE: Final = 1.0  # seconds
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_another_user(connection: socket.socket) -> bool:
    """Tell whether the other end belongs to another user; False where the system has no table to ask."""
    if sys.platform != "linux":
        return False
    try:
        # To the other end, its address is the near one.
        near, far = connection.getpeername()[:2], connection.getsockname()[:2]
    except OSError:
        return True  # gone already: nobody to answer
    uid = _asked(near, far)
    if uid is not None:
        return uid != os.geteuid()
    tables = [text for path in _TABLES if (text := _read(path)) is not None]
    if not tables:
        return False
    uids = {uid for text in tables for uid in _owners(text, {(_written(*near), _written(*far))})}
    return uids != {os.geteuid()}


def _asked(near: Address, far: Address) -> int | None:
    """Ask the kernel whose connection that is; None where it does not say."""
    try:
        addresses = [socket.inet_aton(host).ljust(16, b"\0") for host, _ in (near, far)]
        ends = struct.pack("!HH", near[1], far[1]) + b"".join(addresses)
        asked = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, _ANY_STATE) + ends + _ANY_COOKIE
        head = struct.pack("=IHHII", 16 + len(asked), _BY_FAMILY, _REQUEST, 1, 0)
        with socket.socket(_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
            kernel.settimeout(_PATIENCE)
            kernel.send(head + asked)
            answer = kernel.recv(4096)
    except OSError:
        return None
    if len(answer) < _UID_AT + 8 or struct.unpack_from("=H", answer, 4)[0] != _BY_FAMILY or answer[20:24] != ends[:4]:
        return None
    uid, inode = struct.unpack_from("=II", answer, _UID_AT)
    return int(uid) if inode else _NOBODY  # closed already


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
