"""The listener on 127.0.0.1, attacked over real sockets."""

from __future__ import annotations

import logging
import re
import socket
import struct
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, urlsplit

import pytest

from sso_login.adapters.browser.listener import MOST_VISITS
from sso_login.adapters.browser.loopback import Loopback
from sso_login.adapters.browser.request_head import LONGEST_LINE
from sso_login.core.errors import SsoLoginError
from sso_login.core.granting import Redirected
from sso_login.core.model import Secret
from sso_login.oauth.redirect import read_redirect

STATE = "the-right-state"
RIGHT = f"code=the-code&state={STATE}"
GRANTED = Redirected(code=Secret("the-code"))
PATIENCE = 120.0  # seconds; only a machine in trouble comes near it


@dataclass
class Desk:
    """A listener that is waited at, and what it was asked to judge."""

    listener: Loopback
    answer: Future[Redirected | None]
    judged: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return urlsplit(self.listener.redirect_uri).port or 0

    def connect(self) -> socket.socket:
        """Connect and say nothing yet."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def said(self, sent: bytes) -> bytes:
        """Send these bytes on a connection of their own, and read all that comes back."""
        with self.connect() as connection:
            connection.sendall(sent)
            return everything(connection)

    def get(self, query: str, **changes: str) -> bytes:
        """Ask as a browser does, but for the changes."""
        return self.said(self.request(query, **changes))

    def request(self, query: str, *, method: str = "GET", path: str = "/oauth/callback", host: str = "") -> bytes:
        """Write a browser's request, but for the changes."""
        host = host or f"127.0.0.1:{self.port}"
        return f"{method} {path}?{query} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode()

    def still_waits(self) -> None:
        """Check that nothing so far has ended the wait, and that the right request still does."""
        assert not self.answer.done()
        assert self.get(RIGHT).startswith(b"HTTP/1.1 200 OK\r\n")
        assert self.answer.result(PATIENCE) == GRANTED


def everything(connection: socket.socket) -> bytes:
    """Read to the end, which may be a reset where the other side did not care to listen."""
    read = b""
    try:
        while chunk := connection.recv(65536):
            read += chunk
    except ConnectionError:
        pass
    return read


@contextmanager
def waiting(*, head_seconds: float = PATIENCE, reply_seconds: float = PATIENCE) -> Iterator[Desk]:
    """Listen on a free port and wait for the answer in a thread."""
    judged: list[str] = []

    def judge(query: str) -> Redirected | None:
        judged.append(query)
        return read_redirect(query, Secret(STATE))

    with ThreadPoolExecutor(1) as pool, Loopback(head_seconds=head_seconds, reply_seconds=reply_seconds) as listener:
        desk = Desk(listener, pool.submit(partial(listener.receive, judge, seconds=PATIENCE)), judged)
        try:
            yield desk
        finally:
            with suppress(OSError), desk.connect() as connection:
                connection.sendall(desk.request(RIGHT))  # lets the thread end, if it has not yet


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give a listener that is waited at."""
    with waiting() as made:
        yield made


def test_the_right_request_is_answered_with_a_page_and_ends_the_wait(desk: Desk) -> None:
    """The page says that the tab may be closed; the code comes back as a secret."""
    page = desk.get(RIGHT).decode()
    assert page.startswith("HTTP/1.1 200 OK\r\n")
    assert "you can close this tab." in page
    assert desk.answer.result(PATIENCE) == GRANTED
    assert desk.judged == [RIGHT]


def test_the_page_holds_no_secret_and_nothing_from_elsewhere(desk: Desk) -> None:
    """No script, no link, no form; a policy that allows the one style sheet; no referrer; nothing is kept."""
    head, _, body = desk.get(RIGHT).decode().partition("\r\n\r\n")
    assert not {"the-code", STATE, str(desk.port)} & set(re.findall(r"[\w-]+", head + body))
    assert not re.search(r"<(script|link|img|form|a|iframe|object)\b|https?:|url\(|@import| on\w+=", body)
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'none'",
        headers["Content-Security-Policy"],
    )
    assert headers["Connection"] == "close"
    assert int(headers["Content-Length"]) == len(body.encode())
    assert "Set-Cookie" not in headers


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody has 127.0.0.2")
def test_only_this_machine_can_connect(desk: Desk) -> None:
    """The socket is bound to 127.0.0.1, not to every address; another loopback address finds nobody."""
    assert urlsplit(desk.listener.redirect_uri).hostname == "127.0.0.1"
    assert urlsplit(desk.listener.redirect_uri).path == "/oauth/callback"
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.2", desk.port), timeout=PATIENCE)


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("code=the-code&state=another-state", {}),
        ("code=the-code", {}),
        (f"state={STATE}", {}),
        (f"{RIGHT}&code=another", {}),
        ("error=access_denied&state=another-state", {}),
        ("error=access_denied", {}),
        (RIGHT, {"host": "evil.example"}),
        (RIGHT, {"host": "localhost"}),
        (RIGHT, {"host": "127.0.0.1:1"}),
        (RIGHT, {"method": "POST"}),
        (RIGHT, {"method": "HEAD"}),
        (RIGHT, {"method": "OPTIONS"}),
        (RIGHT, {"path": "/"}),
        (RIGHT, {"path": "/favicon.ico"}),
        (RIGHT, {"path": "/oauth/callback/x"}),
        (RIGHT, {"path": "//oauth/callback"}),
    ],
)
def test_a_wrong_request_gets_400_and_the_wait_goes_on(desk: Desk, query: str, changes: dict[str, str]) -> None:
    """Wrong state, an error with a wrong state, DNS rebinding, other methods and paths: the same plain page for all."""
    page = desk.get(query, **changes)
    assert page.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"This is not the answer" in page
    assert b"the-code" not in page
    desk.still_waits()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /oauth/callback?code=" + b"c" * LONGEST_LINE + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"Cookie: x\r\n" * 10_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /oauth/callback HTTP/1.1\r\nContent-Length: 9\r\n\r\ncode=code",
    ],
)
def test_bytes_that_are_no_request_get_400_and_the_wait_goes_on(desk: Desk, sent: bytes) -> None:
    """Oversized request lines and heads, TLS, empty heads, unknown versions and bodies."""
    assert desk.said(sent).startswith(b"HTTP/1.1 400 ")
    desk.still_waits()


def test_what_the_service_said_is_escaped(desk: Desk) -> None:
    """A script in error_description is text on the page, and the wait ends with the error."""
    said = '<script>alert(1)</script> "it\'s" & </p>'
    page = desk.get(f"error=access_denied&state={STATE}&error_description={quote(said)}").decode()
    assert page.startswith("HTTP/1.1 200 OK\r\n")
    assert "Not signed in" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;it&#x27;s&quot; &amp; &lt;/p&gt;" in page
    assert "<script" not in page
    assert desk.answer.result(PATIENCE) == Redirected(error="access_denied", description=said)


def test_an_error_without_description_is_named(desk: Desk) -> None:
    """The error's code alone is enough."""
    assert b"The login was refused: server_error<" in desk.get(f"error=server_error&state={STATE}")


def test_a_second_request_finds_nobody(desk: Desk) -> None:
    """One right answer ends it: the same request again, or another, is not judged any more."""
    desk.get(RIGHT)
    desk.answer.result(PATIENCE)
    desk.listener.__exit__(None, None, None)
    with pytest.raises(OSError, match=r"refused|reset"):
        desk.connect()
    assert desk.judged == [RIGHT]


def test_who_connects_in_the_same_moment_as_the_answer_is_not_let_in() -> None:
    """The right request and a further connection are found together: only the one is served."""
    with ExitStack() as stack, Loopback() as listener:
        desk = Desk(listener, Future())
        first, wrong = stack.enter_context(desk.connect()), stack.enter_context(desk.connect())
        late: list[socket.socket] = []

        def judge(query: str) -> Redirected | None:
            if query == RIGHT:
                return GRANTED
            first.sendall(desk.request(RIGHT))
            first.shutdown(socket.SHUT_WR)
            late.append(stack.enter_context(desk.connect()))
            return None

        wrong.sendall(desk.request("state=wrong"))
        assert listener.receive(judge, seconds=PATIENCE) == GRANTED
        assert everything(first).startswith(b"HTTP/1.1 200 ")
        listener.__exit__(None, None, None)
        assert everything(late[0]) == b""


def test_requests_in_one_packet_count_as_the_first(desk: Desk) -> None:
    """Pipelining: a wrong request hides no right one behind it, and one connection gets one reply."""
    wrong = desk.request("code=the-code&state=wrong")
    both = desk.said(wrong + desk.request(RIGHT))
    assert (both.count(b"HTTP/1.1 "), both.startswith(b"HTTP/1.1 400 ")) == (1, True)
    assert desk.judged == ["code=the-code&state=wrong"]
    assert desk.said(desk.request(RIGHT) + wrong).count(b"HTTP/1.1 ") == 1
    assert desk.answer.result(PATIENCE) == GRANTED
    assert len(desk.judged) == 2


def test_a_request_may_come_in_pieces(desk: Desk) -> None:
    """Every byte in a packet of its own is still one request."""
    with desk.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(request := desk.request(RIGHT))):
            connection.sendall(request[at : at + 1])
        assert everything(connection).startswith(b"HTTP/1.1 200 ")
    assert desk.answer.result(PATIENCE) == GRANTED


def test_who_says_nothing_holds_nobody_up(desk: Desk) -> None:
    """Browsers connect ahead of time, attackers never finish a head: the right request passes them."""
    with desk.connect(), desk.connect() as slow:
        slow.sendall(b"GET /oauth/callback?code=")
        desk.still_waits()


def test_who_takes_too_long_is_dropped() -> None:
    """A head that does not end, however busily it is sent, ends with its connection."""
    with waiting(head_seconds=0.2) as desk:
        with desk.connect() as slow:
            slow.sendall(b"GET /oauth/callback?code=")
            assert everything(slow) == b""
        desk.still_waits()


def test_more_connections_than_any_browser_opens_push_the_oldest_out(desk: Desk) -> None:
    """A flood takes a bounded number of sockets, and newcomers still get through."""
    with ExitStack() as stack:
        flood = [stack.enter_context(desk.connect()) for _ in range(MOST_VISITS + 5)]
        assert everything(flood[0]) == b""
        desk.still_waits()


def test_who_hangs_up_halfway_changes_nothing(desk: Desk) -> None:
    """Connections that are closed or reset before, in and behind a head are forgotten."""
    desk.connect().close()
    for sent in (b"GET /oauth", desk.request("state=wrong")):
        with desk.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(sent)
    desk.still_waits()


def test_a_browser_that_hangs_up_early_has_still_answered(desk: Desk) -> None:
    """The answer counts though nobody reads its page."""
    with desk.connect() as connection:
        assert desk.get("nothing").startswith(b"HTTP/1.1 400")  # so the first one was accepted, and known to be ours
        connection.sendall(desk.request(RIGHT))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert desk.answer.result(PATIENCE) == GRANTED


def test_a_browser_that_never_hangs_up_is_not_waited_for() -> None:
    """After the page has left, the other side has a bounded time to close."""
    with waiting(reply_seconds=0.2) as desk, desk.connect() as connection:
        connection.sendall(desk.request(RIGHT))
        assert desk.answer.result(PATIENCE) == GRANTED


def test_what_follows_a_head_is_bounded(desk: Desk) -> None:
    """A body without end is read up to a megabyte, so that the reply gets through, and no further."""
    with desk.connect() as connection:
        connection.sendall(b"POST /oauth/callback HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall(b"x" * 100_000_000)
    desk.still_waits()


def test_the_wait_ends_when_its_time_is_over() -> None:
    """Nobody came, or somebody who said nothing: None, and no connection is left open."""
    with Loopback() as listener:
        assert listener.receive(lambda _query: GRANTED, seconds=0) is None
        with Desk(listener, Future()).connect() as silent:
            assert listener.receive(lambda _query: GRANTED, seconds=0.05) is None
            listener.__exit__(None, None, None)
            assert everything(silent) == b""


def test_a_port_that_is_taken_is_one_line() -> None:
    """The error names the port and the way out."""
    with Loopback() as first:
        port = urlsplit(first.redirect_uri).port or 0
        with pytest.raises(SsoLoginError) as caught:
            Loopback(port)
    assert caught.value.message.startswith(f"cannot listen on 127.0.0.1:{port} (")
    assert (caught.value.exit_code, "--port" in caught.value.hint) == (1, True)


def test_a_fixed_port_is_free_again_at_once() -> None:
    """Two logins in a row may use the same --port."""
    with waiting() as desk:
        port = desk.port
        desk.get(RIGHT)
        desk.answer.result(PATIENCE)
    with Loopback(port) as again:
        assert again.redirect_uri == f"http://127.0.0.1:{port}/oauth/callback"


def test_the_log_holds_no_secret(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """What was wrong is logged in words of our own; never an address, a code or a state."""
    caplog.set_level(logging.DEBUG)
    desk.get("code=the-code&state=wrong-state")
    desk.get(RIGHT, host="evil.example")
    desk.get(RIGHT)
    desk.answer.result(PATIENCE)
    assert [record.getMessage() for record in caplog.records] == [
        "redirect: refused a request: not the answer to this login",
        "redirect: refused a request: another Host",
        "redirect: a code",
    ]
