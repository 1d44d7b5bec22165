"""What every way to log in shares: is a login needed at all, where will it be kept, what can be reused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core.errors import (
    BoundElsewhere,
    LoginRequired,
    NotLoggedIn,
    ServiceError,
    StoredElsewhere,
    Unreachable,
)
from sso_login.core.message import Notice
from sso_login.core.model import Client, Secret, Session, Token
from sso_login.core.times import spoken
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.stored_login import StoredLogin, earlier, readable_card, store_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Granted
    from sso_login.core.ports import Clock, Ports, Store
    from sso_login.flows.select.session import Chosen
    from sso_login.flows.stored_login import Held

Reply = TypeVar("Reply")

FIRST_WAIT: Final = 5.0  # seconds until a call that starts a login is made again, doubling up to
LONGEST_WAIT: Final = 60.0
PATIENCE: Final = 300.0  # seconds for such calls altogether, where no --timeout is given: a human is waiting
ENOUGH: Final = Want(min_ttl=900.0)  # seconds left with which a login counts as already done


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a new login will be kept, and what it may start from.

    `held` is the login that is there already; None also where nobody is to look at it, and then the store is proved.
    """

    store: Store
    held: Held | None = None

    def registered(self, chosen: Chosen) -> Client | None:
        """Give the registration of the login that is there: it belongs to its instance and scopes."""
        fits = self.held and set(self.held.session.scopes) == set(chosen.scopes)
        return self.held.session.client if self.held and fits else None


def ground(ports: Ports, chosen: Chosen, *, force: bool) -> Ground:
    """Find the store and read what lies there, once; where that is nothing, the store is proved usable.

    `force` overrules what lies in the store or where it lies; the store's own trouble it does not. Without it BadRecord
    and NewerRecord stop a login, which would write over something that perhaps is not lost.
    Raises StorageError, StoredElsewhere, UsageProblem.
    """
    if force:
        store = ports.store(_kind_by_force(ports, chosen.name))
        store.check()
        earlier(store, chosen.name)  # one of a newer version is not overruled
        return Ground(store)
    if chosen.card is None:  # nothing to read, so that a keyring which is locked asks its owner once
        ports.store(store_kind(None, ports.env)).check()
    try:
        held = StoredLogin(ports, chosen).load()
    except (NotLoggedIn, BoundElsewhere):
        store = ports.store(store_kind(chosen.card, ports.env))
        if chosen.card:
            store.check()
        return Ground(store)
    return Ground(held.store, held)


def _kind_by_force(ports: Ports, name: str) -> str:
    try:
        return store_kind(readable_card(ports, name), ports.env)
    except StoredElsewhere:
        return store_kind(None, ports.env)


def already(ports: Ports, chosen: Chosen, basis: Ground, want: Want = ENOUGH) -> Session | None:
    """Give the session if it needs no login: same instance, scopes at least those asked, time left or renewed."""
    if basis.held is None:
        return None
    found = _fresh(ports, chosen, basis.held, want)
    if found is None:
        basis.store.check()  # before a human is asked for anything
    return found


def _fresh(ports: Ports, chosen: Chosen, held: Held, want: Want) -> Session | None:
    # Scopes first: a login that has too few is not worth a renewal.
    if not set(chosen.scopes) <= set(held.session.scopes):
        return None
    try:
        outcome = ensured(ports, chosen, want, before=held)
    except StoredElsewhere:
        raise
    except (LoginRequired, Unreachable, ServiceError):
        return None
    return None if outcome.problem else outcome.session


@dataclass(frozen=True, slots=True)
class Patience:
    """How the calls that start a login are made again: by that clock, until that moment of its monotonic time."""

    clock: Clock
    notify: Callable[[Notice], None]
    until: float

    def asked(self, call: Callable[[], Reply]) -> Reply:
        """Make the call again, as polls are, while the service is busy: SlowDown, 429, 5xx, a connection that broke.

        What does not pass by itself (no network, a proxy's page, a refusal) is raised at once.
        """
        wait = FIRST_WAIT
        while True:
            try:
                return call()
            except (ServiceError, Unreachable) as error:
                passes = error.passes if isinstance(error, Unreachable) else error.code == "slow_down"
                pause = max(wait, error.wait or 0.0) if isinstance(error, Unreachable) else wait
                if not passes or self.clock.monotonic() + pause >= self.until:
                    raise
                self.notify(Notice(f"{error.message}; trying again in {spoken(pause)}"))
            self.clock.sleep(pause)
            wait = min(LONGEST_WAIT, 2 * wait)


def patience(clock: Clock, notify: Callable[[Notice], None], timeout: float | None) -> Patience:
    """Be patient for the seconds there are."""
    return Patience(clock, notify, clock.monotonic() + (PATIENCE if timeout is None else min(timeout, PATIENCE)))


def session_of(chosen: Chosen, client: Client, granted: Granted) -> Session:
    """Make the session of a login that has just been granted."""
    return Session(
        name=chosen.name,
        instance=chosen.instance,
        client=client,
        token=granted.token,
        scopes=chosen.scopes,
        subject=granted.subject,
    )


def unknown_session(chosen: Chosen) -> Session:
    """Make the session of a login of which nothing is known yet but where it belongs; its tokens are none."""
    client = Client("unregistered", Secret("unregistered"), issued_at=0, expires_at=0, grants=())
    token = Token(Secret("none"), None, expires_at=0, issued_at=0)
    return Session(name=chosen.name, instance=chosen.instance, client=client, token=token, scopes=chosen.scopes)
