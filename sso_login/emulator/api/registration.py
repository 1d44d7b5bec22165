"""RegisterClient, and the client that a later request says it is."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Final

from sso_login.emulator.core.asked import Asked, normal, read, text, texts
from sso_login.emulator.core.reply import Reply, json_reply, oidc_refusal
from sso_login.emulator.core.state import Registration
from sso_login.emulator.pages import redirect

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context

CODE_GRANT: Final = "authorization_code"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT: Final = "refresh_token"
GRANTS: Final = frozenset({CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT})

_SCOPE: Final = re.compile(r"openid|aws|[a-z_]+(:[a-z_]+)+")


def register_client(context: Context, ask: Ask) -> Reply:
    """Register a public client for the grants, scopes and redirect URIs it names, for good."""
    asked = read(ask)
    name = text(asked, "clientName")
    if text(asked, "clientType") != "public":
        raise oidc_refusal("InvalidClientMetadataException", "clientType must be public")
    issued_at = int(context.now)
    client = Registration(
        id=context.mint.name(18),
        secret=context.mint.secret("ecs", 900),
        name=name,
        scopes=_scopes(asked),
        grants=_grants(asked),
        redirects=_redirects(asked),
        expires_at=issued_at + context.settings.registration_lifetime,
    )
    _check_issuer(context, asked, grants=client.grants)
    context.state.clients[client.id] = client
    reply = {
        "clientId": client.id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": issued_at,
        "clientSecretExpiresAt": int(client.expires_at),
    }
    return json_reply(200, reply)


def authenticated(context: Context, asked: Asked) -> Registration:
    """Give the client of a request that names it and its secret; InvalidClientException where they do not fit."""
    known = context.state.clients.get(text(asked, "clientId"))
    secret = text(asked, "clientSecret")
    if known is None or not hmac.compare_digest(known.secret.encode(), secret.encode("utf-8", "replace")):
        raise oidc_refusal("InvalidClientException", "the client is not known or its secret is wrong")
    if context.now >= known.expires_at:
        raise oidc_refusal("InvalidClientException", "the client's registration has expired")
    return known


def _grants(asked: Asked) -> tuple[str, ...]:
    grants = texts(asked, "grantTypes") or (DEVICE_GRANT, REFRESH_GRANT)
    if not GRANTS.issuperset(grants):
        raise oidc_refusal("UnsupportedGrantTypeException", "a grant type is not supported")
    if {CODE_GRANT, DEVICE_GRANT} <= set(grants):  # as some instances do
        raise oidc_refusal("InvalidClientMetadataException", "register for device codes or for codes, not for both")
    return grants


def _scopes(asked: Asked) -> tuple[str, ...]:
    scopes = texts(asked, "scopes")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise oidc_refusal("InvalidScopeException", "a scope is not known")
    return scopes


def _redirects(asked: Asked) -> tuple[str, ...]:
    uris = texts(asked, "redirectUris")
    if not all(redirect.allowed(uri) for uri in uris):
        raise oidc_refusal("InvalidRedirectUriException", "redirectUris must be https, or http to loopback")
    if CODE_GRANT in _grants(asked) and not uris:
        raise oidc_refusal("InvalidRedirectUriException", "authorization_code needs redirectUris")
    return uris


def _check_issuer(context: Context, asked: Asked, *, grants: tuple[str, ...]) -> None:
    # The authorize URL names no instance: without an issuer nobody could know where to sign in.
    if CODE_GRANT not in grants and "issuerUrl" not in asked:
        return
    if normal(text(asked, "issuerUrl")) != normal(context.start_url):
        raise oidc_refusal("InvalidRequestException", "issuerUrl is not this instance")
