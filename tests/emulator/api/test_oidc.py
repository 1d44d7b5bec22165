"""SSO-OIDC as boto3 sees it: every reply fits the model, every modelled exception can be met."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.mint import Mint
from sso_login.emulator.core.reply import oidc_refusal
from tests.emulator.conftest import DEVICE, SCOPE, Desk

CREATE_TOKEN = {
    "AccessDeniedException": "access_denied",
    "AuthorizationPendingException": "authorization_pending",
    "ExpiredTokenException": "expired_token",
    "InternalServerException": "server_error",
    "InvalidClientException": "invalid_client",
    "InvalidGrantException": "invalid_grant",
    "InvalidRequestException": "invalid_request",
    "InvalidScopeException": "invalid_scope",
    "SlowDownException": "slow_down",
    "UnauthorizedClientException": "unauthorized_client",
    "UnsupportedGrantTypeException": "unsupported_grant_type",
}


def refused(desk: Desk, name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - botocore's parsed error
    """Expect the modelled exception of that name, and give what it carries."""
    with pytest.raises(desk.oidc.exceptions.from_code(name)) as caught:
        call()
    response = caught.value.response
    assert response["error"] == CREATE_TOKEN.get(name, response["error"])
    assert response["error_description"]
    return response


def test_registration_lasts_ninety_days(desk: Desk) -> None:
    """A registration is answered in epoch seconds and lasts 90 days."""
    reply = desk.oidc.register_client(clientName="test", clientType="public")
    assert reply["clientIdIssuedAt"] == int(desk.clock.at)
    assert reply["clientSecretExpiresAt"] - reply["clientIdIssuedAt"] == 90 * 24 * 3600


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("InvalidClientMetadataException", {"clientType": "confidential"}),
        ("InvalidRequestException", {"clientName": " "}),
        ("InvalidRequestException", {"issuerUrl": "https://elsewhere.example/start"}),
        ("InvalidScopeException", {"scopes": ["everything"]}),
        ("UnsupportedGrantTypeException", {"grantTypes": ["password"]}),
        ("InvalidRedirectUriException", {"redirectUris": ["http://elsewhere.example/"]}),
    ],
)
def test_registration_refuses_what_it_cannot_serve(desk: Desk, name: str, asked: dict[str, Any]) -> None:
    """Each wrong member of a registration has its own modelled exception."""
    refused(desk, name, lambda: desk.register(**asked))


def test_registration_takes_the_members_of_other_grants(desk: Desk) -> None:
    """A loopback redirect and the instance's own issuer URL are fine."""
    asked = {"redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": desk.emulator.start_url + "/"}
    assert desk.register(**asked)["clientId"]


@pytest.mark.parametrize("operation", ["RegisterClient", "StartDeviceAuthorization"])
@pytest.mark.parametrize("name", ["SlowDownException", "InternalServerException"])
def test_every_operation_may_slow_down_or_fail(desk: Desk, operation: str, name: str) -> None:
    """SlowDown and InternalServer are declared for the other two operations too, and can be ordered."""
    client = desk.register()
    desk.service.order(Fault(operation, oidc_refusal(name, "as ordered").reply))
    act = desk.register if operation == "RegisterClient" else lambda: desk.start(client)
    refused(desk, name, act)
    act()


def test_device_authorization_gives_a_code_for_a_human(desk: Desk) -> None:
    """The user code has no vowels, stands in the complete URL, and lives as long as it is said to."""
    started = desk.start(desk.register())
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", started["userCode"])
    assert started["verificationUri"] == f"{desk.emulator.url}/device"
    assert started["verificationUriComplete"] == f"{desk.emulator.url}/device?user_code={started['userCode']}"
    assert (started["expiresIn"], started["interval"]) == (600, 5)
    assert desk.service.waiting() == [started["userCode"]]


@pytest.mark.parametrize("ending", ["", "/", "/#/", "#/"])
def test_start_url_is_forgiven_its_ending(desk: Desk, ending: str) -> None:
    """A trailing slash or fragment does not make another instance of it."""
    assert desk.oidc.start_device_authorization(**desk.register(), startUrl=desk.emulator.start_url + ending)


def test_device_authorization_refusals(desk: Desk) -> None:
    """A wrong start URL, an unknown client and a client of another grant are told apart."""
    client = desk.register()
    wrong = {**client, "startUrl": "https://elsewhere.example/start"}
    refused(desk, "InvalidRequestException", lambda: desk.oidc.start_device_authorization(**wrong))
    stranger = {"clientId": "nobody", "clientSecret": "nothing"}
    assert refused(desk, "InvalidClientException", lambda: desk.start(stranger))["ResponseMetadata"]
    other = desk.register(grantTypes=["refresh_token"])
    refused(desk, "UnauthorizedClientException", lambda: desk.start(other))


def test_login_by_device_code(desk: Desk) -> None:
    """Pending until a human approves, then tokens for an hour, and a refresh token for the account scope."""
    client = desk.register()
    started = desk.start(client)
    refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    desk.service.decide(started["userCode"], approve=True)
    desk.clock.advance(5)
    reply = desk.poll(client, started)
    assert (reply["tokenType"], reply["expiresIn"]) == ("Bearer", 3600)
    assert reply["accessToken"] != reply["refreshToken"]


def test_login_without_a_scope(desk: Desk) -> None:
    """A client without scopes gets eight hours and nothing to renew them with."""
    reply = desk.login(desk.register(scopes=[]))
    assert reply["expiresIn"] == 8 * 3600
    assert "refreshToken" not in reply


def test_login_of_a_client_that_cannot_refresh(desk: Desk) -> None:
    """A client registered without the refresh grant gets no refresh token, and may not ask with one."""
    client = desk.register(grantTypes=[DEVICE])
    assert "refreshToken" not in desk.login(client)
    refused(desk, "UnauthorizedClientException", lambda: desk.refresh(client, "any"))


def test_every_exception_of_create_token_is_met(desk: Desk) -> None:
    """All eleven modelled exceptions of CreateToken come about by what a client does, the last one by a fault."""
    client, other = desk.register(), desk.register(grantTypes=["refresh_token"])
    started = desk.start(client)
    refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    refused(desk, "SlowDownException", lambda: desk.poll(client, started))
    refused(desk, "InvalidClientException", lambda: desk.poll({**client, "clientSecret": "wrong"}, started))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, "unknown"))
    refused(desk, "InvalidRequestException", lambda: desk.oidc.create_token(**client, grantType=DEVICE))
    code = {"grantType": DEVICE, "deviceCode": started["deviceCode"]}
    refused(desk, "InvalidScopeException", lambda: desk.oidc.create_token(**client, **code, scope=["aws"]))
    refused(desk, "UnauthorizedClientException", lambda: desk.poll(other, started))
    refused(desk, "UnsupportedGrantTypeException", lambda: desk.oidc.create_token(**client, grantType="password"))
    denied = desk.start(client)
    desk.service.decide(denied["userCode"], approve=False)
    refused(desk, "AccessDeniedException", lambda: desk.poll(client, denied))
    desk.clock.advance(600)
    refused(desk, "ExpiredTokenException", lambda: desk.poll(client, started))
    desk.service.order(Fault("CreateToken"))
    refused(desk, "InternalServerException", lambda: desk.poll(client, started))
    assert set(CREATE_TOKEN) <= set(desk.aws.seen)


def test_reason_travels_where_it_is_modelled(desk: Desk) -> None:
    """A refusal for a KMS key carries its reason."""
    refusal = oidc_refusal("AccessDeniedException", "no key", reason="KMS_AccessDeniedException")
    desk.service.order(Fault("CreateToken", refusal.reply))
    client = desk.register()
    response = refused(desk, "AccessDeniedException", lambda: desk.refresh(client, "any"))
    assert response["reason"] == "KMS_AccessDeniedException"


def test_interval_grows_by_five_for_good(desk: Desk) -> None:
    """Each poll that comes too early adds five seconds to what is asked from then on."""
    client = desk.register()
    started = desk.start(client)
    refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    for too_early in (4.9, 9.9, 14.9):
        desk.clock.advance(too_early)
        refused(desk, "SlowDownException", lambda: desk.poll(client, started))
    for enough in (20, 20, 25):
        desk.clock.advance(enough)
        refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    desk.service.decide(started["userCode"], approve=True)
    desk.clock.advance(19)
    refused(desk, "SlowDownException", lambda: desk.poll(client, started))


def test_device_code_is_good_once_and_for_its_client_only(desk: Desk) -> None:
    """A spent device code and one of another client are invalid grants; the tokens already given stay good."""
    client, thief = desk.register(), desk.register()
    started = desk.start(client)
    desk.service.decide(started["userCode"], approve=True)
    refused(desk, "InvalidGrantException", lambda: desk.poll(thief, started))
    tokens = desk.poll(client, started)
    refused(desk, "InvalidGrantException", lambda: desk.poll(client, started))
    assert desk.portal.list_accounts(accessToken=tokens["accessToken"])["accountList"]


def test_decision_is_made_once(desk: Desk) -> None:
    """Who denied cannot approve afterwards, and an unknown code cannot be decided at all."""
    client = desk.register()
    started = desk.start(client)
    desk.service.decide(started["userCode"], approve=False)
    desk.service.decide(started["userCode"], approve=True)
    refused(desk, "AccessDeniedException", lambda: desk.poll(client, started))
    with pytest.raises(KeyError):
        desk.service.decide("XXXX-XXXX", approve=True)


def test_approve_setting_takes_a_moment(open_desk: Callable[..., Desk]) -> None:
    """With `approve` the first second is pending, and then nobody is needed."""
    desk = open_desk(approve=True, interval=1)
    client = desk.register()
    started = desk.start(client)
    refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    desk.clock.advance(1)
    assert desk.poll(client, started)["accessToken"]


def test_registration_expires(desk: Desk) -> None:
    """A client whose registration is over is unknown, whatever it asks."""
    client = desk.register()
    desk.clock.advance(90 * 24 * 3600)
    refused(desk, "InvalidClientException", lambda: desk.start(client))
    refused(desk, "InvalidClientException", lambda: desk.refresh(client, "any"))


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"[" * 60_000, b'{"clientName": 7}', b"\xff"])
def test_broken_bodies_are_invalid_requests(desk: Desk, body: bytes) -> None:
    """What is not an object with the right members is refused, whichever operation it reaches."""
    for path in ("/client/register", "/device_authorization", "/token"):
        host = {"host": desk.emulator.url.removeprefix("http://")}
        reply = desk.service.handle("POST", path, headers=host, body=body)
        assert reply.status == 400
        assert reply.headers["x-amzn-ErrorType"].startswith("InvalidRequestException:http")


@pytest.mark.parametrize("scopes", ["sso:account:access", [1], {"a": "b"}])
def test_scopes_must_be_a_list_of_strings(desk: Desk, scopes: object) -> None:
    """boto3 would not send it, so it is given to the service itself."""
    host = {"host": desk.emulator.url.removeprefix("http://")}
    body = json.dumps({"clientName": "test", "clientType": "public", "scopes": scopes}).encode()
    assert desk.service.handle("POST", "/client/register", headers=host, body=body).status == 400


def test_every_secret_holds_the_marker(open_desk: Callable[..., Desk]) -> None:
    """A search for the marker finds every secret that was issued."""
    desk = open_desk(marker="CANARY")
    client = desk.register()
    started = desk.start(client)
    desk.service.decide(started["userCode"], approve=True)
    tokens = desk.poll(client, started)
    role = {"roleName": "ReadOnlyAccess", "accountId": "111122223333"}
    credentials = desk.portal.get_role_credentials(accessToken=tokens["accessToken"], **role)["roleCredentials"]
    secrets = [client["clientSecret"], started["deviceCode"], tokens["accessToken"], tokens["refreshToken"]]
    secrets += [credentials["secretAccessKey"], credentials["sessionToken"]]
    assert all("CANARY" in secret for secret in secrets)
    assert len(set(secrets)) == len(secrets)


def test_user_codes_come_from_fair_bytes_only() -> None:
    """Bytes that would favour some letters are thrown away."""
    supply = iter([bytes([255] * 4 + [0, 1, 2, 3]), bytes([20, 21, 22, 239] + [0] * 4)])
    assert Mint(lambda _size: next(supply), "M").user_code() == "BCDF-BCDZ"


def test_scope_is_known(desk: Desk) -> None:
    """The scope a client was registered with may be named again at the token."""
    client = desk.register()
    started = desk.start(client)
    desk.service.decide(started["userCode"], approve=True)
    asked = {"grantType": DEVICE, "deviceCode": started["deviceCode"], "scope": [SCOPE]}
    assert desk.oidc.create_token(**client, **asked)["refreshToken"]
