"""Reads one secret from the Secret Service over the session bus: plain session, default collection, never a prompt.

For the hot path on Linux alone, with `_socket` and nothing else. Whatever is not exactly as expected within 0.3 s is an
OSError, a ValueError or a LookupError, on which the caller steps aside. Sources: the D-Bus specification (message
format, SASL) and the Secret Service API draft 0.2 (OpenSession, SearchItems, GetSecrets).
"""

import _socket
import os
import sys
import time

from sso_login import layout

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

assert sys.platform == "linux"  # noqa: S101 - tells the type checker; hot.py asks before it imports this

_DEADLINE = 0.3  # seconds for all of it
_LARGEST = 1 << 20  # bytes of a message; a record is 16 kB
_BUS = "org.freedesktop.DBus"
_SECRETS = "org.freedesktop.secrets"
_SERVICE = ("/org/freedesktop/secrets", "org.freedesktop.Secret.Service")
_DEFAULT = ("/org/freedesktop/secrets/aliases/default", "org.freedesktop.Secret.Collection")
_REPLY, _ERROR = 2, 3  # message types


def secret(service: str, env: "Mapping[str, str]") -> "str | None":
    """Read the one secret under that service name; None or an exception where there is not exactly one to be had."""
    bus = _Bus(_address(env))
    try:
        bus.call(("/org/freedesktop/DBus", _BUS), "Hello", to=_BUS)
        bus.call(_SERVICE, "OpenSession", "sv", _string("plain") + b"\x01s\0\0\0\0" + _string(""))
        wanted = {"service": service, "username": layout.USERNAME}
        bus.call(_DEFAULT, "SearchItems", "a{ss}", _attributes(wanted))
        bus.reply(1)
        opened, found = bus.reply(2), bus.reply(3)
        opened.skip_variant()
        session, items = opened.string(), found.strings()
        if len(items) != 1:
            return None
        bus.call(_SERVICE, "GetSecrets", "aoo", _array(_string(items[0])) + _aligned_string(items[0], session))
        return bus.reply(4).secret(items[0], session)
    finally:
        bus.close()


def _address(env: "Mapping[str, str]") -> "str | bytes":
    """Read `unix:path=...` or `unix:abstract=...`; ValueError for any other bus address."""
    kind, _, rest = env.get("DBUS_SESSION_BUS_ADDRESS", "").partition(":")
    pairs = dict(pair.split("=", 1) for pair in rest.split(","))
    if kind != "unix" or ";" in rest or "%" in rest:
        raise ValueError
    return pairs["path"] if "path" in pairs else b"\0" + pairs["abstract"].encode()


class _Bus:
    """A connection to the bus: calls are sent at once, replies are read when they are wanted."""

    def __init__(self, address: "str | bytes") -> None:
        self._end = time.monotonic() + _DEADLINE
        self._serial = 0
        self._buffer = b""
        self._replies: dict[int, _Body] = {}
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            self._wait()
            self._socket.connect(address)
            user = str(os.geteuid()).encode().hex()
            self._send(b"\0AUTH EXTERNAL " + user.encode() + b"\r\n")
            self._expect(b"OK ")
            self._send(b"BEGIN\r\n")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def call(
        self, target: "tuple[str, str]", member: str, signature: str = "", body: bytes = b"", *, to: str = _SECRETS
    ) -> None:
        """Send a method call; its serial is one more than the last one's."""
        self._serial += 1
        path, interface = target
        fields = [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", to)]
        head = b""
        for code, kind, value in fields:
            head += b"\0" * (-len(head) % 8) + bytes((code, 1)) + kind.encode() + b"\0" + _string(value)
        if signature:
            head += b"\0" * (-len(head) % 8) + b"\x08\x01g\0" + bytes((len(signature),)) + signature.encode() + b"\0"
        start = b"l\x01\0\x01" + _number(len(body)) + _number(self._serial) + _number(len(head)) + head
        self._send(start + b"\0" * (-len(start) % 8) + body)

    def reply(self, serial: int) -> "_Body":
        """Wait for the reply to a call; ValueError for an error in its place."""
        while serial not in self._replies:
            self._message()
        return self._replies.pop(serial)

    def _message(self) -> None:
        head = self._take(16)
        if head[:1] != b"l" or head[3] != 1:
            raise ValueError
        kind, size, fields = head[1], int.from_bytes(head[4:8], "little"), int.from_bytes(head[12:16], "little")
        if size + fields > _LARGEST:
            raise ValueError
        names = _Body(self._take(fields + -fields % 8)[:fields])
        body = self._take(size)
        while names.more():
            names.align(8)
            code = names.byte()
            signature = names.signature()
            if code == 5 and signature == b"u":
                answered = names.number()
                if kind == _REPLY:
                    self._replies[answered] = _Body(body)
                elif kind == _ERROR:
                    raise ValueError
            else:
                names.skip(signature)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _expect(self, start: bytes) -> None:
        while b"\r\n" not in self._buffer and len(self._buffer) < 1000:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        if not line.startswith(start):
            raise ValueError

    def _receive(self) -> None:
        self._wait()
        more = self._socket.recv(1 << 16)
        if not more:
            raise ValueError
        self._buffer += more

    def _send(self, data: bytes) -> None:
        self._wait()
        self._socket.sendall(data)

    def _wait(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise ValueError
        self._socket.settimeout(left)


class _Body:
    """Reads marshalled values in order; ValueError or IndexError for what does not fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._data)

    def align(self, size: int) -> None:
        self._at += -self._at % size

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        self.align(4)
        return int.from_bytes(self._bytes(4), "little")

    def string(self) -> str:
        text = self._bytes(self.number()).decode()
        self._bytes(1)
        return text

    def signature(self) -> bytes:
        text = self._bytes(self.byte())
        self._bytes(1)
        return text

    def skip(self, signature: bytes) -> None:
        """Pass over a value of a type that header fields and OpenSession's output may have."""
        if signature in {b"s", b"o"}:
            self.string()
        elif signature == b"g":
            self.signature()
        elif signature in {b"u", b"h"}:
            self.number()
        else:
            raise ValueError

    def skip_variant(self) -> None:
        self.skip(self.signature())

    def strings(self) -> list[str]:
        end = self.number() + self._at
        found = []
        while self._at < end:
            found.append(self.string())
        return found

    def secret(self, item: str, session: str) -> str:
        """Read a{o(oayays)} with the one item in it: session, no parameters, the secret, its content type."""
        end = self.number()
        self.align(8)
        end += self._at
        self.align(8)
        found, by = self.string(), ""
        self.align(8)
        by = self.string()
        parameters = self._bytes(self.number())
        value = self._bytes(self.number())
        self.string()
        if (found, by, parameters, self._at) != (item, session, b"", end) or self.more():
            raise ValueError
        return value.decode()

    def _bytes(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise ValueError
        self._at += count
        return taken


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _string(text: str) -> bytes:
    data = text.encode()
    return _number(len(data)) + data + b"\0"


def _array(items: bytes) -> bytes:
    return _number(len(items)) + items


def _aligned_string(before: str, text: str) -> bytes:
    # What stands before is an array of one string: two lengths, the string, its end.
    used = 4 + len(_string(before))
    return b"\0" * (-used % 4) + _string(text)


def _attributes(wanted: "Mapping[str, str]") -> bytes:
    # An array of pairs: each begins at a multiple of eight, counted from the body's start, where the length takes four.
    pairs = b""
    for name, value in wanted.items():
        pairs += b"\0" * (-len(pairs) % 8) + _string(name)
        pairs += b"\0" * (-len(pairs) % 4) + _string(value)
    return _number(len(pairs)) + b"\0" * 4 + pairs
