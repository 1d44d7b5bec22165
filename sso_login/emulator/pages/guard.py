"""Guards the pages' forms: a form is good only from the page and the browser it was made for.

It must carry the token that belongs to the browser's SameSite=Strict cookie and to the one thing that it decides, and
must come from a page of our own (Origin, Sec-Fetch-Site).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context

_COOKIE: Final = "sso-login-emulator"
_COOKIE_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 8


def cookie(context: Context, ask: Ask) -> str:
    """Give the browser's cookie, a new one where it has none."""
    return _sent(ask) or context.mint.name(32)


def set_cookie(value: str, path: str) -> str:
    """Write the header that keeps the cookie for one page."""
    return f"{_COOKIE}={value}; Path={path}; HttpOnly; SameSite=Strict"


def token(context: Context, *, cookie: str, subject: str) -> str:
    """Make the token of a form that decides on `subject` in the browser with that cookie."""
    return hmac.new(context.key, f"{cookie} {subject}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def form(ask: Ask) -> dict[str, str] | None:
    """Read a posted form; None where it is none."""
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    try:
        return dict(parse_qsl(ask.body.decode(), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        return None


def is_ours(context: Context, ask: Ask, *, given: str, subject: str) -> bool:
    """Tell whether a form with the token `given`, deciding on `subject`, came from our page in this browser."""
    sent = _sent(ask)
    right = token(context, cookie=sent, subject=subject)
    # Without a cookie there is no right token, though one could be computed.
    return (
        bool(sent)
        and _from_our_page(context, ask)
        and hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
    )


def _from_our_page(context: Context, ask: Ask) -> bool:
    # Under Referrer-Policy no-referrer a browser writes Origin: null on our own form too (Fetch standard), so
    # null is let through to the token, unless Sec-Fetch-Site, where the browser sends it, says otherwise.
    ours = {f"http://{ask.headers.get('host', '')}", context.url, "null"}
    return (
        ask.headers.get("origin", "null") in ours and ask.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _sent(ask: Ask) -> str:
    for pair in ask.headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _COOKIE and _COOKIE_VALUE.fullmatch(value):
            return value
    return ""
