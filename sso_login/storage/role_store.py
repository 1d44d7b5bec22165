"""Role credentials in a store of named secrets: one entry for each session, account and role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sso_login import layout
from sso_login.core.credentials import KeptRole, RoleKey
from sso_login.core.errors import BadRecord, NewerRecord
from sso_login.core.model import Secret
from sso_login.storage import record

if TYPE_CHECKING:
    from sso_login.core.ports import Entries


class EntryRoles:
    """The port RoleStore over any Entries."""

    def __init__(self, entries: Entries) -> None:
        """Keep credentials in those entries."""
        self._entries = entries

    def entry(self, key: RoleKey) -> str:
        """Name the store's entry for those credentials, as a card lists it."""
        return layout.entry(layout.ROLE, *key)

    def load(self, key: RoleKey) -> KeptRole | None:
        """Give what is kept, None where there is nothing; raise BadRecord, NewerRecord, StorageError."""
        text = self._entries.read(self.entry(key))
        return None if text is None else unpacked(text, key)

    def save(self, kept: KeptRole) -> None:
        """Keep the credentials, whole or not at all; raise StorageError, SaveUnknown after a deadline."""
        self._entries.write(self.entry(kept.key), packed(kept))


def packed(kept: KeptRole) -> str:
    """Write a record; raise BadRecord for one that could not be read again, so that none is stored."""
    body = {**kept.key._asdict(), "binding": list(kept.binding)}
    text = layout.pack(
        layout.entry(layout.ROLE, *kept.key),
        issued_at=kept.issued_at,
        expires_at=kept.expires_at,
        output=kept.output.reveal(),
        body=json.dumps(body, separators=(",", ":")),
    )
    unpacked(text, kept.key)
    return text


def unpacked(text: str, key: RoleKey) -> KeptRole:
    """Read a record back, strictly; raise BadRecord, NewerRecord."""
    what = f"the kept credentials of role {key.role!r} in account {key.account}"
    try:
        found = record.head(text, layout.entry(layout.ROLE, *key))
        return _kept(key, found, record.Fields.of(found.body))
    except record.Newer:
        raise NewerRecord(f"{what} were written by a newer sso-login") from None
    except record.Broken as broken:
        hint = "They are fetched again the next time."
        raise BadRecord(f"{what} cannot be used: {broken}", hint=hint) from broken


def _kept(key: RoleKey, head: record.Head, fields: record.Fields) -> KeptRole:
    if RoleKey(fields.text("session"), fields.text("account"), fields.text("role")) != key:
        raise record.Broken("they are those of another role")
    binding = fields.texts("binding")
    if len(binding) != 3:
        raise record.Broken("binding is not that of a login")
    output = Secret(head.output)
    return KeptRole(key, (binding[0], binding[1], binding[2]), output, head.expires_at, head.issued_at or 0)
