"""The server on the wire: right answers, wrong requests, silence, crowds, slow ones, and what is looked at when."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sso_login.core.credentials import Credentials
from sso_login.core.errors import (
    MalformedReply,
    NotLoggedIn,
    ServiceError,
    SsoLoginError,
    StoreUnusable,
    Unreachable,
    UsageProblem,
)
from sso_login.core.model import Secret
from sso_login.flows.role_cache import Given
from sso_login.server.cache import Cache, Profile
from sso_login.server.http import MOST_VISITS, PATIENCE, Server
from sso_login.server.lease import Lease
from tests.support.fakes import FakeClock
from tests.support.serving.other_user import OTHER, asked, only_root

TOKEN = "the-token"
ARN = "arn:aws:iam::222233334444:role/Deploy"


@dataclass
class Stand:
    """A running server of one profile, `dev`, whose clock stands still and whose portal answers when it is let."""

    clock: FakeClock = field(default_factory=FakeClock)
    portal: threading.Event = field(default_factory=threading.Event)
    asked: list[float] = field(default_factory=list)
    problem: SsoLoginError | None = None

    def __post_init__(self) -> None:
        """Let the portal answer at once, at first."""
        self.portal.set()
        self.cache = Cache(self.clock, lambda job: threading.Thread(target=job, daemon=True).start())
        self.cache.add("dev", Profile(self.fetched, ARN), Given(self.made()))

    def made(self) -> Credentials:
        """Make credentials of an hour that begin now."""
        now = int(self.clock.now())
        return Credentials(f"AKIA{now}", Secret("secret"), Secret("token"), now + 3600, "222233334444")

    def fetched(self, least: float) -> Given:
        """Wait for the portal, then give new ones or fail."""
        self.asked.append(least)
        assert self.portal.wait(60)
        if self.problem:
            raise self.problem
        return Given(self.made())

    @contextmanager
    def serving(self, seconds: float | None = None, *, patience: float = PATIENCE) -> Iterator[Stand]:
        """Serve while the block runs, for so many seconds of the fake clock."""
        lease = Lease(self.clock, seconds)
        with Server(self.cache, {"dev": Secret(TOKEN)}, lease, clock=self.clock, patience=patience) as self.server:
            yield self

    def get(self, path: str = "/", token: str = TOKEN, method: str = "GET") -> tuple[int, dict[str, str]]:
        """Ask over a connection of one's own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, headers={"Authorization": token})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "{}")
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """Send these bytes, and read to the end."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.sendall(sent)
            read = b""
            while chunk := connection.recv(65536):
                read += chunk
            return read

    def later(self, seconds: float) -> None:
        """Let time pass, and the server know."""
        self.clock.sleep(seconds)
        self.server.wake()


@pytest.fixture
def stand() -> Iterator[Stand]:
    """Give a server that runs."""
    with Stand().serving() as stand:
        yield stand


def settled(stand: Stand, fetches: int) -> None:
    """Wait until so many fetches have begun."""
    for _ in range(6000):
        if len(stand.asked) >= fetches:
            return
        time.sleep(0.005)
    raise AssertionError(stand.asked)


def test_the_answer_is_what_sdks_read(stand: Stand) -> None:
    """The members of the protocol, those of ours, and a type."""
    assert stand.get() == (
        200,
        {
            "AccessKeyId": "AKIA1800000000",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": "2027-01-15T09:00:00Z",
            "AccountId": "222233334444",
            "RoleArn": ARN,
        },
    )
    assert stand.get("/profile/dev") == stand.get()


def test_a_connection_is_kept_for_any_number_of_requests(stand: Stand) -> None:
    """Several at once in it, too; the last may close it."""
    one = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{stand.server.port}\r\nAuthorization: {TOKEN}\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    read = stand.raw((one * 500 + last).encode())
    assert (read.count(b"HTTP/1.1 200 OK"), read.count(b"Connection: close")) == (501, 1)


def test_a_request_may_come_byte_by_byte(stand: Stand) -> None:
    """It is answered when it is whole."""
    text = f"GET / HTTP/1.0\r\nHost: localhost:{stand.server.port}\r\nAuthorization: {TOKEN}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stand.server.port), timeout=60) as connection:
        for byte in text.encode():
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("path", "token", "method", "status", "words"),
    [
        ("/", "x", "GET", 403, "forbidden"),
        ("/", TOKEN, "POST", 405, "method not allowed"),
        ("/other", TOKEN, "GET", 404, "not found"),
    ],
)
def test_a_wrong_request_is_told_nothing(
    stand: Stand, path: str, token: str, method: str, status: int, words: str
) -> None:
    """A code of HTTP's own, and the same words for all of a kind."""
    code = words.title().replace(" ", "")
    assert stand.get(path, token, method) == (status, {"Code": code, "Message": words})


@pytest.mark.parametrize("sent", [b"\r\n\r\n", b"\x16\x03\x01\0\xa5\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 70000])
def test_whatever_bytes_come_the_server_goes_on(stand: Stand, sent: bytes) -> None:
    """403, and the connection is closed."""
    assert stand.raw(sent).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert stand.get()[0] == 200


def test_a_body_behind_a_wrong_request_does_not_eat_its_answer(stand: Stand) -> None:
    """It is read and thrown away."""
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 19}\r\n\r\n".encode()
    assert stand.raw(head + bytes(1 << 19)).startswith(b"HTTP/1.1 403 ")


def test_a_thousand_silent_connections_hold_nobody_up(stand: Stand) -> None:
    """The oldest of them are dropped, and whoever asks is answered at once."""
    with ExitStack() as stack:
        silent = []
        for _ in range(1000):
            connection = socket.socket()
            stack.callback(connection.close)
            connection.connect(("127.0.0.1", stand.server.port))
            silent.append(connection)
            if len(silent) % 100 == 0:
                assert stand.get()[0] == 200
        assert len(stand.server._visits) <= MOST_VISITS + 1
        assert threading.active_count() < 20


def test_connections_that_are_kept_leave_room_for_a_new_one(stand: Stand) -> None:
    """The one that was idle for longest goes; whoever keeps many keeps nobody out."""
    one = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{stand.server.port}\r\nAuthorization: {TOKEN}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(MOST_VISITS):
            kept = stack.enter_context(socket.create_connection(("127.0.0.1", stand.server.port)))
            kept.sendall(one)
            assert kept.recv(65536)
        assert stand.get()[0] == 200


def test_one_that_waits_for_its_answer_is_never_dropped_for_silent_ones(stand: Stand) -> None:
    """Its credentials are being fetched, and come."""
    stand.portal.clear()
    stand.clock.sleep(4000)
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        waiting = pool.submit(stand.get)
        settled(stand, 1)
        for _ in range(MOST_VISITS + 50):
            stack.enter_context(socket.create_connection(("127.0.0.1", stand.server.port)))
        stand.portal.set()
        assert waiting.result()[0] == 200


def test_a_hundred_at_the_moment_of_renewal_make_one_request(stand: Stand) -> None:
    """All are answered with what is at hand while the portal still thinks about it."""
    stand.portal.clear()
    stand.later(2400)
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda _: stand.get(), range(100)))
    settled(stand, 1)
    assert {(status, body["AccessKeyId"]) for status, body in found} == {(200, "AKIA1800000000")}
    stand.portal.set()
    for _ in range(600):
        if stand.get()[1]["AccessKeyId"] == "AKIA1800002400":
            break
        time.sleep(0.01)
    assert len(stand.asked) == 1


def test_a_hundred_who_find_nothing_valid_wait_for_one_request(stand: Stand) -> None:
    """As after a night in which the machine slept."""
    stand.portal.clear()
    stand.clock.sleep(40_000)
    with ThreadPoolExecutor(100) as pool:
        asking = [pool.submit(stand.get) for _ in range(100)]
        settled(stand, 1)
        stand.portal.set()
        assert {each.result()[1]["AccessKeyId"] for each in asking} == {"AKIA1800040000"}
    assert len(stand.asked) == 1


def test_who_has_waited_long_enough_is_told() -> None:
    """503, and what comes later is for the next who asks."""
    with Stand().serving(patience=0.05) as stand:
        stand.portal.clear()
        stand.clock.sleep(4000)
        status, body = stand.get()
        assert (status, body["Code"]) == (503, "Unreachable")
        assert body["Message"].startswith("credentials are being fetched")
        stand.portal.set()


def test_one_who_goes_while_it_waits_is_forgotten(stand: Stand) -> None:
    """Its connection is closed here, too."""
    stand.portal.clear()
    stand.clock.sleep(4000)
    text = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{stand.server.port}\r\nAuthorization: {TOKEN}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stand.server.port)) as connection:
        connection.sendall(text.encode())
        settled(stand, 1)
    stand.portal.set()
    for _ in range(600):
        if stand.get()[0] == 200 and len(stand.server._visits) <= 1:
            return
        time.sleep(0.01)
    raise AssertionError(stand.server._visits)


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (NotLoggedIn("over", hint="Log in."), 403, "LoginRequired"),
        (Unreachable("no network", hint="Check it."), 503, "Unreachable"),
        (ServiceError("no", code="forbidden", hint="Ask."), 403, "forbidden"),
        (ServiceError("no", code="AccessDenied", hint="Ask."), 403, "AccessDenied"),
        (ServiceError("no", code="RegionDisabledException", hint="Ask."), 502, "RegionDisabledException"),
        (MalformedReply("odd", hint="Check."), 502, "malformed_reply"),
        (StoreUnusable("locked", hint="Unlock it."), 503, "StorageError"),
        (UsageProblem("gone", hint="Fix it."), 500, "UsageProblem"),
    ],
)
def test_why_there_are_none_is_a_code_and_our_two_lines(problem: SsoLoginError, status: int, code: str) -> None:
    """Only once nothing valid is at hand."""
    with Stand().serving() as stand:
        stand.problem = problem
        stand.later(3599)
        settled(stand, 1)
        assert stand.get()[0] == 200
        stand.clock.sleep(10)
        assert stand.get() == (status, {"Code": code, "Message": f"{problem.message}. {problem.hint}"})


def test_a_lease_ends_every_answer_and_is_told_in_time() -> None:
    """Expiration is its end, so that an SDK asks again; then 403, and nothing more is fetched."""
    with Stand().serving(1800) as stand:
        assert stand.get()[1]["Expiration"] == "2027-01-15T08:30:00Z"
        stand.later(1799)
        assert stand.get()[0] == 200
        stand.later(1)
        status, body = stand.get()
        assert (status, body["Code"]) == (403, "LeaseEnded")
        assert stand.get("/other")[0] == 404
        stand.later(3600)
        assert (stand.get()[0], stand.asked) == (403, [])


@pytest.mark.parametrize("behind", [1, -1])
def test_a_lease_ends_by_whichever_clock_says_so_first(behind: int) -> None:
    """A wall clock that is set back lends no longer, a machine that slept neither."""
    with Stand().serving(600) as stand:
        stand.clock.mono += 601 if behind > 0 else 0
        stand.clock.wall += -3600 if behind > 0 else 601
        assert stand.get()[1]["Code"] == "LeaseEnded"


@only_root
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the table")
def test_another_user_gets_nothing_for_the_very_token(stand: Stand) -> None:
    """403 by the kernel's table of who is connected, whatever is sent."""
    port = stand.server.port
    text = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n"
    assert asked(port, text, uid=OTHER) == "HTTP/1.1 403 Forbidden"
    assert asked(port, text) == "HTTP/1.1 200 OK"


def test_it_sleeps_while_nobody_asks(stand: Stand) -> None:
    """Half a minute at a time: the wall clock may be set meanwhile."""
    assert stand.server._sleep() == 30


def test_a_port_that_is_taken_is_told(stand: Stand) -> None:
    """One line and what to do."""
    with pytest.raises(SsoLoginError, match=f"cannot listen on 127.0.0.1:{stand.server.port}"):
        Server(stand.cache, {}, Lease(stand.clock, None), clock=stand.clock, port=stand.server.port)


@pytest.mark.skipif(sys.platform != "linux", reason="left alone: asks /proc what is open")
def test_full_tables_of_the_system_make_no_loop(stand: Stand) -> None:
    """Without descriptors nobody is let in for a moment; who was silent makes room."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        waiting = [stack.enter_context(socket.socket()) for _ in range(40)]
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 3, before[1])
        )
        try:
            for each in waiting:
                each.connect(("127.0.0.1", stand.server.port))
            waiting[-1].sendall(
                f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{stand.server.port}\r\nAuthorization: {TOKEN}\r\n\r\n".encode()
            )
            waiting[-1].settimeout(60)
            assert waiting[-1].recv(12) == b"HTTP/1.1 200"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
