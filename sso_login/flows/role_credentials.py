"""Credentials of a role: from the cache while they last, else fetched once for any number of processes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.core import process
from sso_login.core.credentials import KeptRole, RoleKey
from sso_login.core.errors import (
    BadRecord,
    CertificateRefused,
    LockTimeout,
    NewerRecord,
    RefreshRefused,
    ServiceError,
    SsoLoginError,
    StorageError,
    Unreachable,
    UsageProblem,
)
from sso_login.core.message import Notice
from sso_login.core.model import Secret
from sso_login.flows.bearer import Bearer
from sso_login.flows.renewal import MARGIN
from sso_login.flows.stored_login import StoredLogin

if TYPE_CHECKING:
    from sso_login.core.credentials import Credentials
    from sso_login.core.model import Token
    from sso_login.core.ports import RolePorts
    from sso_login.flows.select.session import Chosen

WAITS: Final = (1.0, 2.0, 4.0)  # seconds between tries of a request that may be repeated, or as Retry-After says
PATIENCE: Final = 20.0  # seconds after which no try is begun: whoever runs us as credential_process waits

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_ROLE: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)  # what IAM lets a role's name be
_NOT_ASSIGNED: Final = frozenset({"forbidden", "resource_not_found", "http_403", "http_404"})


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """A role of an account, by way of a session; UsageProblem where the account or the role cannot be one."""

    chosen: Chosen
    account: str
    role: str

    def __post_init__(self) -> None:
        """Refuse what AWS could not know, before anything is asked or named after it."""
        if not _ACCOUNT.fullmatch(self.account):
            message = f"{self.account[:40]!r} is not an account"
            raise UsageProblem(message, hint="An account is named by its 12 digits; `sso-login accounts` lists them.")
        if not _ROLE.fullmatch(self.role):
            message = f"{self.role[:80]!r} cannot be the name of a role"
            raise UsageProblem(message, hint=f"`sso-login roles --account {self.account}` lists the names.")

    @property
    def key(self) -> RoleKey:
        """Name what is kept of it."""
        return RoleKey(self.chosen.name, self.account, self.role)


@dataclass(frozen=True, slots=True)
class Given:
    """Credentials that are valid; `problem` is why they could not be made fresher, or could not be kept."""

    credentials: Credentials
    problem: SsoLoginError | None = None


def role_credentials(ports: RolePorts, asked: RoleAsked, *, min_ttl: float = MARGIN) -> Given:
    """Give credentials with more than `min_ttl` seconds left if that can be had. Never interactive.

    Those at hand come back, with the problem, where they are still valid and no better ones can be fetched. Raises
    LoginRequired, Unreachable, ServiceError, StorageError where there are none.
    """
    cached = _cached(ports, asked)
    if cached and _left(ports, cached) > min_ttl:
        return Given(cached)
    try:
        with ports.role_locks.hold(_lock(asked)):
            again = _cached(ports, asked)
            if again and _left(ports, again) > min_ttl:
                return Given(again)
            return _fetched(ports, asked, hurry=cached is not None and _left(ports, cached) > 0)
    except (Unreachable, RefreshRefused, StorageError) as error:
        problem: SsoLoginError = _held_up(asked, error) if isinstance(error, LockTimeout) else error
    if cached and _left(ports, cached) > 0:
        return Given(cached, problem)
    raise problem


def stale_notice(given: Given) -> Notice | None:
    """Say why credentials that are valid could not be made fresher, or not be kept."""
    if given.problem is None:
        return None
    return Notice(f"{given.problem.message}; the credentials at hand are valid. {given.problem.hint}", warning=True)


def _left(ports: RolePorts, credentials: Credentials) -> float:
    return credentials.expires_at - ports.clock.now()


def _lock(asked: RoleAsked) -> str:
    return f"{asked.account} {asked.role} {asked.chosen.name}"  # no blank in the first two


def _held_up(asked: RoleAsked, error: LockTimeout) -> LockTimeout:
    what = f"credentials of role {asked.role!r} in account {asked.account}"
    hint = "Another sso-login is fetching them; try again in a moment."
    if _lock(asked) not in error.message:
        return error  # that of the session
    return LockTimeout(f"{what} were locked by another process for too long", hint=hint)


def _cached(ports: RolePorts, asked: RoleAsked) -> Credentials | None:
    """Read what is kept, None where there is nothing to be used: it is a cache, and bound to the login it came from.

    Raises StorageError where the store cannot be read, StoredElsewhere.
    """
    try:
        kept = StoredLogin(ports, asked.chosen).kept_role(ports.roles, asked.key)
        if kept is None or kept.binding != asked.chosen.instance.binding:
            return None
        credentials = process.read(kept.output.reveal())
    except (BadRecord, NewerRecord, ValueError):
        return None
    # The hot path goes by the head alone, so that must say the same.
    fits = (credentials.expires_at, credentials.account_id) == (kept.expires_at, asked.account)
    return credentials if fits else None


def _fetched(ports: RolePorts, asked: RoleAsked, *, hurry: bool) -> Given:
    bearer = Bearer(ports, asked.chosen)
    try:
        credentials = bearer.used(partial(_asked_for, ports, asked, hurry=hurry))
    except ServiceError as error:
        raise _explained(asked, error) from error
    return Given(credentials, _kept(ports, asked, credentials))


def _asked_for(ports: RolePorts, asked: RoleAsked, token: Token, *, hurry: bool) -> Credentials:
    """Ask, and ask again after a 429 or connection trouble: a few times, and never in a `hurry`."""
    portal, began = ports.role_portal(asked.chosen.instance), ports.clock.monotonic()
    for wait in (*(() if hurry else WAITS), None):
        try:
            return portal.role_credentials(token, account=asked.account, role=asked.role)
        except Unreachable as error:
            pause = max(wait or 0, error.wait or 0)
            late = ports.clock.monotonic() + pause - began > PATIENCE
            if wait is None or late or isinstance(error, CertificateRefused):
                raise
            ports.clock.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _explained(asked: RoleAsked, error: ServiceError) -> ServiceError:
    if error.code not in _NOT_ASSIGNED:
        return error
    return ServiceError(
        f"session {asked.chosen.name!r} may not use role {asked.role!r} in account {asked.account}: {error.message}",
        code=error.code,
        reason=error.reason,
        request_id=error.request_id,
        hint=f"`sso-login roles --account {asked.account}` lists the roles it may use there.",
    )


def _kept(ports: RolePorts, asked: RoleAsked, credentials: Credentials) -> StorageError | None:
    """Keep what was fetched, under the session's lock and the card first: no secret is ever unlisted.

    Gives the error where that fails: it is a cache. Raises LoginRequired where someone has logged out meanwhile, or in
    elsewhere: then what was fetched is no longer ours to give.
    """
    kept = KeptRole(
        asked.key,
        asked.chosen.instance.binding,
        Secret(process.written(credentials)),
        expires_at=credentials.expires_at,
        issued_at=int(ports.clock.now()),
    )
    try:
        StoredLogin(ports, asked.chosen).keep_role(ports.roles, kept)
    except StorageError as error:
        return type(error)(f"the credentials could not be kept: {error.message}", hint=error.hint)
    return None
