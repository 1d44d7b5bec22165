"""The life of a session after login: as fresh as wanted, renewed in one transaction for any number of processes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import (
    BoundElsewhere,
    MalformedReply,
    NotLoggedIn,
    RefreshRefused,
    RenewalDeferred,
    ServiceError,
    SsoLoginError,
    Unreachable,
)
from sso_login.core.message import Notice
from sso_login.core.model import SIGNIN
from sso_login.flows.stored_login import StoredLogin, log_in

if TYPE_CHECKING:
    from sso_login.core.errors import StorageError
    from sso_login.core.model import Card, Session, Token
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen
    from sso_login.flows.stored_login import Held

# OAuth error codes that say the refresh token or its client is no good any more.
REFUSALS: Final = {
    *("invalid_grant", "invalid_client", "expired_token", "access_denied", "unauthorized_client"),
    *("token_expired", "authcode_expired", "user_credentials_changed"),  # AWS Sign-In's
}
MARGIN: Final = 300.0  # seconds before their end at which credentials are renewed
YOUNG: Final = 60.0  # seconds: a token issued so recently is not renewed only because --min-ttl asks for more
FIRST_DELAY: Final = 15.0  # seconds until a renewal that failed on the network is tried again, doubling up to
LONGEST_DELAY: Final = 300.0
UNSENT_WAITS: Final = (0.5, 2.0)  # seconds between tries of a request of which nothing was sent
SDK_WAITS: Final = (0.1, 0.4, 1.0)  # seconds that an SDK is given to write down what it got for the same token
LAST_TRY: Final = 10.0  # seconds after which none is begun: whoever waits for the lock must not give up first


@dataclass(frozen=True, slots=True)
class Want:
    """How fresh a token must be: `min_ttl` seconds left; `force` renews in any case; `keep_young` spares new tokens."""

    min_ttl: float
    force: bool = False
    keep_young: bool = False

    def met(self, token: Token, now: float) -> bool:
        """Tell whether the token will do as it is."""
        if token.misdated(now):
            return False
        young = self.keep_young and 0 <= now - token.issued_at < YOUNG and token.usable(now)
        return not self.force and (young or token.usable(now, self.min_ttl))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A session whose token is valid; `problem` is why it could not be made fresher."""

    session: Session
    renewed: bool = False
    problem: SsoLoginError | None = None


def ensured(ports: Ports, chosen: Chosen, want: Want, *, before: Held | None = None) -> Outcome:
    """Give a session as fresh as wanted, renewing it if need be; one CreateToken for any number of processes.

    `before` is what has just been read of it. A token that is still valid comes back, with the problem, when it cannot
    be made fresher or be kept where it belongs. Raises LoginRequired, Unreachable, ServiceError, StorageError when
    there is none.
    """
    login = StoredLogin(ports, chosen)
    before = before or login.load()
    if want.met(before.session.token, ports.clock.now()) and login.settled(before):
        return Outcome(before.session)
    try:
        with ports.locks.hold(chosen.name):
            return _renewed(ports, chosen, before=before.session, want=want)
    except (NotLoggedIn, BoundElsewhere):
        raise  # while we waited someone logged out, or in elsewhere: the token read before is no longer ours to give
    except SsoLoginError as problem:
        if before.session.token.usable(ports.clock.now()):
            return Outcome(before.session, problem=problem)
        raise


def _renewed(ports: Ports, chosen: Chosen, *, before: Session, want: Want) -> Outcome:
    """Under the lock: read again, prove the store writable, renew, save, and only then give the new token away."""
    login = StoredLogin(ports, chosen)
    current = login.load()
    token, now = current.session.token, ports.clock.now()
    if not login.settled(current):
        current = login.settle(current)
    if want.met(token, now) or (token != before.token and token.usable(now)):
        return Outcome(current.session)
    if not want.force:
        _may_try(current.card, now)
    _can_renew(current.session, now)
    if current.unsure:
        raise current.unsure
    current.store.save(current.session)
    try:
        session, problem = _exchanged(ports, login, current)
    except Unreachable as error:
        _postpone(ports, login, current, wait=error.wait or 0)
        raise
    except ServiceError as error:
        return _refused(ports, chosen, spent=current, error=error)
    if problem:
        login.resume(current.card)
        return Outcome(session, renewed=True, problem=problem)
    done = login.renewed(current, session)
    if not session.token.usable(ports.clock.now()):  # kept, but not asked for again at once
        _postpone(ports, login, done)
        raise MalformedReply(f"the service renewed session {session.name!r} with a token that is already over")
    return Outcome(session, renewed=True)


def _may_try(card: Card, now: float) -> None:
    if card.refused:
        raise _session_over(card)
    # A time further off than we ever set comes from a clock that was wrong: not honoured.
    if 0 < card.retry_after - now <= LONGEST_DELAY:
        seconds = math.ceil(card.retry_after - now)
        raise RenewalDeferred(f"the last renewal of session {card.name!r} failed; the next try is in {seconds} s")


def _can_renew(session: Session, now: float) -> None:
    name, hint = session.name, log_in(session.name, session.instance)
    if session.token.refresh is None:
        raise RefreshRefused(f"session {name!r} has no refresh token, so it cannot be renewed", hint=hint)
    if not session.client.usable(now):
        raise RefreshRefused(f"the client registration of session {name!r} has expired", hint=hint)


def _session_over(known: Card | Chosen, *, why: str = "") -> RefreshRefused:
    hint = f"{why} {log_in(known.name, known.instance)}".lstrip()
    return RefreshRefused(f"session {known.name!r} is over: its refresh token is no longer accepted", hint=hint)


def _exchanged(ports: Ports, login: StoredLogin, current: Held) -> tuple[Session, StorageError | None]:
    """Spend the refresh token and save what comes back; a try is repeated only if nothing of it was sent.

    The back-off is armed before the request leaves: whatever ends this process from then on (a kill, a bug), the next
    one does not send the same token again at once. A signal comes before both, or after the answer is stored.
    """
    session, issuer = current.session, ports.issuer(current.session.instance)
    spent = session.token.refresh
    if spent is None:
        raise ValueError("a session without a refresh token is never renewed")
    began = ports.clock.monotonic()
    for wait in (*UNSENT_WAITS, None):
        try:
            with ports.unbroken():
                _postpone(ports, login, current)
                token = issuer.renew(session)
                # RFC 6749 section 6: no new refresh token means that the old one stays.
                return login.save(current, token if token.refresh else replace(token, refresh=spent))
        except Unreachable as error:
            if error.sent or wait is None or ports.clock.monotonic() - began > LAST_TRY:
                raise
            ports.clock.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _postpone(ports: Ports, login: StoredLogin, current: Held, *, wait: float = 0) -> None:
    """Put the next try off: twice as long as the last time, or as long as the service says."""
    delay = min(LONGEST_DELAY, max(FIRST_DELAY, 2 * current.card.retry_delay))
    login.postpone(current, until=ports.clock.now() + min(LONGEST_DELAY, max(delay, wait)), delay=delay)


def _refused(ports: Ports, chosen: Chosen, *, spent: Held, error: ServiceError) -> Outcome:
    """Read once more before saying that a login is required: a newer record wins and is never erased."""
    login = StoredLogin(ports, chosen)
    if error.code not in REFUSALS:
        if error.code == "slow_down" or isinstance(error, MalformedReply):
            _postpone(ports, login, spent)
        else:
            login.resume(spent.card)
        raise error
    newest = _newest(ports, login, spent=spent)
    if newest.session.token == spent.session.token:
        login.refuse(spent)
    else:
        login.resume(newest.card)
        if newest.session.token.usable(ports.clock.now()):
            return Outcome(newest.session)
    raise _session_over(chosen, why=error.hint if chosen.instance.kind == SIGNIN else "") from error


def _newest(ports: Ports, login: StoredLogin, *, spent: Held) -> Held:
    """Read once more; an SDK that was quicker than we have been may still be writing what it got."""
    newest = login.load()
    for wait in SDK_WAITS if spent.card.sdk_cache else ():
        if newest.session.token != spent.session.token:
            break
        ports.clock.sleep(wait)
        newest = login.load()
    return newest


def stale_notice(outcome: Outcome) -> Notice | None:
    """Say why a token that is still valid could not be made fresher, or not be kept."""
    if outcome.problem is None:
        return None
    return Notice(f"{outcome.problem.message}; the token at hand is still valid. {outcome.problem.hint}", warning=True)
