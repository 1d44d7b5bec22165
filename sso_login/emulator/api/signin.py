"""AWS Sign-In in a browser: its authorize page, and the page that shows a code for pasting.

As at /authorize, what is wrong with the client or its redirect URI leads nowhere; the client is told anything else.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sso_login.emulator.core import credentials, pkce
from sso_login.emulator.core.console import ConsoleCode, ConsoleRequest
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.pages import guard, page, redirect

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context

PATH: Final = "/v1/authorize"
CONFIRMATION: Final = "/v1/sessions/confirmation"
SAME_DEVICE: Final = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE: Final = "arn:aws:signin:::devtools/cross-device"

_CALLBACK: Final = "http://127.0.0.1/oauth/callback"  # on any port


def base(ask: Ask) -> str:
    """Give the URL of this service as the client names it: the host in it was checked to be ours."""
    return f"http://{ask.headers['host']}"


def show(context: Context, ask: Ask) -> Reply:
    """Answer GET /v1/authorize: ask whether the program may sign in, or, by the settings, let it."""
    wanted = _request(context, ask)
    if context.settings.approve:
        return _approved(context, wanted)
    context.state.console.remember(wanted, context.now)
    cookie = guard.cookie(context, ask)
    consent = page.SignInConsent(
        id=wanted.id,
        arn=credentials.user_arn(context),
        hours=context.settings.session_lifetime // 3600,
        here=wanted.client_id == SAME_DEVICE,
        token=guard.token(context, cookie=cookie, subject=wanted.id),
    )
    headers = page.headers(redirect.source(wanted.redirect_uri)) | {"Set-Cookie": guard.set_cookie(cookie, PATH)}
    return Reply(200, headers, page.sign_in_consent(consent).encode())


def decide(context: Context, ask: Ask) -> Reply:
    """Answer POST /v1/authorize: lead to the redirect URI with a code or with access_denied, if the form is ours."""
    form = guard.form(ask)
    if form is None:
        return redirect.stop(400, "That was not a form of this page.")
    subject, decision = form.get("request", ""), form.get("decision")
    if not guard.is_ours(context, ask, given=form.get("token", ""), subject=subject):
        return redirect.stop(403, "The form was not sent from this page in this browser. Nothing was approved.")
    if decision not in {"approve", "deny"}:
        return redirect.stop(400, "That was not a form of this page.")
    wanted = context.state.console.requests.get(subject)
    if wanted is None or context.now >= wanted.expires_at:
        return redirect.stop(400, "This sign-in was decided already, or waited too long.")
    del context.state.console.requests[wanted.id]
    if decision == "deny":
        raise redirect.denied(wanted, "access_denied", "the user denied the request")
    return _approved(context, wanted)


def confirm(context: Context, ask: Ask) -> Reply:
    """Answer GET /v1/sessions/confirmation: show a code for pasting, but only one that was issued for that."""
    if "error" in ask.query:
        return Reply(200, page.HEADERS, page.denied("The program").encode())
    code, state = ask.query.get("code", ""), ask.query.get("state", "")
    issued = context.state.console.codes.get(code)
    if (
        issued is None
        or issued.request.client_id != CROSS_DEVICE
        or not hmac.compare_digest(issued.request.state.encode("utf-8", "replace"), state.encode("utf-8", "replace"))
    ):
        return redirect.stop(400, "This is not a code of this service.")
    if issued.login is not None or context.now >= issued.expires_at:
        return redirect.stop(400, "This code was used already, or waited too long.")
    answer = base64.b64encode(urlencode({"code": code, "state": state}).encode()).decode()
    return Reply(200, page.HEADERS, page.sign_in_code(answer).encode())


def _request(context: Context, ask: Ask) -> ConsoleRequest:
    client_id, redirect_uri = _target(ask)
    wanted = ConsoleRequest(
        id=context.mint.name(18),
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=ask.query.get("state", ""),
        challenge=ask.query.get("code_challenge", ""),
        expires_at=context.now + context.settings.code_lifetime,
    )
    _check(ask, wanted)
    return wanted


def _target(ask: Ask) -> tuple[str, str]:
    client_id, redirect_uri = ask.query.get("client_id", ""), ask.query.get("redirect_uri", "")
    if client_id not in {SAME_DEVICE, CROSS_DEVICE}:
        raise redirect.shown("invalid_client", "The application is not known here.")
    if {"client_id", "redirect_uri"} & ask.repeated:
        raise redirect.shown("invalid_request", "The application or the address to be sent to was named twice.")
    if client_id == SAME_DEVICE:
        fits = redirect.fits(redirect_uri, (_CALLBACK,))
    else:
        fits = redirect_uri == base(ask) + CONFIRMATION
    if not fits:
        raise redirect.shown("invalid_redirect_uri", "The application asks to be sent to an address not its own.")
    return client_id, redirect_uri


def _check(ask: Ask, wanted: ConsoleRequest) -> None:
    if ask.repeated:  # RFC 6749 section 3.1
        raise redirect.denied(wanted, "invalid_request", "a parameter is repeated")
    if not wanted.state:
        raise redirect.denied(wanted, "invalid_request", "state is missing")
    if ask.query.get("response_type") != "code":
        raise redirect.denied(wanted, "unsupported_response_type", "response_type must be code")
    if ask.query.get("code_challenge_method") != "SHA-256":
        raise redirect.denied(wanted, "invalid_request", "code_challenge_method must be SHA-256")
    if not pkce.is_challenge(wanted.challenge):
        raise redirect.denied(wanted, "invalid_request", "code_challenge is missing or no SHA-256 challenge")
    if ask.query.get("scope") != "openid":
        raise redirect.denied(wanted, "invalid_scope", "scope must be openid")


def _approved(context: Context, wanted: ConsoleRequest) -> Reply:
    code = context.mint.secret("aoc", 48)
    expires_at = context.now + context.settings.authorization_lifetime
    context.state.console.codes[code] = ConsoleCode(wanted, expires_at)
    return redirect.leading(wanted.redirect_uri, {"code": code, "state": wanted.state})
