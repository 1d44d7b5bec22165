"""What the picker remembers: no secret, nothing that anything rests on, and nothing that a damaged file could break."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from sso_login.adapters.secrets.remembered import MOST, Remembered
from sso_login.core.credentials import Account, Role, RoleKey

BINDING = ("https://a.awsapps.com/start", "us-east-1", "")
ROLES = (Role(Account("111122223333", "A"), "R"), Role(Account("111122223333", "A"), "S"), Role(Account("2" * 12), "R"))
KEY = RoleKey("my sso", "111122223333", "R")


@pytest.fixture
def memory(tmp_path: Path) -> Remembered:
    """Give a memory in a folder of its own."""
    return Remembered(str(tmp_path / "state"))


def files(tmp_path: Path) -> list[Path]:
    """List its files."""
    return sorted((tmp_path / "state" / "picker").iterdir())


def test_roles_come_back_as_they_were_listed(memory: Remembered) -> None:
    """With their time; not for another instance of the same name."""
    assert memory.listed("my sso", BINDING) is None
    memory.keep("my sso", BINDING, ROLES, at=1000.5)
    assert memory.listed("my sso", BINDING) == (ROLES, 1000.0)
    assert memory.listed("my sso", ("https://b.awsapps.com/start", "us-east-1", "")) is None
    assert memory.listed("other", BINDING) is None


def test_the_last_used_is_the_first(memory: Remembered) -> None:
    """Each stands there once, and there is an end to it."""
    for number in range(MOST + 5):
        memory.use(RoleKey("s", f"{number:012}", "R"))
    memory.use(RoleKey("s", f"{MOST:012}", "R"))
    used = memory.used()
    assert (used[0].account, used[1].account, len(used)) == (f"{MOST:012}", f"{MOST + 4:012}", MOST)
    assert len(set(used)) == MOST


def test_a_logout_forgets(memory: Remembered) -> None:
    """What a session may use, and what was used of it; of no other."""
    memory.keep("my sso", BINDING, ROLES, at=1)
    memory.keep("other", BINDING, ROLES, at=1)
    memory.use(KEY)
    memory.use(KEY._replace(session="other"))
    memory.forget("my sso")
    assert memory.listed("my sso", BINDING) is None
    assert memory.listed("other", BINDING) is not None
    assert [key.session for key in memory.used()] == ["other"]


@pytest.mark.skipif(sys.platform == "win32", reason="left alone: modes are POSIX")
def test_the_files_are_private(memory: Remembered, tmp_path: Path) -> None:
    """0600, in a folder of 0700."""
    memory.keep("a/../b", BINDING, ROLES, at=1)
    memory.use(KEY)
    found = files(tmp_path)
    assert len(found) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    assert stat.S_IMODE(found[0].parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[1]", b"{}", b"null", b'[["a","b"]]', b'[["a","b",3]]', b"\xff", b"[" * 5000, b'{"version":1}',
     b'{"version":1,"binding":["https://a.awsapps.com/start","us-east-1",""],"at":"x","accounts":[[1,2]]}'],
)  # fmt: skip
def test_a_damaged_file_is_as_good_as_none(memory: Remembered, tmp_path: Path, content: bytes) -> None:
    """And is written over the next time."""
    memory.keep("my sso", BINDING, ROLES, at=1)
    memory.use(KEY)
    for path in files(tmp_path):
        path.write_bytes(content)
    assert memory.listed("my sso", BINDING) is None
    assert memory.used() == ()
    memory.use(KEY)
    assert memory.used() == (KEY,)


def test_a_folder_that_cannot_be_used_is_done_without(memory: Remembered, tmp_path: Path) -> None:
    """A file in its place, or a link: nothing is raised."""
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "picker").write_text("in the way")
    memory.keep("my sso", BINDING, ROLES, at=1)
    memory.use(KEY)
    memory.forget("my sso")
    assert (memory.used(), memory.listed("my sso", BINDING)) == ((), None)
