"""What a session may use: its accounts, and the roles of all of them side by side."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.aws.pace import Pace
from sso_login.core.errors import LoginRequired, MalformedReply, SsoLoginError, UsageProblem
from sso_login.flows.bearer import Bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sso_login.core.credentials import Account, Page, Role
    from sso_login.core.model import Token
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

    Progress = Callable[[int, int | None], None]

Item = TypeVar("Item")
AT_ONCE: Final = 16  # connections
MOST_PAGES: Final = 500  # of one list, each of up to 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be listed, and why: the rest of an account's roles, or the rest of the accounts (None)."""

    account: Account | None
    error: SsoLoginError


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found, sorted by account name, id and role; whole only where there are no problems."""

    accounts: tuple[Account, ...]
    roles: tuple[Role, ...] = ()
    problems: tuple[Problem, ...] = ()


def list_accounts(ports: Ports, chosen: Chosen, *, progress: Progress | None = None) -> Listing:
    """List the accounts; `progress` is told how many are found so far. Never interactive.

    Raises LoginRequired, StorageError, and whatever the first page fails with; what fails later becomes a problem.
    """
    return _Lister(ports, chosen).accounts(progress)


def list_roles(
    ports: Ports, chosen: Chosen, *, accounts: Sequence[str] | None = None, progress: Progress | None = None
) -> Listing:
    """List the roles of all accounts, or of those with these ids; `progress` is told how many of how many are done.

    Raises as `list_accounts`, and UsageProblem for an id that is not among them; an account that fails becomes a
    problem. Never interactive.
    """
    lister = _Lister(ports, chosen)
    found = lister.accounts(None)
    wanted = _wanted(found, chosen, accounts)
    return lister.roles(wanted, found.problems, progress)


def _wanted(found: Listing, chosen: Chosen, ids: Sequence[str] | None) -> tuple[Account, ...]:
    if ids is None:
        return found.accounts
    known = {account.id for account in found.accounts}
    strange = next((one for one in ids if one not in known), None)
    if strange is not None and not found.problems:
        raise UsageProblem(
            f"account {strange[:40]!r} is not among those that session {chosen.name!r} may use",
            hint="`sso-login accounts` lists them; an account is named by its 12 digits.",
        )
    return tuple(account for account in found.accounts if account.id in ids)


class _Lister:
    """One listing: all its requests share a token and a pace."""

    def __init__(self, ports: Ports, chosen: Chosen) -> None:
        self._ports = ports
        self._portal = ports.portal(chosen.instance)
        self._bearer = Bearer(ports, chosen)
        self._pace = Pace(ports.clock)

    def accounts(self, progress: Progress | None) -> Listing:
        """List the accounts, one page after the other; each stands there once."""
        found: dict[str, Account] = {}
        problems: list[Problem] = []
        try:
            for items in self._pages(lambda token, after: self._portal.accounts(token, after=after)):
                found.update((account.id, account) for account in items)
                if progress:
                    progress(len(found), None)
        except LoginRequired:
            raise
        except SsoLoginError as error:
            if not found:
                raise
            problems.append(Problem(None, error))
        return Listing(tuple(sorted(found.values(), key=_place)), problems=tuple(problems))

    def roles(self, accounts: tuple[Account, ...], problems: tuple[Problem, ...], progress: Progress | None) -> Listing:
        """List the roles of these accounts side by side."""
        gathered = _Gathered(len(accounts), progress)
        calls = [partial(self._roles, account, gathered) for account in accounts]
        self._ports.side_by_side(calls, at_once=AT_ONCE)
        roles = {(role.account.id, role.name): role for role in gathered.roles}
        return Listing(
            accounts,
            tuple(sorted(roles.values(), key=lambda role: (*_place(role.account), role.name))),
            (
                *problems,
                *(Problem(*failed) for failed in sorted(gathered.failed, key=lambda failed: _place(failed[0]))),
            ),
        )

    def _roles(self, account: Account, gathered: _Gathered) -> None:
        roles: list[Role] = []
        failed = None
        try:
            for items in self._pages(lambda token, after: self._portal.roles(token, account, after=after)):
                roles += items
        except LoginRequired:
            raise
        except SsoLoginError as error:
            failed = account, error
        gathered.add(roles, failed)

    def _pages(self, ask: Callable[[Token, str | None], Page[Item]]) -> Iterator[tuple[Item, ...]]:
        """Ask for page after page; a server that goes round in circles or never ends gives a MalformedReply."""
        after: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self._pace.made(partial(self._bearer.used, partial(_with, ask, after)))
            yield page.items
            after = page.next_token
            if after is None:
                return
            if after in seen:
                raise MalformedReply("the access portal gives the same page again and again")
            seen.add(after)
        raise MalformedReply(f"the access portal's list does not end after {MOST_PAGES} pages")


def _with(ask: Callable[[Token, str | None], Page[Item]], after: str | None, token: Token) -> Page[Item]:
    return ask(token, after)


def _place(account: Account) -> tuple[bool, str, str, str]:
    """Give the order of accounts: by name, whatever its case, then id; those without a name come last."""
    name = account.name or ""
    return not name, name.casefold(), name, account.id


class _Gathered:
    """What the threads have found so far."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.roles: list[Role] = []
        self.failed: list[tuple[Account, SsoLoginError]] = []
        self._total = total
        self._done = 0
        self._progress = progress
        self._lock = threading.Lock()

    def add(self, roles: list[Role], failed: tuple[Account, SsoLoginError] | None) -> None:
        with self._lock:
            self.roles += roles
            self.failed += [failed] if failed else []
            self._done += 1
            if self._progress:
                self._progress(self._done, self._total)
