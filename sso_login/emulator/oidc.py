"""The SSO-OIDC operations: RegisterClient, StartDeviceAuthorization, CreateToken.

Members, errors and status codes are those of the API's service model (sso-oidc, 2019-06-10).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from sso_login.emulator.reply import Reply, json_reply, oidc_refusal
from sso_login.emulator.state import Access, Ask, Authorization, Context, Login, Registration

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT: Final = "refresh_token"

_SCOPE: Final = re.compile(r"openid|aws|[a-z_]+(:[a-z_]+)+")
_SLOWER: Final = 5.0  # RFC 8628 section 3.5
_JITTER: Final = 0.01  # the client counts its wait on another clock than ours

Asked = Mapping[str, object]


def register_client(context: Context, ask: Ask) -> Reply:
    """Register a public client for the grants and scopes it names, for good."""
    asked = _read(ask)
    name = _text(asked, "clientName")
    if _text(asked, "clientType") != "public":
        raise oidc_refusal("InvalidClientMetadataException", "clientType must be public")
    grants = _texts(asked, "grantTypes") or (DEVICE_GRANT, REFRESH_GRANT)
    scopes = _texts(asked, "scopes")
    _check_registration(context, asked, grants=grants, scopes=scopes)
    issued_at = int(context.now)
    client = Registration(
        id=context.mint.name(18),
        secret=context.mint.secret("ecs", 900),
        name=name,
        scopes=scopes,
        grants=grants,
        expires_at=issued_at + context.settings.registration_lifetime,
    )
    context.state.clients[client.id] = client
    reply = {
        "clientId": client.id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": issued_at,
        "clientSecretExpiresAt": int(client.expires_at),
    }
    return json_reply(200, reply)


def _check_registration(context: Context, asked: Asked, *, grants: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    if not set(grants) <= set(_GRANTS):
        raise oidc_refusal("UnsupportedGrantTypeException", "a grant type is not supported")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise oidc_refusal("InvalidScopeException", "a scope is not known")
    for uri in _texts(asked, "redirectUris"):
        if not _loopback(uri):
            raise oidc_refusal("InvalidRedirectUriException", "a public client is redirected to loopback only")
    if "issuerUrl" in asked and _normal(_text(asked, "issuerUrl")) != _normal(context.start_url):
        raise oidc_refusal("InvalidRequestException", "issuerUrl is not this instance")


def _loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}


def start_device_authorization(context: Context, ask: Ask) -> Reply:
    """Issue a device code and a user code to a registered client."""
    asked = _read(ask)
    client = _client(context, asked)
    start_url = _text(asked, "startUrl")
    if DEVICE_GRANT not in client.grants:
        raise oidc_refusal("UnauthorizedClientException", "the client is not registered for device codes")
    if _normal(start_url) != _normal(context.start_url):
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
    """Give tokens for an approved device code or a refresh token."""
    asked = _read(ask)
    client = _client(context, asked)
    grant = _text(asked, "grantType")
    if grant not in _GRANTS:
        raise oidc_refusal("UnsupportedGrantTypeException", "the grant type is not supported")
    if grant not in client.grants:
        raise oidc_refusal("UnauthorizedClientException", "the client is not registered for this grant type")
    if not set(_texts(asked, "scope")) <= set(client.scopes):
        raise oidc_refusal("InvalidScopeException", "scopes are fixed at registration")
    return _GRANTS[grant](context, client=client, asked=asked)


def grant_of(ask: Ask) -> str:
    """Name the grant type a CreateToken asks for, `other` where it is none we know; safe to log."""
    try:
        grant = json.loads(ask.body)["grantType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "other"
    return grant if grant in (*_GRANTS, "authorization_code") else "other"


def _by_device_code(context: Context, *, client: Registration, asked: Asked) -> Reply:
    authorization = context.state.codes.get(_text(asked, "deviceCode"))
    if authorization is None or authorization.client is not client:
        raise oidc_refusal("InvalidGrantException", "the device code is not known or belongs to another client")
    if authorization.decision == "spent":
        raise oidc_refusal("InvalidGrantException", "the device code was used already")
    if context.now >= authorization.expires_at:
        raise oidc_refusal("ExpiredTokenException", "the device code has expired")
    _check_pace(context, authorization)
    context.settle(authorization)
    if authorization.decision == "denied":
        raise oidc_refusal("AccessDeniedException", "the user denied the request")
    if authorization.sign_in is None:
        raise oidc_refusal("AuthorizationPendingException", "the user has not approved the request yet")
    authorization.decision = "spent"
    return _first_tokens(context, Login(client, authorization.sign_in))


def _check_pace(context: Context, authorization: Authorization) -> None:
    # The interval is the time between polls (RFC 8628 section 3.2), so the first one is never too early.
    last, authorization.polled_at = authorization.polled_at, context.now
    if last is not None and context.now - last < authorization.interval - _JITTER:
        authorization.interval += _SLOWER
        raise oidc_refusal("SlowDownException", "polling too fast: wait 5 seconds more from now on")


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
    used = _text(asked, "refreshToken")
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


def _client(context: Context, asked: Asked) -> Registration:
    known = context.state.clients.get(_text(asked, "clientId"))
    secret = _text(asked, "clientSecret")
    if known is None or not hmac.compare_digest(known.secret.encode(), secret.encode("utf-8", "replace")):
        raise oidc_refusal("InvalidClientException", "the client is not known or its secret is wrong")
    if context.now >= known.expires_at:
        raise oidc_refusal("InvalidClientException", "the client's registration has expired")
    return known


def _read(ask: Ask) -> Asked:
    try:
        asked = json.loads(ask.body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise oidc_refusal("InvalidRequestException", "the body is not a JSON object")
    return asked


def _text(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip():
        raise oidc_refusal("InvalidRequestException", f"{name} is missing or not a string")
    return value


def _texts(asked: Asked, name: str) -> tuple[str, ...]:
    value = asked.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise oidc_refusal("InvalidRequestException", f"{name} is not a list of strings")
    return tuple(value)


def _normal(url: str) -> str:
    return url.partition("#")[0].rstrip("/")


_GRANTS: Final = {DEVICE_GRANT: _by_device_code, REFRESH_GRANT: _by_refresh_token}
