"""What else an issuer has: metadata and keys, who the user is, and revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.emulator.api.registration import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT
from sso_login.emulator.core.reply import Refusal, Reply, json_reply
from sso_login.emulator.issuer import id_token
from sso_login.emulator.issuer.form import SCOPES, authenticated, read, text

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context

SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"


def metadata(context: Context, _ask: Ask) -> Reply:
    """Answer both forms of discovery (RFC 8414, OpenID Connect Discovery)."""
    url = context.url
    found = {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "device_authorization_endpoint": f"{url}/device_authorization",
        "token_endpoint": f"{url}/token",
        "revocation_endpoint": f"{url}/revoke",
        "userinfo_endpoint": f"{url}/userinfo",
        "jwks_uri": f"{url}/jwks",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "grant_types_supported": [CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return json_reply(200, found)


def keys(context: Context, _ask: Ask) -> Reply:
    """Answer GET /jwks."""
    return json_reply(200, {"keys": [id_token.public_key(context)]})


def userinfo(context: Context, ask: Ask) -> Reply:
    """Answer GET /userinfo: whom the access token in the Authorization header is of (RFC 6750)."""
    kind, _, token = ask.headers.get("authorization", "").partition(" ")
    access = context.state.access.get(token)
    if kind.lower() != "bearer" or access is None or access.login.dead or context.now >= access.expires_at:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        reply = json_reply(401, {"error": "invalid_token"}, headers=headers)
        raise Refusal("invalid_token", reply)
    user, scopes = context.settings.user, " ".join(access.login.client.scopes)
    return json_reply(200, {"sub": user, "email": f"{user}@harbour.example", "scope": scopes})


def revoke(context: Context, ask: Ask) -> Reply:
    """Answer POST /revoke (RFC 7009): a refresh token takes its whole login along; what is not known is no error."""
    form = read(ask)
    client, token = authenticated(context, ask, form), text(form, "token")
    login, access = context.state.logins.get(token), context.state.access.get(token)
    if login is not None and login.client.id == client.id:
        login.revoked = True
    if access is not None and access.login.client.id == client.id:
        access.expires_at = context.now
    return Reply(200, {"Cache-Control": "no-store"})
