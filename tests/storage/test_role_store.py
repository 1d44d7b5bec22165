"""Role credentials as records: strictly read, named by session, account and role."""

from __future__ import annotations

import json

import pytest

from sso_login import hot, layout
from sso_login.core.credentials import KeptRole, RoleKey
from sso_login.core.errors import BadRecord, NewerRecord, StoreUnusable
from sso_login.core.model import Secret
from sso_login.storage.role_store import EntryRoles
from tests.support.stores.memory import MemoryEntries

KEY = RoleKey("my sso", "111122223333", "Read+Only")
ENTRY = "sso-login:role:my%20sso:111122223333:Read%2BOnly"
KEPT = KeptRole(KEY, ("https://x.example/start", "us-east-1", ""), Secret('{"Version":1}'), expires_at=1_893_456_000)


def test_what_is_kept_comes_back_under_its_own_name() -> None:
    """Each part of the entry's name is percent-encoded; another role's is another entry."""
    entries = MemoryEntries()
    roles = EntryRoles(entries)
    assert roles.load(KEY) is None
    roles.save(KEPT)
    assert list(entries.texts) == [ENTRY] == [roles.entry(KEY)]
    assert roles.load(KEY) == KEPT
    assert roles.load(RoleKey("my sso", "111122223333", "Other")) is None
    assert "Version" not in repr(KEPT)


def test_the_head_is_what_the_hot_path_prints() -> None:
    """Magic line, expiry, the very line; a body that ends as that of every record."""
    entries = MemoryEntries()
    EntryRoles(entries).save(KEPT)
    assert layout.parse(entries.texts[ENTRY]) == (1_893_456_000, '{"Version":1}', entries.texts[ENTRY].split("\n")[3])
    assert hot._sound(*entries.texts[ENTRY].split("\n")[2:])


def edited(**members: object) -> str:
    """Write a record whose body has other members."""
    body = {**KEY._asdict(), "binding": list(KEPT.binding), **members}
    return layout.pack(KEPT.expires_at, KEPT.output.reveal(), json.dumps(body))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "sso-login-record 1\nx\ny\n{}",
        edited(session="another"),
        edited(account="222233334444"),
        edited(role=None),
        edited(binding="x"),
        edited(binding=["x"]),
        edited()[:-1],
        edited().replace('{"Version":1}', '{"Version": 1}'),
    ],
)
def test_anything_that_is_not_exactly_that_is_refused(text: str) -> None:
    """With a word on what it is of, and none of what it holds."""
    entries = MemoryEntries()
    entries.texts[ENTRY] = text
    with pytest.raises(BadRecord, match="'Read\\+Only' in account 111122223333 cannot be used"):
        EntryRoles(entries).load(KEY)


def test_a_newer_record_is_told_apart() -> None:
    """By its first line."""
    entries = MemoryEntries()
    entries.texts[ENTRY] = edited().replace("record 1", "record 2", 1)
    with pytest.raises(NewerRecord):
        EntryRoles(entries).load(KEY)


def test_what_could_not_be_read_again_is_not_written() -> None:
    """A line with a blank would break the hot path."""
    entries = MemoryEntries()
    with pytest.raises(BadRecord):
        EntryRoles(entries).save(KeptRole(KEY, KEPT.binding, Secret("a b"), expires_at=1))
    assert entries.texts == {}


def test_trouble_of_the_store_is_no_broken_record() -> None:
    """A locked keyring is told as such."""
    entries = MemoryEntries()
    entries.trouble = StoreUnusable("locked")
    with pytest.raises(StoreUnusable):
        EntryRoles(entries).load(KEY)
