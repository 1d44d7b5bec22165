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
    StorageError,
    Unreachable,
)
from sso_login.core.message import Notice
from sso_login.core.model import SIGNIN, fingerprint
from sso_login.flows import adopt as cached
from sso_login.flows.stored_login import REFUSALS, Held, card_of, held, log_in, rescue, unrescue

if TYPE_CHECKING:
    from sso_login.core.model import Card, Session, Token
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

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


def ensured(ports: Ports, chosen: Chosen, want: Want) -> Outcome:
    """Give a session as fresh as wanted, renewing it if need be; one CreateToken for any number of processes.

    A token that is still valid comes back, with the problem, when it cannot be made fresher or be kept where it
    belongs. Raises LoginRequired, Unreachable, ServiceError, StorageError when there is none.
    """
    before = held(ports, chosen)
    if want.met(before.session.token, ports.clock.now()) and _settled(before, chosen):
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
    current = held(ports, chosen)
    token, now = current.session.token, ports.clock.now()
    if not _settled(current, chosen):
        current = _brought_home(ports, chosen, current)
    if want.met(token, now) or (token != before.token and token.usable(now)):
        return Outcome(current.session)
    card = replace(current.card or card_of(current.session, current.store), about=fingerprint(token))
    if not want.force:
        _may_try(card, now)
    _can_renew(current.session, now)
    current.store.save(current.session)
    try:
        outcome = _exchanged(ports, current, armed=_postponed(card, now, 0))
    except Unreachable as error:
        ports.cards.write(_postponed(card, ports.clock.now(), error.wait or 0))
        raise
    except ServiceError as error:
        return _refused(ports, chosen, spent=current, card=card, error=error)
    if outcome.problem is None:
        _noted(ports, current, card, outcome.session)
    else:
        ports.cards.write(_answered(card))
    return outcome


def _settled(current: Held, chosen: Chosen) -> bool:
    """Tell whether the login lies where it belongs, and nowhere else than it should."""
    return not (current.rescued or current.followed or cached.to_share(chosen, current.card))


def _brought_home(ports: Ports, chosen: Chosen, current: Held) -> Held:
    """Put into its store what was rescued or renewed by an SDK, and give the SDKs what they are to have.

    Raises StorageError while the store does not take it.
    """
    session, card = current.session, current.card or card_of(current.session, current.store)
    if current.rescued or current.followed:
        current.store.save(session)
        unrescue(ports, session.name)
    if current.followed:  # whatever stood in the way of a renewal: somebody has made one
        card = replace(card, refused=False, retry_after=0, retry_delay=0, about="")
        ports.cards.write(card)
    if cached.to_share(chosen, card):
        card = cached.shared(ports, session, card=card, named=chosen.cached_as)
    return replace(current, card=card, rescued=False, followed=False)


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


def _exchanged(ports: Ports, current: Held, *, armed: Card) -> Outcome:
    """Spend the refresh token and save what comes back; a try is repeated only if nothing of it was sent.

    The `armed` card is written before the request leaves: whatever ends this process from then on (a kill, a bug), the
    next one does not send the same token again at once. A signal comes before both, or after the answer is stored.
    """
    session, issuer = current.session, ports.issuer(current.session.instance)
    spent = session.token.refresh
    if spent is None:
        raise ValueError("a session without a refresh token is never renewed")
    began = ports.clock.monotonic()
    for wait in (*UNSENT_WAITS, None):
        try:
            with ports.unbroken():
                ports.cards.write(armed)
                token = issuer.renew(session)
                # RFC 6749 section 6: no new refresh token means that the old one stays.
                return _saved(ports, current, token if token.refresh else replace(token, refresh=spent))
        except Unreachable as error:
            if error.sent or wait is None or ports.clock.monotonic() - began > LAST_TRY:
                raise
            ports.clock.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _saved(ports: Ports, current: Held, token: Token) -> Outcome:
    session = replace(current.session, token=token)
    try:
        current.store.save(session)
    except StorageError as error:
        cached.updated(ports, session, current.card, spent=current.session)
        return Outcome(session, renewed=True, problem=rescue(ports, session, error, spent=current.session))
    cached.updated(ports, session, current.card, spent=current.session)
    return Outcome(session, renewed=True)


def _noted(ports: Ports, before: Held, card: Card, session: Session) -> None:
    """Bring the card up to date; a token that was over when it came is kept, but not asked for again at once."""
    now = ports.clock.now()
    if not session.token.usable(now):
        ports.cards.write(replace(_postponed(card, now, 0), about=fingerprint(session.token)))
        raise MalformedReply(f"the service renewed session {session.name!r} with a token that is already over")
    ports.cards.write(card_of(session, before.store, old=card))


def _postponed(card: Card, now: float, wait: float) -> Card:
    delay = min(LONGEST_DELAY, max(FIRST_DELAY, 2 * card.retry_delay))
    return replace(card, retry_after=now + min(LONGEST_DELAY, max(delay, wait)), retry_delay=delay)


def _answered(card: Card) -> Card:
    """Take the back-off away: an answer came, and there is nothing to wait for."""
    return replace(card, retry_after=0, retry_delay=0, about="")


def _refused(ports: Ports, chosen: Chosen, *, spent: Held, card: Card, error: ServiceError) -> Outcome:
    """Read once more before saying that a login is required: a newer record wins and is never erased."""
    now = ports.clock.now()
    if error.code not in REFUSALS:
        again = error.code == "slow_down" or isinstance(error, MalformedReply)
        ports.cards.write(_postponed(card, now, 0) if again else _answered(card))
        raise error
    newest = _newest(ports, chosen, spent=spent)
    if newest.token == spent.session.token:
        ports.cards.write(replace(card, refused=True, retry_after=0, retry_delay=0))
    else:
        ports.cards.write(_answered(ports.cards.read(card.name) or card))
        if newest.token.usable(now):
            return Outcome(newest)
    raise _session_over(chosen, why=error.hint if chosen.instance.kind == SIGNIN else "") from error


def _newest(ports: Ports, chosen: Chosen, *, spent: Held) -> Session:
    """Read once more; an SDK that was quicker than we have been may still be writing what it got."""
    newest = held(ports, chosen).session
    for wait in SDK_WAITS if spent.card and spent.card.sdk_cache else ():
        if newest.token != spent.session.token:
            break
        ports.clock.sleep(wait)
        newest = held(ports, chosen).session
    return newest


def stale_notice(outcome: Outcome) -> Notice | None:
    """Say why a token that is still valid could not be made fresher, or not be kept."""
    if outcome.problem is None:
        return None
    return Notice(f"{outcome.problem.message}; the token at hand is still valid. {outcome.problem.hint}", warning=True)
