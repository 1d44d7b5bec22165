"""Any bytes as an answer: thousands of them, made by HTTP's grammar and against it; exits 5 and 6 only, never more.

The client and its HTTP are the real ones; the server writes what it is told to, byte for byte.
"""

from __future__ import annotations

import gzip
import json
import random
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from sso_login.adapters.system.clock import SystemClock
from sso_login.adapters.system.http import Http
from sso_login.aws.identity_center import IdentityCenter
from sso_login.core.errors import NotAnAnswer, SsoLoginError, Unreachable
from sso_login.core.model import Client, Instance, Secret, Session, Token

ROUNDS: Final = 3_000
ANSWER: Final = json.dumps(
    {"accessToken": "a-token", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "r-token"}
).encode()
STATUS: Final = [
    *[b"HTTP/1.1 200 OK"] * 12,
    *[b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 429 Slow", b"HTTP/1.1 503 Oh", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No"],
    *[b"HTTP/1.1 200", b"HTTP/1.1  200  OK", b"HTTP/9.9 200 OK", b"HTTP/1.1 -5 OK", b"HTTP/1.1 99 OK", b"HTTP/2 200"],
    *[b"HTTP/1.1 999999999999999999999 OK", b"HTTP/1.1 2OO OK", b"ICY 200 OK", b"", b"\x00\xff", b"x" * 70_000],
    *[b"HTTP/1.1 301 Moved", b"HTTP/1.1 101 Switching", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"],
    *[b"HTTP/1.1 100 Continue\r\n\r\n" * 300 + b"HTTP/1.1 200 OK", b"HTTP/1.1 200 \xf0\x9f\x92\xa9"],
]
LENGTHS: Final = [
    *[b"-5", b"0", b"1", b"5, 6", b"1e3", b"9" * 30, b"9" * 5_000],
    *[b"abc", b"", b"+7", b"0x10", b" 12 ", b"\xb2"],
]
SIZES: Final = [
    *[b"-5", b"-1", b"f" * 30, b"f" * 5_000, b"zz", b"", b"0x5"],
    *[b"5;ext=1", b" 5 ", b"+5", b"5\xff", b"0"],
]
ENDS: Final = [
    *[b"0\r\n\r\n"] * 6,
    *[b"", b"0\r\n", b"0\r\nTrailer: x\r\n\r\n", b"0\r\n" + b"T: x\r\n" * 500, b"-0\r\n\r\n"],
]
FIELDS: Final = [
    *[b"Retry-After: soon", b"Retry-After: -1", b"Retry-After: " + b"9" * 400, b"Date: yesterday", b"Date: \xff"],
    *[b"Content-Type: text/html; charset=\xff", b"Set-Cookie: a=b", b"no colon at all", b": nameless", b" folded"],
    *[b"X: \x00", b"X" * 70_000 + b": y", b"Location: http://127.0.0.1:9/", b"x-amzn-ErrorType: \x1b[31m:x"],
    *[b"x-amzn-RequestId: \xff\x1b", b"Connection: keep-alive, close", b"Trailer: Content-Length", b"X:\ry"],
    *[b"Content-Encoding: br", b"Content-Encoding: gzip", b"Content-Encoding: gzip, gzip", b"Content-Encoding: \xff"],
]
BODIES: Final = [
    *[ANSWER] * 8,
    *[b"", b"{", b"[]", b"null", b'"x"', b"NaN", b"\xff\xfe", b"<html>"],
    *[ANSWER[:-5], ANSWER + ANSWER, ANSWER + b"\x00"],
    *[gzip.compress(ANSWER), gzip.compress(ANSWER)[:-9], gzip.compress(bytes(4 << 20))],
    *[b"[" * 100_000, b'{"a":' * 20_000, b'{"expiresIn": ' + b"9" * 5_000 + b"}", ANSWER.replace(b"3600", b"1e999")],
    *[ANSWER.replace(b"3600", b"-1"), ANSWER.replace(b"3600", b"NaN"), ANSWER.replace(b"a-token", b"\\ud800")],
    *[ANSWER.replace(b"a-token", b"a\\u0000b"), b'{"error": "\\ud800"}', b'{"error": {"a": 1}}'],
    *[b'{"error": "invalid_grant"}', b'{"accessToken": "x", "accessToken": 5}'],
    *[b'{"__type": "' + b"x" * 100_000 + b'"}', b"x" * (2 << 20)],
]


def chunked(random_: random.Random, body: bytes) -> bytes:
    """Write a body in chunks, with sizes and ends as anybody might have them."""
    parts = list[bytes]()
    while body and len(parts) < 4:
        cut = random_.randint(1, len(body))
        size = random_.choice([b"%x" % cut] * 30 + SIZES)
        parts.append(size + random_.choice([b"\r\n"] * 20 + [b"\n", b"\r", b""]) + body[:cut])
        parts.append(random_.choice([b"\r\n"] * 20 + [b"", b"\n", b"xx"]))
        body = body[cut:]
    return b"".join(parts) + random_.choice(ENDS)


def answer(seed: int) -> bytes:
    """Make an answer; the same one for the same seed."""
    random_ = random.Random(seed)
    body = random_.choice(BODIES)
    lines = [random_.choice(STATUS), *random_.choices(FIELDS, k=random_.choice([0, 0, 0, 1, 2, 200]))]
    kind = random_.randrange(5)
    if kind == 0:
        lines.append(b"Transfer-Encoding: " + random_.choice([b"chunked"] * 4 + [b"CHUNKED", b"gzip, chunked", b"x"]))
        body = chunked(random_, body)
    elif kind == 1:
        wrong = len(body) + random_.choice([-3, 1, 1_000_000])
        lines += [b"Content-Length: %d" % wrong, b"Transfer-Encoding: chunked"]
    elif kind == 3:
        lines.append(b"Content-Length: %d" % len(body))
    random_.shuffle(lines[1:])
    end = random_.choice([b"\r\n"] * 10 + [b"\n", b"\r"])
    whole = end.join(lines) + end + end + body
    return whole if random_.random() < 0.9 else whole[: random_.randrange(len(whole) + 1)]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    whole = b""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline(70_000)) not in {b"\r\n", b"\n", b""}:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        assert isinstance(self.server, _Server)
        try:
            self.wfile.write(self.server.whole)
        except OSError:
            return  # the client had seen enough


@contextmanager
def serving() -> Iterator[_Server]:
    """Give a server on 127.0.0.1 that answers every request with its `whole` and closes."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def issuer_at(server: _Server) -> tuple[IdentityCenter, Session]:
    """Give the real client of that server, and a session to renew with it."""
    url = f"http://127.0.0.1:{server.server_address[1]}"
    instance = Instance(f"{url}/start", "us-east-1", oidc_endpoint=url, portal_endpoint=url)
    client = Client("id", Secret("secret"), 0, 4_000_000_000, ("refresh_token",))
    session = Session("s", instance, client, Token(Secret("a"), Secret("r"), 1, 0), ("x:y",))
    return IdentityCenter(instance, Http({}), SystemClock(), lambda _: None), session


def outcome(issuer: IdentityCenter, session: Session) -> Token | SsoLoginError:
    """Renew, and give what came of it; any other exception is a failure of the test."""
    try:
        return issuer.renew(session)
    except SsoLoginError as error:
        return error


def test_thousands_of_answers_end_in_five_or_six() -> None:
    """A token that can be read is taken; all else is exit 5 or 6, in one line, and sent unless proven unsent."""
    taken = 0
    with serving() as server:
        issuer, session = issuer_at(server)
        for seed in range(ROUNDS):
            server.whole = answer(seed)
            found = outcome(issuer, session)
            if isinstance(found, Token):
                taken += 1
                assert found.access.reveal().isprintable(), seed
                continue
            assert found.exit_code in {5, 6}, (seed, found)
            assert found.message.isprintable(), seed
            assert not isinstance(found, Unreachable) or found.sent, seed
    assert ROUNDS / 20 < taken < ROUNDS / 2, "the grammar makes both kinds"


@pytest.mark.parametrize("size", [b"-5", b"-1", b"f" * 40])
def test_an_odd_chunk_size_is_no_answer(size: bytes) -> None:
    """The example that was seen: exit 5, and taken for sent."""
    with serving() as server:
        issuer, session = issuer_at(server)
        server.whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + ANSWER
        with pytest.raises(NotAnAnswer) as caught:
            issuer.renew(session)
    assert caught.value.sent
