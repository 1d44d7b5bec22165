"""The authorization endpoint: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636).

What is wrong with the client or its redirect URI is shown on a page and leads nowhere (RFC 6749 section 4.1.2.1);
anything else goes to the redirect URI, with the state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.emulator.api.registration import CODE_GRANT
from sso_login.emulator.core import pkce
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.state import AuthorizationCode, AuthorizationRequest
from sso_login.emulator.pages import guard, page, redirect

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask, Context, Registration

PATH: Final = "/authorize"


def show(context: Context, ask: Ask) -> Reply:
    """Answer GET /authorize: ask whether the client may have what it wants, or, by the settings, let it."""
    wanted = _request(context, ask)
    if context.settings.approve:
        return _approved(context, wanted)
    context.remember(wanted)
    cookie = guard.cookie(context, ask)
    consent = page.CodeConsent(
        id=wanted.id,
        client=wanted.client.name,
        scopes=wanted.scopes,
        place=(context.called, context.start_url),
        redirect_uri=wanted.redirect_uri,
        here=redirect.on_this_computer(wanted.redirect_uri),
        token=guard.token(context, cookie=cookie, subject=wanted.id),
    )
    headers = page.headers(redirect.source(wanted.redirect_uri)) | {"Set-Cookie": guard.set_cookie(cookie, PATH)}
    return Reply(200, headers, page.code_consent(consent).encode("utf-8", "replace"))


def decide(context: Context, ask: Ask) -> Reply:
    """Answer POST /authorize: lead to the redirect URI with a code or with access_denied, if the form is ours."""
    form = guard.form(ask)
    if form is None:
        return redirect.stop(400, "That was not a form of this page.")
    subject = form.get("request", "")
    if not guard.is_ours(context, ask, given=form.get("token", ""), subject=subject):
        return redirect.stop(403, "The form was not sent from this page in this browser. Nothing was approved.")
    wanted, decision = context.state.requests.get(subject), form.get("decision")
    if decision not in {"approve", "deny"}:
        return redirect.stop(400, "That was not a form of this page.")
    if wanted is None or context.now >= wanted.expires_at:
        return redirect.stop(400, "This sign-in was decided already, or waited too long.")
    del context.state.requests[wanted.id]
    if decision == "deny":
        raise redirect.denied(wanted, "access_denied", "the user denied the request")
    return _approved(context, wanted)


def _request(context: Context, ask: Ask) -> AuthorizationRequest:
    client, redirect_uri = _target(context, ask)
    wanted = AuthorizationRequest(
        id=context.mint.name(18),
        client=client,
        redirect_uri=redirect_uri,
        state=ask.query.get("state", ""),
        challenge=ask.query.get("code_challenge", ""),
        scopes=tuple(ask.query.get("scopes", ask.query.get("scope", "")).split()) or client.scopes,
        expires_at=context.now + context.settings.code_lifetime,
        nonce=ask.query.get("nonce", ""),
    )
    _check(ask, wanted)
    return wanted


def _target(context: Context, ask: Ask) -> tuple[Registration, str]:
    client = context.state.clients.get(ask.query.get("client_id", ""))
    if client is None or context.now >= client.expires_at:
        raise redirect.shown("invalid_client", "The application is not known here, or its registration has expired.")
    redirect_uri = ask.query.get("redirect_uri", "")
    if {"client_id", "redirect_uri"} & ask.repeated:
        raise redirect.shown("invalid_request", "The application or the address to be sent to was named twice.")
    if not redirect.fits(redirect_uri, client.redirects):
        raise redirect.shown("invalid_redirect_uri", "The application asks for an address it did not register.")
    return client, redirect_uri


def _check(ask: Ask, wanted: AuthorizationRequest) -> None:
    if CODE_GRANT not in wanted.client.grants:
        raise redirect.denied(wanted, "unauthorized_client", "the client is not registered for authorization codes")
    if ask.repeated - {"resource"}:  # RFC 6749 section 3.1, RFC 8707 section 2
        raise redirect.denied(wanted, "invalid_request", "a parameter is repeated")
    if not ask.query.get("response_type"):
        raise redirect.denied(wanted, "invalid_request", "response_type is missing")
    if ask.query["response_type"] != "code":
        raise redirect.denied(wanted, "unsupported_response_type", "response_type must be code")
    if ask.query.get("code_challenge_method") != "S256":
        raise redirect.denied(wanted, "invalid_request", "code_challenge_method must be S256")
    if not pkce.is_challenge(wanted.challenge):
        raise redirect.denied(wanted, "invalid_request", "code_challenge is missing or no S256 challenge")
    if not set(wanted.scopes) <= set(wanted.client.scopes):
        raise redirect.denied(wanted, "invalid_scope", "scopes are fixed at registration")


def _approved(context: Context, wanted: AuthorizationRequest) -> Reply:
    code = AuthorizationCode(
        request=wanted, sign_in=context.signed_in(), expires_at=context.now + context.settings.authorization_lifetime
    )
    secret = context.mint.secret("aoc", 48)
    context.state.authorizations[secret] = code
    return redirect.leading(wanted.redirect_uri, {"code": secret, "state": wanted.state})
