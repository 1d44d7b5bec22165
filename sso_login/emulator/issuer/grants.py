"""The device authorization endpoint and the token endpoint, with its three grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from sso_login.emulator.api.registration import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT
from sso_login.emulator.core import pkce
from sso_login.emulator.core.reply import Reply, json_reply
from sso_login.emulator.core.state import Access, Authorization, Login
from sso_login.emulator.issuer import id_token
from sso_login.emulator.issuer.form import authenticated, read, refusal, scopes, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.state import Ask, Context, Registration


def start_device_authorization(context: Context, ask: Ask) -> Reply:
    """Answer POST /device_authorization (RFC 8628 section 3.2)."""
    form = read(ask)
    client = replace(authenticated(context, ask, form), scopes=scopes(form))
    settings, page = context.settings, f"{context.url}/device"
    authorization = Authorization(
        device_code=context.mint.secret("dev", 48),
        user_code=context.mint.user_code(),
        client=client,
        started_at=context.now,
        expires_at=context.now + settings.code_lifetime,
        interval=settings.interval,
    )
    context.state.codes[authorization.device_code] = authorization
    reply = {
        "device_code": authorization.device_code,
        "user_code": authorization.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={quote(authorization.user_code)}",
        "expires_in": settings.code_lifetime,
        "interval": settings.interval,
    }
    return json_reply(200, reply)


def token(context: Context, ask: Ask) -> Reply:
    """Answer POST /token."""
    form = read(ask)
    client, grant = authenticated(context, ask, form), text(form, "grant_type")
    if grant not in _GRANTS:
        raise refusal("unsupported_grant_type", "the grant type is not supported")
    return _GRANTS[grant](context, client=client, form=form)


def grant_of(ask: Ask) -> str:
    """Name the grant type that is asked for, `other` where it is none we know; safe to log."""
    try:
        grant = dict(parse_qsl(ask.body.decode("ascii"))).get("grant_type", "")
    except ValueError:
        return "other"
    return grant if grant in _GRANTS else "other"


def _by_device_code(context: Context, *, client: Registration, form: Mapping[str, str]) -> Reply:
    authorization = context.state.codes.get(text(form, "device_code"))
    if authorization is None or authorization.client.id != client.id or authorization.decision == "spent":
        raise refusal("invalid_grant", "the device code is not known, was used, or belongs to another client")
    if context.now >= authorization.expires_at:
        raise refusal("expired_token", "the device code has expired")
    if authorization.too_early(context.now):
        raise refusal("slow_down", "polling too fast: wait 5 seconds more from now on")
    context.settle(authorization)
    if authorization.decision == "denied":
        raise refusal("access_denied", "the user denied the request")
    if authorization.sign_in is None:
        raise refusal("authorization_pending", "the user has not approved the request yet")
    authorization.decision = "spent"
    return _first_tokens(context, Login(authorization.client, authorization.sign_in))


def _by_code(context: Context, *, client: Registration, form: Mapping[str, str]) -> Reply:
    issued = context.state.authorizations.get(text(form, "code"))
    verifier = text(form, "code_verifier")
    if issued is None or issued.request.client.id != client.id:
        raise refusal("invalid_grant", "the code is not known, or belongs to another client")
    if issued.login is not None:
        issued.login.revoked = True  # RFC 6749 section 4.1.2: whoever was first may have been a thief
        raise refusal("invalid_grant", "the code was used before; what it gave is revoked")
    if context.now >= issued.expires_at or context.now >= issued.sign_in.expires_at:
        raise refusal("invalid_grant", "the code or the session it belongs to is over")
    if issued.request.redirect_uri != text(form, "redirect_uri"):
        raise refusal("invalid_grant", "redirect_uri is not the one the code was sent to")
    if not pkce.is_verifier(verifier) or not pkce.proves(verifier, issued.request.challenge):
        raise refusal("invalid_grant", "code_verifier does not belong to the code's challenge")
    issued.login = Login(replace(client, scopes=issued.request.scopes), issued.sign_in)
    return _first_tokens(context, issued.login, nonce=issued.request.nonce)


def _first_tokens(context: Context, login: Login, *, nonce: str = "") -> Reply:
    if "offline_access" not in login.client.scopes:
        return _tokens(context, login, nonce=nonce)
    fresh = context.mint.secret("ort", 48)
    login.newest.add(fresh)
    context.state.logins[fresh] = login
    return _tokens(context, login, refresh=fresh, nonce=nonce)


def _by_refresh_token(context: Context, *, client: Registration, form: Mapping[str, str]) -> Reply:
    used = text(form, "refresh_token")
    login = context.state.logins.get(used)
    if login is None or login.client.id != client.id:
        raise refusal("invalid_grant", "the refresh token is not known, or belongs to another client")
    if login.dead or context.now >= login.sign_in.expires_at:
        raise refusal("invalid_grant", "the login has ended")
    if "scope" in form and not set(scopes(form)) <= set(login.client.scopes):
        raise refusal("invalid_scope", "more is asked for than was granted")
    if not login.takes(used, context.settings.rotation):
        login.revoked = True  # somebody holds a copy: neither of the two may go on (RFC 9700 section 4.14.2)
        raise refusal("invalid_grant", "the refresh token was used before; the login is revoked")
    if context.settings.rotation == "none":
        return _tokens(context, login)
    fresh = context.mint.secret("ort", 48)
    login.succeed(used, fresh)
    context.state.logins[fresh] = login
    return _tokens(context, login, refresh=fresh)


def _tokens(context: Context, login: Login, *, refresh: str = "", nonce: str = "") -> Reply:
    settings, access = context.settings, context.mint.secret("oat", 48)
    context.state.access[access] = Access(login, context.now + settings.token_lifetime)
    reply: dict[str, object] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": settings.token_lifetime,
        "scope": " ".join(login.client.scopes),
    }
    if "openid" in login.client.scopes:
        reply["id_token"] = id_token.signed(context, client_id=login.client.id, nonce=nonce)
    return json_reply(200, reply | ({"refresh_token": refresh} if refresh else {}))


_GRANTS: Final = {CODE_GRANT: _by_code, DEVICE_GRANT: _by_device_code, REFRESH_GRANT: _by_refresh_token}
