"""The one listener on 127.0.0.1: for the redirect of a login, and for the address that a browser fetches once.

One thread and no blocking call but select: whoever connects and says nothing, or says it slowly, holds nobody up,
and Ctrl-C works at any time. A connection gets one reply and is closed; what it sends after its first head is not
looked at. What another user of this machine sends is refused (`peer.py`), and the wait goes on.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from sso_login.adapters.browser import result_page as landing
from sso_login.adapters.browser.peer import is_another_user
from sso_login.adapters.browser.request_head import WrongRequest, head_in
from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    # What a whole head is answered with, and whether that ends the wait; raises WrongRequest.
    Reply = Callable[[bytes], tuple[bytes, bool]]

log = logging.getLogger(__name__)

HEAD_SECONDS: Final = 10.0  # from connecting to the end of the head; browsers connect some time before they ask
REPLY_SECONDS: Final = 2.0  # for the reply to leave, and then for the other side to hang up
MOST_VISITS: Final = 32  # connections at once; one more, and the oldest is dropped
_CHUNK: Final = 8192
_LONGEST_REST: Final = 1 << 20  # bytes that are read and thrown away behind a head, so that no reset eats the reply
# A signal that comes just before select begins is seen when it ends, and on Windows none ends it: no wait is longer.
_SLICE: Final = 0.1


class Listener:
    """Listens from the moment it is made until it is closed; a context manager."""

    def __init__(
        self, port: int = 0, *, head_seconds: float = HEAD_SECONDS, reply_seconds: float = REPLY_SECONDS
    ) -> None:
        """Listen on that port of 127.0.0.1, on a free one for 0; raise SsoLoginError where that cannot be done."""
        self._patience = _Patience(head=head_seconds, reply=reply_seconds)
        self._socket = listening(port)
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Give the listener."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Listen no more."""
        self._socket.close()

    def answer(self, reply: Reply, *, seconds: float, on: Callable[[], bool] = lambda: True) -> bool:
        """Answer requests until one ends the wait, or `on` says no: True once the last page has been fetched.

        False when neither happens within so many seconds.
        """
        reception = _Reception(self._socket, reply, patience=self._patience)
        with contextlib.closing(reception):
            return reception.wait(time.monotonic() + seconds, on)


def listening(port: int, *, backlog: int = 128) -> socket.socket:
    """Listen on that port of 127.0.0.1, on a free one for 0, without ever blocking; raise SsoLoginError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # On Windows SO_REUSEADDR would let another program take the port over.
        if sys.platform == "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(backlog)
        listening.settimeout(0)
    except OSError as error:
        listening.close()
        what = f"cannot listen on 127.0.0.1:{port} ({error.strerror})"
        raise SsoLoginError(what, hint="Leave --port out to take a free one.") from error
    return listening


class _Patience(NamedTuple):
    """Seconds that a connection may take until its head is there, and then until it is gone."""

    head: float
    reply: float


@dataclass(eq=False, slots=True)
class _Visit:
    """One connection: its head is read, its reply is written, then it is read to its end; over at `until`."""

    connection: socket.socket
    until: float
    foreign: bool
    head: bytearray = field(default_factory=bytearray)
    reply: bytes | None = None
    rest: int = 0


class _Reception:
    """One wait for one answer, and the connections there are meanwhile."""

    def __init__(self, listening: socket.socket, reply: Reply, *, patience: _Patience) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self._listening = listening
        self._reply = reply
        self._patience = patience
        self._visits: dict[_Visit, None] = {}  # in the order in which they came
        self._ended = False

    def close(self) -> None:
        for visit in list(self._visits):
            self._drop(visit)
        self._selector.close()

    def wait(self, end: float, on: Callable[[], bool]) -> bool:
        """Tell whether the last answer's page has been fetched; False at `end` (monotonic)."""
        while True:
            now = time.monotonic()
            for visit in [visit for visit in self._visits if visit.until <= now]:
                self._drop(visit)
            if not self._ended and end <= now:
                return False
            if not self._ended and not on():
                self._end()
            if self._ended and not self._visits:
                return True
            ends = [visit.until for visit in self._visits] + ([] if self._ended else [end])
            for key, _ in self._selector.select(min(min(ends) - now, _SLICE)):
                self._attend(key.data)

    def _attend(self, visit: _Visit | None) -> None:
        if visit is None:
            self._accept()
        elif visit in self._visits:  # and not dropped a moment ago
            try:
                with contextlib.suppress(BlockingIOError):
                    self._go_on(visit)
            except OSError:
                self._drop(visit)

    def _accept(self) -> None:
        if self._ended:
            return
        with contextlib.suppress(OSError):  # who connected may have gone again
            connection, _ = self._listening.accept()
            connection.settimeout(0)
            # Asked now, while the other end is there: one that is gone by then is nobody to be answered.
            foreign = is_another_user(connection)
            visit = _Visit(connection, until=time.monotonic() + self._patience.head, foreign=foreign)
            self._visits[visit] = None
            self._selector.register(connection, selectors.EVENT_READ, visit)
        if len(self._visits) > MOST_VISITS:
            self._drop(next(iter(self._visits)))

    def _go_on(self, visit: _Visit) -> None:
        if visit.reply:
            self._write(visit)
            return
        read = visit.connection.recv(_CHUNK)
        visit.rest += len(read) if visit.reply is not None else 0
        if not read or visit.rest > _LONGEST_REST:
            self._drop(visit)
        elif visit.reply is None:
            visit.head += read
            self._replied(visit)

    def _replied(self, visit: _Visit) -> None:
        try:
            head = head_in(bytes(visit.head))
            if head is None:
                return
            visit.reply = self._answered(head, visit)
        except WrongRequest as why:
            log.info("redirect: refused a request: %s", why)
            visit.reply = landing.wrong()
        visit.head.clear()
        visit.until = time.monotonic() + self._patience.reply
        self._selector.modify(visit.connection, selectors.EVENT_WRITE, visit)

    def _answered(self, head: bytes, visit: _Visit) -> bytes:
        if visit.foreign:
            log.warning("redirect: refused a request of another user of this machine")
            return landing.foreign()
        reply, last = self._reply(head)
        if last:
            self._end(but=visit)
        return reply

    def _end(self, but: _Visit | None = None) -> None:
        """Let nobody in any more, and only those go on whose reply is on its way."""
        self._ended = True
        self._selector.unregister(self._listening)
        for other in [other for other in self._visits if other is not but and (but or other.reply is None)]:
            self._drop(other)

    def _write(self, visit: _Visit) -> None:
        reply = visit.reply or b""
        visit.reply = reply[visit.connection.send(reply) :]
        if not visit.reply:
            visit.connection.shutdown(socket.SHUT_WR)
            self._selector.modify(visit.connection, selectors.EVENT_READ, visit)

    def _drop(self, visit: _Visit) -> None:
        del self._visits[visit]
        self._selector.unregister(visit.connection)
        visit.connection.close()
