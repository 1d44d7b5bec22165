"""Credentials of a role that the access portal gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.core.credentials import RoleKey
from sso_login.core.errors import ServiceError, UsageProblem
from sso_login.flows.bearer import Bearer
from sso_login.flows.renewal import MARGIN
from sso_login.flows.role_cache import Given, Slot, given, patiently

if TYPE_CHECKING:
    from sso_login.core.credentials import Credentials
    from sso_login.core.model import Token
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

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


def role_credentials(ports: Ports, asked: RoleAsked, *, min_ttl: float = MARGIN) -> Given:
    """Give credentials with more than `min_ttl` seconds left if that can be had. Never interactive.

    Those at hand come back, with the problem, where they are still valid and no better ones can be fetched. Raises
    LoginRequired, Unreachable, ServiceError, StorageError where there are none.
    """
    slot = Slot(asked.chosen, asked.key, f"role {asked.role!r} in account {asked.account}")
    return given(ports, slot, lambda at_hand: _fetched(ports, asked, hurry=at_hand), min_ttl=min_ttl)


def _fetched(ports: Ports, asked: RoleAsked, *, hurry: bool) -> Credentials:
    bearer = Bearer(ports, asked.chosen)
    try:
        return bearer.used(partial(_asked_for, ports, asked, hurry=hurry))
    except ServiceError as error:
        raise _explained(asked, error) from error


def _asked_for(ports: Ports, asked: RoleAsked, token: Token, *, hurry: bool) -> Credentials:
    portal = ports.portal(asked.chosen.instance)
    ask = partial(portal.role_credentials, token, account=asked.account, role=asked.role)
    return patiently(ports, ask, hurry=hurry)


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
