"""Strict readers for what a service answers: whole objects, texts, tokens, URLs and numbers, each bounded."""

from __future__ import annotations

import email.utils
import json
import math
from typing import TYPE_CHECKING, Final, NoReturn

from sso_login.core.errors import MalformedReply, UsageProblem
from sso_login.core.model import checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT: Final = 16384  # characters of one member; AWS's longest token is a client secret of some 3,000
LONGEST_URL: Final = 2048
LONGEST_RETRY_AFTER: Final = 300.0  # seconds: as long as the back-off of contract section 2 ever gets


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


def json_object(body: bytes) -> dict[str, object] | None:
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


def body_kind(body: bytes) -> str:
    """Say what came instead of JSON, without repeating any of it."""
    head = body.lstrip()[:64].lower()
    if not head:
        return "an empty body"
    if head.startswith(b"<"):
        return "a web page"
    return "a broken or foreign body"


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
