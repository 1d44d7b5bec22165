"""What the picker remembers, without any secret: the roles that were listed for a session, and those used lately.

Nothing rests on it: what cannot be read is as good as nothing, what cannot be written is done without.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.core.credentials import Account, Role, RoleKey
from sso_login.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Binding = tuple[str, str, str]

MOST: Final = 50  # roles that were used lately
_VERSION: Final = 1


class Listed(NamedTuple):
    """The roles of a session, and when they were listed (epoch seconds)."""

    roles: tuple[Role, ...]
    at: float


class Remembered:
    """Small files in `HOME/picker`."""

    def __init__(self, home: str) -> None:
        """Keep them below that state folder."""
        self._folder = os.path.join(home, "picker")

    def used(self) -> tuple[RoleKey, ...]:
        """Give the roles that were used, the last first."""
        with contextlib.suppress(StorageError, ValueError, TypeError, RecursionError):
            members = json.loads(files.read(self._recent) or b"[]")
            return tuple(RoleKey(*map(_text, each)) for each in members if len(each) == len(RoleKey._fields))
        return ()

    def use(self, key: RoleKey) -> None:
        """Note that a role is used now."""
        before = self.used()
        if before[:1] != (key,):
            later = [key, *(each for each in before if each != key)][:MOST]
            self._put(self._recent, later)

    def listed(self, session: str, binding: Binding) -> Listed | None:
        """Give the roles that were listed for a session, None where none were for this very instance."""
        with contextlib.suppress(StorageError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            members = json.loads(files.read(self._roles(session)) or b"{}")
            if members["version"] != _VERSION or tuple(members["binding"]) != binding:
                return None
            roles: list[Role] = []
            for number, name, theirs in members["accounts"]:
                account = Account(_text(number), None if name is None else _text(name))
                roles += [Role(account, _text(role)) for role in theirs]
            return Listed(tuple(roles), float(members["at"]))
        return None

    def keep(self, session: str, binding: Binding, roles: Sequence[Role], *, at: float) -> None:
        """Note which roles a session has, in the order in which they are given."""
        accounts: dict[str, tuple[str, str | None, list[str]]] = {}
        for role in roles:
            account = role.account
            accounts.setdefault(account.id, (account.id, account.name, []))[2].append(role.name)
        self._put(
            self._roles(session),
            {"version": _VERSION, "binding": binding, "at": int(at), "accounts": list(accounts.values())},
        )

    def forget(self, session: str) -> None:
        """Forget the roles of a session, and that they were used."""
        with contextlib.suppress(StorageError):
            files.remove(self._roles(session))
        before = self.used()
        left = [key for key in before if key.session != session]
        if len(left) < len(before):
            self._put(self._recent, left)

    @property
    def _recent(self) -> str:
        return os.path.join(self._folder, "recent")

    def _roles(self, session: str) -> str:
        return os.path.join(self._folder, files.file_name("roles+" + layout.quoted(session)))

    def _put(self, path: str, value: object) -> None:
        with contextlib.suppress(StorageError):
            files.write(path, json.dumps(value).encode())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
