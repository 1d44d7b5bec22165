"""The verification page's behaviour: shows what is to be approved, and takes Approve or Deny.

A form is good only with the token in it that belongs to the browser's SameSite=Strict cookie and to that one user
code, and only from a page of our own (Origin, Sec-Fetch-Site).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from sso_login.emulator import page
from sso_login.emulator.reply import Reply

if TYPE_CHECKING:
    from sso_login.emulator.state import Ask, Authorization, Context

_COOKIE: Final = "sso-login-emulator"
_COOKIE_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 8


def start(context: Context, _ask: Ask) -> Reply:
    """Lead who opens the start URL in a browser to the page with the form."""
    return Reply(303, {"Location": f"{context.url}/device", **page.HEADERS})


def show(context: Context, ask: Ask) -> Reply:
    """Answer GET /device: the form for a code, or what the code in the query stands for."""
    typed = ask.query.get("user_code")
    if typed is None:
        return _html(200, page.code_form())
    found = context.state.by_user_code(_as_issued(typed))
    return _unknown(typed) if found is None else _state(context, ask, found=found)


def decide(context: Context, ask: Ask) -> Reply:
    """Answer POST /device: approve or deny, if the form is one of ours."""
    form = _form(ask)
    if form is None:
        return _html(400, page.refused("That was not a form of this page."))
    if not _from_our_page(context, ask) or not hmac.compare_digest(
        form.get("token", "").encode("utf-8", "replace"),
        _token(context, cookie=_cookie(ask), user_code=_as_issued(form.get("user_code", ""))).encode(),
    ):
        return _html(403, page.refused("The form was not sent from this page in this browser. Nothing was approved."))
    found = context.state.by_user_code(_as_issued(form.get("user_code", "")))
    if found is None or form.get("decision") not in {"approve", "deny"}:
        return _html(400, page.refused("That was not a form of this page."))
    if context.now < found.expires_at:
        context.decide(found, approve=form["decision"] == "approve")
    return _state(context, ask, found=found)


def _state(context: Context, ask: Ask, *, found: Authorization) -> Reply:
    context.settle(found)
    if found.decision == "denied":
        return _html(200, page.denied(found.client.name))
    if found.decision != "pending":
        return _html(200, page.approved(found.client.name))
    if context.now >= found.expires_at:
        return _html(400, page.code_form(found.user_code, error="This code has expired. Start again in your terminal."))
    cookie = _cookie(ask) or context.mint.name(32)
    consent = page.Consent(
        user_code=found.user_code,
        client=found.client.name,
        scopes=found.client.scopes,
        start_url=context.start_url,
        minutes=int((found.expires_at - context.now) // 60),
        token=_token(context, cookie=cookie, user_code=found.user_code),
    )
    keep = f"{_COOKIE}={cookie}; Path=/device; HttpOnly; SameSite=Strict"
    return _html(200, page.consent(consent), cookie=keep)


def _unknown(typed: str) -> Reply:
    if not typed.strip():
        return _html(400, page.code_form(error="Type the code that your terminal shows."))
    return _html(404, page.code_form(typed[:32], error="No such code is waiting. Compare it with your terminal."))


def _as_issued(typed: str) -> str:
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def _form(ask: Ask) -> dict[str, str] | None:
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    try:
        return dict(parse_qsl(ask.body.decode(), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        return None


def _from_our_page(context: Context, ask: Ask) -> bool:
    # Under Referrer-Policy no-referrer a browser writes Origin: null on our own form too (Fetch standard), so
    # null is let through to the token, unless Sec-Fetch-Site, where the browser sends it, says otherwise.
    ours = {f"http://{ask.headers.get('host', '')}", context.url, "null"}
    return (
        ask.headers.get("origin", "null") in ours and ask.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _cookie(ask: Ask) -> str:
    for pair in ask.headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _COOKIE and _COOKIE_VALUE.fullmatch(value):
            return value
    return ""


def _token(context: Context, *, cookie: str, user_code: str) -> str:
    # Without a cookie there is no right token: one that nobody can know stands in.
    bound = f"{cookie} {user_code}" if cookie else context.mint.name(32)
    return hmac.new(context.key, bound.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _html(status: int, text: str, *, cookie: str = "") -> Reply:
    headers = page.HEADERS | ({"Set-Cookie": cookie} if cookie else {})
    return Reply(status, headers, text.encode("utf-8", "replace"))
