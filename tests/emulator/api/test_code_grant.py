"""Registration for, and tokens by, authorization codes, as boto3 sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.api.test_oidc import refused
from tests.emulator.conftest import CALLBACK, CODE, DEVICE, SCOPE, VERIFIER, Desk
from tests.support.terminal.plain import ask


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """Start an emulator that approves by itself."""
    return open_desk(approve=True)


def code(desk: Desk, client: dict[str, str], **changed: str | None) -> str:
    """Ask for a code, and take it from where the browser is led."""
    location = ask(desk.authorize_url(client, **changed)).headers["location"]
    (found,) = parse_qs(urlsplit(location).query)["code"]
    return found


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("InvalidRedirectUriException", {"redirectUris": []}),
        ("InvalidRedirectUriException", {"redirectUris": ["http://tool.example/"]}),
        ("InvalidRedirectUriException", {"redirectUris": ["http://127.0.0.1/", "http://[broken"]}),
        ("InvalidRequestException", {"issuerUrl": "https://elsewhere.example/start"}),
        ("InvalidRequestException", {"issuerUrl": ""}),
        ("InvalidClientMetadataException", {"grantTypes": [CODE, DEVICE, "refresh_token"]}),
    ],
)
def test_registration_for_codes_refuses(desk: Desk, name: str, asked: dict[str, Any]) -> None:
    """Codes need good redirect URIs and the instance's issuer URL, and do not mix with device codes."""
    response = refused(desk, name, lambda: desk.register_for_codes(**asked))
    if name == "InvalidRedirectUriException":
        assert response["error"] == "invalid_redirect_uri"


def test_registration_for_codes_needs_an_issuer(desk: Desk) -> None:
    """The authorize URL names no instance, so the registration must."""
    asked = {"grantTypes": [CODE], "redirectUris": ["http://127.0.0.1/"]}
    refused(desk, "InvalidRequestException", lambda: desk.register(**asked))
    assert desk.register(**asked, issuerUrl=desk.emulator.start_url + "/#/")["clientId"]


def test_login_by_code(desk: Desk) -> None:
    """A code and its verifier give tokens for an hour, that work, and can be renewed as any other."""
    client = desk.register_for_codes()
    reply = desk.exchange(client, code(desk, client))
    assert (reply["tokenType"], reply["expiresIn"]) == ("Bearer", 3600)
    assert desk.portal.list_accounts(accessToken=reply["accessToken"])["accountList"]
    fresh = desk.refresh(client, reply["refreshToken"])
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, reply["refreshToken"]))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, fresh["refreshToken"]))
    assert next(call.grant for call in desk.service.log if call.operation == "CreateToken") == CODE


def test_login_by_code_without_refresh_or_scopes(desk: Desk) -> None:
    """Who registered without the refresh grant, or without scopes, gets nothing to renew with."""
    client = desk.register_for_codes(grantTypes=[CODE])
    assert "refreshToken" not in desk.exchange(client, code(desk, client))
    client = desk.register_for_codes(scopes=[])
    reply = desk.exchange(client, code(desk, client, scopes=None))
    assert ("refreshToken" in reply, reply["expiresIn"]) == (False, 8 * 3600)


def test_code_is_good_once(desk: Desk) -> None:
    """A second use is refused and takes back all that the first one gave (RFC 6749 section 4.1.2)."""
    client = desk.register_for_codes()
    used = code(desk, client)
    tokens = desk.exchange(client, used)
    other = desk.exchange(client, code(desk, client))
    refused(desk, "InvalidGrantException", lambda: desk.exchange(client, used))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, tokens["refreshToken"]))
    with pytest.raises(desk.portal.exceptions.UnauthorizedException):
        desk.portal.list_accounts(accessToken=tokens["accessToken"])
    assert desk.refresh(client, other["refreshToken"])["accessToken"]


def test_code_lives_for_five_minutes(desk: Desk) -> None:
    """A code can be spent just before five minutes are over, and no longer then."""
    client = desk.register_for_codes()
    in_time, late = code(desk, client), code(desk, client)
    desk.clock.advance(299)
    assert desk.exchange(client, in_time)["accessToken"]
    desk.clock.advance(1)
    refused(desk, "InvalidGrantException", lambda: desk.exchange(client, late))
    sooner = code(desk, client)
    desk.service.expire("codes")
    refused(desk, "InvalidGrantException", lambda: desk.exchange(client, sooner))


def test_code_ends_with_its_portal_session(desk: Desk) -> None:
    """After a logout a code of that session gives nothing any more."""
    client = desk.register_for_codes()
    tokens, waiting = desk.exchange(client, code(desk, client)), code(desk, client)
    desk.portal.logout(accessToken=tokens["accessToken"])
    refused(desk, "InvalidGrantException", lambda: desk.exchange(client, waiting))
    assert desk.exchange(client, code(desk, client))["accessToken"]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("InvalidGrantException", {"codeVerifier": "a" * 43}),
        ("InvalidGrantException", {"redirectUri": "http://127.0.0.1:4712/oauth/callback"}),
        ("InvalidGrantException", {"redirectUri": "http://127.0.0.1/oauth/callback"}),
        ("InvalidGrantException", {"code": "unknown"}),
        ("InvalidRequestException", {"codeVerifier": VERIFIER[1:]}),
        ("InvalidRequestException", {"codeVerifier": "a" * 129}),
        ("InvalidRequestException", {"codeVerifier": VERIFIER + "="}),
        ("InvalidRequestException", {"codeVerifier": ""}),
        ("InvalidRequestException", {"redirectUri": ""}),
        ("InvalidRequestException", {"code": ""}),
        ("InvalidScopeException", {"scope": ["aws"]}),
        ("InvalidClientException", {"clientSecret": "wrong"}),
    ],
)
def test_exchange_refuses(desk: Desk, name: str, changed: dict[str, Any]) -> None:
    """Each wrong member has its modelled exception, and the owner can still spend the code."""
    client = desk.register_for_codes()
    fresh = code(desk, client)
    wrong = {**client, **{key: value for key, value in changed.items() if key in client}}
    rest = {key: value for key, value in changed.items() if key not in client}
    refused(desk, name, lambda: desk.exchange(wrong, **{"code": fresh, **rest}))
    assert desk.exchange(client, fresh, scope=[SCOPE])["refreshToken"]


@pytest.mark.parametrize("missing", ["code", "redirectUri", "codeVerifier"])
def test_exchange_needs_all_three(desk: Desk, missing: str) -> None:
    """Code, redirect URI and verifier must all be there."""
    client = desk.register_for_codes()
    asked = {"code": code(desk, client), "redirectUri": CALLBACK, "codeVerifier": VERIFIER}
    del asked[missing]
    refused(desk, "InvalidRequestException", lambda: desk.oidc.create_token(**client, grantType=CODE, **asked))


def test_code_belongs_to_its_client(desk: Desk) -> None:
    """Another client cannot spend it, and its owner does not lose it by the attempt."""
    owner, thief = desk.register_for_codes(), desk.register_for_codes()
    fresh = code(desk, owner)
    refused(desk, "InvalidGrantException", lambda: desk.exchange(thief, fresh))
    assert desk.exchange(owner, fresh)["accessToken"]


def test_grants_do_not_mix(desk: Desk) -> None:
    """A client of one grant may not use the other."""
    for_codes, for_devices = desk.register_for_codes(), desk.register()
    refused(desk, "UnauthorizedClientException", lambda: desk.start(for_codes))
    refused(desk, "UnauthorizedClientException", lambda: desk.poll(for_codes, {"deviceCode": "any"}))
    refused(desk, "UnauthorizedClientException", lambda: desk.exchange(for_devices, "any"))


def test_code_holds_the_marker(open_desk: Callable[..., Desk]) -> None:
    """Codes are found by a search for the marker, and no log shows them."""
    desk = open_desk(approve=True, marker="CANARY")
    client = desk.register_for_codes()
    fresh = code(desk, client)
    assert "CANARY" in fresh
    assert fresh not in repr(desk.service.log)
    assert "CANARY" not in ask(f"{desk.emulator.url}/emulator/calls").text
