"""Whose credentials are meant, at last: by names and patterns, by a picker, and after a login where one is needed."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.cli.ask import confirmed
from sso_login.cli.commands.roles.listed import Lists, plain
from sso_login.cli.credential_source import RoleOptions, RoleUnnamed, resolve
from sso_login.cli.output.colour import terminal
from sso_login.core.credentials import RoleKey
from sso_login.core.errors import LoginRequired, SessionUnnamed, StoredElsewhere, UsageProblem
from sso_login.core.model import SIGNIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_login.cli.context import Context
    from sso_login.cli.role_sources import Source
    from sso_login.core.credentials import Role
    from sso_login.flows.select.session import Chosen

Result = TypeVar("Result")
_NAMED: Final = 5  # that an error names


class Target:
    """What a command line means, and what a human added to it; asked for what is missing once."""

    def __init__(self, context: Context, wanted: RoleOptions) -> None:
        """Ask nothing yet."""
        self._context = context
        self.wanted = self._said = wanted

    @property
    def as_said(self) -> bool:
        """Tell whether the command line alone says whose credentials these are, whatever may be listed tomorrow."""
        return self.wanted == self._said

    def source(self) -> Source:
        """Find the source; raises UsageProblem where something is missing and nobody can be asked."""
        if not plain(self.wanted.account, self.wanted.role):
            self._match()
        try:
            found = resolve(self._context, self.wanted)
        except SessionUnnamed as error:
            self.wanted = replace(self.wanted, session=self._session(error))
            return self.source()
        except RoleUnnamed as error:
            if not may_pick(self._context):
                raise UsageProblem(error.message, hint=error.hint) from None
            self._pick(error.chosen, self._fitting(error))
            found = resolve(self._context, self.wanted)
        self._remember(found)
        return found

    def _session(self, error: SessionUnnamed) -> str:
        from sso_login.cli.output.picker import Choice, Picker, pick

        if not error.names or not may_pick(self._context):
            raise error
        return pick(Picker("Session:", [Choice((name,)) for name in error.names])).cells[0]

    def _match(self) -> None:
        """Put the one account and role in place of names and patterns."""
        lists = self._lists()
        found = lists.matching(self.wanted.account, self.wanted.role)
        accounts = dict.fromkeys(role.account.id for role in found)
        if len(accounts) == 1 and (self.wanted.role is None or len(found) == 1):
            role = found[0].name if self.wanted.role is not None else None
            self.wanted = replace(self.wanted, account=found[0].account.id, role=role)
        elif may_pick(self._context):
            self._pick(lists.chosen, found)
        else:
            raise _several(found, by_account=len(accounts) > 1)

    def _lists(self) -> Lists:
        try:
            resolve(self._context, replace(self.wanted, account=None, role=None))
        except RoleUnnamed as error:
            return Lists(self._context, error.chosen)
        except SessionUnnamed as error:
            self.wanted = replace(self.wanted, session=self._session(error))
            return self._lists()
        chosen = self._context.render.about
        if chosen is None:
            raise UsageProblem("a pattern needs a session to look in", hint="Name one with --session.")
        return Lists(self._context, chosen)

    def _fitting(self, error: RoleUnnamed) -> Sequence[Role] | None:
        if error.account is None and error.role is None:
            return None
        return Lists(self._context, error.chosen).matching(error.account, error.role)

    def _pick(self, chosen: Chosen, among: Sequence[Role] | None) -> None:
        """Let a human pick a role of the session, or one of those."""
        from sso_login.cli.commands.roles.role_picker import picked

        role, profile = picked(self._context, chosen, among)
        named = RoleOptions(session=chosen.name, account=role.account.id, role=role.name)
        self.wanted = RoleOptions(profile=profile) if profile else named

    def _remember(self, found: Source) -> None:
        if self._context.human and len(found.words) == 2 and found.instance.kind != SIGNIN:
            self._context.world().remembered.use(RoleKey(found.chosen.name, *found.words))


def may_pick(context: Context) -> bool:
    """Tell whether somebody may be asked at a terminal that can be drawn on."""
    return context.asks and terminal(sys.stderr)


def _several(found: Sequence[Role], *, by_account: bool) -> UsageProblem:
    told = [f"{role.name} in {role.account.name or role.account.id}" for role in found[:_NAMED]]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    what = "accounts" if by_account else "roles"
    return UsageProblem(f"several {what} fit: {', '.join(told)}{more}", hint="Name one with --account and --role.")


def logged_in(context: Context, act: Callable[[], Result]) -> Result:
    """Do it; where a login is needed, ask a human at a terminal once whether to log in now, and go on."""
    try:
        return act()
    except StoredElsewhere:
        raise  # a login would not help
    except LoginRequired as error:
        chosen = context.render.about
        if chosen is None or not context.asks:
            raise
        if not confirmed(f"{error.message[:1].upper()}{error.message[1:]}. Log in now?"):
            raise
    _log_in(context, chosen)
    return act()


def _log_in(context: Context, chosen: Chosen) -> None:
    """Log in as `device` or `signin` do, in a world that may ask."""
    context.made = None
    context.world(asks=True)
    if chosen.instance.kind == SIGNIN:
        from sso_login.cli.commands.login.signin import sign_in_as

        sign_in_as(context, chosen.name)
    else:
        from sso_login.cli.commands.login.device import log_in_to

        log_in_to(context, chosen.name)
    context.render.panel = None
