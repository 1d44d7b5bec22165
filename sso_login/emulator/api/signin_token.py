"""AWS Sign-In's CreateOAuth2Token: credentials for a code or a refresh token, each with a DPoP proof.

Members, limits and errors are those of the API's service model (signin, 2023-01-01). Which error says what follows
public reports (aws/aws-cli 10613 and 10330), not a check: a grant that is no good in itself, or revoked, is
ValidationException, one that was good and is over AccessDeniedException.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Final

from sso_login.emulator.api import signin
from sso_login.emulator.api.registration import CODE_GRANT, REFRESH_GRANT
from sso_login.emulator.core import credentials, dpop, pkce
from sso_login.emulator.core.asked import Asked, members
from sso_login.emulator.core.console import ConsoleLogin
from sso_login.emulator.core.reply import Refusal, Reply, json_reply, sign_in_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.state import Ask, Context

PATH: Final = "/v1/token"

_LIFETIME: Final = 900  # seconds at most
_LIMITS: Final = {
    "code": re.compile(r".{1,512}", re.DOTALL),
    "codeVerifier": re.compile(r"[A-Za-z0-9._~-]{43,128}"),
    "redirectUri": re.compile(r".{1,2048}", re.DOTALL),
    "refreshToken": re.compile(r".{1,2048}", re.DOTALL),
}


def create_token(context: Context, ask: Ask) -> Reply:
    """Give credentials for an authorization code or a refresh token, to whom proves to hold the right key."""
    asked = members(ask)
    if asked is None:
        raise _invalid("the body is not a JSON object")
    if asked.get("clientId") not in (signin.SAME_DEVICE, signin.CROSS_DEVICE):
        raise _invalid("clientId is missing or not known")
    grant = asked.get("grantType")
    if grant not in (CODE_GRANT, REFRESH_GRANT):
        raise sign_in_refusal("ValidationException", "grantType is not supported", error="unsupported_grant_type")
    names = ("code", "codeVerifier", "redirectUri") if grant == CODE_GRANT else ("refreshToken",)
    given = {name: _text(asked, name) for name in names} | {"clientId": str(asked["clientId"])}
    thumbprint = _proven(context, ask)
    if grant == CODE_GRANT:
        return _by_code(context, given, thumbprint=thumbprint)
    return _by_refresh_token(context, given, thumbprint=thumbprint)


def _text(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise _invalid(f"{name} is missing or not a string")
    if not _LIMITS[name].fullmatch(value):
        raise _invalid(f"{name} is longer or shorter than allowed, or holds what it must not")
    return value


def _proven(context: Context, ask: Ask) -> str:
    try:
        proof = dpop.verify(ask.headers.get("dpop", ""), url=signin.base(ask) + PATH, now=context.now)
    except dpop.Unproven as error:
        raise _invalid(f"invalid DPoP proof: {error}") from error
    if not context.state.console.first_seen(proof.jti, until=proof.issued_at + dpop.WINDOW, now=context.now):
        raise _invalid("invalid DPoP proof: its jti was seen before")
    return proof.thumbprint


def _by_code(context: Context, given: Mapping[str, str], *, thumbprint: str) -> Reply:
    issued = context.state.console.codes.get(given["code"])
    if issued is None or issued.request.client_id != given["clientId"]:
        raise _invalid("the code is not known or belongs to another client")
    if issued.login is not None:
        issued.login.revoked = True  # RFC 6749 section 4.1.2: whoever was first may have been a thief
        raise _invalid("the code was used before; what it gave is revoked")
    if context.now >= issued.expires_at:
        raise _denied("AUTHCODE_EXPIRED", "the authorization code has expired")
    if issued.request.redirect_uri != given["redirectUri"]:
        raise _invalid("redirectUri is not the one the code was sent to")
    if not pkce.proves(given["codeVerifier"], issued.request.challenge):
        raise _invalid("codeVerifier does not belong to the code's challenge")
    _check_permitted(context)
    ends = context.now + context.settings.session_lifetime
    issued.login = ConsoleLogin(given["clientId"], thumbprint, ends)
    refresh = _fresh(context, issued.login)
    issued.login.newest.add(refresh)
    return _credentials(context, refresh, id_token=_id_token(context, given["clientId"]))


def _by_refresh_token(context: Context, given: Mapping[str, str], *, thumbprint: str) -> Reply:
    used, rotation = given["refreshToken"], context.settings.rotation
    login = context.state.console.logins.get(used)
    if login is None or login.client_id != given["clientId"]:
        raise _invalid("the refresh token is not known or belongs to another client")
    if not hmac.compare_digest(login.thumbprint, thumbprint):
        raise _invalid("the refresh token is bound to another key than that of the DPoP proof")
    if login.revoked:
        raise _invalid("the refresh token is revoked")
    if login.outdated:
        raise _denied("USER_CREDENTIALS_CHANGED", "the user's credentials were changed since the login")
    if context.now >= login.expires_at:
        raise _denied("TOKEN_EXPIRED", "the refresh token has expired")
    if not login.takes(used, rotation):
        login.revoked = True  # somebody holds a copy: neither of the two may go on (RFC 9700 section 4.14.2)
        raise _invalid("the refresh token was used before; the login is revoked")
    _check_permitted(context)
    if rotation == "none":
        return _credentials(context, used)
    fresh = _fresh(context, login)
    login.succeed(used, fresh)
    return _credentials(context, fresh)


def _check_permitted(context: Context) -> None:
    if not context.settings.permitted:
        raise _denied("INSUFFICIENT_PERMISSIONS", "the user may not call signin:CreateOAuth2Token")


def _fresh(context: Context, login: ConsoleLogin) -> str:
    refresh = context.mint.secret("ASOR", 450)
    context.state.console.logins[refresh] = login
    return refresh


def _credentials(context: Context, refresh: str, *, id_token: str = "") -> Reply:
    settings = context.settings
    lifetime = min(_LIFETIME, settings.token_lifetime)
    reply = {
        "accessToken": credentials.issue(context, credentials.of_user(context), lifetime=lifetime),
        "tokenType": settings.token_type,
        "expiresIn": lifetime,
        "refreshToken": refresh,
    }
    return json_reply(200, reply | ({"idToken": id_token} if id_token else {}))


def _id_token(context: Context, client_id: str) -> str:
    # Signed by a key that nobody else has: clients trust it for the connection it came by (OpenID Connect 3.1.3.7).
    issued_at = int(context.now)
    claims = {"iss": context.url, "sub": credentials.user_arn(context), "aud": client_id, "iat": issued_at}
    parts = ({"typ": "JWT", "alg": "HS256"}, claims | {"exp": issued_at + _LIFETIME})
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(hmac.digest(context.key, signed.encode(), hashlib.sha256))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _invalid(message: str) -> Refusal:
    return sign_in_refusal("ValidationException", message)


def _denied(error: str, message: str) -> Refusal:
    return sign_in_refusal("AccessDeniedException", message, error=error)
