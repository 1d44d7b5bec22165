"""Role credentials as records: strictly read, named by session, account and role."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sso_login import layout
from sso_login.core.credentials import KeptRole, RoleKey
from sso_login.core.errors import BadRecord, NewerRecord, StoreUnusable
from sso_login.core.model import Secret
from sso_login.storage.role_store import EntryRoles
from tests.support.stores.memory import MemoryEntries

KEY = RoleKey("my sso", "111122223333", "Read+Only")
ENTRY = "sso-login:role:my%20sso:111122223333:Read%2BOnly"
KEPT = KeptRole(
    KEY, ("https://x.example/start", "us-east-1", ""), Secret('{"Version":1}'), 1_893_456_000, 1_893_452_400
)


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
    """When it ends, when it was fetched, the very line, and the body."""
    entries = MemoryEntries()
    EntryRoles(entries).save(KEPT)
    body = entries.texts[ENTRY].split("\n")[4]
    assert layout.parse(entries.texts[ENTRY], ENTRY) == (1_893_456_000, 1_893_452_400, '{"Version":1}', body)


def edited(**members: object) -> str:
    """Write a record whose body has other members."""
    body = {**KEY._asdict(), "binding": list(KEPT.binding), **members}
    times = {"issued_at": KEPT.issued_at, "expires_at": KEPT.expires_at}
    return layout.pack(ENTRY, **times, output=KEPT.output.reveal(), body=json.dumps(body))


def test_a_record_of_format_1_is_read() -> None:
    """As an older version wrote it: without a name, a checksum and the time it was fetched."""
    entries = MemoryEntries()
    body = edited().split("\n")[4]
    entries.texts[ENTRY] = f"sso-login-record 1\n{KEPT.expires_at}\n{KEPT.output.reveal()}\n{body}"
    assert EntryRoles(entries).load(KEY) == replace(KEPT, issued_at=0)


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
    entries.texts[ENTRY] = edited().replace("record 2", "record 3", 1)
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
