"""What a browser brings back: the one answer to our own request, or nothing at all."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core.granting import Redirected
from sso_login.core.model import Secret
from sso_login.oauth.redirect import LONGEST_CODE, read_redirect

STATE = Secret("the-state")


def read(**members: str) -> Redirected | None:
    """Read a query of these members, with the right state unless they name another."""
    return read_redirect(urlencode({"state": "the-state", **members}), STATE)


def test_a_code_with_the_right_state() -> None:
    """The code comes back as a secret, whatever else is in the query."""
    answer = read(code="a-code", iss="https://issuer.example", session_state="x")
    assert answer == Redirected(code=Secret("a-code"))
    assert "a-code" not in repr(answer)


def test_an_error_with_the_right_state() -> None:
    """The error's code, and what is said of it in one printable line."""
    answer = read(error="access_denied", error_description="\x1b[2J no\r\n <b>way</b>")
    assert answer == Redirected(error="access_denied", description="[2J no <b>way</b>")


@pytest.mark.parametrize(
    "members",
    [
        {"state": "another-state", "code": "c"},
        {"state": "", "code": "c"},
        {"state": "the-state ", "code": "c"},
        {"state": "THE-STATE", "code": "c"},
        {"state": "\U0001f600", "code": "c"},
        {"state": "another-state", "error": "access_denied"},
        {},
        {"code": ""},
        {"code": "c", "error": "access_denied"},
        {"code": "a code"},
        {"code": "a\r\ncode"},
        {"code": "café"},
        {"code": "c" * (LONGEST_CODE + 1)},
        {"error": ""},
        {"error": "<script>"},
        {"error": "e" * 65},
        {"code": "c", **{f"more{number}": "x" for number in range(16)}},
    ],
)
def test_anything_else_is_no_answer(members: dict[str, str]) -> None:
    """A wrong state, neither or both of code and error, and codes that no issuer makes."""
    assert read(**members) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=the-state&code=c&code=d",
        "state=the-state&state=other&code=c",
        "state=other&state=the-state&code=c",
        "state=the-state;code=c",
        "state=the-state&code=c&",
        "state=the-state&code",
        "state=%ff&code=c",
    ],
)
def test_a_query_that_can_be_read_in_two_ways_is_no_answer(query: str) -> None:
    """Members twice, members without a value, other separators: which would count is not guessed."""
    assert read_redirect(query, STATE) is None


@given(st.text())
def test_any_query_is_read_or_passed_over(query: str) -> None:
    """Nothing that a browser can be made to send raises anything."""
    assert read_redirect(query, STATE) is None
