"""What counts as an answer, as an error, and as neither."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login.aws import wire
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError
from sso_login.core.message import Response, shown

NESTED = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
DATE = "Sat, 21 Nov 2026 08:00:00 GMT"
# No verdict depends on the speed of the machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def reply(body: object = b"", status: int = 200, **headers: str) -> Response:
    """Make a reply; a body that is no bytes is written as JSON, header names are given with underscores."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def no_answer(response: Response) -> NotAnAnswer:
    """Read a reply that must not count as an answer."""
    with pytest.raises(NotAnAnswer) as caught:
        wire.answer(response, "CreateToken")
    assert caught.value.sent
    assert "\n" not in caught.value.message
    return caught.value


def refused(response: Response, hints: dict[str, str] | None = None) -> ServiceError:
    """Read a reply in which the service says no."""
    with pytest.raises(ServiceError) as caught:
        wire.answer(response, "CreateToken", hints)
    return caught.value


def test_a_json_object_with_status_200_is_an_answer() -> None:
    """The members of the object are given as they are; a member that comes twice counts as its last."""
    assert wire.answer(reply(b' {"a": 1, "a": 2} '), "CreateToken") == {"a": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"<!DOCTYPE html><title>Sign in to the Wi-Fi</title>",
        b'{"accessToken":"abc',
        b"[1]",
        b'"text"',
        b"null",
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        NESTED,
    ],
    ids=str.split(
        "empty blank html truncated list text null latin bom utf-16 nan infinity too-large too-many-digits nested"
    ),
)
def test_what_is_not_a_json_object_is_no_answer(body: bytes) -> None:
    """HTML, nothing, half a body, other JSON and what strict JSON forbids say nothing about the login."""
    assert no_answer(reply(body)).wait is None


def test_no_answer_says_what_came_without_repeating_it() -> None:
    """A web page is called one; none of it is shown."""
    message = no_answer(reply(b"<html>secret-canary")).message
    assert "a web page" in message
    assert "canary" not in message


@pytest.mark.parametrize("status", [100, 201, 204, 301, 302, 307, 308, 304, 408, 429, 500, 502, 503, 504, 599])
def test_other_statuses_are_no_answer_even_with_a_good_body(status: int) -> None:
    """Redirects are never followed; 429 and 5xx are trouble, whatever their body says."""
    body = {"accessToken": "a", "error": "invalid_grant"}
    assert str(status) in no_answer(reply(body, status, location="https://elsewhere.example/?secret")).message


def test_a_modelled_internal_server_error_is_no_answer() -> None:
    """InternalServerException means trouble on the service's side, also where a gateway sends it as a 400."""
    no_answer(reply({"error": "server_error"}, 500))
    no_answer(reply({"__type": "InternalServerException"}, 400, retry_after="7"))


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", 7.0),
        ("0", None),
        ("-3", None),
        ("99999999999999999999", 300.0),
        ("soon", None),
        ("", None),
        ("Sat, 21 Nov 2026 08:00:20 GMT", 20.0),
        ("Sat, 21 Nov 2026 07:00:20 GMT", None),
        ("Sun, 22 Nov 2026 08:00:20 GMT", 300.0),
        ("Sat, 21 Nov 2026 08:00:20 -0000", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_and_bounded(said: str, wait: float | None) -> None:
    """A date counts from the reply's own Date; what makes no sense asks for no wait; the longest wait is 300 s."""
    assert no_answer(reply(b"", 503, retry_after=said, date=DATE)).wait == wait


def test_a_retry_after_date_without_a_date_header_asks_for_no_wait() -> None:
    """Without the server's own time a date cannot be turned into seconds."""
    assert no_answer(reply(b"", 429, retry_after=DATE)).wait is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("invalid_grant", "invalid_grant"),
        ("InvalidGrantException", "invalid_grant"),
        ("com.amazonaws.ssooidc#InvalidGrantException", "invalid_grant"),
        ("InvalidGrantException:http://internal.amazon.com/coral/com.amazonaws.ssooidc/", "invalid_grant"),
        ("com.amazonaws.sso#TooManyRequestsException:http://x", "slow_down"),
        ("TooManyRequestsError", "slow_down"),
        ("AUTHCODE_EXPIRED", "authcode_expired"),
        ("Exception", "exception"),
        ("KMSAccessDeniedException", "kms_access_denied"),
    ],
)
def test_an_error_is_read_from_error_then_type_then_header(name: str, code: str) -> None:
    """However the error's name is written and wherever it stands, it comes out as the OAuth code."""
    other = "UnsupportedGrantTypeException"
    assert refused(reply({"error": name, "__type": other}, 400, x_amzn_errortype=other)).code == code
    assert refused(reply({"__type": name}, 400, x_amzn_errortype=other)).code == code
    assert refused(reply({}, 400, x_amzn_errortype=name)).code == code
    assert refused(reply(b"<html>", 401, x_amzn_errortype=name)).code == code


@pytest.mark.parametrize("odd", [7, None, ["invalid_grant"], "", "Not Found", "a" * 65, "<b>"])
def test_an_error_member_that_names_nothing_is_passed_over(odd: object) -> None:
    """The next place is read instead; where no place names an error, the status does."""
    assert refused(reply({"error": odd, "__type": "InvalidClientException"}, 401)).code == "invalid_client"
    assert refused(reply({"error": odd}, 403)).code == "http_403"


def test_a_4xx_that_neither_names_an_error_nor_is_json_is_no_answer() -> None:
    """A proxy's own 403 page is not the service's no."""
    assert "HTTP 403 with a web page" in no_answer(reply(b"<html>Forbidden", 403)).message
    no_answer(reply(b"", 400))
    no_answer(reply([1], 400))


def test_a_refusal_carries_code_reason_request_id_and_hint() -> None:
    """The message is one line with all a person needs to ask AWS Support."""
    body = {"error": "access_denied", "error_description": "No\nkey", "reason": "KMS_AccessDeniedException"}
    error = refused(reply(body, 400, x_amzn_requestid="1-2-3"), {"access_denied": "Ask."})
    assert error.message == "CreateToken was refused: access_denied: No key (request id 1-2-3)"
    assert (error.reason, error.request_id, error.hint) == ("KMS_AccessDeniedException", "1-2-3", "Ask.")


def test_an_odd_request_id_or_reason_is_left_out() -> None:
    """What is not an identifier does not reach the message."""
    error = refused(reply({"error": "invalid_grant", "reason": 7}, 400, x_amzn_requestid="a\x1b[31m"))
    assert (error.message, error.reason, error.request_id) == ("CreateToken was refused: invalid_grant", "", "")


def test_a_description_that_repeats_a_token_is_not_shown_with_it() -> None:
    """Words as long as tokens are blanked, and the whole is cut at 200 characters."""
    said = shown("bad token " + "x" * 200 + " given " + "why " * 100)
    assert said.startswith("bad token *** given why")
    assert len(said) == 200


@unhurried
@given(st.text(max_size=400))
def test_a_description_is_printable_on_one_line(text: str) -> None:
    """Whatever unicode the server sends, what is shown holds no control, escape or bidi character."""
    said = shown(text)
    assert said.isprintable()
    assert len(said) <= 200


def outcome(response: Response) -> str:
    """Read any reply: the message of our error, empty for an answer; whatever else is raised fails the test."""
    try:
        wire.answer(response, "CreateToken")
    except (NotAnAnswer, ServiceError) as error:
        return error.message
    return ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@unhurried
@given(
    st.binary(),
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "date", "x-amzn-errortype"]), st.text()),
)
def test_any_bytes_as_a_reply_end_in_a_dict_or_our_errors(body: bytes, status: int, headers: dict[str, str]) -> None:
    """No reply, however broken, raises anything but NotAnAnswer or ServiceError."""
    assert outcome(Response(status, headers, body)).isprintable()


@unhurried
@given(json_values, st.sampled_from([200, 400, 401, 403, 404]))
def test_any_json_as_a_reply_ends_in_a_dict_or_our_errors(value: object, status: int) -> None:
    """No JSON, whatever its members, raises anything but NotAnAnswer or ServiceError."""
    body = {"error": value, "__type": value, "error_description": value, "reason": value}
    for said in (value, body):
        assert outcome(reply(said, status)).isprintable()


@pytest.mark.parametrize("odd", [None, "", "  ", 7, True, [], {}, "a b", "a\nb", "tökén", "\ud800", "a" * 20_000])
def test_a_token_is_visible_ascii(odd: object) -> None:
    """A token, code or id that could not stand in a header is refused by member, never by content."""
    with pytest.raises(MalformedReply) as caught:
        wire.token({"accessToken": odd}, "accessToken", "CreateToken")
    assert caught.value.message.startswith("the reply to CreateToken cannot be used: accessToken ")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("absent", [{}, {"refreshToken": None}, {"refreshToken": ""}])
def test_an_optional_token_may_be_absent_null_or_empty(absent: dict[str, object]) -> None:
    """An absent member, null and the empty string are all None; a list is still an error."""
    assert wire.optional_token(absent, "refreshToken", "CreateToken") is None
    with pytest.raises(MalformedReply):
        wire.optional_token({"refreshToken": []}, "refreshToken", "CreateToken")


def test_a_reply_without_content_acknowledges() -> None:
    """Nothing with 200 or 204 is fine where nothing is expected, and so is an object; a page is not."""
    wire.acknowledged(reply(b""), "Logout")
    wire.acknowledged(reply(b"", 204), "Logout")
    wire.acknowledged(reply({}), "Logout")
    for odd in (reply(b"<html>"), reply(b"", 302), reply(b"", 500), reply({}, 204)):
        with pytest.raises(NotAnAnswer):
            wire.acknowledged(odd, "Logout")
