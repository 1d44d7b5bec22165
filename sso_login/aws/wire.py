"""Strict readers for replies: what is an answer, what is an error, and what is neither.

A reply is an answer only as a JSON object with status 200. A 4xx that names its error is the service
saying no (ServiceError). Everything else - 429, 5xx, redirects, HTML, nothing, half a body - says nothing
about the login, and is NotAnAnswer.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Throttled, UsageProblem
from sso_login.core.message import shown
from sso_login.core.model import checked_url

if TYPE_CHECKING:
    from sso_login.core.message import Response

Hints = Mapping[str, str]

LONGEST_TEXT: Final = 16384  # characters of one member; AWS's longest token is a client secret of some 3,000
LONGEST_URL: Final = 2048
LONGEST_RETRY_AFTER: Final = 300.0  # seconds: as long as the back-off of contract section 2 ever gets

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
    _delivered(response, operation)
    members = _object(response.body)
    if response.status != 200:
        raise _refusal(response, operation, members=members, hints=hints or {})
    if members is None:
        raise _no_answer(operation, f"{_kind(response.body)} in place of JSON")
    return members


def acknowledged(response: Response, operation: str, hints: Hints | None = None) -> None:
    """Accept a reply without content: status 200 or 204 with no body, or an answer; else raise as `answer` does."""
    if response.status not in {200, 204} or response.body.strip():
        answer(response, operation, hints)


def _delivered(response: Response, operation: str) -> None:
    """Raise NotAnAnswer for a status that says that the request did not get to its handler, or broke there."""
    status = response.status
    if status == 429:
        wait = retry_after(response.headers)
        raise Throttled(
            f"{operation} got no answer of the service: HTTP 429, too many requests", wait=wait, passes=True
        )
    if status >= 500:
        raise _no_answer(
            operation, f"HTTP {status}, trouble on its side", wait=retry_after(response.headers), passes=True
        )
    if 300 <= status < 400:
        raise _no_answer(operation, f"HTTP {status}, a redirect, which is never followed")
    if not (status == 200 or 400 <= status < 500) or status == 408:
        raise _no_answer(operation, f"HTTP {status}")


def _refusal(
    response: Response, operation: str, *, members: dict[str, object] | None, hints: Hints
) -> ServiceError | NotAnAnswer:
    code = error_code(response.headers, members or {})
    if code in _TROUBLE:
        return _no_answer(operation, f"HTTP {response.status}, {code}", wait=retry_after(response.headers), passes=True)
    if members is None and not code:
        return _no_answer(operation, f"HTTP {response.status} with {_kind(response.body)} in place of JSON")
    return _service_error(response, operation, code=code, members=members or {}, hints=hints)


def _service_error(
    response: Response, operation: str, *, code: str, members: Mapping[str, object], hints: Hints
) -> ServiceError:
    code = code or f"http_{response.status}"
    said = shown(members.get("error_description") or members.get("message") or "")
    request_id = _identifier(response.headers.get("x-amzn-requestid", ""))
    tail = f" (request id {request_id})" if request_id else ""
    return ServiceError(
        f"{operation} was refused: {code}{': ' + said if said else ''}{tail}",
        code=code,
        reason=_identifier(members.get("reason")),
        request_id=request_id,
        hint=hints.get(code),
    )


def _no_answer(operation: str, what: str, *, wait: float | None = None, passes: bool = False) -> NotAnAnswer:
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


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, seconds or an HTTP date, as seconds up to 300; None where it does not ask for a wait.

    A date is compared with the reply's own Date header, so that a wrong local clock does not matter.
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        seconds = float(said[:9])
    else:
        until, now = server_time({"date": said}), server_time(headers)
        if until is None or now is None:
            return None
        seconds = until - now
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def server_time(headers: Mapping[str, str]) -> float | None:
    """Read the Date header as epoch seconds, None where there is no date in it."""
    try:
        said = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return said.timestamp() if said.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _object(body: bytes) -> dict[str, object] | None:
    """Parse a JSON object strictly; None for everything else: other encodings, NaN, infinities, bottomless nesting."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number("an infinite number")


def _kind(body: bytes) -> str:
    """Say what came instead of JSON, without repeating any of it."""
    head = body.lstrip()[:64].lower()
    if not head:
        return "an empty body"
    if head.startswith(b"<"):
        return "a web page"
    return "a broken or foreign body"


def _identifier(value: object) -> str:
    fits = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value)
    return str(value) if fits else ""


def token(members: Mapping[str, object], member: str, operation: str) -> str:
    """Read a required token, code or id: visible ASCII, no spaces (RFC 6749 appendix A), or raise MalformedReply."""
    value = text(members, member, operation)
    if not value.isascii() or " " in value:
        raise malformed(operation, member, "holds characters that do not belong there")
    return value


def text(members: Mapping[str, object], member: str, operation: str, *, longest: int = LONGEST_TEXT) -> str:
    """Read a required printable text of bounded length, or raise MalformedReply."""
    value = members.get(member)
    if value is None:
        raise malformed(operation, member, "is missing")
    if not isinstance(value, str):
        raise malformed(operation, member, "is not a text")
    if not value.strip():
        raise malformed(operation, member, "is empty")
    if len(value) > longest or not value.isprintable():
        raise malformed(operation, member, "is too long or holds control characters")
    return value


def optional_token(members: Mapping[str, object], member: str, operation: str) -> str | None:
    """Read a token that may be absent, null or empty (None); raise MalformedReply for anything else that is none."""
    value = members.get(member)
    return None if value is None or value == "" else token(members, member, operation)


def url(members: Mapping[str, object], member: str, operation: str) -> str:
    """Read a required URL that may be shown and opened: https, or http to loopback; or raise MalformedReply."""
    value = text(members, member, operation, longest=LONGEST_URL)
    try:
        return checked_url(value, what=member)
    except UsageProblem:
        # The cause would carry the URL itself into tracebacks.
        raise malformed(operation, member, "is not an https URL") from None


def number(members: Mapping[str, object], member: str, operation: str) -> float:
    """Read a required number that is not negative, as it stands in JSON (no string, no boolean), or MalformedReply."""
    value = members.get(member)
    if value is None:
        raise malformed(operation, member, "is missing")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise malformed(operation, member, "is not a number")
    if value < 0:
        raise malformed(operation, member, "is negative")
    return float(min(value, 2**53))


def lifetime(members: Mapping[str, object], member: str, operation: str, *, longest: int) -> float:
    """Read a required number of seconds above zero; more than `longest` is taken for `longest`; or MalformedReply."""
    seconds = number(members, member, operation)
    if seconds < 1:
        raise malformed(operation, member, "leaves no time")
    return min(seconds, longest)


def malformed(operation: str, member: str, what: str) -> MalformedReply:
    """Make the error for a member of a reply that is not as the API promises; never says its content."""
    return MalformedReply(f"the reply to {operation} cannot be used: {member} {what}")
