"""Which requests get credentials: one kind is right, and everything else gets 403, 404 or 405."""

from __future__ import annotations

import pytest

from sso_login.core.model import Secret
from sso_login.server.guard import LONGEST_HEAD, Guard, Refused, head_in, parsed, path_of

PORT = 8123
TOKEN, OTHER = "a-token-of-this-profile", "a-token-of-another-one"
RIGHT = f"GET / HTTP/1.1\nHost: 127.0.0.1:{PORT}\nAuthorization: {TOKEN}\nAccept: */*\n"
ONE = Guard(PORT, {"dev": Secret(TOKEN)})
TWO = Guard(PORT, {"dev": Secret(TOKEN), "ops/Ä b": Secret(OTHER)})


def judged(guard: Guard, text: str) -> str | int:
    """Name the profile that a request is admitted to, or give the status it is refused with."""
    try:
        parts = head_in(text.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        assert parts
        return guard.admitted(parsed(parts[0]))
    except Refused as why:
        return int(why.status)


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        RIGHT.replace("127.0.0.1", "localhost"),
        RIGHT.replace("127.0.0.1", "LocalHost"),
        RIGHT.replace("GET /", "GET /profile/dev"),
        RIGHT.replace("GET /", "GET /profile/d%65v"),
        RIGHT.replace("HTTP/1.1", "HTTP/1.0"),
        RIGHT.replace("Authorization:", "AUTHORIZATION:  "),
        RIGHT + "Content-Length: 0\n",
    ],
)
def test_the_right_request_is_admitted(text: str) -> None:
    """By the SDKs' ways to write it."""
    assert judged(ONE, text) == "dev"


WRONG = {
    "no token": (RIGHT.replace(f"Authorization: {TOKEN}\n", ""), 403),
    "an empty token": (RIGHT.replace(TOKEN, ""), 403),
    "another token": (RIGHT.replace(TOKEN, "b" * len(TOKEN)), 403),
    "the beginning of the token": (RIGHT.replace(TOKEN, TOKEN[:-1]), 403),
    "more than the token": (RIGHT.replace(TOKEN, TOKEN + "x"), 403),
    "the token in other letters": (RIGHT.replace(TOKEN, TOKEN.upper()), 403),
    "the token as a bearer": (RIGHT.replace(TOKEN, "Bearer " + TOKEN), 403),
    "the token twice": (RIGHT + f"Authorization: {TOKEN}\n", 403),
    "a token that is no text": (RIGHT.replace(TOKEN, "\xe4\xff"), 403),
    "the token in the query": (
        RIGHT.replace(f"Authorization: {TOKEN}\n", "").replace("GET /", f"GET /?t={TOKEN}"),
        403,
    ),
    "the token in a cookie": (RIGHT.replace("Authorization: ", "Cookie: Authorization="), 403),
    "no Host": (RIGHT.replace(f"Host: 127.0.0.1:{PORT}\n", ""), 403),
    "another Host": (RIGHT.replace("127.0.0.1", "evil.example"), 403),
    "a Host that begins like ours": (RIGHT.replace(f":{PORT}", f":{PORT}.evil.example"), 403),
    "another port": (RIGHT.replace(str(PORT), "80"), 403),
    "no port": (RIGHT.replace(f":{PORT}", ""), 403),
    "another loopback address": (RIGHT.replace("127.0.0.1", "127.0.0.2"), 403),
    "IPv6's loopback": (RIGHT.replace("127.0.0.1", "[::1]"), 403),
    "two Hosts": (RIGHT + "Host: evil.example\n", 403),
    "from a page": (RIGHT + "Origin: https://evil.example\n", 403),
    "from a page without an origin": (RIGHT + "Origin: null\n", 403),
    "from a page of ours": (RIGHT + f"Origin: http://127.0.0.1:{PORT}\n", 403),
    "an image of a page": (RIGHT + "Sec-Fetch-Site: cross-site\n", 403),
    "a navigation": (RIGHT + "sec-fetch-mode: navigate\n", 403),
    "POST": (RIGHT.replace("GET", "POST"), 405),
    "PUT": (RIGHT.replace("GET", "PUT"), 405),
    "HEAD": (RIGHT.replace("GET", "HEAD"), 405),
    "OPTIONS": (RIGHT.replace("GET", "OPTIONS"), 405),
    "get": (RIGHT.replace("GET", "get"), 405),
    "POST without a token": (RIGHT.replace("GET", "POST").replace(TOKEN, "x"), 403),
    "another path": (RIGHT.replace("GET /", "GET /latest/meta-data/"), 404),
    "a query": (RIGHT.replace("GET /", "GET /?x=1"), 404),
    "a profile that is not served": (RIGHT.replace("GET /", "GET /profile/prod"), 404),
    "no profile": (RIGHT.replace("GET /", "GET /profile/"), 404),
    "a way around": (RIGHT.replace("GET /", "GET /profile/../profile/dev"), 404),
    "a profile that is no text": (RIGHT.replace("GET /", "GET /profile/%ff"), 404),
    "another path without a token": (RIGHT.replace("GET /", "GET /x").replace(TOKEN, "x"), 403),
    "a whole address": (RIGHT.replace("GET /", f"GET http://127.0.0.1:{PORT}/"), 404),
    "a body": (RIGHT + "Content-Length: 5\n", 403),
    "two lengths": (RIGHT + "Content-Length: 0\nContent-Length: 5\n", 403),
    "a body in pieces": (RIGHT + "Transfer-Encoding: chunked\n", 403),
    "HTTP/2": ("PRI * HTTP/2.0\n", 403),
    "HTTP/0.9": ("GET /\n", 403),
    "blanks before the colon": (RIGHT.replace("Host:", "Host :"), 403),
    "a folded line": (RIGHT + " folded: x\n", 403),
    "a NUL": (RIGHT + "X: \0\n", 403),
    "no colon": (RIGHT + "nothing\n", 403),
    "an empty name": (RIGHT + ": x\n", 403),
    "too long": (RIGHT + f"X: {'x' * LONGEST_HEAD}\n", 403),
    "no request": ("\n", 403),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_refused(name: str) -> None:
    """Whatever is wrong with it; what there is is told only to who holds a token."""
    text, status = WRONG[name]
    assert judged(ONE, text) == status


def test_each_profile_has_a_door_and_a_token_of_its_own() -> None:
    """A holder of one token gets no other profile's credentials, and there is no short way in among several."""
    path = path_of("ops/Ä b")
    assert path == "/profile/ops%2F%C3%84%20b"
    assert judged(TWO, RIGHT.replace("GET /", f"GET {path}").replace(TOKEN, OTHER)) == "ops/Ä b"
    assert judged(TWO, RIGHT.replace("GET /", "GET /profile/dev")) == "dev"
    assert judged(TWO, RIGHT.replace("GET /", f"GET {path}")) == 403
    assert judged(TWO, RIGHT.replace("GET /", "GET /profile/dev").replace(TOKEN, OTHER)) == 403
    assert judged(TWO, RIGHT) == 404


@pytest.mark.parametrize(
    ("version", "said", "keeps"),
    [("1", "", True), ("1", "Connection: close\n", False), ("0", "", False), ("0", "Connection: Keep-Alive\n", True)],
)
def test_a_connection_is_kept_as_http_has_it(version: str, said: str, keeps: bool) -> None:  # noqa: FBT001 - a column of the table
    """By default in HTTP/1.1, on demand in HTTP/1.0."""
    text = RIGHT.replace("HTTP/1.1", f"HTTP/1.{version}") + said
    assert parsed(text.strip().replace("\n", "\r\n").encode()).keeps == keeps


def test_a_head_is_waited_for_but_not_for_ever() -> None:
    """None until it is whole; what follows it is the next one's; too long a one is refused before its end."""
    assert head_in(b"GET / HTTP/1.1\r\nHost") is None
    assert head_in(b"a\r\n\r\nb") == (b"a", b"b")
    with pytest.raises(Refused):
        head_in(b"x" * (LONGEST_HEAD + 1))
