"""The file store, for machines without a keyring: one 0600 file an entry in one 0700 folder, encrypted given a key."""

from __future__ import annotations

import os
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, cast
from urllib.parse import unquote

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.adapters.secrets.platforms import dpapi
from sso_login.adapters.secrets.safety import explained
from sso_login.core.errors import BadRecord, NewerRecord, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.adapters.secrets.encryption import Cipher
    from sso_login.adapters.secrets.key_file import KeyFile

# An encrypted file is this line, then nonce, ciphertext and tag as raw bytes. Base64 would be a third longer, and its
# last character has bits that say nothing and could be changed unnoticed.
_MAGIC_NAME: Final = b"sso-login-encrypted "
_VERSION: Final = 1
_MAGIC: Final = b"%s%d\n" % (_MAGIC_NAME, _VERSION)
# One that Windows sealed for its user begins so.
_SEALED_NAME: Final = b"sso-login-sealed "
_SEALED: Final = b"%s%d\n" % (_SEALED_NAME, _VERSION)


class Sealer(Protocol):
    """What seals for one user of one machine without a key of ours, as Windows' DPAPI does."""

    LABEL: str

    def sealed(self, plain: bytes, *, bound: bytes) -> bytes:
        """Encrypt; raise OSError."""

    def opened(self, content: bytes, *, bound: bytes) -> bytes | None:
        """Decrypt; None for what another user, machine or `bound` sealed, or what was changed."""


def platform_sealer() -> Sealer | None:
    """Give what this platform seals with, None where it has nothing."""
    return cast("Sealer", dpapi) if dpapi.opens() else None


def secret_path(home: str, entry: str) -> str:
    """Name the file of an entry: `sso-login:sso:NAME` is `HOME/secrets/sso+NAME`.

    A colon means something else on Windows; a plus sign is in no part of an entry, since parts are percent-encoded.
    """
    name = files.file_name(entry.removeprefix("sso-login:").replace(":", "+"))
    return os.path.join(home, "secrets", name)


def _entry(file: str) -> str:
    """Read an entry's name back from that of its file, "" for what does not tell it."""
    try:
        parts = [layout.quoted(layout.unquoted(part)) for part in file.split("+")]
    except ValueError:
        return ""
    entry = ":".join(["sso-login", *parts])
    return entry if os.path.basename(secret_path("", entry)) == file else ""


def _key(env: Mapping[str, str]) -> KeyFile | None:
    if not any(name in env for name in layout.KEYS):
        return None
    from sso_login.adapters.secrets.key_file import key_file

    return key_file(env)


class FileEntries:
    """The port Entries over files in `HOME/secrets`; writes and deletions belong under the session's lock.

    With a key (`key_file`) every write is encrypted, bound to the format's version and the entry's name. A plaintext
    record, written before there was a key, is still read, and the next save encrypts it. Without the key nothing
    encrypted is ever written over. Where the platform seals for its user (Windows), that is done without a key.
    """

    kind = "file"

    def __init__(
        self, home: str, *, env: Mapping[str, str] = MappingProxyType({}), sealer: Sealer | None = None
    ) -> None:
        """Keep secrets below that state folder, by the key that the environment names; it is read when needed."""
        self._home = home
        self._key = _key(env)
        self._sealer = sealer or platform_sealer()
        self._plain: set[str] = set()  # entries that were not encrypted when they were read last, under the lock

    @property
    def backend(self) -> str:
        """Say whether entries are encrypted: `file, AES-GCM`, `file, DPAPI` or `file`."""
        if self._key:
            return "file, AES-GCM"
        return f"file, {self._sealer.LABEL}" if self._sealer else "file"

    def check(self) -> None:
        """Prove that a file can be written: read the key, make the folder, write a file that holds nothing.

        Without a key it also sees to it that nothing here is encrypted, before a human logs in for a record that
        could then not be written. Raises StorageError.
        """
        folder = os.path.join(self._home, "secrets")
        if self._cipher is None:
            for name in files.names(folder):
                _keep_encrypted(os.path.join(folder, name))
        files.prove_writable(folder)

    def read(self, entry: str) -> str | None:
        """Give the text, None where there is no such entry; raise StorageError."""
        cipher, path = self._cipher, secret_path(self._home, entry)
        self._plain.discard(entry)
        content = files.read(path)
        if content is None:
            return None
        if not content.startswith(_MAGIC_NAME):
            self._plain.add(entry)
        if content.startswith(_SEALED_NAME):
            content = self._unsealed(content, path=path, entry=entry)
        elif content.startswith(_MAGIC_NAME):
            content = _opened(content, cipher, path=path, entry=entry)
        elif cipher and not content.startswith(layout.MAGIC_NAME.encode()):
            raise _not_ours(path, entry)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise _not_ours(path, entry) from None

    def write(self, entry: str, text: str) -> None:
        """Keep the text, whole or not at all; raise StorageError."""
        path, content = secret_path(self._home, entry), text.encode()
        if self._cipher:
            content = _MAGIC + self._cipher.sealed(content, bound=_bound(entry))
        elif entry not in self._plain:
            _keep_encrypted(path)
        if self._sealer and not self._cipher:
            with explained("seal", path):
                content = _SEALED + self._sealer.sealed(content, bound=_SEALED + entry.encode())
        files.write(path, content)

    def delete(self, entry: str) -> bool:
        """Forget the entry, for which no key is needed; tell whether there was one; raise StorageError."""
        return files.remove(secret_path(self._home, entry))

    def found(self, beginning: str) -> list[str]:
        """List the entries whose names begin so, but for those whose files have a digest for a name."""
        folder = os.path.join(self._home, "secrets")
        entries = map(_entry, files.names(folder))
        return [entry for entry in entries if entry and entry.startswith(beginning)]

    def _unsealed(self, content: bytes, *, path: str, entry: str) -> bytes:
        _not_newer(content, _SEALED_NAME, path)
        sealed = content.removeprefix(_SEALED)
        opened = self._sealer.opened(sealed, bound=_SEALED + entry.encode()) if self._sealer else None
        if opened is None:
            raise BadRecord(
                f"the record of session {_session(entry)!r} was sealed by another user or machine, or was changed",
                hint=f"Log in again: `sso-login device {_quoted(_session(entry))} --force`.",
            )
        return opened

    @cached_property
    def _cipher(self) -> Cipher | None:
        if self._key is None:
            return None
        # Here, since it costs more than all else that reading a file takes.
        try:
            from sso_login.adapters.secrets.encryption import Cipher
        except ImportError as error:
            message = "a key encrypts the file store, and the Python package cryptography cannot be loaded here"
            hint = "A zip file cannot hold it: install sso-login with `pipx install` or `uv tool install`."
            raise StoreUnusable(message, hint=hint) from error
        return Cipher(self._key.content())


def _bound(entry: str) -> bytes:
    return _MAGIC + entry.encode()


def _opened(content: bytes, cipher: Cipher | None, *, path: str, entry: str) -> bytes:
    _not_newer(content, _MAGIC_NAME, path)
    if cipher is None:
        raise _keyless(path)
    opened = cipher.opened(content.removeprefix(_MAGIC), bound=_bound(entry)) if content.startswith(_MAGIC) else None
    if opened is None:
        raise _undecipherable(entry)
    return opened


def _not_newer(content: bytes, magic: bytes, path: str) -> None:
    version = content.partition(b"\n")[0].removeprefix(magic)
    if version.isdigit() and len(version) < 9 and int(version) > _VERSION:
        message = f"{path} was written by a newer sso-login"
        raise NewerRecord(message)


def _keep_encrypted(path: str) -> None:
    """Raise StoreUnusable where an encrypted record lies: whoever has no key must not put plaintext in its place."""
    if files.begins(path, _MAGIC_NAME):
        raise _keyless(path)


def _keyless(path: str) -> StoreUnusable:
    return StoreUnusable(
        f"{path} is encrypted, and no key is given",
        hint=f"Name its key file in {layout.KEY_FILE}; if that is lost, `rm {_quoted(path)}` and log in again.",
    )


def _undecipherable(entry: str) -> BadRecord:
    name = _session(entry)
    anew = f"`sso-login device {_quoted(name)} --force`"
    return BadRecord(
        f"the record of session {name!r} in the file store cannot be decrypted: "
        "it was changed, or another key encrypted it",
        hint=f"Name the right key file in {layout.KEY_FILE}, or log in again: {anew}.",
    )


def _not_ours(path: str, entry: str) -> BadRecord:
    quoted = _quoted(_session(entry))
    return BadRecord(
        f"{path} was not written by sso-login",
        hint=f"`sso-login logout {quoted}` removes it, `sso-login device {quoted} --force` replaces it.",
    )


def _quoted(name: str) -> str:
    import shlex  # for errors alone

    return shlex.quote(name)


def _session(entry: str) -> str:
    """Read a session's name from the entry's, `sso-login:KIND:NAME:...`."""
    return unquote("".join(entry.split(":")[2:3]), errors="replace")
