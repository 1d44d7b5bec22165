"""The wire of any OAuth server: forms go out, JSON comes back, and one rule tells answers, refusals and trouble apart.

The rule (RFC 6749 section 5, and what servers really do): a named `error` counts whatever the status, since some send
it with 200; without one the status speaks. 429, 408 and 5xx are trouble, and so is a redirect; other 4xx are refusals.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, quote_plus

from sso_login.core.errors import NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import Request, shown
from sso_login.oauth.reply import body_kind, json_object, retry_after

if TYPE_CHECKING:
    from sso_login.core.message import Response
    from sso_login.core.model import Application, Secret

Form = Mapping[str, str | tuple[str, ...]]
Hints = Mapping[str, str]

DEADLINE: Final = 30.0  # seconds for a whole call; a refresh's answer is precious, so not less
TRY_LATER: Final = "The issuer, a proxy or a captive portal is in trouble; try again later, the login is kept."
_FIELDS: Final = 64
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ALIASES: Final = {"authorization_declined": "access_denied"}  # Entra ID's
_TROUBLE: Final = frozenset({"server_error", "temporarily_unavailable"})
# What a server means even where it says so with 429 or 5xx; any other word there is that of a gateway.
_STANDARD: Final = frozenset(
    {
        *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "invalid_target"),
        *("unauthorized_client", "unsupported_grant_type", "unsupported_token_type"),
        *("authorization_pending", "slow_down", "access_denied", "expired_token"),
    }
)


class Said(NamedTuple):
    """What a server says: an answer, whose `error` is empty, or a refusal by its code."""

    error: str
    members: Mapping[str, object]


def post(operation: str, url: str, form: Form, *, app: Application, secret: Secret | None) -> Request:
    """Build a request as the client that the application is (RFC 6749 section 2.3.1).

    A public client names itself in the form; one with a secret adds it there, or says both in the header alone.
    """
    headers = {"Accept": "application/json"}
    if secret is not None and app.basic:
        both = f"{quote_plus(app.client_id)}:{quote_plus(secret.reveal())}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        members: Form = form
    else:
        known = {"client_secret": secret.reveal()} if secret is not None else {}
        members = {"client_id": app.client_id, **known, **form}
    return Request(operation=operation, method="POST", url=url, headers=headers, form=members, deadline=DEADLINE)


def answer(response: Response, operation: str, hints: Hints) -> Mapping[str, object]:
    """Give the members of a reply that is an answer; raise ServiceError, NotAnAnswer."""
    said = heard(response, operation)
    if said.error:
        raise refusal(said, operation, hints)
    return said.members


def heard(response: Response, operation: str) -> Said:
    """Tell what the server says; raise NotAnAnswer (Throttled for 429) where it says nothing about the request."""
    status, members = response.status, _members(response)
    if 300 <= status < 400:
        raise _no_answer(operation, f"HTTP {status}, a redirect, which is never followed")
    error = _error(members or {})
    busy = status in {408, 429} or status >= 500
    if error and (not busy or error in _STANDARD):
        if error in _TROUBLE:
            wait = retry_after(response.headers)
            raise _no_answer(operation, f"HTTP {status}, {error}", wait=wait, passes=True)
        return Said(error, members or {})
    if busy:
        raise _trouble(response, operation)
    if 400 <= status < 500:
        return Said(f"http_{status}", members or {})
    if not 200 <= status < 300:
        raise _no_answer(operation, f"HTTP {status}")
    if members is None:
        raise _no_answer(operation, f"{body_kind(response.body)} in place of JSON")
    return Said("", members)


def refusal(said: Said, operation: str, hints: Hints) -> ServiceError:
    """Make the error for a refusal; `hints` has a next step by code, and one for all others under an empty one."""
    words = shown(said.members.get("error_description") or "")
    message = f"the {operation} was refused: {said.error}{': ' + words if words else ''}"
    return ServiceError(message, code=said.error, hint=hints.get(said.error, hints.get("")))


def _trouble(response: Response, operation: str) -> NotAnAnswer:
    wait = retry_after(response.headers)
    if response.status == 429:
        message = f"the {operation} got no answer of the issuer: HTTP 429, too many requests"
        return Throttled(message, wait=wait, passes=True)
    return _no_answer(operation, f"HTTP {response.status}, trouble on its side", wait=wait, passes=True)


def _no_answer(operation: str, what: str, *, wait: float | None = None, passes: bool = False) -> NotAnAnswer:
    message = f"the {operation} got no answer of the issuer: {what}"
    return NotAnAnswer(message, hint=TRY_LATER, wait=wait, passes=passes)


def _members(response: Response) -> dict[str, object] | None:
    """Read a JSON object, or a form where the server says that it is one: GitHub's usual answer."""
    if response.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return json_object(response.body)
    try:
        pairs = parse_qsl(response.body.decode("ascii"), strict_parsing=True, max_num_fields=_FIELDS)
    except ValueError:
        return None
    return dict(pairs)


def _error(members: Mapping[str, object]) -> str:
    said = members.get("error")
    if not isinstance(said, str) or not _CODE.fullmatch(said):
        return ""
    return _ALIASES.get(said.lower(), said.lower())
