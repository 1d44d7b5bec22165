"""What is answered, as text: credentials, or a code and a message; all SDKs read these members, by these names."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.core.errors import LoginRequired, ServiceError, SsoLoginError, StorageError, Unreachable
from sso_login.core.times import rfc3339

if TYPE_CHECKING:
    from sso_login.server.cache import Served

# Codes by which a service says that this role is not to be had; anything else that it says is trouble of its own.
_NOT_ALLOWED: Final = ("accessdenied", "access_denied", "forbidden", "http_401", "http_403", "unauthorized")
PENDING: Final = "credentials are being fetched, and not here yet"


class Answer(NamedTuple):
    """A status and a body."""

    status: HTTPStatus
    body: bytes


def credentials(served: Served, *, until: float | None) -> Answer:
    """Write credentials; their end is told no later than `until`, so that SDKs ask again when a lease is over."""
    given = served.credentials
    expires_at = given.expires_at if until is None else min(given.expires_at, int(until))
    members = {
        "AccessKeyId": given.key_id,
        "SecretAccessKey": given.secret.reveal(),
        "Token": given.token.reveal(),
        "Expiration": rfc3339(expires_at),
        "AccountId": given.account_id or None,
        "RoleArn": served.role_arn,
    }
    return Answer(HTTPStatus.OK, json.dumps(members).encode())


def refusal(status: HTTPStatus, code: str, message: str) -> Answer:
    """Write an error as SDKs show it."""
    return Answer(status, json.dumps({"Code": code, "Message": message}).encode())


def refused(status: HTTPStatus) -> Answer:
    """Answer a wrong request, without a word about what is wrong with it."""
    return refusal(status, status.phrase.replace(" ", ""), status.phrase.lower())


def lease_ended() -> Answer:
    """Answer after the end of a lease."""
    return refusal(HTTPStatus.FORBIDDEN, "LeaseEnded", "the time is over for which these credentials were lent")


def pending() -> Answer:
    """Answer who has waited long enough."""
    return problem(Unreachable(PENDING, hint="Ask again in a moment."))


def problem(error: SsoLoginError) -> Answer:
    """Write why there are no credentials: the error, and what helps."""
    status, code = _kind(error)
    return refusal(status, code, f"{error.message}. {error.hint}".strip())


def _kind(error: SsoLoginError) -> tuple[HTTPStatus, str]:
    if isinstance(error, LoginRequired):
        return HTTPStatus.FORBIDDEN, "LoginRequired"
    if isinstance(error, Unreachable):
        return HTTPStatus.SERVICE_UNAVAILABLE, "Unreachable"
    if isinstance(error, ServiceError):
        code = error.code or "ServiceError"
        denied = code.lower() in _NOT_ALLOWED
        return (HTTPStatus.FORBIDDEN if denied else HTTPStatus.BAD_GATEWAY), code
    if isinstance(error, StorageError):
        return HTTPStatus.SERVICE_UNAVAILABLE, "StorageError"
    return HTTPStatus.INTERNAL_SERVER_ERROR, type(error).__name__
