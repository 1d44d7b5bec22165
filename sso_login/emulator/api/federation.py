"""The console's federation endpoint: a sign-in token for role credentials, and the sign-in that it is good for.

As https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html tells of it;
what a refusal looks like there is not documented beyond its status.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from sso_login.emulator.core import credentials, issued
from sso_login.emulator.core.reply import Reply, json_reply
from sso_login.emulator.pages import guard, page, redirect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.issued import Principal
    from sso_login.emulator.core.state import Ask, Context

PATH: Final = "/federation"
LIFETIME: Final = 15 * 60  # seconds
_DURATION: Final = range(15 * 60, 12 * 3600 + 1)  # seconds
_MEMBERS: Final = ("sessionId", "sessionKey", "sessionToken")
_FRAGMENT: Final = re.compile(r"[!-~]{0,2048}")


def asks_to_sign_in(ask: Ask) -> bool:
    """Tell the two actions apart."""
    return _parameters(ask).get("Action") == "login"


def get_signin_token(context: Context, ask: Ask) -> Reply:
    """Answer Action=getSigninToken, by GET or by POST."""
    asked = _parameters(ask)
    if asked.get("Action") != "getSigninToken":
        raise redirect.shown("InvalidAction", "The action is none of getSigninToken and login.")
    _check_duration(asked)
    token = context.mint.secret("sit", 300)
    context.state.signin_tokens[token] = issued.SigninToken(_principal(context, asked), context.now + LIFETIME)
    return json_reply(200, {"SigninToken": token})


def sign_in(context: Context, ask: Ask) -> Reply:
    """Answer Action=login: lead to a destination on this computer, for any other show that it would be led there."""
    asked = _parameters(ask)
    destination = asked.get("Destination", "")
    address, _, fragment = destination.partition("#")
    if not redirect.allowed(address) or not _FRAGMENT.fullmatch(fragment):
        raise redirect.shown("InvalidDestination", "The destination is missing or no https address.")
    known = context.state.signin_tokens.pop(asked.get("SigninToken", ""), None)
    if known is None or context.now >= known.expires_at:
        raise redirect.shown("InvalidToken", "The sign-in token is not known, was used before, or is too old.")
    if redirect.on_this_computer(address):
        return Reply(302, {"Location": destination, **page.HEADERS})
    return Reply(200, page.HEADERS, page.console(known.principal.arn, destination).encode())


def _parameters(ask: Ask) -> Mapping[str, str]:
    return {**ask.query, **(guard.form(ask) or {})}


def _check_duration(asked: Mapping[str, str]) -> None:
    text = asked.get("SessionDuration", "900")
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) in _DURATION):
        raise redirect.shown("InvalidDuration", "SessionDuration is not 900 to 43200 seconds.")


def _principal(context: Context, asked: Mapping[str, str]) -> Principal:
    key_id, secret, token = _session(asked.get("Session", ""))
    issued = credentials.found(context, key_id, token=token)
    if issued is None or not credentials.same(issued.secret, secret) or context.now >= issued.expires_at:
        raise redirect.shown("InvalidSession", "The credentials are not known here, or have expired.")
    return issued.principal


def _session(text: str) -> list[str]:
    try:
        session = json.loads(text)
        members = [session[name] for name in _MEMBERS]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise redirect.shown("InvalidSession", "Session is no JSON object with " + ", ".join(_MEMBERS) + ".") from error
    if not all(isinstance(member, str) for member in members):
        raise redirect.shown("InvalidSession", "A member of Session is not a string.")
    return members
