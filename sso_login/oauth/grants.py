"""The grants of any OAuth server as requests: device code, authorization code with PKCE, refresh, and revocation.

RFC 8628, RFC 6749, RFC 7636, RFC 7009; resource indicators by RFC 8707. Their replies are read in token_reply.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from sso_login.core.model import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, Secret
from sso_login.oauth import pkce
from sso_login.oauth.form_wire import Form, post

if TYPE_CHECKING:
    from sso_login.core.granting import Authorization, DeviceCode
    from sso_login.core.message import Request
    from sso_login.core.model import Application, Token

START: Final = "device authorization"
TOKEN: Final = "token request"  # noqa: S105 - what it is called
REVOKE: Final = "revocation"


def start(app: Application, secret: Secret | None, *, scopes: tuple[str, ...]) -> Request:
    """Build a device authorization request (RFC 8628 section 3.1)."""
    return replace(post(START, app.device, {**_scope(scopes), **_target(app)}, app=app, secret=secret), keep_alive=True)


def poll(app: Application, secret: Secret | None, code: DeviceCode) -> Request:
    """Build a device access token request (RFC 8628 section 3.4)."""
    form = {"grant_type": DEVICE_GRANT, "device_code": code.code.reveal(), **_target(app)}
    return replace(post(TOKEN, app.token, form, app=app, secret=secret), keep_alive=True)


def authorize_url(app: Application, authorization: Authorization) -> str:
    """Give the address of the authorize page (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

    OpenID Connect Core section 11 wants consent to be asked for wherever offline access is.
    """
    openid = {"nonce": nonce(authorization)} if "openid" in authorization.scopes else {}
    offline = {"prompt": "consent"} if "offline_access" in authorization.scopes else {}
    query: dict[str, str | tuple[str, ...]] = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": authorization.redirect_uri,
        "state": authorization.state.reveal(),
        "code_challenge_method": "S256",
        "code_challenge": pkce.challenge(authorization.verifier),
        **_scope(authorization.scopes),
        **_target(app),
        **offline,
        **openid,
    }
    parts = urlsplit(app.authorize)
    whole = "&".join(filter(None, [parts.query, urlencode(query, quote_via=quote, doseq=True)]))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, whole, ""))


def nonce(authorization: Authorization) -> str:
    """Give what an ID token must repeat (OpenID Connect Core section 3.1.2.1).

    It comes of the verifier read backwards, so nobody else can tell it, and there is nothing more to be kept.
    """
    return pkce.challenge(Secret(authorization.verifier.reveal()[::-1]))


def exchange(app: Application, secret: Secret | None, authorization: Authorization, *, code: Secret) -> Request:
    """Build an access token request for an authorization code (RFC 7636 section 4.5), which the request spends."""
    form = {
        "grant_type": CODE_GRANT,
        "code": code.reveal(),
        "redirect_uri": authorization.redirect_uri,
        "code_verifier": authorization.verifier.reveal(),
        **_target(app),
    }
    return post(TOKEN, app.token, form, app=app, secret=secret)


def renew(app: Application, secret: Secret | None, refresh: Secret) -> Request:
    """Build a request for a refresh token (RFC 6749 section 6), which the request may spend."""
    form = {"grant_type": REFRESH_GRANT, "refresh_token": refresh.reveal(), **_target(app)}
    return post(TOKEN, app.token, form, app=app, secret=secret)


def revoke(app: Application, secret: Secret | None, token: Token) -> Request:
    """Build a revocation (RFC 7009 section 2.1) of the refresh token, of the access token where there is none."""
    kind, value = ("refresh_token", token.refresh) if token.refresh else ("access_token", token.access)
    return post(REVOKE, app.revocation, {"token": value.reveal(), "token_type_hint": kind}, app=app, secret=secret)


def _scope(scopes: tuple[str, ...]) -> dict[str, str]:
    return {"scope": " ".join(scopes)} if scopes else {}


def _target(app: Application) -> Form:
    audience: Form = {"audience": app.audience} if app.audience else {}
    return {**audience, "resource": app.resources} if app.resources else audience
