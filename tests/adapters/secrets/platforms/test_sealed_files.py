"""The file store where the platform seals for its user, by a sealer of our own that behaves as DPAPI does."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from sso_login.adapters.secrets.file_store import FileEntries, platform_sealer, secret_path
from sso_login.adapters.secrets.platforms import access, dpapi
from sso_login.core.errors import BadRecord, NewerRecord, StoreUnusable

ENTRY = "sso-login:sso:my-sso"
TEXT = "sso-login-record 2\nmarked-secret grün\n"


class FakeSealer:
    """Seals for one user: a digest of user, purpose and content before the content, which is turned over."""

    LABEL = "DPAPI"

    def __init__(self, user: str = "me") -> None:
        """Be that user."""
        self.user = user
        self.fails = False

    def sealed(self, plain: bytes, *, bound: bytes) -> bytes:
        """Seal, or fail as Windows may."""
        if self.fails:
            raise OSError(5, "Access is denied")
        return self._tag(plain, bound) + plain[::-1]

    def opened(self, content: bytes, *, bound: bytes) -> bytes | None:
        """Open what this user sealed for that purpose."""
        plain = content[32:][::-1]
        return plain if content[:32] == self._tag(plain, bound) else None

    def _tag(self, plain: bytes, bound: bytes) -> bytes:
        return hashlib.sha256(self.user.encode() + b"\0" + bound + b"\0" + plain).digest()


def kept(home: Path, user: str = "me", **env: str) -> FileEntries:
    """Make the store of that user."""
    return FileEntries(str(home), env=env, sealer=FakeSealer(user))


def test_without_a_key_records_are_sealed_for_their_user(tmp_path: Path) -> None:
    """What is on the disk is not plaintext, and the store says so."""
    store = kept(tmp_path)
    store.check()
    store.write(ENTRY, TEXT)
    content = Path(secret_path(str(tmp_path), ENTRY)).read_bytes()
    assert content.startswith(b"sso-login-sealed 1\n")
    assert b"marked-secret" not in content
    assert kept(tmp_path).read(ENTRY) == TEXT
    assert store.backend == "file, DPAPI"
    assert store.delete(ENTRY)


def test_another_user_or_entry_opens_nothing(tmp_path: Path) -> None:
    """It is a record that is not readable, told as such; nor does a bit that was changed pass."""
    kept(tmp_path).write(ENTRY, TEXT)
    with pytest.raises(BadRecord, match="another user or machine"):
        kept(tmp_path, "somebody").read(ENTRY)
    path = Path(secret_path(str(tmp_path), ENTRY))
    other = Path(secret_path(str(tmp_path), "sso-login:sso:other"))
    other.write_bytes(path.read_bytes())
    other.chmod(0o600)
    with pytest.raises(BadRecord):
        kept(tmp_path).read("sso-login:sso:other")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadRecord) as caught:
        kept(tmp_path).read(ENTRY)
    assert "sso-login device my-sso --force" in caught.value.hint


def test_a_plaintext_record_is_read_and_sealed_by_the_next_save(tmp_path: Path) -> None:
    """Written before there was sealing."""
    plain = FileEntries(str(tmp_path))
    if plain.backend == "file":
        plain.write(ENTRY, TEXT)
        store = kept(tmp_path)
        assert store.read(ENTRY) == TEXT
        store.write(ENTRY, TEXT)
        assert Path(secret_path(str(tmp_path), ENTRY)).read_bytes().startswith(b"sso-login-sealed 1\n")


def test_a_key_goes_before_sealing_and_reads_what_was_sealed(tmp_path: Path) -> None:
    """Who names a key wants to take the files elsewhere; without it nothing encrypted is written over."""
    key = tmp_path / "key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    access.make_private(str(key))
    kept(tmp_path).write(ENTRY, TEXT)
    store = kept(tmp_path, SSO_LOGIN_KEY_FILE=str(key))
    assert store.backend == "file, AES-GCM"
    assert store.read(ENTRY) == TEXT
    store.write(ENTRY, TEXT)
    assert Path(secret_path(str(tmp_path), ENTRY)).read_bytes().startswith(b"sso-login-encrypted 1\n")
    with pytest.raises(StoreUnusable, match="no key is given"):
        kept(tmp_path).write(ENTRY, TEXT)


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    """And what the system does not seal is storage trouble, which leaves the old record."""
    store = kept(tmp_path)
    store.write(ENTRY, TEXT)
    path = Path(secret_path(str(tmp_path), ENTRY))
    failing = FakeSealer()
    failing.fails = True
    with pytest.raises(StoreUnusable, match="cannot seal"):
        FileEntries(str(tmp_path), sealer=failing).write(ENTRY, "new")
    assert store.read(ENTRY) == TEXT
    path.write_bytes(b"sso-login-sealed 2\nx")
    with pytest.raises(NewerRecord):
        store.read(ENTRY)


@pytest.mark.skipif(sys.platform == "win32", reason="there it is the real one")
def test_elsewhere_nothing_seals(tmp_path: Path) -> None:
    """A sealed record that was copied here is not readable, and says why."""
    assert platform_sealer() is None
    kept(tmp_path).write(ENTRY, TEXT)
    with pytest.raises(BadRecord, match="another user or machine"):
        FileEntries(str(tmp_path)).read(ENTRY)
    assert dpapi.opened(b"", bound=b"") is None
    with pytest.raises(NotImplementedError):
        dpapi.sealed(b"", bound=b"")


if sys.platform == "win32":

    def test_windows_opens_what_it_sealed() -> None:
        """The real DPAPI: the same user and purpose open it, another purpose or a changed bit does not."""
        sealed = dpapi.sealed(b"secret", bound=b"purpose")
        assert b"secret" not in sealed
        assert dpapi.opened(sealed, bound=b"purpose") == b"secret"
        assert dpapi.opened(sealed, bound=b"other") is None
        assert dpapi.opened(sealed[:-1] + bytes([sealed[-1] ^ 1]), bound=b"purpose") is None
        assert dpapi.opened(b"", bound=b"purpose") is None
