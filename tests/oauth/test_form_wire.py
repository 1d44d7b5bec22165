"""The one rule for all answers: a named error counts, else the status speaks."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core.errors import NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import Response
from sso_login.core.model import Application, Secret
from sso_login.oauth import form_wire
from tests.support.oauth_server import bare, formed, said

APP = Application("client 1", basic=False)
BASIC = Application("client 1", basic=True)


def test_a_public_client_names_itself_in_the_form_alone() -> None:
    """No Authorization header, and JSON is asked for."""
    request = form_wire.post("token request", "https://issuer.example/token", {"a": "b"}, app=APP, secret=None)
    assert (request.method, request.form) == ("POST", {"client_id": "client 1", "a": "b"})
    assert request.headers == {"Accept": "application/json"}


def test_a_secret_goes_into_the_form() -> None:
    """client_secret_post is what nearly every server takes."""
    request = form_wire.post("t", "https://issuer.example/token", {"a": "b"}, app=APP, secret=Secret("s+1"))
    assert request.form == {"client_id": "client 1", "client_secret": "s+1", "a": "b"}
    assert "s+1" not in repr(request)


def test_a_secret_goes_into_the_header_where_that_is_all_there_is() -> None:
    """Both are form-encoded first (RFC 6749 section 2.3.1), and nothing of them is in the form."""
    request = form_wire.post("t", "https://issuer.example/token", {"a": "b"}, app=BASIC, secret=Secret("s+1"))
    kind, _, both = request.headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(both), request.form) == ("Basic", b"client+1:s%2B1", {"a": "b"})


@pytest.mark.parametrize("status", [200, 201])
def test_an_object_without_an_error_is_an_answer(status: int) -> None:
    """Whatever 2xx it comes with."""
    assert form_wire.answer(said({"a": 1}, status), "token request", {}) == {"a": 1}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 428, 429, 500, 503])
def test_a_standard_error_counts_whatever_the_status(status: int) -> None:
    """GitHub sends it with 200, Google with 428, Auth0 with 429."""
    with pytest.raises(ServiceError, match="the token request was refused: slow_down: not so fast") as caught:
        form_wire.answer(said({"error": "slow_down", "error_description": "not so\nfast"}, status), "token request", {})
    assert caught.value.code == "slow_down"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (said({"error": "internal_error"}, 500), NotAnAnswer),
        (said({"error": "rate_limited"}, 429), Throttled),
        (said({"error": "server_error"}, 400), NotAnAnswer),
        (said({"error": "temporarily_unavailable"}, 200), NotAnAnswer),
        (bare(503, b"<html>"), NotAnAnswer),
        (bare(408), NotAnAnswer),
        (bare(302), NotAnAnswer),
        (said({"error": "invalid_grant"}, 307), NotAnAnswer),
        (bare(200), NotAnAnswer),
        (bare(200, b"<html>"), NotAnAnswer),
        (said(["a"]), NotAnAnswer),
        (bare(200, b'{"a": NaN}'), NotAnAnswer),
        (bare(200, b"[" * 100_000), NotAnAnswer),
        (bare(100), NotAnAnswer),
    ],
)
def test_trouble_says_nothing_about_the_request(response: Response, kind: type[NotAnAnswer]) -> None:
    """Gateways, busy servers, redirects and captive portals."""
    with pytest.raises(NotAnAnswer) as caught:
        form_wire.answer(response, "token request", {})
    assert type(caught.value) is kind
    assert caught.value.sent


def test_the_wait_that_is_asked_for_is_passed_on() -> None:
    """Retry-After of a 429."""
    with pytest.raises(Throttled) as caught:
        form_wire.answer(Response(429, {"retry-after": "20"}, b""), "token request", {})
    assert (caught.value.wait, caught.value.passes) == (20.0, True)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (bare(400), "http_400"),
        (bare(404, b"<html>"), "http_404"),
        (said({"message": "no"}, 401), "http_401"),
        (said({"error": {"code": 1}}, 403), "http_403"),
        (said({"error": "Not a code!"}, 403), "http_403"),
        (said({"error": "authorization_declined"}, 400), "access_denied"),
        (said({"error": "Invalid_Grant"}, 400), "invalid_grant"),
        (formed({"error": "incorrect_client_credentials"}), "incorrect_client_credentials"),
    ],
)
def test_the_rest_is_a_refusal(response: Response, code: str) -> None:
    """Without a name for it, its status is the name; each has a next step."""
    with pytest.raises(ServiceError) as caught:
        form_wire.answer(response, "token request", {"": "the next step"})
    assert (caught.value.code, caught.value.hint) == (code, "the next step")


def test_a_form_is_read_where_the_server_says_that_it_is_one() -> None:
    """GitHub's usual answer; broken ones are none."""
    assert form_wire.answer(formed({"access_token": "a"}), "token request", {}) == {"access_token": "a"}
    for body in (b"access_token", b"a=%ff&b=\xff", b"&".join([b"a=1"] * 65)):
        with pytest.raises(NotAnAnswer):
            form_wire.answer(
                Response(200, {"content-type": "application/x-www-form-urlencoded"}, body), "token request", {}
            )


@given(status=st.integers(100, 599), body=st.binary(max_size=200), kind=st.sampled_from(["", "application/json"]))
def test_any_bytes_are_an_answer_a_refusal_or_trouble(status: int, body: bytes, kind: str) -> None:
    """Never another exception."""
    try:
        form_wire.answer(Response(status, {"content-type": kind}, body), "token request", {})
    except (ServiceError, NotAnAnswer) as error:
        assert error.message.isprintable()  # noqa: PT017 - any of these will do
