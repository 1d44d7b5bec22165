"""Credentials of a role that other credentials assume: each step of a chain is kept like a role of the portal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.core.credentials import RoleKey
from sso_login.core.errors import ServiceError
from sso_login.flows.renewal import MARGIN
from sso_login.flows.role_cache import Given, Slot, given, patiently

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.credentials import Credentials, RoleStep, TokenService
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

ENOUGH: Final = 60.0  # seconds that must be left of credentials which sign a request


@dataclass(frozen=True, slots=True)
class ChainAsked:
    """The roles to assume, one after the other, with credentials that a login gives.

    `start` gives the first ones, and `words` say which those are. `override` is a configured endpoint of STS, empty
    where AWS's own of the region is asked.
    """

    chosen: Chosen
    start: Callable[[], Credentials]
    words: tuple[str, ...]
    steps: tuple[RoleStep, ...]
    service: TokenService
    override: str = ""

    @property
    def key(self) -> RoleKey:
        """Name what is kept of it; no role of the portal has a name with a slash in it."""
        last = self.steps[-1]
        parts = [self.chosen.instance.kind, *self.words, self.override, *map(repr, self.steps)]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        return RoleKey(self.chosen.name, last.account, f"{last.name}/{digest}")


def chain_credentials(ports: Ports, asked: ChainAsked, *, min_ttl: float = MARGIN) -> Given:
    """Give credentials of the chain's last role with more than `min_ttl` seconds left if that can be had.

    Those at hand come back, with the problem, where they are still valid and no better ones can be fetched. Raises
    LoginRequired, Unreachable, ServiceError, StorageError where there are none. Never interactive.
    """
    last = asked.steps[-1]
    slot = Slot(asked.chosen, asked.key, f"role {last.name!r} in account {last.account}")
    return given(ports, slot, partial(_assumed, ports, asked), min_ttl=min_ttl)


def _assumed(ports: Ports, asked: ChainAsked, at_hand: bool) -> Credentials:  # noqa: FBT001 - as `given` calls it
    *before, last = asked.steps
    if before:
        source = chain_credentials(ports, replace(asked, steps=tuple(before)), min_ttl=ENOUGH).credentials
    else:
        source = asked.start()
    sts = ports.token_service(asked.service)
    try:
        return patiently(ports, partial(sts.assume_role, source, last), hurry=at_hand)
    except ServiceError as error:
        raise _explained(last, before, error) from error


def _explained(last: RoleStep, before: list[RoleStep], error: ServiceError) -> ServiceError:
    by = f" by role {before[-1].arn}" if before else ""
    return ServiceError(
        f"role {last.arn} could not be assumed{by}: {error.message}",
        code=error.code,
        reason=error.reason,
        request_id=error.request_id,
        hint=error.hint,
    )
