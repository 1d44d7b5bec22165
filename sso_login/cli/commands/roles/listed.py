"""The roles of a session as they were listed lately, and those among them that a name or pattern fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sso_login.cli.output import listing
from sso_login.flows.list_roles import list_accounts, list_roles
from sso_login.flows.profiles import fitting, matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.cli.context import Context
    from sso_login.core.credentials import Role
    from sso_login.flows.list_roles import Listing, Progress
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

FRESH: Final = 3600.0  # seconds for which a list is taken as it is
_MARKS: Final = "*?["  # of a pattern
_ID: Final = re.compile("[0-9]{12}", re.ASCII)


def plain(account: str | None, role: str | None) -> bool:
    """Tell digits and a role's name from an account's name and from patterns."""
    return (not account or account.isdecimal()) and not any(mark in (role or "") for mark in _MARKS)


def found(world: World, chosen: Chosen, accounts: Sequence[str], told: Progress | None = None) -> Listing:
    """List the roles of all accounts, or of those that have such an id, or whose name fits; a whole list is kept."""
    if not accounts:
        whole = list_roles(world, chosen, progress=told)
        if not whole.problems:
            world.remembered.keep(chosen.name, chosen.instance.binding, whole.roles, at=world.clock.now())
        return whole
    wanted = accounts
    if not all(_ID.fullmatch(each) for each in accounts):
        wanted = [account.id for account in matching(list_accounts(world, chosen).accounts, accounts)]
    return list_roles(world, chosen, accounts=wanted, progress=told)


class Lists:
    """The roles of one session: as they were listed lately, else listed now, with a bar where somebody may watch."""

    def __init__(self, context: Context, chosen: Chosen) -> None:
        """List nothing yet."""
        self._context = context
        self.chosen = chosen

    def known(self) -> tuple[tuple[Role, ...], bool]:
        """Give the roles, and whether they were listed just now or lately."""
        world = self._context.world()
        kept = world.remembered.listed(self.chosen.name, self.chosen.instance.binding)
        if kept is None or not kept.roles:
            return self.now(), True
        return kept.roles, 0 <= world.clock.now() - kept.at < FRESH

    def now(self) -> tuple[Role, ...]:
        """List them."""
        with listing.progress(self._context, "accounts") as told:
            whole = found(self._context.world(), self.chosen, (), told)
        listing.tell(self._context, whole.problems)
        return whole.roles

    def matching(self, account: str | None, role: str | None) -> tuple[Role, ...]:
        """Give the roles that fit; UsageProblem where none does.

        A name is looked up in the last list first, however old that is; a pattern could fit more by now.
        """
        roles, fresh = self.known()
        named = not any(mark in text for text in (account or "", role or "") for mark in _MARKS)
        if not (fresh or (named and fitting(roles, account, role))):
            roles = self.now()
        return fitting(roles, account, role, must=True)
