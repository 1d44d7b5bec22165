"""Connections that are kept: as few as there can be, and none that is not whole, ours and still open."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from urllib3 import HTTPConnectionPool

from sso_login.adapters.system.http import Http, _Attempt
from sso_login.adapters.system.idle import Idle, Route
from sso_login.adapters.system.trust import Trust
from sso_login.core.errors import NotAnAnswer, Unreachable
from sso_login.core.message import Request

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Heard = list[tuple[int, bytes]]  # the number of the connection, and what came


@dataclass
class Keeper:
    """A server on 127.0.0.1 that gives these answers in turn, and closes a connection after the last of a line."""

    answers: Sequence[Sequence[bytes]]
    heard: Heard = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def serve(self, listener: socket.socket) -> None:
        """Take one connection a line of answers; an empty answer is none."""
        for number, line in enumerate(self.answers):
            connection, _ = listener.accept()
            with contextlib.closing(connection), contextlib.suppress(OSError):
                self._talk(number, connection, line)
            self.closed.set()

    def _talk(self, number: int, connection: socket.socket, line: Sequence[bytes]) -> None:
        for answer in line:
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                head += chunk
            self.heard.append((number, head.lower()))
            if not answer:
                connection.recv(1)  # until the client hangs up
            connection.sendall(answer)


@contextlib.contextmanager
def keeper(*answers: Sequence[bytes]) -> Iterator[Keeper]:
    """Serve while the block runs; all lines of answers must be used up by then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Keeper(answers)
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
        thread.start()
        yield made
        thread.join(60)
        assert not thread.is_alive()


def ask(http: Http, url: str, *, keep_alive: bool = True, deadline: float = 60) -> bytes:
    """Ask for a page."""
    return http.send(Request("ListAccounts", "GET", url, deadline=deadline, keep_alive=keep_alive)).body


def test_requests_that_allow_it_share_a_connection() -> None:
    """Three of them, one connection; nothing of a reply goes into the next request."""
    cookie = WHOLE.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
    with keeper([cookie, cookie, WHOLE]) as server:
        http = Http({})
        assert [ask(http, server.url) for _ in range(3)] == [b"{}"] * 3
    assert [number for number, _ in server.heard] == [0, 0, 0]
    assert not any(b"connection: close" in head or b"cookie" in head for _, head in server.heard)


def test_any_other_request_has_a_connection_of_its_own() -> None:
    """A request that must not be sent twice never meets a connection that may be closed."""
    with keeper([WHOLE], [WHOLE], [WHOLE]) as server:
        http = Http({})
        ask(http, server.url)
        for _ in range(2):
            ask(http, server.url, keep_alive=False)
    assert [b"connection: close" in head for _, head in server.heard] == [False, True, True]
    assert [number for number, _ in server.heard] == [0, 1, 2]


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    """The server hung up while nobody asked: the next request opens a new one and nobody notices."""
    with keeper([WHOLE], [WHOLE]) as server:
        http = Http({})
        ask(http, server.url)
        assert server.closed.wait(60)
        assert ask(http, server.url) == b"{}"
    assert [number for number, _ in server.heard] == [0, 1]


def test_a_connection_that_the_server_wants_closed_is_closed() -> None:
    """Connection: close in a reply holds."""
    closing = WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with keeper([closing, WHOLE], [WHOLE]) as server:
        http = Http({})
        assert [ask(http, server.url) for _ in range(2)] == [b"{}"] * 2
    assert [number for number, _ in server.heard] == [0, 1]


@pytest.mark.parametrize(
    "broken",
    [
        WHOLE.replace(b": 2", b": 2000000"),
        WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
    ids=["truncated", "packed", "broken chunk"],
)
def test_a_connection_that_gave_no_whole_answer_is_not_used_again(broken: bytes) -> None:
    """Whatever is left in it must not become the answer to another request."""
    with keeper([broken], [WHOLE]) as server:
        http = Http({})
        with pytest.raises(NotAnAnswer):
            ask(http, server.url)
        assert ask(http, server.url) == b"{}"
    assert [number for number, _ in server.heard] == [0, 1]


def test_more_than_one_answer_to_a_request_is_thrown_away() -> None:
    """A second answer that nobody asked for does not become the next request's."""
    with keeper([WHOLE + WHOLE.replace(b"{}", b"[]"), WHOLE]) as server:
        http = Http({})
        assert [ask(http, server.url) for _ in range(2)] == [b"{}"] * 2


def test_an_answer_that_comes_unasked_later_closes_the_connection() -> None:
    """What lies in an idle connection is nobody's answer: the next request has another connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        http, url = Http({}), f"http://127.0.0.1:{listener.getsockname()[1]}"
        heard: list[bytes] = []

        def serve(after: bytes) -> None:
            connection, _ = listener.accept()
            opened.append(connection)
            heard.append(connection.recv(65536))
            connection.sendall(WHOLE)
            asked.wait(60)
            connection.sendall(after)
            pushed.set()

        opened: list[socket.socket] = []
        for after in (WHOLE.replace(b"{}", b"[]"), b""):
            asked, pushed = threading.Event(), threading.Event()
            thread = threading.Thread(target=serve, args=(after,), daemon=True)
            thread.start()
            assert ask(http, url) == b"{}"
            asked.set()
            assert pushed.wait(60)
            thread.join(60)
        assert len(heard) == len(opened) == 2
        for connection in opened:
            connection.close()


def test_a_connection_whose_answer_came_too_late_is_closed() -> None:
    """After a deadline the connection is cut, and the next request has another."""
    with keeper([b""], [WHOLE]) as server:
        http = Http({})
        with pytest.raises(Unreachable, match=r"within 0\.3 s"):
            ask(http, server.url, deadline=0.3)
        assert ask(http, server.url) == b"{}"


@dataclass
class Held:
    """Something that can be closed."""

    closed: bool = False

    def close(self) -> None:
        """Close it."""
        self.closed = True


def test_no_more_are_kept_than_allowed_and_only_for_the_same_route() -> None:
    """The last one used comes first; another host, CA bundle or proxy is another route."""
    idle, first, second, third = Idle[Held](2), Held(), Held(), Held()
    route = Route("https", "a.example", verify=Trust("test"), proxy=None)
    for held in (first, second, third):
        idle.keep(route, held)
    assert (first.closed, second.closed, third.closed) == (False, False, True)
    for other in (
        route._replace(netloc="b.example"),
        route._replace(scheme="http"),
        route._replace(verify=Trust("test", file="/ca")),
        route._replace(proxy="http://p"),
    ):
        assert idle.take(other) is None
    assert [idle.take(route), idle.take(route), idle.take(route)] == [second, first, None]


def test_one_that_has_been_idle_for_long_is_closed_and_not_given() -> None:
    """By a clock that goes on while the machine sleeps and may be set back: a router on the way may have forgotten."""
    now = [1000.0]
    route = Route("https", "a.example", verify=Trust("test"), proxy=None)
    for later, given in ((0, True), (45, True), (46, False), (-1, False), (86400, False)):
        idle, held = Idle[Held](4, lambda: now[0]), Held()
        idle.keep(route, held)
        now[0] += later
        assert (idle.take(route) is held, held.closed) == (given, not given)


def test_a_connection_whose_try_was_called_off_is_never_kept() -> None:
    """The whole answer may have come in the very moment in which the time was up: the socket is cut already."""

    class Pool(HTTPConnectionPool):
        closed = False

        def close(self) -> None:
            self.closed = True
            super().close()

    idle = Idle[HTTPConnectionPool](4)
    route = Route("http", "127.0.0.1:9", verify=Trust("test"), proxy=None)
    for called_off in (False, True):
        attempt = _Attempt(Request("X", "GET", "http://127.0.0.1:9/", keep_alive=True), "x", route=route, idle=idle)
        pool = Pool("127.0.0.1", 9)
        if called_off:
            attempt.late()
        attempt._done(pool, whole=True)
        assert (idle.take(route) is None, pool.closed) == (called_off, called_off)
