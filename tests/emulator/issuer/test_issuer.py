"""The emulated issuer: discovery, both ways to log in, rotation, revocation, clients and their secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.emulator.conftest import CODE, DEVICE
from tests.emulator.issuer.conftest import PUBLIC, Counter, claims
from tests.support.terminal.plain import ask

SECRET = {"client_id": "sso-login-confidential", "client_secret": "secret-EMULATED"}


@pytest.mark.parametrize("form", ["oauth-authorization-server", "openid-configuration"])
def test_it_says_what_it_has(counter: Counter, form: str) -> None:
    """Its own name, and every endpoint on its own address."""
    found = json.loads(ask(f"{counter.emulator.url}/.well-known/{form}").text)
    assert found["issuer"] == counter.emulator.url == counter.emulator.start_url
    ends = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(ends) == 6
    assert all(value.startswith(f"{counter.emulator.url}/") for value in ends)


def test_a_device_code_is_pending_until_it_is_approved_and_good_once(counter: Counter) -> None:
    """RFC 8628 section 3.5; too early is slow_down, and the interval grows by 5 s."""
    started = counter.start()
    assert started["interval"] == 5
    assert counter.poll(started["device_code"])["error"] == "authorization_pending"
    assert counter.poll(started["device_code"])["error"] == "slow_down"
    counter.clock.advance(5)
    assert counter.poll(started["device_code"])["error"] == "slow_down"
    counter.clock.advance(15)
    counter.emulator.service.decide(started["user_code"], approve=True)
    assert counter.poll(started["device_code"])["token_type"] == "Bearer"
    counter.clock.advance(30)
    assert counter.poll(started["device_code"])["error"] == "invalid_grant"


def test_a_code_that_is_denied_or_over_says_so(counter: Counter) -> None:
    """access_denied, expired_token."""
    denied, late = counter.start(), counter.start()
    counter.emulator.service.decide(denied["user_code"], approve=False)
    assert counter.poll(denied["device_code"])["error"] == "access_denied"
    counter.clock.advance(601)
    assert counter.poll(late["device_code"])["error"] == "expired_token"


def test_what_comes_depends_on_the_scopes(counter: Counter) -> None:
    """A refresh token only with offline_access, an ID token only with openid, which is the default."""
    whole = counter.login()
    assert {"refresh_token", "id_token"} <= set(whole)
    assert {"refresh_token", "id_token"} & set(counter.login(scope="profile")) == set()
    assert set(counter.login(scope="")) & {"refresh_token", "id_token"} == {"id_token"}
    assert counter.start(scope="openid admin")["error"] == "invalid_scope"


def test_the_id_token_is_signed(counter: Counter) -> None:
    """By the key of /jwks; it names issuer, client and user."""
    token = counter.login()["id_token"]
    found = claims(token)
    assert (found["iss"], found["aud"], found["sub"]) == (counter.emulator.url, "sso-login", "harbour-master")
    assert found["exp"] - found["iat"] == 3600
    jwk = json.loads(ask(f"{counter.emulator.url}/jwks").text)["keys"][0]

    def raw(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    x, y = (int.from_bytes(raw(jwk[name])) for name in ("x", "y"))
    content, _, signature = token.rpartition(".")
    r, s = raw(signature)[:32], raw(signature)[32:]
    signed = utils.encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    key.verify(signed, content.encode(), ec.ECDSA(hashes.SHA256()))


def test_a_refresh_token_is_good_once(counter: Counter) -> None:
    """A second use ends the whole login."""
    first = counter.login()
    second = counter.refresh(first["refresh_token"])
    assert counter.user(second["access_token"]) == 200
    assert counter.refresh(first["refresh_token"])["error"] == "invalid_grant"
    assert counter.refresh(second["refresh_token"])["error"] == "invalid_grant"
    assert counter.user(second["access_token"]) == 401


def test_without_rotation_the_old_one_stays(opened: Callable[..., Counter]) -> None:
    """No new refresh token comes; more scopes than were granted are refused."""
    counter = opened(rotation="none")
    first = counter.login()
    assert "refresh_token" not in counter.refresh(first["refresh_token"])
    assert counter.refresh(first["refresh_token"], scope="openid")["access_token"]
    assert counter.refresh(first["refresh_token"], scope="email")["error"] == "invalid_scope"


def test_a_browser_brings_a_code_that_is_good_once_with_its_verifier(opened: Callable[..., Counter]) -> None:
    """RFC 7636; a second use revokes what the first gave; several resources are no repetition (RFC 8707)."""
    counter = opened(approve=True)
    back = counter.code()
    assert back["state"] == "a state"
    assert counter.exchange(back["code"], code_verifier="x" * 43)["error"] == "invalid_grant"
    assert counter.exchange(back["code"], redirect_uri="http://127.0.0.1:1/oauth/callback")["error"] == "invalid_grant"
    given = counter.exchange(back["code"])
    assert "nonce" not in claims(given["id_token"])
    assert counter.user(given["access_token"]) == 200
    assert counter.exchange(back["code"])["error"] == "invalid_grant"
    assert counter.user(given["access_token"]) == 401
    assert claims(counter.exchange(counter.code(nonce="n-0S6")["code"])["id_token"])["nonce"] == "n-0S6"
    assert counter.code(scope="admin")["error"] == "invalid_scope"
    old = counter.code()["code"]
    counter.clock.advance(301)
    assert counter.exchange(old)["error"] == "invalid_grant"


def test_revoking_the_refresh_token_ends_the_login(counter: Counter) -> None:
    """RFC 7009; an access token alone ends alone; what is not known is no error."""
    first = counter.login()
    assert counter.post("/revoke", {**PUBLIC, "token": first["access_token"]}).status == 200
    assert counter.user(first["access_token"]) == 401
    second = counter.refresh(first["refresh_token"])
    assert counter.post("/revoke", {**PUBLIC, "token": second["refresh_token"]}).status == 200
    assert counter.user(second["access_token"]) == 401
    assert counter.refresh(second["refresh_token"])["error"] == "invalid_grant"
    assert counter.post("/revoke", {**PUBLIC, "token": "nobody's"}).status == 200


def test_a_client_says_its_secret_in_the_form_or_by_basic(counter: Counter) -> None:
    """Not at all, wrongly, or in both ways is refused; a login belongs to its client."""
    start = "/device_authorization"
    basic = "Basic " + base64.b64encode(b"sso-login-confidential:secret-EMULATED").decode()
    assert counter.post(start, SECRET).status == 200
    assert counter.post(start, {}, authorization=basic).status == 200
    assert json.loads(counter.post(start, SECRET, authorization=basic).text)["error"] == "invalid_request"
    for form, header in (
        ({"client_id": "sso-login-confidential"}, {}),
        ({**SECRET, "client_secret": "wrong"}, {}),
        ({"client_id": "nobody"}, {}),
        ({}, {"authorization": "Basic !"}),
        ({}, {"authorization": "Bearer x"}),
    ):
        refused = counter.post(start, form, **header)
        assert (refused.status, json.loads(refused.text)["error"]) == (401, "invalid_client")
    token = counter.login()["refresh_token"]
    assert counter.refresh(token, **SECRET)["error"] == "invalid_grant"


def test_what_is_no_form_or_no_request_is_refused(counter: Counter) -> None:
    """Another content type, a repeated or missing parameter, another grant."""
    assert json.loads(counter.post("/token", {}, content_type="application/json").text)["error"] == "invalid_request"
    twice = {"client_id": "sso-login", "grant_type": DEVICE}
    assert json.loads(counter.post("/token", twice).text)["error"] == "invalid_request"
    other = {**PUBLIC, "grant_type": "password"}
    assert json.loads(counter.post("/token", other).text)["error"] == "unsupported_grant_type"
    assert counter.user("nobody's") == 401
    assert ask(f"{counter.emulator.url}/assignment/accounts").status == 404


def test_its_page_asks_a_human(counter: Counter) -> None:
    """It names the issuer and what the scopes mean."""
    started = counter.start()
    text = ask(started["verification_uri_complete"]).text
    assert all(part in text for part in ("<dt>Issuer</dt>", counter.emulator.url, "Know who you are", "sso-login"))


def test_its_log_names_the_grants(opened: Callable[..., Counter]) -> None:
    """As that of the other face does."""
    counter = opened(approve=True)
    counter.exchange(counter.code()["code"])
    log = json.loads(ask(f"{counter.emulator.url}/emulator/calls").text)["log"]
    assert [(call["operation"], call["grant"]) for call in log] == [("Authorize", ""), ("Token", CODE)]
