"""The server on 127.0.0.1: one thread, no blocking call but select, so that nobody who is silent or slow holds it up.

It sleeps until somebody asks or something is due. What is fetched is fetched in threads of their own.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from sso_login.adapters.browser.listener import listening
from sso_login.adapters.browser.peer import is_another_user
from sso_login.core.errors import SsoLoginError
from sso_login.core.times import rfc3339
from sso_login.server import answers
from sso_login.server.guard import Guard, Refused, head_in, parsed, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from sso_login.core.model import Secret
    from sso_login.core.ports import Clock
    from sso_login.server.answers import Answer
    from sso_login.server.cache import Cache
    from sso_login.server.lease import Lease

log = logging.getLogger(__name__)

HEAD_SECONDS: Final = 10.0  # from the first byte (or from connecting) to the end of a head
IDLE_SECONDS: Final = 75.0  # that a connection is kept for the next request
PATIENCE: Final = 10.0  # seconds that somebody waits for credentials where there are none at hand
REPLY_SECONDS: Final = 5.0  # for an answer to leave, and then for the other side to hang up
MOST_VISITS: Final = 256  # connections at once; one more, and the oldest that is silent is dropped
PAUSE: Final = 0.2  # seconds that nobody is let in where the system has no more descriptors
_LONGEST_SLEEP: Final = 30.0  # seconds: the wall clock may have been set, or the machine have slept
_CHUNK: Final = 8192
_LONGEST_REST: Final = 1 << 20  # bytes thrown away behind a refusal, so that no reset eats it
_FULL: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@dataclass(eq=False, slots=True)
class _Visit:
    """One connection: its head is read, its answer waited for and written, then the next one's; over at `until`."""

    connection: socket.socket
    until: float
    read: bytearray = field(default_factory=bytearray)
    reply: bytes = b""
    waits_for: str = ""
    known: bool = False  # for one of this user's
    spoke: bool = False
    keeps: bool = True
    ended: bool = False
    rest: int = 0

    @property
    def idle(self) -> bool:
        """Tell whether it may go without anybody losing an answer."""
        return not self.waits_for and not self.reply


class Server:
    """Serves from the moment it is entered until it is left; a context manager."""

    def __init__(  # noqa: PLR0913 - two of them are for tests
        self,
        cache: Cache,
        tokens: Mapping[str, Secret],
        lease: Lease,
        *,
        clock: Clock,
        port: int = 0,
        patience: float = PATIENCE,
        is_foreign: Callable[[socket.socket], bool] = is_another_user,
    ) -> None:
        """Listen on that port of 127.0.0.1, on a free one for 0; raise SsoLoginError where that cannot be done."""
        self._socket = listening(port, backlog=1024)
        self.port = int(self._socket.getsockname()[1])
        self._cache, self._lease, self._clock = cache, lease, clock
        self._guard = Guard(self.port, tokens)
        self._is_foreign = is_foreign
        self._patience = patience
        self._selector = selectors.DefaultSelector()
        self._visits: dict[_Visit, None] = {}  # in the order in which they came
        self._woken, self._waker = socket.socketpair()
        self._paused_until = 0.0
        self._over = False
        self._thread = threading.Thread(target=self._serve, name="credential server", daemon=True)
        for each in (self._woken, self._waker):
            each.settimeout(0)

    def url(self, name: str, *, alone: bool = False) -> str:
        """Give the address of a profile's credentials, the short one where it is `alone`."""
        return f"http://127.0.0.1:{self.port}{'/' if alone else path_of(name)}"

    def __enter__(self) -> Self:
        """Begin."""
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._cache.changed = self.wake
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let nobody in any more, and hang up."""
        self._cache.close()
        self._over = True
        self.wake()
        self._thread.join()

    def wake(self) -> None:
        """Look at once what is due and who waits; from any thread."""
        with contextlib.suppress(OSError):  # it is full: awake already
            self._waker.send(b"\0")

    def _serve(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(self._sleep()):
                self._attend(key)
        for visit in list(self._visits):
            self._drop(visit)
        self._selector.close()
        for each in (self._socket, self._woken, self._waker):
            each.close()

    def _sleep(self) -> float:
        """Do what is due, and tell how long nothing is."""
        now = time.monotonic()
        for visit in [visit for visit in self._visits if visit.until <= now]:
            self._late(visit)
        if self._paused_until and self._paused_until <= now:
            self._paused_until = 0.0
            self._selector.register(self._socket, selectors.EVENT_READ)
        due = _LONGEST_SLEEP if self._lease.ended else min(self._cache.tend(), self._lease.left)
        ends = [visit.until - now for visit in self._visits] + (
            [self._paused_until - now] if self._paused_until else []
        )
        return max(min([due, _LONGEST_SLEEP, *ends]), 0.0)

    def _attend(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._woken:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(_CHUNK)
            for visit in [visit for visit in self._visits if visit.waits_for]:
                self._guarded(visit, self._look_again)
        elif key.data is None:
            self._accept()
        elif key.data in self._visits:  # and not dropped a moment ago
            self._guarded(key.data, self._go_on)

    def _guarded(self, visit: _Visit, step: Callable[[_Visit], None]) -> None:
        try:
            with contextlib.suppress(BlockingIOError):
                step(visit)
        except OSError:
            self._drop(visit)
        except Exception as error:  # noqa: BLE001 - one visit's trouble must not end the others; it may hold a secret
            log.warning("unexpected %s while a request was answered", type(error).__name__)
            self._drop(visit)

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError as error:
            if error.errno in _FULL and not self._make_room():
                self._selector.unregister(self._socket)
                self._paused_until = time.monotonic() + PAUSE
            return
        connection.settimeout(0)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        visit = _Visit(connection, until=time.monotonic() + HEAD_SECONDS)
        self._visits[visit] = None
        self._selector.register(connection, selectors.EVENT_READ, visit)
        if len(self._visits) > MOST_VISITS and not self._make_room(visit):
            self._drop(visit)

    def _make_room(self, new: _Visit | None = None) -> bool:
        """Drop the oldest that never said anything, else the oldest that is idle; never the `new` one."""
        idle = [visit for visit in self._visits if visit.idle and visit is not new]
        found = next((visit for visit in idle if not visit.spoke), idle[0] if idle else None)
        if found:
            self._drop(found)
        return found is not None

    def _go_on(self, visit: _Visit) -> None:
        if visit.reply:
            self._write(visit)
            self._next(visit)
            return
        read = visit.connection.recv(_CHUNK)
        visit.rest += len(read) if visit.ended or visit.waits_for else 0
        if not read or visit.rest > _LONGEST_REST:
            self._drop(visit)
        elif not visit.ended:
            if not visit.read and not visit.waits_for:
                visit.until = time.monotonic() + HEAD_SECONDS
            visit.read += read
            self._next(visit)

    def _next(self, visit: _Visit) -> None:
        """Answer the next requests of a connection, as far as they are there."""
        while visit in self._visits and visit.idle and not visit.ended:
            try:
                parts = head_in(bytes(visit.read))
                if parts is None:
                    return
                visit.spoke = True
                visit.read = bytearray(parts[1])
                self._admit(visit, parts[0])
            except Refused as why:
                log.info("%s - %d (%s)", rfc3339(self._clock.now()), why.status, why)
                visit.keeps = False
                self._answer(visit, answers.refused(why.status))
            else:
                self._look(visit)

    def _admit(self, visit: _Visit, head: bytes) -> None:
        # Asked when a whole head is there: whoever is silent costs nothing, and who asks is still there.
        if not visit.known and self._is_foreign(visit.connection):
            raise Refused("another user of this machine")
        visit.known = True
        asked = parsed(head)
        visit.waits_for = self._guard.admitted(asked)
        visit.keeps = asked.keeps
        visit.rest = 0
        visit.until = time.monotonic() + self._patience

    def _look(self, visit: _Visit) -> None:
        """Answer who asked for a profile, if that can be done now."""
        name = visit.waits_for
        if self._lease.ended:
            self._logged(visit, answers.lease_ended())
            return
        found = self._cache.look(name)
        if isinstance(found, SsoLoginError):
            self._logged(visit, answers.problem(found))
        elif found:
            self._logged(visit, answers.credentials(found, until=self._lease.until))

    def _look_again(self, visit: _Visit) -> None:
        self._look(visit)
        self._next(visit)

    def _late(self, visit: _Visit) -> None:
        if visit.waits_for and not visit.reply:
            self._guarded(visit, lambda each: self._logged(each, answers.pending()))
        else:
            self._drop(visit)

    def _logged(self, visit: _Visit, answer: Answer) -> None:
        log.info("%s %s %d", rfc3339(self._clock.now()), visit.waits_for, answer.status)
        visit.waits_for = ""
        self._answer(visit, answer)

    def _answer(self, visit: _Visit, answer: Answer) -> None:
        allow = "Allow: GET\r\n" if answer.status == 405 else ""
        head = (
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(answer.body)}\r\nCache-Control: no-store\r\n{allow}"
            f"Connection: {'keep-alive' if visit.keeps else 'close'}\r\n\r\n"
        )
        visit.reply = head.encode() + answer.body
        visit.until = time.monotonic() + REPLY_SECONDS
        self._write(visit)

    def _write(self, visit: _Visit) -> None:
        try:
            sent = visit.connection.send(visit.reply)
        except BlockingIOError:
            sent = 0
        visit.reply = visit.reply[sent:]
        if visit.reply:
            self._selector.modify(visit.connection, selectors.EVENT_WRITE, visit)
            return
        self._selector.modify(visit.connection, selectors.EVENT_READ, visit)
        if visit.keeps:
            visit.until = time.monotonic() + (HEAD_SECONDS if visit.read else IDLE_SECONDS)
        else:
            visit.ended = True
            visit.connection.shutdown(socket.SHUT_WR)

    def _drop(self, visit: _Visit) -> None:
        if visit in self._visits:
            del self._visits[visit]
            self._selector.unregister(visit.connection)
            visit.connection.close()
