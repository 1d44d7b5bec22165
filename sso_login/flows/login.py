"""What every way to log in shares: is a login needed at all, where will it be kept, what can be reused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    LoginRequired,
    NotLoggedIn,
    ServiceError,
    StoredElsewhere,
    Unreachable,
)
from sso_login.flows.keep import held, refuse_newer, store_kind
from sso_login.flows.session import Want, ensured

if TYPE_CHECKING:
    from sso_login.core.model import Client, Session
    from sso_login.core.ports import Ports, Store
    from sso_login.flows.choose import Chosen

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


def already(ports: Ports, chosen: Chosen) -> Session | None:
    """Give the session if it needs no login: same instance, scopes at least those asked, 15 min left or renewed."""
    try:
        outcome = ensured(ports, chosen, ENOUGH)
    except StoredElsewhere:
        raise
    except (LoginRequired, Unreachable, ServiceError):
        return None
    enough = outcome.problem is None and set(chosen.scopes) <= set(outcome.session.scopes)
    return outcome.session if enough else None
