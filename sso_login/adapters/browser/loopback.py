"""The one-shot redirect listener on 127.0.0.1 (RFC 8252 section 7.3), as the port Receiver.

One thread and no blocking call but select: whoever connects and says nothing, or says it slowly, holds nobody up,
and Ctrl-C works at any time. A connection gets one reply and is closed; what it sends after its first head is not
looked at.
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
from sso_login.adapters.browser.request_head import WrongRequest, head_in, query_in
from sso_login.core.errors import SsoLoginError
from sso_login.core.model import CALLBACK

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sso_login.core.granting import Redirected

    Judge = Callable[[str], Redirected | None]

log = logging.getLogger(__name__)

HEAD_SECONDS: Final = 10.0  # from connecting to the end of the head; browsers connect some time before they ask
REPLY_SECONDS: Final = 2.0  # for the reply to leave, and then for the other side to hang up
MOST_VISITS: Final = 32  # connections at once; one more, and the oldest is dropped
_CHUNK: Final = 8192
_LONGEST_REST: Final = 1 << 20  # bytes that are read and thrown away behind a head, so that no reset eats the reply
# A signal that comes just before select begins is seen when it ends, and on Windows none ends it: no wait is longer.
_SLICE: Final = 0.5


class Loopback:
    """Listens from the moment it is made until it is closed; a context manager."""

    def __init__(
        self, port: int = 0, *, head_seconds: float = HEAD_SECONDS, reply_seconds: float = REPLY_SECONDS
    ) -> None:
        """Listen on that port of 127.0.0.1, on a free one for 0; raise SsoLoginError where that cannot be done."""
        self._patience = _Patience(head=head_seconds, reply=reply_seconds)
        self._socket = _listening(port)
        self._host = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Give the listener."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Listen no more."""
        self._socket.close()

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://{self._host}{CALLBACK}"

    def receive(self, judge: Judge, *, seconds: float) -> Redirected | None:
        """Wait for the one right request, and show its page; all others get 400 and change nothing."""
        reception = _Reception(self._socket, judge, host=self._host, patience=self._patience)
        with contextlib.closing(reception):
            return reception.wait(time.monotonic() + seconds)


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # On Windows SO_REUSEADDR would let another program take the port over.
        if sys.platform == "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
        listening.settimeout(0)
    except OSError as error:
        listening.close()
        what = f"port {port} of 127.0.0.1 cannot be listened on ({error.strerror})"
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
    head: bytearray = field(default_factory=bytearray)
    reply: bytes | None = None
    rest: int = 0


class _Reception:
    """One wait for one answer, and the connections there are meanwhile."""

    def __init__(self, listening: socket.socket, judge: Judge, *, host: str, patience: _Patience) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self._listening = listening
        self._judge = judge
        self._host = host
        self._patience = patience
        self._visits: dict[_Visit, None] = {}  # in the order in which they came
        self._answer: Redirected | None = None

    def close(self) -> None:
        for visit in list(self._visits):
            self._drop(visit)
        self._selector.close()

    def wait(self, end: float) -> Redirected | None:
        """Give the answer once its page has been fetched, None when it does not come before `end` (monotonic)."""
        while True:
            now = time.monotonic()
            for visit in [visit for visit in self._visits if visit.until <= now]:
                self._drop(visit)
            if self._answer is None and end <= now:
                return None
            if self._answer is not None and not self._visits:
                return self._answer
            ends = [visit.until for visit in self._visits] + ([] if self._answer else [end])
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
        if self._answer is not None:
            return
        with contextlib.suppress(OSError):  # who connected may have gone again
            connection, _ = self._listening.accept()
            connection.settimeout(0)
            visit = _Visit(connection, until=time.monotonic() + self._patience.head)
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
            visit.reply = self._judged(query_in(head, host=self._host), visit)
        except WrongRequest as why:
            log.info("redirect: refused a request: %s", why)
            visit.reply = landing.wrong()
        visit.head.clear()
        visit.until = time.monotonic() + self._patience.reply
        self._selector.modify(visit.connection, selectors.EVENT_WRITE, visit)

    def _judged(self, query: str, visit: _Visit) -> bytes:
        answer = self._judge(query)
        if answer is None:
            raise WrongRequest("not the answer to this login")
        log.info("redirect: %s", "a code" if answer.code else "an error")
        self._answer = answer
        self._selector.unregister(self._listening)
        for other in [other for other in self._visits if other is not visit]:
            self._drop(other)
        return landing.answered(answer)

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
