"""Forms that clients send, who they are, and refusals as OAuth has them (RFC 6749 section 5.2)."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote_plus

from sso_login.emulator.api.registration import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT
from sso_login.emulator.core.reply import Refusal, json_reply
from sso_login.emulator.core.state import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.settings import Settings
    from sso_login.emulator.core.state import Ask, Context

PUBLIC: Final = "sso-login"
CONFIDENTIAL: Final = "sso-login-confidential"
SCOPES: Final = ("openid", "profile", "email", "offline_access")
_REDIRECTS: Final = ("http://127.0.0.1/oauth/callback",)
_NEVER: Final = float("inf")
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 32


def clients(settings: Settings) -> dict[str, Registration]:
    """Give the clients that are registered: one without a secret, and one with the secret `secret-MARKER`."""
    grants = (DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT)
    secrets = {PUBLIC: "", CONFIDENTIAL: f"secret-{settings.marker}"}
    made = (Registration(name, secrets[name], name, SCOPES, grants, _REDIRECTS, _NEVER) for name in secrets)
    return {client.id: client for client in made}


def refusal(error: str, description: str, *, status: int = 400) -> Refusal:
    """Refuse with an OAuth error."""
    headers = {"WWW-Authenticate": 'Basic realm="issuer"'} if error == "invalid_client" else {}
    return Refusal(error, json_reply(status, {"error": error, "error_description": description}, headers=headers))


def read(ask: Ask) -> dict[str, str]:
    """Read a form, each parameter of which comes once; `resource` may come often (RFC 8707), the first counts."""
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise refusal("invalid_request", "send application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(ask.body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise refusal("invalid_request", "the body is not a form") from None
    names = [name for name, _ in pairs if name != "resource"]
    if len(set(names)) < len(names):
        raise refusal("invalid_request", "a parameter is repeated")
    return dict(reversed(pairs))


def text(form: Mapping[str, str], name: str) -> str:
    """Read a parameter that must be there."""
    if not form.get(name):
        raise refusal("invalid_request", f"{name} is missing")
    return form[name]


def authenticated(context: Context, ask: Ask, form: Mapping[str, str]) -> Registration:
    """Tell which client asks: by client_id alone, with client_secret in the form, or by HTTP Basic, never by two."""
    basic = ask.headers.get("authorization", "")
    if basic and "client_secret" in form:
        raise refusal("invalid_request", "the client says its secret in two ways")
    name, secret = _basic(basic) if basic else (form.get("client_id", ""), form.get("client_secret", ""))
    client = context.state.clients.get(name)
    if client is None or not hmac.compare_digest(secret.encode("utf-8", "replace"), client.secret.encode()):
        raise refusal("invalid_client", "the client is not known, or its secret is wrong", status=401)
    if context.now >= client.expires_at:
        raise refusal("invalid_client", "the client's registration has expired", status=401)
    return client


def scopes(form: Mapping[str, str]) -> tuple[str, ...]:
    """Read what is asked for, openid where nothing is."""
    asked = tuple(form.get("scope", "").split()) or ("openid",)
    if not set(asked) <= set(SCOPES):
        raise refusal("invalid_scope", f"the scopes there are: {' '.join(SCOPES)}")
    return asked


def _basic(header: str) -> tuple[str, str]:
    kind, _, value = header.partition(" ")
    try:
        both = base64.b64decode(value, validate=True).decode()
    except ValueError:
        both = ""
    name, joint, secret = both.partition(":")
    if kind.lower() != "basic" or not joint:
        raise refusal("invalid_client", "the Authorization header is not HTTP Basic", status=401)
    return unquote_plus(name), unquote_plus(secret)
