"""Logins of one kind in a store of named secrets: one entry a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_login import layout
from sso_login.core.model import SSO
from sso_login.storage import record

if TYPE_CHECKING:
    from sso_login.core.model import Session
    from sso_login.core.ports import Entries


class SessionStore:
    """The port Store over any Entries."""

    def __init__(self, entries: Entries, kind: str = SSO) -> None:
        """Keep logins of that kind in those entries."""
        self._entries = entries
        self._kind = kind

    @property
    def kind(self) -> str:
        """Name the store as SSO_LOGIN_STORE does: `keyring` or `file`."""
        return self._entries.kind

    @property
    def backend(self) -> str:
        """Name what is behind it: `file`, `SecretService`, `macOS` or `WinVault`."""
        return self._entries.backend

    def check(self) -> None:
        """Raise StorageError unless sessions can be read and written now."""
        self._entries.check()

    def load(self, name: str) -> Session | None:
        """Give the session of that name, None where there is none; raise BadRecord, NewerRecord, StorageError."""
        text = self._entries.read(self.entry(name))
        return None if text is None else record.unpacked(text, name=name, where=self._where(), kind=self._kind)

    def save(self, session: Session) -> None:
        """Keep the session, whole or not at all; raise StorageError, SaveUnknown after a deadline."""
        self._entries.write(self.entry(session.name), record.packed(session, where=self._where(), kind=self._kind))

    def delete(self, name: str) -> bool:
        """Forget the session, readable or not; tell whether there was one; raise StorageError."""
        return self._entries.delete(self.entry(name))

    def entry(self, name: str) -> str:
        """Name the store's entry for that session, as a card lists it."""
        return layout.entry(self._kind, name)

    def drop(self, entry: str) -> bool:
        """Forget what else a card lists of this store; tell whether there was anything; raise StorageError."""
        return self._entries.delete(entry)

    def purge(self, name: str) -> bool:
        """Forget all that is found here of the session, listed or not; tell whether there was anything."""
        came = self._entries.found(layout.entry(layout.ROLE, name) + ":") if self._kind == SSO else []
        gone = [self._entries.delete(entry) for entry in [self.entry(name), *came]]
        return any(gone)

    def names(self) -> list[str]:
        """List whose logins lie here, by what the store itself says; a keyring cannot be listed."""
        return [layout.unquoted(entry.rpartition(":")[2]) for entry in self._entries.found(self.entry(""))]

    def _where(self) -> str:
        return "the file store" if self.kind == "file" else f"the keyring ({self.backend})"
