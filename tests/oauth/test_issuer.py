"""Any OAuth server as an Issuer: what is sent, and what real servers answer (protocol facts, each a row)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, SsoLoginError
from sso_login.core.granting import Authorization, DeviceCode, Pending
from sso_login.core.message import Notice, Response
from sso_login.core.model import ENDLESS, Secret, Token
from sso_login.oauth import token_reply
from sso_login.oauth.issuer import OAuthIssuer
from tests.support.fakes import NOW, client, session
from tests.support.oauth_server import APP, ISSUER, OAuthServer, bare, formed, issuer, said

STARTED = {
    "device_code": "the-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/activate",
    "expires_in": 600,
    "interval": 5,
}
GRANTED = {"access_token": "access-1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-1"}
CODE = DeviceCode(Secret("the-device-code"), "WDJB-MJHT", f"{ISSUER}/activate", None, interval=5, expires_at=NOW + 600)
TOKEN = Token(Secret("access-1"), Secret("refresh-1"), expires_at=NOW + 3600, issued_at=NOW)
AUTHORIZATION = Authorization(
    "http://127.0.0.1:40001/oauth/callback",
    ("openid", "offline_access"),
    state=Secret("the-state"),
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),  # RFC 7636 appendix B
)
LOGIN = session(token=TOKEN)
NONCE = "sF0rzd7wWZy8MUlxcdsOwuqFID-nfn7HBYiQ6rggDP8"  # SHA-256 of the verifier read backwards


def without(members: dict[str, object], *names: str) -> dict[str, object]:
    """Leave members out."""
    return {name: value for name, value in members.items() if name not in names}


def start(made: OAuthIssuer) -> DeviceCode:
    """Ask for a device code."""
    return made.start(client())


def poll(made: OAuthIssuer) -> Token | Pending:
    """Ask whether it is approved."""
    return made.poll(client(), CODE)


def renew(made: OAuthIssuer) -> Token:
    """Spend the refresh token."""
    return made.renew(LOGIN)


def end(made: OAuthIssuer) -> None:
    """Revoke it."""
    made.end(TOKEN)


def refused(code: str, kind: type[SsoLoginError] = ServiceError) -> tuple[type[SsoLoginError], str]:
    """Expect a refusal with that code."""
    return kind, code


QUIRKS: list[tuple[str, Callable[[OAuthIssuer], object], Response, object]] = [
    ("GitHub: an error with status 200", poll, said({"error": "authorization_pending"}), Pending()),
    (
        "GitHub: slow_down carries the new interval",
        poll,
        said({"error": "slow_down", "interval": 15}),
        Pending(slow_down=True, interval=15),
    ),
    (
        "GitHub: a form in place of JSON",
        poll,
        formed({"access_token": "a", "token_type": "bearer"}),
        Token(Secret("a"), None, ENDLESS, NOW),
    ),
    (
        "GitHub: an error in a form",
        poll,
        formed({"error": "authorization_pending", "interval": "7"}),
        Pending(interval=7),
    ),
    (
        "Google: verification_url",
        start,
        said({**without(STARTED, "verification_uri"), "verification_url": f"{ISSUER}/activate"}),
        CODE,
    ),
    ("Google: pending with 428", poll, said({"error": "authorization_pending"}, 428), Pending()),
    ("Google: slow_down with 403", poll, said({"error": "slow_down"}, 403), Pending(slow_down=True)),
    (
        "Entra ID: authorization_declined",
        poll,
        said({"error": "authorization_declined"}, 400),
        refused("access_denied"),
    ),
    (
        "Entra ID: bad_verification_code",
        poll,
        said({"error": "bad_verification_code"}, 400),
        refused("bad_verification_code"),
    ),
    ("Entra ID: no verification_uri_complete", start, said(STARTED), CODE),
    ("Auth0: pending with 403", poll, said({"error": "authorization_pending"}, 403), Pending()),
    ("Auth0: slow_down with 429", poll, said({"error": "slow_down"}, 429), Pending(slow_down=True)),
    ("Auth0: expired_token once", poll, said({"error": "expired_token"}, 403), refused("expired_token")),
    ("Auth0: then invalid_grant", poll, said({"error": "invalid_grant"}, 403), refused("expired_token")),
    ("Dex: pending with 401", poll, said({"error": "authorization_pending"}, 401), Pending()),
    (
        "Keycloak: a grant that is off",
        start,
        said({"error": "unauthorized_client"}, 400),
        refused("unauthorized_client"),
    ),
    ("Glewlwyd: a bare 400 for a used refresh token", renew, bare(400), refused("invalid_grant")),
    ("Glewlwyd: bearer in lower case", poll, said({**GRANTED, "token_type": "bearer"}), TOKEN),
    ("Glewlwyd: revoking as a public client", end, bare(401), refused("http_401")),
    ("oidc-provider: no interval", start, said(without(STARTED, "interval")), CODE),
    ("an interval in digits", start, said({**STARTED, "interval": "9"}), replace(CODE, interval=9.0)),
    ("an interval of no time", start, said({**STARTED, "interval": 0}), CODE),
    ("an interval of a string", start, said({**STARTED, "interval": "soon"}), CODE),
    ("an interval of a year", start, said({**STARTED, "interval": 31_536_000}), replace(CODE, interval=300.0)),
    (
        "a complete address that is none",
        start,
        said({**STARTED, "verification_uri_complete": "http://x.example"}),
        CODE,
    ),
    ("a code's lifetime in digits", start, said({**STARTED, "expires_in": "600"}), CODE),
    (
        "a code without a lifetime",
        start,
        said(without(STARTED, "expires_in")),
        refused("malformed_reply", MalformedReply),
    ),
    (
        "a code without an address",
        start,
        said(without(STARTED, "verification_uri")),
        refused("malformed_reply", MalformedReply),
    ),
    ("a token's lifetime in digits", poll, said({**GRANTED, "expires_in": "3600"}), TOKEN),
    ("a token without a lifetime", poll, said(without(GRANTED, "expires_in")), replace(TOKEN, expires_at=ENDLESS)),
    (
        "a token with null for a lifetime",
        poll,
        said({**GRANTED, "expires_in": None}),
        replace(TOKEN, expires_at=ENDLESS),
    ),
    (
        "a token that is over at once",
        poll,
        said({**GRANTED, "expires_in": 0}),
        refused("malformed_reply", MalformedReply),
    ),
    (
        "a renewed token that is over at once",
        renew,
        said({**GRANTED, "expires_in": -1}),
        replace(TOKEN, expires_at=NOW),
    ),
    (
        "a token for a thousand years",
        poll,
        said({**GRANTED, "expires_in": 10**11}),
        replace(TOKEN, expires_at=NOW + 10 * 366 * 86_400),
    ),
    ("a token without a type", poll, said(without(GRANTED, "token_type")), TOKEN),
    (
        "a token of another type",
        poll,
        said({**GRANTED, "token_type": "DPoP"}),
        refused("malformed_reply", MalformedReply),
    ),
    (
        "a token with a line break in it",
        poll,
        said({**GRANTED, "access_token": "a\nb"}),
        refused("malformed_reply", MalformedReply),
    ),
    ("no new refresh token", renew, said(without(GRANTED, "refresh_token")), replace(TOKEN, refresh=None)),
    ("an empty refresh token", renew, said({**GRANTED, "refresh_token": ""}), replace(TOKEN, refresh=None)),
    ("a secret is wanted", renew, said({"error": "invalid_client"}, 401), refused("invalid_client")),
    ("revoked, with an empty body", end, bare(200), None),
    ("revoked, with words", end, bare(200, b"OK"), None),
    ("revocation refused", end, said({"error": "unsupported_token_type"}, 400), refused("unsupported_token_type")),
    ("revocation out of order", end, bare(503), (NotAnAnswer, "HTTP 503")),
    ("a redirect in place of a token", poll, bare(302), (NotAnAnswer, "redirect")),
    ("a web page in place of a token", poll, bare(200, b"<html>"), (NotAnAnswer, "web page")),
]


@pytest.mark.parametrize(("act", "response", "expected"), [row[1:] for row in QUIRKS], ids=[row[0] for row in QUIRKS])
def test_what_real_servers_answer(act: Callable[[OAuthIssuer], object], response: Response, expected: object) -> None:
    """Each is read as it is meant, or refused with a code that says why."""
    made = issuer(OAuthServer([response]))
    if not isinstance(expected, tuple):
        assert act(made) == expected
        return
    kind, why = expected
    with pytest.raises(SsoLoginError) as caught:
        act(made)
    assert type(caught.value) is kind
    assert why in (caught.value.code if isinstance(caught.value, ServiceError) else caught.value.message)


def test_what_a_device_login_sends() -> None:
    """RFC 8628 sections 3.1 and 3.4, with audience and resources in both."""
    app = replace(APP, audience="https://api.example", resources=("https://a.example", "https://b.example"))
    server = OAuthServer([said(STARTED), said(GRANTED)])
    made = issuer(server, app=app)
    made.poll(client(), made.start(client()))
    target = {"audience": "https://api.example", "resource": ("https://a.example", "https://b.example")}
    assert [(sent.url, sent.form) for sent in server.requests] == [
        (f"{ISSUER}/device", {"client_id": "client-1", "scope": "openid offline_access", **target}),
        (
            f"{ISSUER}/token",
            {
                "client_id": "client-1",
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "device_code": "the-device-code",
                **target,
            },
        ),
    ]


def test_the_authorize_page_has_all_that_proves_the_request_ours() -> None:
    """RFC 7636 appendix B's challenge; a query of the endpoint's own stays."""
    made = issuer(
        OAuthServer(), app=replace(APP, authorize=f"{ISSUER}/authorize?p=1", resources=("https://a.example",))
    )
    url = urlsplit(made.authorize_url(client(), AUTHORIZATION))
    assert parse_qs(url.query) == {
        "p": ["1"],
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": ["http://127.0.0.1:40001/oauth/callback"],
        "state": ["the-state"],
        "code_challenge_method": ["S256"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "scope": ["openid offline_access"],
        "resource": ["https://a.example"],
        "prompt": ["consent"],
        "nonce": [NONCE],
    }


def test_no_consent_is_asked_for_without_offline_access() -> None:
    """It would be in the way of a single sign-on."""
    made = issuer(OAuthServer())
    assert "prompt" not in made.authorize_url(client(), replace(AUTHORIZATION, scopes=("openid",)))
    assert "scope" not in made.authorize_url(client(), replace(AUTHORIZATION, scopes=()))


def test_a_nonce_is_sent_for_an_id_token_alone() -> None:
    """OpenID Connect's parameter, which some issuers insist on; each login has another."""
    made = issuer(OAuthServer())
    assert "nonce" not in made.authorize_url(client(), replace(AUTHORIZATION, scopes=("offline_access",)))
    other = replace(AUTHORIZATION, verifier=Secret("x" * 43))
    assert made.authorize_url(client(), AUTHORIZATION) != made.authorize_url(client(), other)


@pytest.mark.parametrize("claims", [{}, {"nonce": "another"}, {"nonce": 1}])
def test_an_id_token_of_another_login_is_refused(claims: dict[str, object]) -> None:
    """Somebody may have put their own code in the place of ours (OpenID Connect Core section 3.1.3.7)."""
    reply = said({**GRANTED, "id_token": jwt(json.dumps(claims).encode()).reveal()})
    with pytest.raises(MalformedReply, match="another nonce"):
        issuer(OAuthServer([reply])).exchange(client(), AUTHORIZATION, Secret("the-code"))


def test_a_code_is_exchanged_with_its_verifier() -> None:
    """And the ID token comes along."""
    identity = jwt(json.dumps({"nonce": NONCE}).encode())
    server = OAuthServer([said({**GRANTED, "id_token": identity.reveal()})])
    granted = issuer(server, secret="hush").exchange(client(), AUTHORIZATION, Secret("the-code"))
    assert granted.token == replace(TOKEN, id_token=identity)
    assert server.requests[0].form == {
        "client_id": "client-1",
        "client_secret": "hush",
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "http://127.0.0.1:40001/oauth/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }


def test_the_id_token_stays_where_a_renewal_brings_none() -> None:
    """OpenID Connect Core section 12.2 leaves it to the issuer."""
    login = session(token=replace(TOKEN, id_token=Secret("a.b.c")))
    assert issuer(OAuthServer([said(GRANTED)])).renew(login).id_token == Secret("a.b.c")
    assert issuer(OAuthServer([said({**GRANTED, "id_token": "d.e.f"})])).renew(login).id_token == Secret("d.e.f")


def test_the_refresh_token_is_what_is_revoked() -> None:
    """The access token only where there is no other."""
    server = OAuthServer([bare(200), bare(200)])
    made = issuer(server)
    made.end(TOKEN)
    made.end(replace(TOKEN, refresh=None))
    assert [(sent.url, sent.form) for sent in server.requests] == [
        (f"{ISSUER}/revoke", {"client_id": "client-1", "token": "refresh-1", "token_type_hint": "refresh_token"}),
        (f"{ISSUER}/revoke", {"client_id": "client-1", "token": "access-1", "token_type_hint": "access_token"}),
    ]


def test_an_issuer_that_cannot_revoke_is_told_of() -> None:
    """Nothing is sent, and nothing has failed."""
    told: list[Notice] = []
    issuer(OAuthServer(), app=replace(APP, revocation=""), notices=told).end(TOKEN)
    assert [notice.text for notice in told] == [
        f"{ISSUER} has no revocation endpoint: what it issued ends by itself in time"
    ]


def test_what_an_issuer_does_not_offer_names_the_other_way() -> None:
    """Exit code 6, and the other command."""
    made = issuer(OAuthServer(), app=replace(APP, device="", authorize=""))
    with pytest.raises(ServiceError, match="offers no device codes") as caught:
        made.start(client())
    assert "`sso-login browser`" in caught.value.hint
    with pytest.raises(ServiceError, match="offers no logins in a browser") as caught:
        made.authorize_url(client(), AUTHORIZATION)
    assert "`sso-login device`" in caught.value.hint


def test_the_client_is_the_registered_one_without_its_secret() -> None:
    """The secret stays in its own entry: a record has no copy that would outlive a new one."""
    made = issuer(OAuthServer(), secret="hush").register((), ("refresh_token",))
    assert (made.id, made.secret, made.grants) == ("client-1", Secret(""), ("refresh_token",))


def jwt(payload: bytes) -> Secret:
    """Make a token of that payload."""
    return Secret(f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln")


@pytest.mark.parametrize(
    ("token", "ends"),
    [
        (jwt(json.dumps({"exp": NOW + 5}).encode()), NOW + 5),
        (jwt(json.dumps({"exp": "soon"}).encode()), None),
        (jwt(b"{}"), None),
        (jwt(b"\xff"), None),
        (Secret("a.%%%.c"), None),
        (Secret("opaque"), None),
    ],
)
def test_when_an_id_token_ends(token: Secret, ends: float | None) -> None:
    """By its `exp`, None where there is none to be read."""
    assert token_reply.ends_at(token) == ends
