"""What every way to log in shares: is a login needed at all, where will it be kept, what can be reused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    LoginRequired,
    NotLoggedIn,
    ServiceError,
    StoredElsewhere,
    Unreachable,
)
from sso_login.core.model import Session
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.stored_login import held, refuse_newer, store_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Granted
    from sso_login.core.model import Client
    from sso_login.core.ports import Clock, Ports, Store
    from sso_login.flows.select_session import Chosen

Reply = TypeVar("Reply")

SLOW_STARTS: Final = (5.0, 10.0, 20.0)  # seconds: SlowDown is declared for more than polls
ENOUGH: Final = Want(min_ttl=900.0)  # seconds left with which a login counts as already done


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a new login will be kept, and what it may start from.

    `bare` says that whatever lies in the store, or in another, is not to be looked at.
    """

    store: Store
    registered: Client | None = None
    bare: bool = False


def ground(ports: Ports, chosen: Chosen, *, force: bool) -> Ground:
    """Find the store and prove it usable before a human is asked for anything.

    `force` overrules what lies in the store or where it lies; the store's own trouble it does not.
    Raises StorageError, StoredElsewhere, UsageProblem.
    """
    kind = _kind(ports, chosen.name, force=force)
    store = ports.store(kind)
    store.check()
    refuse_newer(store, chosen.name)
    return Ground(store=store, bare=True) if force else Ground(store=store, registered=_registered(ports, chosen))


def _kind(ports: Ports, name: str, *, force: bool) -> str:
    try:
        return store_kind(ports.cards.read(name), ports.env)
    except (BadRecord, StoredElsewhere):
        if not force:
            raise
    return store_kind(None, ports.env)


def _registered(ports: Ports, chosen: Chosen) -> Client | None:
    # A registration belongs to its instance and scopes; BadRecord and NewerRecord stop a login without --force,
    # which would write over something that perhaps is not lost.
    try:
        session = held(ports, chosen).session
    except (NotLoggedIn, BoundElsewhere):
        return None
    return session.client if set(session.scopes) == set(chosen.scopes) else None


def already(ports: Ports, chosen: Chosen, want: Want = ENOUGH) -> Session | None:
    """Give the session if it needs no login: same instance, scopes at least those asked, time left or renewed."""
    try:
        # Scopes first: a login that has too few is not worth a renewal.
        if not set(chosen.scopes) <= set(held(ports, chosen).session.scopes):
            return None
        outcome = ensured(ports, chosen, want)
    except StoredElsewhere:
        raise
    except (LoginRequired, Unreachable, ServiceError):
        return None
    return None if outcome.problem else outcome.session


def patiently(clock: Clock, call: Callable[[], Reply]) -> Reply:
    """Make a call that starts a login again, after 5, 10 and 20 s, while the service says SlowDown."""
    for wait in SLOW_STARTS:
        try:
            return call()
        except ServiceError as error:
            if error.code != "slow_down":
                raise
            clock.sleep(wait)
    return call()


def session_of(chosen: Chosen, client: Client, granted: Granted) -> Session:
    """Make the session of a login that has just been granted."""
    return Session(
        name=chosen.name,
        instance=chosen.instance,
        client=client,
        token=granted.token,
        scopes=chosen.scopes,
        id_token=granted.id_token,
        subject=granted.subject,
    )
