"""The SSO-OIDC operations StartDeviceAuthorization and CreateToken.

Members, errors and status codes are those of the API's service model (sso-oidc, 2019-06-10).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sso_login.emulator.api.registration import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, authenticated
from sso_login.emulator.core import pkce
from sso_login.emulator.core.asked import Asked, normal, read, text, texts
from sso_login.emulator.core.reply import Reply, json_reply, oidc_refusal
from sso_login.emulator.core.state import Access, Authorization, AuthorizationCode, Login

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context, Registration


def start_device_authorization(context: Context, ask: Ask) -> Reply:
    """Issue a device code and a user code to a registered client."""
    asked = read(ask)
    client = authenticated(context, asked)
    start_url = text(asked, "startUrl")
    if DEVICE_GRANT not in client.grants:
        raise oidc_refusal("UnauthorizedClientException", "the client is not registered for device codes")
    if normal(start_url) != normal(context.start_url):
        raise oidc_refusal("InvalidRequestException", "Invalid start URL provided")
    settings = context.settings
    authorization = Authorization(
        device_code=context.mint.secret("dev", 48),
        user_code=context.mint.user_code(),
        client=client,
        started_at=context.now,
        expires_at=context.now + settings.code_lifetime,
        interval=settings.interval,
    )
    context.state.codes[authorization.device_code] = authorization
    page = f"{context.url}/device"
    reply = {
        "deviceCode": authorization.device_code,
        "userCode": authorization.user_code,
        "verificationUri": page,
        "verificationUriComplete": f"{page}?user_code={quote(authorization.user_code)}",
        "expiresIn": settings.code_lifetime,
        "interval": settings.interval,
    }
    return json_reply(200, reply)


def create_token(context: Context, ask: Ask) -> Reply:
    """Give tokens for an approved device code, an authorization code or a refresh token."""
    asked = read(ask)
    client = authenticated(context, asked)
    grant = text(asked, "grantType")
    if grant not in _GRANTS:
        raise oidc_refusal("UnsupportedGrantTypeException", "the grant type is not supported")
    if grant not in client.grants:
        raise oidc_refusal("UnauthorizedClientException", "the client is not registered for this grant type")
    if not set(texts(asked, "scope")) <= set(client.scopes):
        raise oidc_refusal("InvalidScopeException", "scopes are fixed at registration")
    return _GRANTS[grant](context, client=client, asked=asked)


def grant_of(ask: Ask) -> str:
    """Name the grant type a CreateToken asks for, `other` where it is none we know; safe to log."""
    try:
        grant = json.loads(ask.body)["grantType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "other"
    return grant if grant in tuple(_GRANTS) else "other"  # a tuple, for it may be unhashable


def _by_device_code(context: Context, *, client: Registration, asked: Asked) -> Reply:
    authorization = context.state.codes.get(text(asked, "deviceCode"))
    if authorization is None or authorization.client is not client:
        raise oidc_refusal("InvalidGrantException", "the device code is not known or belongs to another client")
    if authorization.decision == "spent":
        raise oidc_refusal("InvalidGrantException", "the device code was used already")
    if context.now >= authorization.expires_at:
        raise oidc_refusal("ExpiredTokenException", "the device code has expired")
    if authorization.too_early(context.now):
        raise oidc_refusal("SlowDownException", "polling too fast: wait 5 seconds more from now on")
    context.settle(authorization)
    if authorization.decision == "denied":
        raise oidc_refusal("AccessDeniedException", "the user denied the request")
    if authorization.sign_in is None:
        raise oidc_refusal("AuthorizationPendingException", "the user has not approved the request yet")
    authorization.decision = "spent"
    return _first_tokens(context, Login(client, authorization.sign_in))


def _by_code(context: Context, *, client: Registration, asked: Asked) -> Reply:
    code, redirect_uri = text(asked, "code"), text(asked, "redirectUri")
    verifier = text(asked, "codeVerifier")
    if not pkce.is_verifier(verifier):
        raise oidc_refusal("InvalidRequestException", "codeVerifier is not 43 to 128 unreserved characters")
    issued = context.state.authorizations.get(code)
    if issued is None or issued.request.client is not client:
        raise oidc_refusal("InvalidGrantException", "the code is not known or belongs to another client")
    _check_unspent(context, issued)
    if issued.request.redirect_uri != redirect_uri:
        raise oidc_refusal("InvalidGrantException", "redirectUri is not the one the code was sent to")
    if not pkce.proves(verifier, issued.request.challenge):
        raise oidc_refusal("InvalidGrantException", "codeVerifier does not belong to the code's challenge")
    issued.login = Login(client, issued.sign_in)
    return _first_tokens(context, issued.login)


def _check_unspent(context: Context, issued: AuthorizationCode) -> None:
    if issued.login is not None:
        issued.login.revoked = True  # RFC 6749 section 4.1.2: whoever was first may have been a thief
        raise oidc_refusal("InvalidGrantException", "the code was used before; what it gave is revoked")
    if context.now >= issued.expires_at or context.now >= issued.sign_in.expires_at:
        raise oidc_refusal("InvalidGrantException", "the code or the session it belongs to is over")


def _first_tokens(context: Context, login: Login) -> Reply:
    if not login.client.scopes:
        return _tokens(context, login, lifetime=context.settings.unscoped_lifetime)
    if REFRESH_GRANT not in login.client.grants:
        return _tokens(context, login, lifetime=context.settings.token_lifetime)
    fresh = context.mint.secret("aor", 450)
    login.newest.add(fresh)
    context.state.logins[fresh] = login
    return _tokens(context, login, lifetime=context.settings.token_lifetime, refresh=fresh)


def _by_refresh_token(context: Context, *, client: Registration, asked: Asked) -> Reply:
    used = text(asked, "refreshToken")
    login = context.state.logins.get(used)
    if login is None or login.client is not client:
        raise oidc_refusal("InvalidGrantException", "the refresh token is not known or belongs to another client")
    if login.dead or context.now >= login.sign_in.expires_at:
        raise oidc_refusal("InvalidGrantException", "the session has ended")
    if not login.takes(used, context.settings.rotation):
        login.revoked = True  # somebody holds a copy: neither of the two may go on (RFC 9700 section 4.14.2)
        raise oidc_refusal("InvalidGrantException", "the refresh token was used before; the session is revoked")
    lifetime = context.settings.token_lifetime
    if context.settings.rotation == "none":
        return _tokens(context, login, lifetime=lifetime)
    fresh = context.mint.secret("aor", 450)
    login.succeed(used, fresh)
    context.state.logins[fresh] = login
    return _tokens(context, login, lifetime=lifetime, refresh=fresh)


def _tokens(context: Context, login: Login, *, lifetime: int, refresh: str = "") -> Reply:
    access = context.mint.secret("aoa", 450)
    context.state.access[access] = Access(login, context.now + lifetime)
    reply: dict[str, object] = {"accessToken": access, "tokenType": "Bearer", "expiresIn": lifetime}
    return json_reply(200, reply | ({"refreshToken": refresh} if refresh else {}))


_GRANTS: Final = {CODE_GRANT: _by_code, DEVICE_GRANT: _by_device_code, REFRESH_GRANT: _by_refresh_token}
