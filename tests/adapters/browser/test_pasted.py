"""What a browser elsewhere ended with, pasted by hand: the address it was sent to, or a code that AWS shows."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest

from sso_login.adapters.browser.pasted import Pasted, PastedCode
from sso_login.core.errors import LoginFailed
from sso_login.core.granting import Redirected
from sso_login.core.message import Notice
from sso_login.core.model import Secret

GRANTED = Redirected(code=Secret("c"))
OURS = "http://127.0.0.1:40001/oauth/callback"
PAGE = "https://us-east-1.signin.aws.amazon.com/v1/sessions/confirmation"


def judge(query: str) -> Redirected | None:
    """Take one query for the answer."""
    return GRANTED if query == "code=c&state=right" else None


def pasted(*lines: str | None) -> tuple[Redirected | None, list[Notice]]:
    """Paste these lines, None for the end of the time."""
    said: list[Notice] = []
    typed = iter(lines)
    receiver = Pasted(40001, ask=lambda _seconds: next(typed), notify=said.append)
    assert receiver.redirect_uri == OURS
    return receiver.receive(judge, seconds=5), said


@pytest.mark.parametrize(
    "line",
    [
        f"{OURS}?code=c&state=right",
        f"  {OURS}?code=c&state=right \t",
        "127.0.0.1:40001/oauth/callback?code=c&state=right",
        f"{OURS}?code=c&state=right#",
        f"{OURS}?code=c&state=right#_=_",
    ],
)
def test_the_address_is_taken_as_browsers_show_it(line: str) -> None:
    """With blanks around it, without its scheme, with a fragment behind it."""
    assert pasted(line) == (GRANTED, [])


@pytest.mark.parametrize(
    "line",
    [
        f"{OURS}?code=c&state=wrong",
        f"{OURS}?error=access_denied&state=wrong",
        f"{OURS}?",
        "http://127.0.0.1:40002/oauth/callback?code=c&state=right",
        "http://evil.example/oauth/callback?code=c&state=right",
    ],
)
def test_the_end_of_another_login_is_an_error(line: str) -> None:
    """Another state, port or host: exit 4, and the address is not repeated."""
    with pytest.raises(LoginFailed) as caught:
        pasted(line)
    assert caught.value.exit_code == 4
    assert "code=" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "yes",
        "https://oidc.us-east-1.amazonaws.com/authorize?client_id=x",
        f"{OURS}/x?code=c&state=right",
        OURS,
        f"{OURS}?code=c &state=right",
        f"https://{OURS.removeprefix('http://')}?code=c&state=right",
        "/oauth/callback?code=c&state=right",
        "c",
    ],
)
def test_what_is_no_such_address_is_asked_for_again(line: str) -> None:
    """A slip of the hand costs nothing; empty lines are not worth a word."""
    answer, said = pasted("", line, "  ", f"{OURS}?code=c&state=right")
    assert answer == GRANTED
    assert [notice.text for notice in said] == [f"that is not the address: it begins with {OURS}?"]
    assert said[0].warning


def test_nothing_within_the_time() -> None:
    """None, as from a listener."""
    assert pasted("yes", None)[0] is None


def test_the_time_is_for_all_lines_together() -> None:
    """Each line is waited for as long as there is time left, which is never less than none."""
    waits: list[float] = []

    def ask(seconds: float) -> str | None:
        waits.append(seconds)
        return "no" if len(waits) < 3 else None

    Pasted(ask=ask, notify=lambda _notice: None).receive(judge, seconds=0.0)
    assert waits == [0.0, 0.0, 0.0]


def test_without_a_port_one_is_taken_by_chance() -> None:
    """It is one of those that nobody is registered for, and another each time."""
    ports = {urlsplit(receiver.redirect_uri).port or 0 for receiver in _many()}
    assert all(49152 <= port <= 65535 for port in ports)
    assert len(ports) > 1


def _many() -> Iterable[Pasted]:
    return (Pasted(ask=lambda _seconds: None, notify=lambda _notice: None) for _ in range(50))


def shown(query: str | bytes) -> str:
    """Write what the page of AWS shows for a query."""
    return base64.b64encode(query if isinstance(query, bytes) else query.encode()).decode()


def pasted_code(*lines: str | None) -> tuple[Redirected | None, list[Notice]]:
    """Paste these lines where a code is asked for, None for the end of the time."""
    said: list[Notice] = []
    typed = iter(lines)
    receiver = PastedCode(PAGE, ask=lambda _seconds: next(typed), notify=said.append)
    assert receiver.redirect_uri == PAGE
    return receiver.receive(judge, seconds=5), said


RIGHT = shown("code=c&state=right")


@pytest.mark.parametrize(
    "line",
    [
        RIGHT,
        f"  {RIGHT}\t ",
        RIGHT.rstrip("="),
        f"{RIGHT[:10]} {RIGHT[10:]}",
        base64.urlsafe_b64encode(b"code=c&state=right").decode(),
    ],
)
def test_the_code_is_taken_as_it_is_copied(line: str) -> None:
    """With blanks around it or where lines broke, without its padding, in either alphabet of base64."""
    assert pasted_code(line) == (GRANTED, [])


@pytest.mark.parametrize("query", ["code=c&state=wrong", "code=c", "error=access_denied&state=wrong", "a=b"])
def test_the_code_of_another_login_is_an_error(query: str) -> None:
    """Exit 4 with the way back, and nothing of it is repeated."""
    with pytest.raises(LoginFailed) as caught:
        pasted_code(shown(query))
    assert caught.value.exit_code == 4
    assert "signin --remote" in caught.value.hint
    assert query not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "yes",
        "code=c&state=right",
        RIGHT[:-4] + "!",
        RIGHT[:5],
        "https://us-east-1.signin.aws.amazon.com/",
        "h\u00e4",
        shown(b"code=\xff&state=right"),
        shown("code=\u00e9&state=right"),
        shown("code=c&state=right\n\x1b[2J"),
        shown("no query"),
    ],
)
def test_what_is_no_such_code_is_asked_for_again(line: str) -> None:
    """A slip of the hand costs nothing; empty lines are not worth a word."""
    answer, said = pasted_code("", line, "  ", RIGHT)
    assert answer == GRANTED
    assert [(notice.text, notice.warning) for notice in said] == [
        ("that is not the code: copy all of it from the page", True)
    ]


def test_no_code_within_the_time() -> None:
    """None, as from a listener; all lines together have the time."""
    waits: list[float] = []

    def ask(seconds: float) -> str | None:
        waits.append(seconds)
        return "no" if len(waits) < 3 else None

    assert PastedCode(PAGE, ask=ask, notify=lambda _notice: None).receive(judge, seconds=0.0) is None
    assert waits == [0.0, 0.0, 0.0]
