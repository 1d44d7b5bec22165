"""The picker of roles: those used lately first, listed again in the background where the list is old."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sso_login.cli.commands.roles.listed import Lists, found
from sso_login.cli.output.picker import Choice, Picker, pick
from sso_login.core.credentials import RoleKey
from sso_login.core.errors import SsoLoginError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_login.cli.context import Context
    from sso_login.core.credentials import Role
    from sso_login.core.message import Notice
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World


def picked(context: Context, chosen: Chosen, among: Sequence[Role] | None) -> tuple[Role, str | None]:
    """Let a human pick a role, one `among` those where they are given; and the profile that means it, if any does."""
    from sso_login.adapters.system.signals import let_others_end

    world = context.world()
    roles, fresh = (tuple(among), True) if among is not None else Lists(context, chosen).known()
    if not roles:
        raise UsageProblem(f"session {chosen.name!r} may take no roles", hint="Ask who runs your Identity Center.")
    rows = Rows(world, chosen)
    picker = Picker("Role:", rows.of(roles))
    if fresh:
        return rows.meant(pick(picker))
    picker.note = ", listing again"
    with let_others_end():
        return rows.meant(pick(picker, started=lambda soon: _listing_again(context, rows, picker, soon)))


class Rows:
    """How roles are shown, and which role a row is."""

    def __init__(self, world: World, chosen: Chosen) -> None:
        """Read which profiles mean which roles, and which roles were used lately."""
        self._session = chosen.name
        self._profiles: dict[tuple[str, str], str] = {}
        for name, profile in world.config.profiles.items():
            session = profile.ours.session if profile.ours else profile.sso_session
            account, role = profile.target
            if session == chosen.name and account and role:
                self._profiles.setdefault((account, role), name)
        self._used = {key: at for at, key in enumerate(world.remembered.used())}
        self._roles: dict[Choice, Role] = {}

    def of(self, roles: Sequence[Role]) -> list[Choice]:
        """Give a row for each role, those used lately first."""
        last = len(self._used)
        order = sorted(roles, key=lambda role: self._used.get(self._key(role), last))
        rows = {self._row(role): role for role in order}
        self._roles |= rows
        return list(rows)

    def meant(self, row: Choice) -> tuple[Role, str | None]:
        """Tell which role a row is, and the profile that means it."""
        role = self._roles[row]
        return role, self._profiles.get((role.account.id, role.name))

    def _key(self, role: Role) -> RoleKey:
        return RoleKey(self._session, role.account.id, role.name)

    def _row(self, role: Role) -> Choice:
        profile = self._profiles.get((role.account.id, role.name), "")
        return Choice((role.account.name or "-", role.account.id, role.name), also=profile)


def _listing_again(context: Context, rows: Rows, picker: Picker, soon: Callable[[Callable[[], None]], None]) -> None:
    """List in a thread and a world of its own, which asks nobody anything, and show what comes of it."""
    chosen = context.render.about

    def ignored(_notice: Notice) -> None:
        """Say nothing below a picker."""

    def listed() -> None:
        note, new = "", None
        try:
            whole = found(context.build(attended=False, notify=ignored), chosen, ()) if chosen else None
            new = whole.roles if whole and not whole.problems else None
        except SsoLoginError:
            note = ", not listed again"

        def shown() -> None:
            picker.note = note
            if new:
                picker.replace(rows.of(new))

        soon(shown)

    threading.Thread(target=listed, name="listing", daemon=True).start()
