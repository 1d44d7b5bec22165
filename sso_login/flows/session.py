"""The life of a session after login: loaded, renewed in one transaction, saved."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    NewerRecord,
    NotLoggedIn,
    RefreshRefused,
    RenewalDeferred,
    ServiceError,
    SsoLoginError,
    StorageError,
    StoredElsewhere,
    Unreachable,
    UsageProblem,
)
from sso_login.core.message import Notice
from sso_login.core.model import Card, Session, Token
from sso_login.core.ports import Ports, Store
from sso_login.flows.choose import Chosen

STORES: Final = ("keyring", "file")
YOUNG: Final = 60.0  # seconds: a token issued so recently is not renewed only because --min-ttl asks for more
FIRST_DELAY: Final = 15.0  # seconds until a renewal that failed on the network is tried again, doubling up to
LONGEST_DELAY: Final = 300.0
UNSENT_WAITS: Final = (0.5, 2.0)  # seconds between tries of a request of which nothing was sent
REFUSALS: Final = frozenset(
    {"invalid_grant", "invalid_client", "expired_token", "access_denied", "unauthorized_client"}
)


@dataclass(frozen=True, slots=True)
class Want:
    """How fresh a token must be: `min_ttl` seconds left; `force` renews in any case; `keep_young` spares new tokens."""

    min_ttl: float
    force: bool = False
    keep_young: bool = False

    def met(self, token: Token, now: float) -> bool:
        """Tell whether the token will do as it is."""
        young = self.keep_young and 0 <= now - token.issued_at < YOUNG and token.usable(now)
        return not self.force and (young or token.usable(now, self.min_ttl))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A session whose token is valid; `problem` is why it could not be made fresher."""

    session: Session
    renewed: bool = False
    problem: SsoLoginError | None = None


def log_in(name: str) -> str:
    """Say how to log in to that session, as a hint."""
    return f"Log in with `sso-login device {shlex.quote(name)}`."


def store_kind(card: Card | None, env: Mapping[str, str]) -> str:
    """Tell which store a session's secrets lie in: the card's pin, else SSO_LOGIN_STORE, else the keyring.

    Raises StoredElsewhere when both are given and differ, UsageProblem for a store that does not exist.
    """
    wanted = env.get("SSO_LOGIN_STORE", "")
    if wanted and wanted not in STORES:
        raise UsageProblem(f"SSO_LOGIN_STORE={wanted!r} is no store", hint="It may be keyring or file, or unset.")
    if card and wanted and wanted != card.store:
        raise StoredElsewhere(
            f"the login of session {card.name!r} lies in the {card.store} store, SSO_LOGIN_STORE says {wanted}",
            hint=f"Unset SSO_LOGIN_STORE, or set it to {card.store} and log out first to move the login.",
        )
    return card.store if card else wanted or STORES[0]


def opened(ports: Ports, name: str) -> tuple[Store, Card | None]:
    """Give the store that a session's secrets lie in (or would), and its card."""
    card = ports.cards.read(name)
    return ports.store(store_kind(card, ports.env)), card


def loaded(ports: Ports, chosen: Chosen) -> Session:
    """Read the stored login of that session; raises NotLoggedIn, BoundElsewhere, StoredElsewhere, StorageError."""
    store, _card = opened(ports, chosen.name)
    return _bound(store.load(chosen.name), chosen)


def _bound(session: Session | None, chosen: Chosen) -> Session:
    if session is None:
        raise NotLoggedIn(f"session {chosen.name!r} is not logged in", hint=log_in(chosen.name))
    if session.instance.binding != chosen.instance.binding:
        raise BoundElsewhere(
            f"the login of session {chosen.name!r} belongs to {session.instance.described()}, "
            f"but {chosen.source} says {chosen.instance.described()}",
            hint=log_in(chosen.name),
        )
    # The same login, but the portal's endpoint and the kind of host are as configured now.
    return replace(session, instance=chosen.instance)


def ensured(ports: Ports, chosen: Chosen, want: Want) -> Outcome:
    """Give a session as fresh as wanted, renewing it if need be; one CreateToken for any number of processes.

    A token that is still valid comes back, with the problem, when it cannot be renewed. Raises LoginRequired,
    Unreachable, ServiceError, StorageError when there is none.
    """
    before = loaded(ports, chosen)
    if want.met(before.token, ports.clock.now()):
        return Outcome(before)
    try:
        with ports.locks.hold(chosen.name):
            return _renewed(ports, chosen, before=before, want=want)
    except (NotLoggedIn, BoundElsewhere):
        raise  # while we waited someone logged out, or in elsewhere: the token read before is no longer ours to give
    except SsoLoginError as problem:
        if before.token.usable(ports.clock.now()):
            return Outcome(before, problem=problem)
        raise


def _renewed(ports: Ports, chosen: Chosen, *, before: Session, want: Want) -> Outcome:
    """Under the lock: read again, prove the store writable, renew, save, and only then give the new token away."""
    store, card = opened(ports, chosen.name)
    current = _bound(store.load(chosen.name), chosen)
    now = ports.clock.now()
    if current.token != before.token and current.token.usable(now):
        return Outcome(current)
    noted = card or card_of(current, store)
    if not want.force:
        _may_try(noted, chosen.name, now)
    _can_renew(current, now)
    store.save(current)
    try:
        session = _exchanged(ports, current, store)
    except Unreachable as error:
        ports.cards.write(_postponed(noted, ports.clock.now(), error.wait or 0))
        raise
    except ServiceError as error:
        if error.code not in REFUSALS:
            raise
        return _refused(ports, chosen, spent=current, card=noted, error=error)
    if card_of(session, store) != card:
        ports.cards.write(card_of(session, store))
    return Outcome(session, renewed=True)


def _may_try(card: Card, name: str, now: float) -> None:
    if card.refused:
        raise _session_over(name)
    # A time further off than we ever set comes from a clock that was wrong: not honoured.
    if 0 < card.retry_after - now <= LONGEST_DELAY:
        seconds = round(card.retry_after - now + 0.5)
        raise RenewalDeferred(
            f"the last renewal of session {name!r} failed on the network; the next try is in {seconds} s"
        )


def _can_renew(session: Session, now: float) -> None:
    name = session.name
    if session.token.refresh is None:
        raise RefreshRefused(f"session {name!r} has no refresh token, so it cannot be renewed", hint=log_in(name))
    if not session.client.usable(now):
        raise RefreshRefused(f"the client registration of session {name!r} has expired", hint=log_in(name))


def _session_over(name: str) -> RefreshRefused:
    return RefreshRefused(f"session {name!r} is over: its refresh token is no longer accepted", hint=log_in(name))


def _exchanged(ports: Ports, current: Session, store: Store) -> Session:
    """Spend the refresh token and save what comes back; a try is repeated only if nothing of it was sent."""
    issuer, spent = ports.issuer(current.instance), current.token.refresh
    if spent is None:
        raise ValueError("a session without a refresh token is never renewed")
    for wait in (*UNSENT_WAITS, None):
        try:
            with ports.unbroken():
                token = issuer.renew(current.client, spent)
                # RFC 6749 section 6: no new refresh token means that the old one stays.
                session = replace(current, token=token if token.refresh else replace(token, refresh=spent))
                store.save(session)
        except Unreachable as error:
            if error.sent or wait is None:
                raise
            ports.clock.sleep(wait)
        else:
            return session
    raise AssertionError("the last try returns or raises")


def _postponed(card: Card, now: float, wait: float) -> Card:
    delay = min(LONGEST_DELAY, max(FIRST_DELAY, 2 * card.retry_delay))
    return replace(card, retry_after=now + min(LONGEST_DELAY, max(delay, wait)), retry_delay=delay)


def _refused(ports: Ports, chosen: Chosen, *, spent: Session, card: Card, error: ServiceError) -> Outcome:
    """Read once more before saying that a login is required: a newer record wins and is never erased."""
    store, _card = opened(ports, chosen.name)
    newest = _bound(store.load(chosen.name), chosen)
    if newest.token != spent.token:
        if newest.token.usable(ports.clock.now()):
            return Outcome(newest)
        raise _session_over(chosen.name) from error
    ports.cards.write(replace(card, refused=True, retry_after=0, retry_delay=0))
    raise _session_over(chosen.name) from error


def card_of(session: Session, store: Store) -> Card:
    """Write the card of a session that has just been saved."""
    return Card(
        name=session.name,
        instance=session.instance,
        scopes=session.scopes,
        store=store.kind,
        backend=store.backend,
        entries=(store.entry(session.name),),
    )


def signed_in(ports: Ports, session: Session, store: Store) -> None:
    """Keep a new login, under the lock; the card first where there is none, so that no secret is ever unlisted."""
    with ports.locks.hold(session.name), ports.unbroken():
        card, old = card_of(session, store), _readable(ports, session.name)
        if old is None:
            ports.cards.write(card)
        store.save(session)
        ports.cards.write(card)
        if old and old.store != store.kind:
            _left(ports, old)


def _readable(ports: Ports, name: str) -> Card | None:
    try:
        return ports.cards.read(name)
    except (BadRecord, NewerRecord):
        return None


def _left(ports: Ports, old: Card) -> None:
    """Clear the store that a session has moved out of, as well as it can be done."""
    try:
        ports.store(old.store).delete(old.name)
    except StorageError as error:
        text = f"the earlier login of session {old.name!r} could not be removed from the {old.store}: {error.message}"
        ports.notify(Notice(text, warning=True))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a logout did: whether there were tokens here, and what could not be done at the server."""

    found: bool
    problem: SsoLoginError | None = None


def forgotten(ports: Ports, found: Chosen | tuple[str, SsoLoginError], *, local: bool) -> Forgotten:
    """Forget the session's tokens and card under the lock, then end the portal session unless `local`.

    A session whose config or card is broken (its name and the error) is forgotten here all the same.
    Raises StorageError, StoredElsewhere, LockTimeout with nothing forgotten.
    """
    name, problem = found if isinstance(found, tuple) else (found.name, None)
    session = None
    with ports.locks.hold(name):
        card = _readable(ports, name)
        store = ports.store(store_kind(card, ports.env))
        try:
            session = store.load(name)
        except (BadRecord, NewerRecord) as error:
            problem = problem or error
        deleted = store.delete(name)
        known = ports.cards.delete(name)
    if session and not local and not isinstance(found, tuple):
        problem = _ended(ports, found, session)
    return Forgotten(found=deleted or known, problem=None if local else problem)


def _ended(ports: Ports, chosen: Chosen, session: Session) -> SsoLoginError | None:
    try:
        _bound(session, chosen)
        ports.issuer(chosen.instance).end(session.token)
    except SsoLoginError as error:
        return error
    return None


def stale_notice(outcome: Outcome) -> Notice | None:
    """Say why a token that is still valid could not be made fresher."""
    if outcome.problem is None:
        return None
    return Notice(f"{outcome.problem.message}; the token at hand is still valid. {outcome.problem.hint}", warning=True)
