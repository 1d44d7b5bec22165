"""An access portal in memory, and the ports to list from it, in as many threads as there really are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sso_login.core.credentials import Account, Page, Role
from sso_login.core.errors import ServiceError
from sso_login.core.model import Instance, Token
from tests.support.fakes import FakePorts, NoPortal


@dataclass
class FakePortal:
    """Lists `roles` by account, two a page; `trouble` has what the next calls for "accounts" or an account's id meet.

    `taken` are the tokens it takes, None for all; `asked` is called at each request, outside of any lock.
    """

    roles: Mapping[Account, Sequence[str]]
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    taken: set[str] | None = None
    asked: Callable[[], None] | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, key: str, token: Token, after: str | None, whole: Sequence[object]) -> tuple[slice, str | None]:
        """Note the call, meet its trouble, and give which part of the list is asked for."""
        if self.asked:
            self.asked()
        with self.lock:
            self.calls.append((key, token.access.reveal()))
            if self.taken is not None and token.access.reveal() not in self.taken:
                raise ServiceError("ListAccounts was refused: unauthorized", code="unauthorized")
            if self.trouble.get(key):
                raise self.trouble[key].pop(0)
        start = int(after or 0)
        return slice(start, start + 2), str(start + 2) if start + 2 < len(whole) else None

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """List accounts."""
        whole = list(self.roles)
        part, more = self.page("accounts", token, after, whole)
        return Page(tuple(whole[part]), more)

    def list_roles(self, token: Token, account: Account, after: str | None) -> Page[Role]:
        """List roles."""
        whole = [Role(account, name) for name in self.roles[account]]
        part, more = self.page(account.id, token, after, whole)
        return Page(tuple(whole[part]), more)


@dataclass
class PortalPorts(FakePorts):
    """The port Ports over memory, with a portal that lists."""

    listed: FakePortal = field(default_factory=lambda: FakePortal({}))

    def portal(self, instance: Instance) -> Listing:
        """Give the portal, whatever the instance."""
        del instance
        return Listing(self.listed)


@dataclass
class Listing(NoPortal):
    """The port Portal of a FakePortal, which lists and gives no credentials."""

    behind: FakePortal

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """List accounts."""
        return self.behind.accounts(token, after=after)

    def roles(self, token: Token, account: Account, *, after: str | None = None) -> Page[Role]:
        """List roles."""
        return self.behind.list_roles(token, account, after)
