"""Strict readers for replies: what is an answer, what is an error, and what is neither.

A reply is an answer only as a JSON object with status 200. A 4xx that names its error is the service
saying no (ServiceError). Everything else - 429, 5xx, redirects, HTML, nothing, half a body - says nothing
about the login, and is NotAnAnswer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import shown
from sso_login.oauth.reply import (
    body_kind,
    json_object,
    lifetime,
    malformed,
    number,
    optional_token,
    retry_after,
    server_time,
    text,
    token,
    url,
)

if TYPE_CHECKING:
    from sso_login.core.message import Response

__all__ = [
    "Hints",
    "acknowledged",
    "answer",
    "error_code",
    "lifetime",
    "malformed",
    "number",
    "optional_token",
    "retry_after",
    "server_time",
    "text",
    "token",
    "url",
]

Hints = Mapping[str, str]

# Codes that have one meaning under several names (`validation` is AWS Sign-In's); a server_error is trouble, whatever
# its status.
_ALIASES: Final = {
    "internal_server": "server_error",
    "too_many_requests": "slow_down",
    "validation": "invalid_request",
}
_TROUBLE: Final = frozenset({"server_error", "temporarily_unavailable"})
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def answer(response: Response, operation: str, hints: Hints | None = None) -> dict[str, object]:
    """Give the members of a reply that is an answer, else raise ServiceError or NotAnAnswer.

    `hints` has a next step by error code.
    """
    delivered(response, operation)
    members = json_object(response.body)
    if response.status != 200:
        raise _refusal(response, operation, members=members, hints=hints or {})
    if members is None:
        raise no_answer(operation, f"{body_kind(response.body)} in place of JSON")
    return members


def acknowledged(response: Response, operation: str, hints: Hints | None = None) -> None:
    """Accept a reply without content: status 200 or 204 with no body, or an answer; else raise as `answer` does."""
    if response.status not in {200, 204} or response.body.strip():
        answer(response, operation, hints)


def delivered(response: Response, operation: str) -> None:
    """Raise NotAnAnswer for a status that says that the request did not get to its handler, or broke there."""
    status = response.status
    if status == 429:
        wait = retry_after(response.headers)
        raise Throttled(
            f"{operation} got no answer of the service: HTTP 429, too many requests", wait=wait, passes=True
        )
    if status >= 500:
        raise no_answer(
            operation, f"HTTP {status}, trouble on its side", wait=retry_after(response.headers), passes=True
        )
    if 300 <= status < 400:
        raise no_answer(operation, f"HTTP {status}, a redirect, which is never followed")
    if not (status == 200 or 400 <= status < 500) or status == 408:
        raise no_answer(operation, f"HTTP {status}")


def _refusal(
    response: Response, operation: str, *, members: dict[str, object] | None, hints: Hints
) -> ServiceError | NotAnAnswer:
    code = error_code(response.headers, members or {})
    if code in _TROUBLE:
        return no_answer(operation, f"HTTP {response.status}, {code}", wait=retry_after(response.headers), passes=True)
    if members is None and not code:
        return no_answer(operation, f"HTTP {response.status} with {body_kind(response.body)} in place of JSON")
    return _service_error(response, operation, code=code, members=members or {}, hints=hints)


def _service_error(
    response: Response, operation: str, *, code: str, members: Mapping[str, object], hints: Hints
) -> ServiceError:
    code = code or f"http_{response.status}"
    said = shown(members.get("error_description") or members.get("message") or "")
    request_id = identifier(response.headers.get("x-amzn-requestid", ""))
    tail = f" (request id {request_id})" if request_id else ""
    return ServiceError(
        f"{operation} was refused: {code}{': ' + said if said else ''}{tail}",
        code=code,
        reason=identifier(members.get("reason")),
        request_id=request_id,
        hint=hints.get(code),
    )


def no_answer(operation: str, what: str, *, wait: float | None = None, passes: bool = False) -> NotAnAnswer:
    """Make the error for what says nothing of the request, and so nothing of the login."""
    return NotAnAnswer(f"{operation} got no answer of the service: {what}", wait=wait, passes=passes)


def error_code(headers: Mapping[str, str], members: Mapping[str, object]) -> str:
    """Name a reply's error by its OAuth code, from `error`, else `__type`, else the header; empty where none says."""
    said = (members.get("error"), members.get("__type"), headers.get("x-amzn-errortype"))
    return next((code for code in map(_oauth_code, said) if code), "")


def _oauth_code(name: object) -> str:
    """Turn `invalid_grant`, `InvalidGrantException:http://...` or `com.amazonaws...#InvalidGrantException` into one."""
    if not isinstance(name, str):
        return ""
    bare = name.partition(":")[0].rpartition("#")[2].rpartition(".")[2].strip()
    if not _CODE.fullmatch(bare):
        return ""
    if bare.islower():
        return _ALIASES.get(bare, bare)
    stem = re.sub(r"(?<=.)(Exception|Error)$", "", bare)
    snake = _HUMP.sub("_", stem).lower()
    return _ALIASES.get(snake, snake)


def identifier(value: object) -> str:
    """Give a request id or code as it is, empty where it cannot be one."""
    fits = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value)
    return str(value) if fits else ""
