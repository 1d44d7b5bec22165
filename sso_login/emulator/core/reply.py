"""What the service answers: replies as values, and the refusals that AWS's models declare."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

Delivery = Literal["whole", "close", "reset", "hang", "drip"]

_OIDC: Final = {
    "AccessDeniedException": (400, "access_denied"),
    "AuthorizationPendingException": (400, "authorization_pending"),
    "ExpiredTokenException": (400, "expired_token"),
    "InternalServerException": (500, "server_error"),
    "InvalidClientException": (401, "invalid_client"),
    "InvalidClientMetadataException": (400, "invalid_client_metadata"),
    "InvalidGrantException": (400, "invalid_grant"),
    "InvalidRedirectUriException": (400, "invalid_redirect_uri"),
    "InvalidRequestException": (400, "invalid_request"),
    "InvalidScopeException": (400, "invalid_scope"),
    "SlowDownException": (400, "slow_down"),
    "UnauthorizedClientException": (400, "unauthorized_client"),
    "UnsupportedGrantTypeException": (400, "unsupported_grant_type"),
}
_PORTAL: Final = {
    "InvalidRequestException": 400,
    "UnauthorizedException": 401,
    "ForbiddenException": 403,  # not in the model, but what the service says for "No access"
    "ResourceNotFoundException": 404,
    "TooManyRequestsException": 429,
}
_SIGN_IN: Final = {
    "AccessDeniedException": (401, ""),  # the model declares no status; reported of the service, not checked
    "InternalServerException": (500, "server_error"),
    "TooManyRequestsError": (429, "rate_exceeded"),
    "ValidationException": (400, "INVALID_REQUEST"),
}
_STS: Final = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
    "ValidationError": 400,
}
_STS_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; `delivery` says how the server sends it: whole, not at all (close, reset, hang) or byte by byte.

    `pause` is the time between two bytes of a drip, `delay` that before anything is sent, both in seconds.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery = "whole"
    pause: float = 0.05
    delay: float = 0.0


def json_reply(status: int, content: Mapping[str, object], *, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a JSON object that no cache keeps (RFC 6749 section 5.1)."""
    common = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
    return Reply(status, {**common, **(headers or {})}, json.dumps(content).encode())


def xml_reply(status: int, name: str, content: Mapping[str, object]) -> Reply:
    """Answer with an XML element of STS's; members of a mapping are elements in it."""
    whole = f'<{name} xmlns="{_STS_NAMESPACE}">{_elements(content)}</{name}>'
    return Reply(status, {"Content-Type": "text/xml", "Cache-Control": "no-store"}, whole.encode())


def _elements(content: Mapping[str, object]) -> str:
    return "".join(f"<{name}>{_inner(value)}</{name}>" for name, value in content.items())


def _inner(value: object) -> str:
    return _elements(value) if isinstance(value, dict) else escape(str(value))


class Refusal(Exception):
    """An operation says no; `reply` is how that looks on the wire, `error` what the call log may say of it."""

    def __init__(self, error: str, reply: Reply) -> None:
        """Keep the error's code and its reply."""
        super().__init__(error)
        self.error = error
        self.reply = reply


def oidc_refusal(name: str, description: str, *, reason: str = "") -> Refusal:
    """Refuse as SSO-OIDC does: an OAuth error body and the exception's name in a header.

    `reason` is a member of access_denied and invalid_request only, for trouble with a KMS key.
    """
    status, code = _OIDC[name]
    content = {"error": code, "error_description": description} | ({"reason": reason} if reason else {})
    kind = f"{name}:http://internal.amazon.com/coral/com.amazonaws.ssooidc/"
    return Refusal(code, json_reply(status, content, headers={"x-amzn-ErrorType": kind}))


def portal_refusal(name: str, message: str, *, retry_after: int | None = None) -> Refusal:
    """Refuse as the access portal does: message and `__type` in the body, the exception's name in a header too.

    `retry_after` is what the header of that name says, in seconds.
    """
    content = {"message": message, "__type": f"com.amazonaws.switchboard.portal#{name}"}
    kind = f"{name}:http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
    headers = {"x-amzn-ErrorType": kind} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    return Refusal(name, json_reply(_PORTAL[name], content, headers=headers))


def sign_in_refusal(name: str, message: str, *, error: str = "") -> Refusal:
    """Refuse as AWS Sign-In does: `error` and `message` in the body, the exception's bare name in a header.

    `error` is needed for AccessDeniedException: TOKEN_EXPIRED, AUTHCODE_EXPIRED, USER_CREDENTIALS_CHANGED or
    INSUFFICIENT_PERMISSIONS.
    """
    status, code = _SIGN_IN[name]
    content = {"error": error or code, "message": message}
    return Refusal(error or code, json_reply(status, content, headers={"x-amzn-ErrorType": name}))


def sts_refusal(code: str, message: str, *, request_id: str) -> Refusal:
    """Refuse as STS does, in XML; the code is one of the common errors."""
    status = _STS[code]
    error = {"Type": "Sender" if status < 500 else "Receiver", "Code": code, "Message": message}
    return Refusal(code, xml_reply(status, "ErrorResponse", {"Error": error, "RequestId": request_id}))
