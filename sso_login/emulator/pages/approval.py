"""The verification page's behaviour: shows what is to be approved, and takes Approve or Deny."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.emulator.core.reply import Reply
from sso_login.emulator.pages import guard, page

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Authorization, Context

PATH: Final = "/device"


def start(context: Context, _ask: Ask) -> Reply:
    """Lead who opens the start URL in a browser to the page with the form."""
    return Reply(303, {"Location": context.url + PATH, **page.HEADERS})


def show(context: Context, ask: Ask) -> Reply:
    """Answer GET /device: the form for a code, or what the code in the query stands for."""
    typed = ask.query.get("user_code")
    if typed is None:
        return _html(200, page.code_form())
    found = context.state.by_user_code(_as_issued(typed))
    return _unknown(typed) if found is None else _state(context, ask, found=found)


def decide(context: Context, ask: Ask) -> Reply:
    """Answer POST /device: approve or deny, if the form is one of ours."""
    form = guard.form(ask)
    if form is None:
        return _html(400, page.refused("That was not a form of this page."))
    user_code = _as_issued(form.get("user_code", ""))
    if not guard.is_ours(context, ask, given=form.get("token", ""), subject=user_code):
        return _html(403, page.refused("The form was not sent from this page in this browser. Nothing was approved."))
    found = context.state.by_user_code(user_code)
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
    cookie = guard.cookie(context, ask)
    consent = page.Consent(
        user_code=found.user_code,
        client=found.client.name,
        scopes=found.client.scopes,
        place=(context.called, context.start_url),
        minutes=int((found.expires_at - context.now) // 60),
        token=guard.token(context, cookie=cookie, subject=found.user_code),
    )
    return _html(200, page.consent(consent), cookie=guard.set_cookie(cookie, PATH))


def _unknown(typed: str) -> Reply:
    if not typed.strip():
        return _html(400, page.code_form(error="Type the code that your terminal shows."))
    return _html(404, page.code_form(typed[:32], error="No such code is waiting. Compare it with your terminal."))


def _as_issued(typed: str) -> str:
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def _html(status: int, text: str, *, cookie: str = "") -> Reply:
    headers = page.HEADERS | ({"Set-Cookie": cookie} if cookie else {})
    return Reply(status, headers, text.encode("utf-8", "replace"))
