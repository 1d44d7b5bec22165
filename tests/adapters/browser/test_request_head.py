"""The head of a request to the listener: one kind is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.adapters.browser.request_head import LONGEST_HEAD, LONGEST_LINE, WrongRequest, head_in, query_in
from sso_login.core.model import CALLBACK

HOST = "127.0.0.1:40001"
LINE = b"GET /oauth/callback?code=c HTTP/1.1"


def query(head: bytes) -> str:
    """Read the query of a head."""
    return query_in(head, host=HOST, path=CALLBACK)


@pytest.mark.parametrize(
    "head",
    [
        LINE + b"\r\nHost: 127.0.0.1:40001",
        LINE + b"\r\nAccept: */*\r\nhOsT:\t127.0.0.1:40001 \r\nCookie: a=b",
        LINE.replace(b"1.1", b"1.0") + b"\r\nHost:127.0.0.1:40001",
    ],
)
def test_the_right_request_gives_its_query(head: bytes) -> None:
    """GET, the exact path, and this very host and port."""
    assert query(head) == "code=c"


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (LINE, "another Host"),
        (LINE + b"\r\nHost: localhost:40001", "another Host"),
        (LINE + b"\r\nHost: 127.0.0.1", "another Host"),
        (LINE + b"\r\nHost: 127.0.0.1:40001.evil.example", "another Host"),
        (LINE + b"\r\nHost: 127.0.0.1:40001\r\nHost: 127.0.0.1:40001", "another Host"),
        (LINE + b"\r\nHost: evil.example\r\n 127.0.0.1:40001", "another Host"),
        (LINE.replace(b"GET", b"POST"), "not a GET"),
        (LINE.replace(b"GET", b"get"), "not a GET"),
        (LINE.replace(b"GET", b"HEAD"), "not a GET"),
        (LINE.replace(b"1.1", b"2.0"), "no request line of HTTP/1"),
        (LINE.replace(b" HTTP/1.1", b""), "no request line of HTTP/1"),
        (LINE.replace(b"code=c", b"code=\xff"), "no request line of HTTP/1"),
        (LINE.replace(b"code=c", b"a b"), "no request line of HTTP/1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", "no request line of HTTP/1"),
        (b"", "no request line of HTTP/1"),
    ],
)
def test_any_other_head_is_wrong(head: bytes, why: str) -> None:
    """Another name for this machine, none or two of them, other methods and what is no HTTP/1 at all."""
    with pytest.raises(WrongRequest, match=rf"^{why}$"):
        query(head)


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/favicon.ico",
        b"/oauth/callback/",
        b"/OAuth/callback",
        b"//oauth/callback",
        b"/oauth/../oauth/callback",
        b"/oauth/%63allback",
        b"/oauth/callback#",
        b"http://127.0.0.1:40001/oauth/callback",
        b"*",
    ],
)
def test_any_other_path_is_wrong(path: bytes) -> None:
    """The path is compared as it was sent: nothing is decoded, joined or completed."""
    with pytest.raises(WrongRequest, match=r"^another path$"):
        query(LINE.replace(b"/oauth/callback", path) + b"\r\nHost: 127.0.0.1:40001")


def test_a_head_is_cut_where_it_ends() -> None:
    """What follows the first empty line is no part of it; before that line has come there is none."""
    assert head_in(b"GET / HTTP/1.1\r\nA: b\r\n\r\nGET /more HTTP/1.1\r\n\r\n") == b"GET / HTTP/1.1\r\nA: b"
    assert head_in(b"GET / HTTP/1.1\r\nA: b\r\n") is None
    assert head_in(b"") is None


@pytest.mark.parametrize(
    "read",
    [
        b"G" * (LONGEST_LINE + 1),
        b"GET /" + b"x" * LONGEST_LINE + b" HTTP/1.1\r\n\r\n",
        LINE + b"\r\nCookie: " + b"x" * LONGEST_HEAD,
        LINE + b"\r\nA: b" * LONGEST_HEAD + b"\r\n\r\n",
    ],
)
def test_a_head_that_is_too_long_is_wrong_before_its_end_has_come(read: bytes) -> None:
    """8 KiB for the request line, 32 KiB for all of it."""
    with pytest.raises(WrongRequest, match=r"^too long$"):
        head_in(read)


def test_many_cookies_are_not_too_long() -> None:
    """A browser sends the cookies of everything else on 127.0.0.1."""
    head = LINE + b"\r\nHost: 127.0.0.1:40001\r\nCookie: " + b"x" * 16000
    assert head_in(head + b"\r\n\r\n") == head
    assert query(head) == "code=c"


@given(st.binary())
def test_any_bytes_are_a_head_or_a_wrong_request(read: bytes) -> None:
    """Nothing but WrongRequest is ever raised."""
    with pytest.raises(WrongRequest):
        query(head_in(read + b"\r\n\r\n") or b"")
