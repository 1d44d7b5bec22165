"""What an issuer says of itself (RFC 8414, OpenID Connect Discovery): where it says it, and what of it is believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from sso_login.core.errors import MalformedReply, ServiceError
from sso_login.core.message import Request, shown
from sso_login.oauth import reply
from sso_login.oauth.form_wire import DEADLINE, heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.message import Response
    from sso_login.core.model import Application

DISCOVERY: Final = "discovery"
ALWAYS: Final = ("openid", "offline_access")  # scopes to ask for where an issuer lists them and none are given
_SERVER: Final = "/.well-known/oauth-authorization-server"
_OPENID: Final = "/.well-known/openid-configuration"
_MOST: Final = 1_000  # of a list; the whole answer is bounded by the transport


class Metadata(NamedTuple):
    """What counts of an issuer's metadata; an endpoint is empty where the issuer has none."""

    token: str
    device: str = ""
    authorize: str = ""
    revocation: str = ""
    basic: bool = False
    scopes: tuple[str, ...] = ()


def requests(issuer: str) -> list[Request]:
    """Build the requests for metadata in their order: RFC 8414's form first, OpenID Connect's own last."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    paths = dict.fromkeys([_SERVER + path, _OPENID + path, path + _OPENID])
    urls = (urlunsplit((parts.scheme, parts.netloc, path, "", "")) for path in paths)
    headers = {"Accept": "application/json"}
    return [Request(DISCOVERY, "GET", url, headers=headers, deadline=DEADLINE, keep_alive=True) for url in urls]


def read_metadata(response: Response, issuer: str) -> Metadata | None:
    """Read metadata, None where the issuer has none in this place.

    Raises MalformedReply where it is another issuer's or an endpoint may not be spoken to, NotAnAnswer.
    """
    said = heard(response, DISCOVERY)
    if said.error or "issuer" not in said.members:
        return None
    _compare(said.members.get("issuer"), issuer)
    methods = _texts(said.members, "token_endpoint_auth_methods_supported")
    return Metadata(
        token=reply.url(said.members, "token_endpoint", DISCOVERY),
        device=_endpoint(said.members, "device_authorization_endpoint"),
        authorize=_endpoint(said.members, "authorization_endpoint"),
        revocation=_endpoint(said.members, "revocation_endpoint"),
        basic="client_secret_basic" in methods and "client_secret_post" not in methods,
        scopes=_texts(said.members, "scopes_supported"),
    )


def no_metadata(issuer: str) -> ServiceError:
    """Say that an issuer has no metadata in any of the places."""
    hint = "Check the issuer's URL in its documentation, or give endpoints: --device-endpoint and --token-endpoint."
    return ServiceError(f"{issuer} has no metadata of an OAuth issuer", code="no_metadata", hint=hint)


def completed(app: Application, found: Metadata) -> Application:
    """Fill in from metadata what was not configured by hand."""
    return replace(
        app,
        token=app.token or found.token,
        device=app.device or found.device,
        authorize=app.authorize or found.authorize,
        revocation=app.revocation or found.revocation,
        basic=found.basic,
    )


def default_scopes(found: Metadata) -> tuple[str, ...]:
    """Give the scopes to ask for where none are given: what a login lives by, as far as the issuer lists it."""
    return tuple(scope for scope in ALWAYS if scope in found.scopes)


def _compare(said: object, issuer: str) -> None:
    """Raise MalformedReply unless the metadata is that of this very issuer (RFC 8414 section 3.3)."""
    if said == issuer:
        return
    name = shown(said) or "nobody"
    near = isinstance(said, str) and said.rstrip("/") == issuer.rstrip("/")
    hint = f"Write it as the issuer does: {name}." if near else "Use the issuer's URL as its documentation has it."
    raise MalformedReply(f"the metadata at {issuer} is that of another issuer: {name}", hint=hint)


def _endpoint(members: Mapping[str, object], member: str) -> str:
    return reply.url(members, member, DISCOVERY) if members.get(member) else ""


def _texts(members: Mapping[str, object], member: str) -> tuple[str, ...]:
    value = members.get(member)
    return tuple(item for item in value[:_MOST] if isinstance(item, str)) if isinstance(value, list) else ()
