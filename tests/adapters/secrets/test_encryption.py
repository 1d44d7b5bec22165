"""The encrypted file store: what lies on the disk, what is refused, and what happens without the key."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_login import layout
from sso_login.adapters.secrets.encryption import Cipher, derived
from sso_login.adapters.secrets.file_store import FileEntries, secret_path
from sso_login.core.errors import BadRecord, NewerRecord, StorageError, StoreUnusable
from tests.support.stores.key_files import SECRET, key_file

NAME = "my sso"
ENTRY = layout.entry(layout.SESSION, NAME)
TEXT = 'sso-login-record 1\n4600\nmarked-token\n{"name":"marked-name"}'
MAGIC = b"sso-login-encrypted 1\n"
# Made with Node.js (crypto.hkdfSync, createCipheriv): SECRET's key, ENTRY, TEXT and the nonce 00 01 ... 0b.
GOLDEN = (
    "73736f2d6c6f67696e2d656e6372797074656420310a000102030405060708090a0b2c742bb2f6124d071acdf013605a5c6b"
    "f03a4c7ce203516a9f0703b8a2e6c3184c8040aa5c50e57338b0dccfad89f58e0dcc7f7d4c92ba2d1e4d775ea0e8feb96155"
    "9eb8570d802c2e43a4"
)


def made(home: Path, env: dict[str, str] | None = None) -> FileEntries:
    """Open the store in a home, with the key in it unless told otherwise."""
    return FileEntries(str(home), env=key_file(home) if env is None else env)


def path_of(home: Path, entry: str = ENTRY) -> Path:
    """Name an entry's file."""
    return Path(secret_path(str(home), entry))


def hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive a key by the letter of RFC 5869 with SHA-256, and nothing but the standard library."""
    extracted = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    block, output = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([number]), hashlib.sha256)
        output += block
    return output[:length]


class TestKey:
    """How the key comes from the key file's content."""

    @pytest.mark.parametrize(
        ("salt", "info", "expected"),
        [
            (
                bytes(range(13)),
                bytes(range(0xF0, 0xFA)),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (b"", b"", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
        ],
    )
    def test_the_counterpart_is_hkdf(self, salt: bytes, info: bytes, expected: str) -> None:
        """RFC 5869's test cases 1 and 3 hold for the function that ours is compared with."""
        assert hkdf(b"\x0b" * 22, salt=salt, info=info, length=42).hex() == expected

    @given(st.binary(min_size=32, max_size=100))
    def test_the_key_is_hkdf_of_the_content(self, secret: bytes) -> None:
        """The key is HKDF-SHA256 of the whole content, line break and all, without salt, for this one purpose."""
        info = b"sso-login file store, AES-256-GCM, version 1"
        assert derived(secret) == hkdf(secret, salt=b"", info=info, length=32)


class TestFile:
    """What is on the disk."""

    def test_no_word_of_the_text_is_in_the_file(self, tmp_path: Path) -> None:
        """The file says what it is and in which version, and nothing else in the home holds a word of the record."""
        made(tmp_path).write(ENTRY, TEXT)
        content = path_of(tmp_path).read_bytes()
        assert content.startswith(MAGIC)
        assert len(content) == len(MAGIC) + 12 + len(TEXT) + 16
        for file in (each for each in tmp_path.rglob("*") if each.is_file()):
            assert b"marked" not in file.read_bytes()

    def test_the_same_text_never_gives_the_same_file(self, tmp_path: Path) -> None:
        """Every write takes a new nonce."""
        entries, nonces = made(tmp_path), set()
        for _ in range(20):
            entries.write(ENTRY, TEXT)
            nonces.add(path_of(tmp_path).read_bytes()[len(MAGIC) :][:12])
        assert len(nonces) == 20

    def test_the_format_is_what_it_was(self, tmp_path: Path) -> None:
        """A file that was written once is read for ever: a change of format needs a new version."""
        env = key_file(tmp_path)
        made(tmp_path, env).write(ENTRY, "")
        path_of(tmp_path).write_bytes(bytes.fromhex(GOLDEN))
        assert made(tmp_path, env).read(ENTRY) == TEXT

    def test_it_says_what_it_is(self, tmp_path: Path) -> None:
        """The backend that cards pin and `status` shows tells encrypted files from plaintext ones."""
        assert made(tmp_path).backend == "file, AES-GCM"
        assert made(tmp_path, {}).backend == FileEntries(str(tmp_path)).backend == "file"

    def test_nothing_shows_key_or_text(self, tmp_path: Path) -> None:
        """Neither store nor cipher nor key file has a word of the secret in its repr."""
        entries = made(tmp_path)
        entries.write(ENTRY, TEXT)
        assert entries.read(ENTRY) == TEXT
        shown = f"{entries!r} {entries._cipher!r} {entries._key!r} {Cipher(SECRET)!r}"
        assert "secret" not in shown.replace("sso_login.adapters.secrets", "")
        assert derived(SECRET).hex() not in shown


@pytest.fixture(scope="module")
def lasting() -> Iterator[Path]:
    """Give one home for all examples of a property."""
    folder = Path(tempfile.mkdtemp())
    made(folder).check()
    yield folder
    shutil.rmtree(folder)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


class TestAnything:
    """Properties of every text and every change."""

    @settings(max_examples=50)
    @given(name=ANY_TEXT, text=ANY_TEXT)
    def test_any_text_comes_back(self, lasting: Path, name: str, text: str) -> None:
        """Whatever is written under whatever name is read again, by another process as well."""
        entry = layout.entry(layout.SESSION, name)
        made(lasting).write(entry, text)
        assert made(lasting).read(entry) == text

    @given(at=st.integers(0, 10**9), mask=st.integers(1, 255), text=ANY_TEXT)
    def test_any_changed_byte_is_refused(self, at: int, mask: int, text: str) -> None:
        """One changed byte of nonce, ciphertext, tag or of what they are bound to, and nothing is decrypted."""
        cipher, bound = Cipher(SECRET), MAGIC + ENTRY.encode()
        sealed = cipher.sealed(text.encode(), bound=bound)
        assert cipher.opened(sealed, bound=bound) == text.encode()
        changed = bytearray(sealed + bound)
        changed[at % len(changed)] ^= mask
        assert cipher.opened(bytes(changed[: len(sealed)]), bound=bytes(changed[len(sealed) :])) is None

    def test_every_changed_byte_of_a_file_is_refused(self, tmp_path: Path) -> None:
        """Byte by byte, from the magic to the tag: an error of ours without a word of the text, and the file stays."""
        entries, file = made(tmp_path), path_of(tmp_path)
        entries.write(ENTRY, TEXT)
        good = file.read_bytes()
        for at in range(len(good)):
            for mask in (0x01, 0x80):
                changed = bytearray(good)
                changed[at] ^= mask
                refused(entries, file, bytes(changed))
        file.write_bytes(good)
        assert entries.read(ENTRY) == TEXT

    def test_every_truncation_and_extension_is_refused(self, tmp_path: Path) -> None:
        """Cut off anywhere, empty, or longer than it was: the same."""
        entries, file = made(tmp_path), path_of(tmp_path)
        entries.write(ENTRY, TEXT)
        good = file.read_bytes()
        for length in range(len(good)):
            refused(entries, file, good[:length])
        refused(entries, file, good + b"\n")

    @settings(max_examples=50)
    @given(content=st.binary(max_size=100) | st.binary(max_size=100).map(lambda tail: MAGIC + tail))
    def test_any_bytes_are_refused(self, lasting: Path, content: bytes) -> None:
        """No file that was not written with the key is ever taken for one that was."""
        entries, file = made(lasting), path_of(lasting)
        entries.write(ENTRY, TEXT)
        refused(entries, file, content)


def refused(entries: FileEntries, file: Path, content: bytes) -> None:
    """See a file's new content refused, without a word of it, and left as it is."""
    file.write_bytes(content)
    with pytest.raises((BadRecord, NewerRecord)) as caught:
        entries.read(ENTRY)
    assert "marked" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert file.read_bytes() == content


class TestRefusal:
    """What is said, and what can be done."""

    def test_a_changed_record_says_so(self, tmp_path: Path) -> None:
        """The error names the session and both causes, the hint both remedies; a new login may replace the record."""
        entries, file = made(tmp_path), path_of(tmp_path)
        entries.write(ENTRY, TEXT)
        file.write_bytes(file.read_bytes()[:-1])
        with pytest.raises(BadRecord) as caught:
            entries.read(ENTRY)
        assert caught.value.message == (
            "the record of session 'my sso' in the file store cannot be decrypted: "
            "it was changed, or another key encrypted it"
        )
        assert "SSO_LOGIN_KEY_FILE" in caught.value.hint
        assert "`sso-login device 'my sso' --force`" in caught.value.hint
        entries.write(ENTRY, TEXT)
        assert entries.read(ENTRY) == TEXT

    def test_a_wrong_key_says_the_same(self, tmp_path: Path) -> None:
        """Another key opens nothing and destroys nothing."""
        made(tmp_path).write(ENTRY, TEXT)
        wrong = made(tmp_path, key_file(tmp_path, name="other", secret=SECRET + b"\n"))
        with pytest.raises(BadRecord, match="another key encrypted it"):
            wrong.read(ENTRY)
        wrong.check()
        assert made(tmp_path).read(ENTRY) == TEXT

    def test_two_sessions_files_cannot_be_swapped(self, tmp_path: Path) -> None:
        """A file belongs to its session and kind: under any other name it is refused."""
        others = [layout.entry(layout.SESSION, "other"), layout.entry("role", NAME, "1", "Admin")]
        entries = made(tmp_path)
        for entry in (ENTRY, *others):
            entries.write(entry, TEXT)
        for entry in others:
            path_of(tmp_path, entry).write_bytes(path_of(tmp_path).read_bytes())
            with pytest.raises(BadRecord, match="cannot be decrypted"):
                entries.read(entry)

    def test_a_cut_head_is_told_apart_from_a_newer_one(self, tmp_path: Path) -> None:
        """A later version wants an upgrade, with the key or without; a version that is none is damage."""
        entries, file = made(tmp_path), path_of(tmp_path)
        entries.write(ENTRY, TEXT)
        for head in (b"sso-login-encrypted 2\nxx", b"sso-login-encrypted 17"):
            file.write_bytes(head)
            for store in (entries, made(tmp_path, {})):
                with pytest.raises(NewerRecord) as newer:
                    store.read(ENTRY)
                assert "Upgrade" in newer.value.hint
        for head in (b"sso-login-encrypted 1", b"sso-login-encrypted \n", b"sso-login-encrypted 01\n" + b"x" * 40):
            file.write_bytes(head)
            with pytest.raises(BadRecord, match="cannot be decrypted"):
                entries.read(ENTRY)

    @pytest.mark.parametrize("content", [b"", b"\n", b"hunter2", b"sso-login-encr", b"\xff\xfe", b"sso-login-record"])
    def test_what_is_not_ours_is_called_so(self, tmp_path: Path, content: bytes) -> None:
        """Neither encrypted nor a record: refused with the commands that remove or replace it."""
        entries = made(tmp_path)
        entries.write(ENTRY, TEXT)
        path_of(tmp_path).write_bytes(content)
        with pytest.raises(BadRecord, match="was not written by sso-login") as caught:
            entries.read(ENTRY)
        assert "`sso-login logout 'my sso'`" in caught.value.hint

    def test_deleting_needs_no_key(self, tmp_path: Path) -> None:
        """Whoever lost the key can still forget the login."""
        made(tmp_path).write(ENTRY, TEXT)
        assert made(tmp_path, {}).delete(ENTRY)
        assert not path_of(tmp_path).exists()


class TestFromPlaintext:
    """A record that was there before the key."""

    def test_it_is_read_and_encrypted_by_the_next_save(self, tmp_path: Path) -> None:
        """Nobody has to log in anew because a key was added."""
        made(tmp_path, {}).write(ENTRY, TEXT)
        entries = made(tmp_path)
        assert entries.read(ENTRY) == TEXT
        entries.write(ENTRY, TEXT)
        assert b"marked" not in path_of(tmp_path).read_bytes()
        assert entries.read(ENTRY) == TEXT

    def test_plaintext_that_is_no_text_is_refused(self, tmp_path: Path) -> None:
        """A plaintext record with bytes that are no UTF-8 is no record."""
        entries = made(tmp_path)
        entries.write(ENTRY, TEXT)
        path_of(tmp_path).write_bytes(TEXT.encode() + b"\xff")
        with pytest.raises(BadRecord, match="was not written by sso-login"):
            entries.read(ENTRY)


class TestWithoutTheKey:
    """An encrypted record, and no key given."""

    def test_it_is_neither_read_nor_written_over(self, tmp_path: Path) -> None:
        """Reading and writing name the variable to set, and never put plaintext in its place."""
        made(tmp_path).write(ENTRY, TEXT)
        before, keyless = path_of(tmp_path).read_bytes(), made(tmp_path, {})
        uses: list[Callable[[], object]] = [lambda: keyless.read(ENTRY), lambda: keyless.write(ENTRY, TEXT)]
        for use in uses:
            with pytest.raises(StoreUnusable, match="is encrypted, and no key is given") as caught:
                use()
            assert "SSO_LOGIN_KEY_FILE" in caught.value.hint
            assert f"rm {path_of(tmp_path)}" in caught.value.hint
        assert path_of(tmp_path).read_bytes() == before

    def test_a_wider_mode_does_not_hide_that(self, tmp_path: Path) -> None:
        """An encrypted record that a backup brought back readable for all is not written over either."""
        made(tmp_path).write(ENTRY, TEXT)
        path_of(tmp_path).chmod(0o644)
        with pytest.raises(StoreUnusable, match="is encrypted"):
            made(tmp_path, {}).write(ENTRY, TEXT)

    def test_it_is_found_out_before_a_human_logs_in(self, tmp_path: Path) -> None:
        """The check fails while anything encrypted lies there, and passes once it is gone."""
        made(tmp_path).write(ENTRY, TEXT)
        keyless = made(tmp_path, {})
        with pytest.raises(StoreUnusable, match="is encrypted, and no key is given"):
            keyless.check()
        keyless.delete(ENTRY)
        keyless.check()

    def test_another_sessions_plaintext_can_still_be_renewed(self, tmp_path: Path) -> None:
        """A plaintext record beside it is read and saved as ever: it lies there in plaintext already."""
        other, keyless = layout.entry(layout.SESSION, "other"), made(tmp_path, {})
        keyless.write(other, TEXT)
        made(tmp_path).write(ENTRY, TEXT)
        keyless.write(other, TEXT)
        assert keyless.read(other) == TEXT


@pytest.mark.parametrize("trouble", ["missing", "short", "open to others", "empty name"])
def test_a_bad_key_stops_everything_and_nothing_is_written(tmp_path: Path, trouble: str) -> None:
    """A key that was given and cannot be used is an error for read, write and check: never plaintext instead."""
    env = {
        "missing": {"SSO_LOGIN_KEY_FILE": str(tmp_path / "nowhere")},
        "short": key_file(tmp_path, secret=b"x" * 31),
        "open to others": key_file(tmp_path, name="open", mode=0o640),
        "empty name": {"SSO_LOGIN_KEY_FILE": ""},
    }[trouble]
    entries = made(tmp_path, env)
    assert entries.backend == "file, AES-GCM"
    uses: list[Callable[[], object]] = [
        lambda: entries.read(ENTRY),
        lambda: entries.write(ENTRY, TEXT),
        entries.check,
    ]
    for use in uses:
        with pytest.raises(StorageError) as caught:
            use()
        assert caught.value.exit_code == 7
    assert not path_of(tmp_path).parent.exists()


def test_a_key_that_comes_later_is_taken(tmp_path: Path) -> None:
    """An error about the key is not kept: once it is mended the same store works."""
    env = {"SSO_LOGIN_KEY_FILE": str(tmp_path / "key")}
    entries = made(tmp_path, env)
    with pytest.raises(StoreUnusable):
        entries.check()
    key_file(tmp_path)
    entries.check()
