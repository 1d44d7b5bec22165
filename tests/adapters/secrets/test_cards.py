"""The session cards."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sso_login.adapters.secrets.cards import FileCards
from sso_login.core.errors import BadRecord, NewerRecord, UnsafeFile
from sso_login.core.model import Card, Instance
from sso_login.core.ports import Cards
from tests.support.stores.memory import MemoryCards


def card(name: str = "my-sso") -> Card:
    """Make a card with every member set."""
    return Card(
        name=name,
        instance=Instance("https://example.awsapps.com/start", "us-east-1", "https://oidc.example.com", fips=True),
        scopes=("sso:account:access", "ä"),
        store="keyring",
        backend="SecretService",
        entries=("sso-login:sso:my-sso",),
        refused=True,
        retry_after=1_800_000_000.5,
        retry_delay=15,
    )


@pytest.fixture(params=["files", "memory"])
def cards(request: pytest.FixtureRequest, tmp_path: Path) -> Cards:
    """Give an empty set of cards of each kind."""
    return FileCards(str(tmp_path)) if request.param == "files" else MemoryCards()


@pytest.mark.parametrize("name", ["my-sso", "a/b", "..", ".x", "100%", "a b", "käse", "\N{ROCKET}", "Prod", "n" * 250])
def test_a_card_comes_back(cards: Cards, name: str) -> None:
    """What was written is read, equal in every part, and listed by its name."""
    cards.write(card(name))
    assert cards.read(name) == card(name)
    assert cards.names() == [name]


def test_cards_are_replaced_listed_and_forgotten(cards: Cards) -> None:
    """Names come sorted; a card is forgotten once; the others stay."""
    assert cards.names() == []
    assert cards.read("b") is None
    for name in ("b", "a", "c"):
        cards.write(card(name))
    cards.write(replace(card("b"), store="file"))
    assert cards.names() == ["a", "b", "c"]
    assert cards.delete("a")
    assert not cards.delete("a")
    changed = cards.read("b")
    assert changed is not None
    assert changed.store == "file"
    assert cards.names() == ["b", "c"]


def test_a_card_is_a_private_file_under_its_name(tmp_path: Path) -> None:
    """It lies in sessions/NAME with mode 0600 and a version."""
    FileCards(str(tmp_path)).write(card())
    path = tmp_path / "sessions" / "my-sso"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["version"] == 1


def broken(tmp_path: Path, content: bytes) -> FileCards:
    """Put a card's content in place by hand."""
    made = FileCards(str(tmp_path))
    made.write(card("a/b"))
    (tmp_path / "sessions" / "a%2Fb").write_bytes(content)
    return made


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version":0}',
        b'{"version":1}',
        b'{"version":"1"}',
        b"[" * 100_000,
        b'{"version":1,"x":NaN}',
    ],
)
def test_a_broken_card_is_listed_and_refused(tmp_path: Path, content: bytes) -> None:
    """A card that cannot be read counts by its file's name, is refused with a way out, and can be removed."""
    cards = broken(tmp_path, content)
    assert cards.names() == ["a/b"]
    with pytest.raises(BadRecord) as caught:
        cards.read("a/b")
    assert "sso-login device a/b --force" in caught.value.hint
    assert cards.delete("a/b")
    assert cards.names() == []


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("refused", 1),
        ("retry_after", "soon"),
        ("retry_after", -1),
        ("retry_after", True),
        ("retry_after", float("inf")),
        ("entries", "one"),
        ("entries", [1]),
        ("store", None),
        ("instance", []),
        ("name", "\ud800"),
    ],
)
def test_members_of_a_wrong_type_are_refused(tmp_path: Path, member: str, wrong: object) -> None:
    """Each member has its type."""
    cards = FileCards(str(tmp_path))
    cards.write(card())
    path = tmp_path / "sessions" / "my-sso"
    path.write_text(json.dumps({**json.loads(path.read_text()), member: wrong}))
    with pytest.raises(BadRecord):
        cards.read("my-sso")


def test_a_newer_card_is_told_apart(tmp_path: Path) -> None:
    """A card of a later version wants an upgrade, and is listed all the same."""
    cards = broken(tmp_path, b'{"version": 2}')
    assert cards.names() == ["a/b"]
    with pytest.raises(NewerRecord):
        cards.read("a/b")


def test_a_copied_card_is_not_taken_for_another_session(tmp_path: Path) -> None:
    """A card under a name that is not its own is listed by the file's name and refused."""
    cards = FileCards(str(tmp_path))
    cards.write(card("one"))
    folder = tmp_path / "sessions"
    (folder / "two").write_bytes((folder / "one").read_bytes())
    (folder / "two").chmod(0o600)
    assert cards.names() == ["one", "two"]
    with pytest.raises(BadRecord, match="another session"):
        cards.read("two")


def test_unsafe_and_foreign_files_do_not_hide_the_others(tmp_path: Path) -> None:
    """Links, folders, too open and oddly named files in the folder are listed or ignored, never a reason to fail."""
    cards = FileCards(str(tmp_path))
    cards.write(card("good"))
    folder = tmp_path / "sessions"
    (folder / "link").symlink_to("good")
    (folder / "folder").mkdir()
    (folder / "open").touch(0o644)
    (folder / "%FF").touch(0o600)
    (folder / ".tmp-orphan").touch(0o600)
    assert cards.names() == sorted(["good", "link", "folder", "open", "\N{REPLACEMENT CHARACTER}"])
    with pytest.raises(UnsafeFile):
        cards.read("link")


def test_absent_members_have_their_defaults(tmp_path: Path) -> None:
    """Endpoints, flags and retry times may be absent."""
    cards = FileCards(str(tmp_path))
    plain = Card("p", Instance("https://example.awsapps.com/start", "us-east-1"), (), "file", "file")
    cards.write(plain)
    path = tmp_path / "sessions" / "p"
    members = json.loads(path.read_text())
    for key in ("refused", "retry_after", "retry_delay"):
        del members[key]
    for key in ("oidc_endpoint", "portal_endpoint", "fips", "dualstack"):
        del members["instance"][key]
    path.write_text(json.dumps(members))
    assert cards.read("p") == plain
