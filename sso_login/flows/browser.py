"""The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252): start, wait, finish."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.aws.oidc import EXCHANGE_HINTS
from sso_login.core import commands
from sso_login.core.errors import AccessDenied, CodeExpired, LoginFailed, LoginTimedOut, ServiceError, Unreachable
from sso_login.core.granting import Authorization, Granted
from sso_login.core.model import CODE_GRANT, OAUTH, REFRESH_GRANT, SIGNIN, Client, Secret, Session
from sso_login.core.times import spoken
from sso_login.flows.login import patience, session_of
from sso_login.flows.renewal import UNSENT_WAITS
from sso_login.oauth.redirect import read_redirect
from sso_login.oauth.token_reply import HINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Redirected
    from sso_login.core.message import Notice
    from sso_login.core.ports import Clock, Issuer, Receiver
    from sso_login.flows.select.session import Chosen

GRANTS: Final = (CODE_GRANT, REFRESH_GRANT)
PATIENCE: Final = 300.0  # seconds for a human to get through the pages, unless told otherwise
AGAIN: Final = "Start again with `sso-login browser`."
_OVER: Final = frozenset({"expired_token", "authcode_expired", "token_expired"})
_DENIED: Final = frozenset({"access_denied", "insufficient_permissions"})
_UNKNOWN: Final = "Where the page said that it does not know the application: `sso-login browser --force`."
# What an issuer says of a registration that it has forgotten, to the browser or to us.
_FORGOTTEN: Final = frozenset({"invalid_client", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class BrowserLogin:
    """An authorization request in flight; `deadline` is by the monotonic clock, `reused` tells of the registration."""

    chosen: Chosen
    client: Client
    authorization: Authorization
    url: str = field(repr=False)
    timeout: float
    deadline: float
    reused: bool


def start_browser(  # noqa: PLR0913 - what a login starts from, and what it is given
    issuer: Issuer,
    clock: Clock,
    chosen: Chosen,
    *,
    redirect_uri: str,
    registered: Client | None = None,
    timeout: float = PATIENCE,
    notify: Callable[[Notice], None] = lambda _: None,
) -> BrowserLogin:
    """Make an authorization request, with the registration at hand if it may be reused; `timeout` in seconds.

    Whoever is to receive the answer at `redirect_uri` must be there already. Raises Unreachable, ServiceError.
    """
    known = registered if registered and registered.reusable(clock.now(), GRANTS) else None
    client = known or patience(clock, notify, timeout).asked(lambda: issuer.register(chosen.scopes, GRANTS))
    authorization = Authorization(
        redirect_uri=redirect_uri,
        scopes=chosen.scopes,
        state=Secret(secrets.token_urlsafe(32)),
        verifier=Secret(secrets.token_urlsafe(64)),
    )
    return BrowserLogin(
        chosen=chosen,
        client=client,
        authorization=authorization,
        url=issuer.authorize_url(client, authorization),
        timeout=timeout,
        deadline=clock.monotonic() + timeout,
        reused=known is not None,
    )


def redirected(login: BrowserLogin, receiver: Receiver, clock: Clock) -> Redirected:
    """Wait for what the browser brings back; raise LoginTimedOut, LoginFailed."""
    judge = partial(read_redirect, state=login.authorization.state)
    answer = receiver.receive(judge, seconds=max(0.0, login.deadline - clock.monotonic()))
    if answer is None:
        hint = f"{AGAIN} {_UNKNOWN}" if login.reused else _again(login.chosen)
        raise LoginTimedOut(f"no answer came from the browser within {spoken(login.timeout)}", hint=hint)
    return answer


def finish_browser(login: BrowserLogin, issuer: Issuer, clock: Clock, answer: Redirected) -> Session | None:
    """Spend the code; None where the issuer has forgotten the registration that was reused: start again without it.

    Raises AccessDenied, CodeExpired, LoginFailed, Unreachable, ServiceError.
    """
    if answer.error in _FORGOTTEN and login.reused:
        return None
    if answer.code is None:
        raise _refused(login.chosen, answer)
    try:
        granted = _exchanged(login, issuer, clock, code=answer.code)
    except ServiceError as error:
        if error.code in _FORGOTTEN and login.reused:
            return None
        if error.code in _DENIED:
            raise AccessDenied("the user may not use this application", hint=error.hint) from error
        if error.code in _OVER:
            raise CodeExpired("the code that the browser brought is over", hint=error.hint) from error
        raise
    return session_of(login.chosen, login.client, granted)


def _again(chosen: Chosen) -> str:
    return f"Start again with `{commands.log_in(chosen.name, SIGNIN)}`." if chosen.instance.kind == SIGNIN else AGAIN


def _refused(chosen: Chosen, answer: Redirected) -> LoginFailed:
    hint = _again(chosen)
    if answer.error == "access_denied":
        return AccessDenied("the request was denied in the browser", hint=hint)
    said = f": {answer.description}" if answer.description else ""
    theirs = {SIGNIN: {}, OAUTH: HINTS}.get(chosen.instance.kind, EXCHANGE_HINTS)
    hint = theirs.get(answer.error, hint)
    return LoginFailed(f"the login was refused in the browser: {answer.error}{said}", hint=hint)


def _exchanged(login: BrowserLogin, issuer: Issuer, clock: Clock, *, code: Secret) -> Granted:
    """Make the call again only while nothing of it was sent: a code is good once (RFC 6749 section 4.1.2)."""
    for wait in UNSENT_WAITS:
        try:
            return issuer.exchange(login.client, login.authorization, code)
        except Unreachable as error:
            if error.sent:
                raise
            clock.sleep(wait)
    return issuer.exchange(login.client, login.authorization, code)
