"""Reads one secret from the Secret Service over the session bus: plain session, default collection, never a prompt.

On Linux alone, with `_socket` and nothing else. Whatever is not exactly as expected is an OSError, a ValueError or a
LookupError, on which the caller steps aside. There is no deadline by the clock: on a busy machine it would send
processes onto a way many times as dear, which makes others miss it, too. Silence is judged by who is at work: a daemon
that is running, or waits for its turn, is waited for; one that is stopped or asleep does not answer any more. Sources:
the D-Bus specification (message format, SASL) and the Secret Service API draft 0.2 (OpenSession, SearchItems,
GetSecrets).
"""

import _socket
import os
import sys
import time

from sso_login import layout

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

assert sys.platform == "linux"  # noqa: S101 - tells the type checker; hot.py asks before it imports this

_STEP = 0.25  # seconds of silence after which somebody looks who is at work
_SILENCES = 12  # of them on end, with nobody at work, are a daemon that hangs
LONGEST = 30.0  # seconds, however busy the daemon
_TRIES = 3  # where the service fails at once, as gnome-keyring does when many ask at the same time
_FULL = 0.1  # seconds until a bus that has as many connections as it takes is asked again
_LARGEST = 1 << 20  # bytes of a message; a record is 16 kB
BUS = "org.freedesktop.DBus"
_SECRETS = "org.freedesktop.secrets"
DRIVER = ("/org/freedesktop/DBus", BUS)
_SERVICE = ("/org/freedesktop/secrets", "org.freedesktop.Secret.Service")
COLLECTION = "org.freedesktop.Secret.Collection"
_REPLY, _ERROR = 2, 3  # message types
_LIMIT = "org.freedesktop.DBus.Error.LimitsExceeded"


class Refused(ValueError):
    """The bus or the service answered with an error; its only argument is the error's name."""


class Hangs(ValueError):
    """Nobody has answered for too long, and nobody is about to."""


def secret(
    service: str, env: "Mapping[str, str]", look: "Callable[[Sequence[int]], str] | None" = None
) -> "str | None":
    """Read the one secret under that service name; None or an exception where there is not exactly one to be had."""
    address, end, tries = layout.bus(env), time.monotonic() + LONGEST, _TRIES
    while True:
        try:
            return _secret(service, Bus(address, look, end))
        except Refused as error:
            tries -= error.args[0] != _LIMIT
            if tries <= 0 or time.monotonic() > end:
                raise
            if error.args[0] == _LIMIT:
                time.sleep(_FULL)


def _secret(service: str, bus: "Bus") -> "str | None":
    try:
        hello = bus.call(DRIVER, "Hello", to=BUS)
        opening = bus.call(_SERVICE, "OpenSession", "sv", string("plain") + b"\x01s\0\0\0\0" + string(""))
        wanted = {"service": service, "username": layout.USERNAME}
        searching = bus.call(default(bus), "SearchItems", "a{ss}", attributes(wanted))
        bus.reply(hello)
        opened, found = bus.reply(opening), bus.reply(searching)
        opened.skip_variant()
        session, items = opened.string(), found.strings()
        if len(items) != 1:
            return None
        items_asked = string(items[0])
        asked = _number(len(items_asked)) + items_asked + _aligned_string(items[0], session)
        return bus.reply(bus.call(_SERVICE, "GetSecrets", "aoo", asked)).secret(items[0], session)
    finally:
        bus.close()


def default(bus: "Bus") -> "tuple[str, str]":
    """Find the default collection by its alias; LookupError where there is none.

    Its path is asked for: not every service (KeePassXC, KWallet) answers at the alias's own.
    """
    path = bus.reply(bus.call(_SERVICE, "ReadAlias", "s", string("default"))).string()
    if path == "/":
        raise LookupError
    return path, COLLECTION


class Bus:
    """A connection to the bus: calls are sent at once, replies are read when they are wanted."""

    def __init__(self, address: "str | bytes", look: "Callable[[Sequence[int]], str] | None", end: float) -> None:
        """Connect; raise OSError, ValueError."""
        self._look, self._end = look, end
        self._serial = self._silences = 0
        self._asked = 0  # the serial of the question who the service is
        self._buffer = b""
        self._replies: dict[int, _Body] = {}
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            long = 8 if sys.maxsize > 1 << 32 else 4
            step = bytes(long) + int(_STEP * 1e6).to_bytes(long, sys.byteorder)
            # Blocking with a limit of the kernel's: without, Python would not wait for a bus that is slow to accept.
            for option in (_socket.SO_RCVTIMEO, _socket.SO_SNDTIMEO):
                self._socket.setsockopt(_socket.SOL_SOCKET, option, step)
            self._connect(address)
            user = str(os.geteuid()).encode().hex()
            self._send(b"\0AUTH EXTERNAL " + user.encode() + b"\r\n")
            self._expect(b"OK ")
            self._send(b"BEGIN\r\n")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the bus."""
        self._socket.close()

    def call(
        self, target: "tuple[str, str]", member: str, signature: str = "", body: bytes = b"", *, to: str = _SECRETS
    ) -> int:
        """Send a method call and give its serial."""
        self._serial += 1
        path, interface = target
        fields = [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", to)]
        head = b""
        for code, kind, value in fields:
            head += b"\0" * (-len(head) % 8) + bytes((code, 1)) + kind.encode() + b"\0" + string(value)
        if signature:
            head += b"\0" * (-len(head) % 8) + b"\x08\x01g\0" + bytes((len(signature),)) + signature.encode() + b"\0"
        start = b"l\x01\0\x01" + _number(len(body)) + _number(self._serial) + _number(len(head)) + head
        self._send(start + b"\0" * (-len(start) % 8) + body)
        return self._serial

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
        body, answered, error = self._take(size), 0, ""
        while names.more():
            names.align(8)
            code = names.byte()
            signature = names.signature()
            if code == 5 and signature == b"u":
                answered = names.number()
            elif code == 4 and signature == b"s":
                error = names.string()
            else:
                names.skip(signature)
        if kind == _REPLY:
            self._replies[answered] = _Body(body)
        elif kind == _ERROR and answered:
            raise Refused(error)

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

    def _connect(self, address: "str | bytes") -> None:
        while True:
            try:
                return self._socket.connect(address)
            except BlockingIOError:  # more are waiting for the bus than it lets wait
                self._silence()

    def _receive(self) -> None:
        while True:
            try:
                more = self._socket.recv(1 << 16)
            except BlockingIOError:
                self._silence()
                if self._serial and not self._asked:  # the answer says that the bus is at work, too
                    self._asked = self.call(DRIVER, "GetConnectionUnixProcessID", "s", string(_SECRETS), to=BUS)
                continue
            if not more:
                raise ValueError
            self._buffer, self._silences = self._buffer + more, 0
            return

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._silence()

    def _silence(self) -> None:
        """Judge a step of silence: Hangs if it was the last that is waited for."""
        from sso_login import hot_look

        self._look = self._look or hot_look.Look()
        found = self._look(self._daemons())
        self._silences = 0 if found == hot_look.AT_WORK else self._silences + (6 if found == hot_look.STOPPED else 1)
        if self._silences >= _SILENCES or time.monotonic() > self._end:
            raise Hangs

    def _daemons(self) -> "list[int]":
        """Name the processes that may be at work on an answer, as far as they are known: the bus, then the service."""
        peer = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 4)
        bus = int.from_bytes(peer, sys.byteorder)
        if not bus:  # of another namespace, so all its numbers are
            return []
        found = self._replies.get(self._asked)
        return [bus, found.peeked()] if found else [bus]


class _Body:
    """Reads marshalled values in order; ValueError or IndexError for what does not fit."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def more(self) -> bool:
        return self._at < len(self._data)

    def align(self, size: int) -> None:
        self._at += -self._at % size

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def peeked(self) -> int:
        return int.from_bytes(self._data[:4], "little")

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


def string(text: str) -> bytes:
    """Marshal a string."""
    data = text.encode()
    return _number(len(data)) + data + b"\0"


def _aligned_string(before: str, text: str) -> bytes:
    # What stands before is an array of one string: two lengths, the string, its end.
    used = 4 + len(string(before))
    return b"\0" * (-used % 4) + string(text)


def attributes(wanted: "Mapping[str, str]") -> bytes:
    """Marshal an array of pairs, each at a multiple of eight from the body's start, where the length takes four."""
    pairs = b""
    for name, value in wanted.items():
        pairs += b"\0" * (-len(pairs) % 8) + string(name)
        pairs += b"\0" * (-len(pairs) % 4) + string(value)
    return _number(len(pairs)) + b"\0" * 4 + pairs
