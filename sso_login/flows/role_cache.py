"""Credentials that are kept with a login: cached while they last, else fetched once for any number of processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core import process
from sso_login.core.credentials import KeptRole
from sso_login.core.errors import (
    BadRecord,
    CertificateRefused,
    LockTimeout,
    NewerRecord,
    RefreshRefused,
    SsoLoginError,
    StorageError,
    Unreachable,
)
from sso_login.core.message import Notice
from sso_login.core.model import Secret
from sso_login.flows.stored_login import StoredLogin

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.credentials import Credentials, RoleKey
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

Answer = TypeVar("Answer")
WAITS: Final = (1.0, 2.0, 4.0)  # seconds between tries of a request that may be repeated, or as Retry-After says
PATIENCE: Final = 20.0  # seconds after which no try is begun: whoever runs us as credential_process waits


@dataclass(frozen=True, slots=True)
class Slot:
    """What is kept under which name: the login it came of, its key, and for people what it is."""

    chosen: Chosen
    key: RoleKey
    described: str

    @property
    def lock(self) -> str:
        """Name its lock."""
        return f"{self.key.account} {self.key.role} {self.key.session}"  # no blank in the first two


@dataclass(frozen=True, slots=True)
class Given:
    """Credentials that are valid; `problem` is why they could not be made fresher, or could not be kept."""

    credentials: Credentials
    problem: SsoLoginError | None = None


def given(ports: Ports, slot: Slot, fetch: Callable[[bool], Credentials], *, min_ttl: float) -> Given:
    """Give what is kept if it has more than `min_ttl` seconds left, else what `fetch` brings. Never interactive.

    `fetch` is told whether valid ones are at hand: those come back, with the problem, where no better ones can be
    fetched. Raises LoginRequired, Unreachable, ServiceError, StorageError where there are none.
    """
    cached = _cached(ports, slot)
    if cached and _left(ports, cached) > min_ttl:
        return Given(cached)
    at_hand = cached is not None and _left(ports, cached) > 0
    try:
        with ports.role_locks.hold(slot.lock):
            again = _cached(ports, slot)
            if again and _left(ports, again) > min_ttl:
                return Given(again)
            fetched = fetch(at_hand)
            return Given(fetched, _kept(ports, slot, fetched))
    except (Unreachable, RefreshRefused, StorageError) as error:
        problem: SsoLoginError = _held_up(slot, error) if isinstance(error, LockTimeout) else error
    if cached and _left(ports, cached) > 0:
        return Given(cached, problem)
    raise problem


def stale_notice(given: Given) -> Notice | None:
    """Say why credentials that are valid could not be made fresher, or not be kept."""
    if given.problem is None:
        return None
    return Notice(f"{given.problem.message}; the credentials at hand are valid. {given.problem.hint}", warning=True)


def patiently(ports: Ports, ask: Callable[[], Answer], *, hurry: bool) -> Answer:
    """Ask, and ask again after a 429 or connection trouble: a few times, and never in a `hurry`."""
    began = ports.clock.monotonic()
    for wait in (*(() if hurry else WAITS), None):
        try:
            return ask()
        except Unreachable as error:
            pause = max(wait or 0, error.wait or 0)
            late = ports.clock.monotonic() + pause - began > PATIENCE
            if wait is None or late or isinstance(error, CertificateRefused):
                raise
            ports.clock.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _left(ports: Ports, credentials: Credentials) -> float:
    return credentials.expires_at - ports.clock.now()


def _held_up(slot: Slot, error: LockTimeout) -> LockTimeout:
    hint = "Another sso-login is fetching them; try again in a moment."
    if slot.lock not in error.message:
        return error  # that of the session
    return LockTimeout(f"credentials of {slot.described} were locked by another process for too long", hint=hint)


def _cached(ports: Ports, slot: Slot) -> Credentials | None:
    """Read what is kept, None where there is nothing to be used: it is a cache, and bound to the login it came from.

    Raises StorageError where the store cannot be read, StoredElsewhere.
    """
    try:
        kept = StoredLogin(ports, slot.chosen).kept_role(ports.roles, slot.key)
        if kept is None or kept.binding != slot.chosen.instance.binding:
            return None
        credentials = process.read(kept.output.reveal())
    except (BadRecord, NewerRecord, ValueError):
        return None
    # The hot path goes by the head alone, so that must say the same.
    fits = (credentials.expires_at, credentials.account_id) == (kept.expires_at, slot.key.account)
    return credentials if fits else None


def _kept(ports: Ports, slot: Slot, credentials: Credentials) -> StorageError | None:
    """Keep what was fetched, under the session's lock and the card first: no secret is ever unlisted.

    Gives the error where that fails: it is a cache. Raises LoginRequired where someone has logged out meanwhile, or in
    elsewhere: then what was fetched is no longer ours to give.
    """
    kept = KeptRole(
        slot.key,
        slot.chosen.instance.binding,
        Secret(process.written(credentials)),
        expires_at=credentials.expires_at,
        issued_at=int(ports.clock.now()),
    )
    try:
        StoredLogin(ports, slot.chosen).keep_role(ports.roles, kept)
    except StorageError as error:
        return type(error)(f"the credentials could not be kept: {error.message}", hint=error.hint)
    return None
