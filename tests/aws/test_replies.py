"""Replies of SSO-OIDC and the portal as values, held to the errors that AWS's models declare."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login.aws import oidc, portal
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError
from sso_login.core.granting import Pending
from sso_login.core.message import Response
from sso_login.core.model import Secret, Token

NOW = 1_800_000_000.75
# No verdict depends on the speed of the machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CLIENT = {"clientId": "id", "clientSecret": "sec", "clientIdIssuedAt": 1, "clientSecretExpiresAt": 1_807_776_000}
CODE = {
    "deviceCode": "dev",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://device.sso.eu-west-1.amazonaws.com/",
    "verificationUriComplete": "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH",
    "expiresIn": 600,
    "interval": 1,
}
TOKEN = {"accessToken": "acc", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "ref"}
# Every error the models declare but InternalServerException, as the code it is known by.
CODES = {
    "AccessDeniedException": "access_denied",
    "AuthorizationPendingException": "authorization_pending",
    "ExpiredTokenException": "expired_token",
    "InvalidClientException": "invalid_client",
    "InvalidClientMetadataException": "invalid_client_metadata",
    "InvalidGrantException": "invalid_grant",
    "InvalidRedirectUriException": "invalid_redirect_uri",
    "InvalidRequestException": "invalid_request",
    "InvalidScopeException": "invalid_scope",
    "SlowDownException": "slow_down",
    "UnauthorizedClientException": "unauthorized_client",
    "UnsupportedGrantTypeException": "unsupported_grant_type",
    "TooManyRequestsException": "slow_down",
    "UnauthorizedException": "unauthorized",
}
READERS = {
    "RegisterClient": lambda reply: oidc.read_client(reply, NOW, ("g",)),
    "StartDeviceAuthorization": lambda reply: oidc.read_device_code(reply, NOW),
    "CreateToken": lambda reply: oidc.read_token(reply, NOW),
    "Logout": portal.read_logout,
}
HINTS = {**oidc.HINTS, "Logout": portal.HINTS}


def reply(members: object, status: int = 200, **headers: str) -> Response:
    """Make a JSON reply; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps(members).encode())


def declared() -> list[tuple[str, str, int]]:
    """List what the models declare: operation, exception, status."""
    session = botocore.session.Session()
    found = []
    for operation in READERS:
        model = session.get_service_model("sso" if operation == "Logout" else "sso-oidc").operation_model(operation)
        for shape in model.error_shapes:
            status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
            found.append((operation, shape.name, status))
    return found


@pytest.mark.parametrize(("operation", "name", "status"), declared())
@pytest.mark.parametrize("form", ["error", "__type", "header"])
def test_every_error_the_models_declare_is_known(operation: str, name: str, status: int, form: str) -> None:
    """Each exception gives its code and a hint of its own, in whichever of the three forms it is sent."""
    body = {"error": {"error": CODES.get(name, "server_error")}, "__type": {"__type": f"com.amazonaws.sso#{name}"}}
    header = {"x_amzn_errortype": f"{name}:http://internal.amazon.com/coral/"} if form == "header" else {}
    sent = reply(body.get(form, {}), status, **header)
    if name not in CODES or status == 429:
        with pytest.raises(NotAnAnswer):
            READERS[operation](sent)
        return
    with pytest.raises(ServiceError) as caught:
        READERS[operation](sent)
    assert caught.value.code == CODES[name]
    assert caught.value.hint == HINTS[operation][CODES[name]]
    assert "\n" not in caught.value.hint


def test_create_token_declares_eleven_errors() -> None:
    """The models still declare the errors this program was written for."""
    assert len([name for operation, name, _ in declared() if operation == "CreateToken"]) == 11


def test_a_wrong_region_is_named_by_the_hint() -> None:
    """A bare InvalidRequestException at device_authorization is mostly a wrong region."""
    with pytest.raises(ServiceError) as caught:
        oidc.read_device_code(reply({}, 400, x_amzn_errortype="InvalidRequestException"), NOW)
    assert "sso_region" in caught.value.hint


def test_a_registration_is_read() -> None:
    """The client keeps id, secret, grants and the end of its life; its start is ours, by the local clock."""
    client = oidc.read_client(reply(CLIENT), NOW, ("a", "b"))
    assert (client.id, client.secret.reveal(), client.grants) == ("id", "sec", ("a", "b"))
    assert (client.issued_at, client.expires_at) == (1_800_000_000, 1_807_776_000)


@pytest.mark.parametrize("end", [0, 10**20])
def test_a_registration_without_an_end_lives_until_2100(end: int) -> None:
    """Zero means never (RFC 7591); nothing is later than 2100."""
    assert oidc.read_client(reply({**CLIENT, "clientSecretExpiresAt": end}), NOW, ()).expires_at == oidc.NEVER


@pytest.mark.parametrize("member", ["clientId", "clientSecret", "clientSecretExpiresAt"])
def test_a_registration_without_a_member_is_malformed(member: str) -> None:
    """Id, secret and the end of life are required."""
    with pytest.raises(MalformedReply, match=f"RegisterClient .* {member} is missing"):
        oidc.read_client(reply({key: value for key, value in CLIENT.items() if key != member}), NOW, ())


def test_a_device_code_is_read() -> None:
    """Code, user code, both URLs and interval are kept, and expiry is counted from the request."""
    code = oidc.read_device_code(reply(CODE), NOW)
    assert (code.code.reveal(), code.user_code, code.url) == ("dev", "ABCD-EFGH", CODE["verificationUri"])
    assert (code.url_complete, code.interval, code.expires_at) == (
        CODE["verificationUriComplete"],
        1.0,
        1_800_000_600,
    )


@pytest.mark.parametrize("member", ["deviceCode", "userCode", "verificationUri", "expiresIn"])
@pytest.mark.parametrize("odd", [None, "", [], {}, True, "\x1b[2J"])
def test_a_required_member_of_a_device_code_must_be_right(member: str, odd: object) -> None:
    """Missing, empty or of the wrong type is an error that names the member (RFC 8628 section 3.2)."""
    with pytest.raises(MalformedReply, match=f"StartDeviceAuthorization .*{member} "):
        oidc.read_device_code(reply({**CODE, member: odd}), NOW)


@pytest.mark.parametrize(
    "odd", ["http://evil.example/", "javascript:alert(1)", "https://u@x.example", "-x", "https:// x"]
)
def test_a_verification_url_that_is_not_https_is_refused_and_a_complete_one_is_dropped(odd: str) -> None:
    """What may be opened is https or loopback; without a safe complete URL the code is typed by hand."""
    with pytest.raises(MalformedReply, match="verificationUri is not an https URL") as caught:
        oidc.read_device_code(reply({**CODE, "verificationUri": odd}), NOW)
    assert odd not in str(caught.value)
    assert oidc.read_device_code(reply({**CODE, "verificationUriComplete": odd}), NOW).url_complete is None


@pytest.mark.parametrize("odd", [None, 7, "", "https://x.example/" + "a" * 2048])
def test_a_complete_url_that_is_none_is_dropped(odd: object) -> None:
    """The complete URL is optional."""
    assert oidc.read_device_code(reply({**CODE, "verificationUriComplete": odd}), NOW).url_complete is None


@pytest.mark.parametrize(
    ("said", "interval"),
    [
        (None, 5),
        (0, 5),
        (-1, 5),
        ("1", 5),
        (True, 5),
        ([], 5),
        (0.001, 5),
        (0.1, 5),
        (0.5, 5),
        (0.999, 5),
        (1, 1),
        (2.5, 2.5),
        (7, 7),
        (10**400, 60),
        (61, 60),
    ],
)
def test_an_interval_is_never_a_busy_loop_nor_for_ever(said: object, interval: float) -> None:
    """Nonsense is 5 s, and no interval is longer than a minute."""
    assert oidc.read_device_code(reply({**CODE, "interval": said}), NOW).interval == interval


@pytest.mark.parametrize("odd", [None, 0, -1, 0.5, "3600", True, [], {}])
def test_an_expires_in_that_leaves_no_time_or_is_no_number_is_malformed(odd: object) -> None:
    """Missing, zero, negative and string expiresIn are refused by name where a login can be begun again."""
    with pytest.raises(MalformedReply, match="expiresIn"):
        oidc.read_poll(reply({**TOKEN, "expiresIn": odd}), NOW)
    with pytest.raises(MalformedReply, match="expiresIn"):
        oidc.read_device_code(reply({**CODE, "expiresIn": odd}), NOW)
    with pytest.raises(MalformedReply, match="expiresIn"):
        oidc.read_exchange(reply({**TOKEN, "expiresIn": odd}), NOW)


@pytest.mark.parametrize("odd", [None, 0, -1, 0.5, "3600", True, [], {}])
def test_such_an_expires_in_does_not_cost_the_refresh_token_of_a_renewal(odd: object) -> None:
    """The old refresh token is spent: the new one is kept, with an access token that counts as over."""
    token = oidc.read_token(reply({**TOKEN, "expiresIn": odd}), NOW)
    assert (token.expires_at, token.refresh) == (int(NOW), Secret("ref"))


def test_a_huge_expires_in_is_capped() -> None:
    """No token counts for more than 100 days, no device code for more than an hour."""
    assert oidc.read_token(reply({**TOKEN, "expiresIn": 10**400}), NOW).expires_at == 1_800_000_000 + 100 * 86400
    assert oidc.read_device_code(reply({**CODE, "expiresIn": 1e300}), NOW).expires_at == 1_800_003_600


def test_a_token_is_read() -> None:
    """Both tokens are kept, and expiry is counted from the request, in whole seconds."""
    token = oidc.read_token(reply(TOKEN), NOW)
    assert (token.access.reveal(), token.refresh and token.refresh.reveal()) == ("acc", "ref")
    assert (token.issued_at, token.expires_at) == (1_800_000_000, 1_800_003_600)


def test_a_token_may_come_without_refresh_token_and_type() -> None:
    """Both are optional; the type is compared without regard to case."""
    bare = {"accessToken": "acc", "expiresIn": 1}
    assert oidc.read_token(reply(bare), NOW).refresh is None
    assert oidc.read_token(reply({**bare, "tokenType": "bearer"}), NOW).expires_at == 1_800_000_001


@pytest.mark.parametrize("odd", ["mac", "DPoP", 7])
def test_a_token_of_another_type_is_malformed(odd: object) -> None:
    """Only a bearer token can be used as one."""
    with pytest.raises(MalformedReply, match="tokenType"):
        oidc.read_token(reply({**TOKEN, "tokenType": odd}), NOW)


def test_a_poll_is_pending_or_a_token_or_an_error() -> None:
    """authorization_pending and slow_down are answers to a poll; everything else ends the polling."""
    assert oidc.read_poll(reply({"error": "authorization_pending"}, 400), NOW) == Pending()
    assert oidc.read_poll(reply({"error": "slow_down"}, 400), NOW) == Pending(slow_down=True)
    assert isinstance(oidc.read_poll(reply(TOKEN), NOW), Token)
    for code in ("access_denied", "expired_token", "invalid_grant"):
        with pytest.raises(ServiceError) as caught:
            oidc.read_poll(reply({"error": code}, 400), NOW)
        assert caught.value.code == code


def test_an_exchange_is_a_token_or_an_error_whose_hint_leads_back_to_the_browser() -> None:
    """A code's reply is read as a poll's, but nothing about it is pending, and it is begun again where it was begun."""
    assert isinstance(oidc.read_exchange(reply(TOKEN), NOW), Token)
    for code in ("access_denied", "expired_token", "invalid_grant", "invalid_client"):
        with pytest.raises(ServiceError) as caught:
            oidc.read_exchange(reply({"error": code}, 400), NOW)
        assert (caught.value.code, "sso-login browser" in caught.value.hint) == (code, True)
    with pytest.raises(ServiceError):
        oidc.read_exchange(reply({"error": "authorization_pending"}, 400), NOW)


def test_logout_is_acknowledged_by_an_empty_reply() -> None:
    """Logout has no output."""
    portal.read_logout(Response(200, {}, b""))


def test_no_value_read_from_a_reply_draws_a_secret() -> None:
    """Registration, device code and token hide what they hold."""
    drawn = repr(
        [
            oidc.read_client(reply(CLIENT), NOW, ()),
            oidc.read_device_code(reply(CODE), NOW),
            oidc.read_token(reply(TOKEN), NOW),
        ]
    )
    assert not [secret for secret in ("'sec'", "'dev'", "'acc'", "'ref'") if secret in drawn]


leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
anything = leaf | st.lists(leaf) | st.dictionaries(st.text(), leaf)


@unhurried
@given(st.data())
def test_any_json_members_end_in_a_value_or_our_errors(data: st.DataObject) -> None:
    """Whatever the members hold, the readers give a value or MalformedReply."""
    for operation, good in (("RegisterClient", CLIENT), ("StartDeviceAuthorization", CODE), ("CreateToken", TOKEN)):
        odd: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(good, anything)))
        with contextlib.suppress(MalformedReply):
            READERS[operation](reply({**good, **odd}))
