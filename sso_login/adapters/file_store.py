"""The file store, for machines without a keyring: one 0600 file an entry in one 0700 folder."""

from __future__ import annotations

from pathlib import Path

from sso_login.adapters import files
from sso_login.core.errors import BadRecord


def secret_path(home: str, entry: str) -> str:
    """Name the file of an entry: `sso-login:sso:NAME` is `HOME/secrets/sso+NAME`.

    A colon means something else on Windows; a plus sign is in no part of an entry, since parts are percent-encoded.
    """
    name = files.file_name(entry.removeprefix("sso-login:").replace(":", "+"))
    return str(Path(home, "secrets", name))


class FileEntries:
    """The port Entries over files in `HOME/secrets`; writes and deletions belong under the session's lock."""

    kind = "file"
    backend = "file"

    def __init__(self, home: str) -> None:
        """Keep secrets below that state folder."""
        self._home = home

    def check(self) -> None:
        """Prove that a file can be written: make the folder and write a file that holds nothing; raise StorageError."""
        files.prove_writable(str(Path(self._home, "secrets")))

    def read(self, entry: str) -> str | None:
        """Give the text, None where there is no such entry; raise StorageError."""
        path = secret_path(self._home, entry)
        content = files.read(path)
        try:
            return None if content is None else content.decode()
        except UnicodeDecodeError:
            message = f"{path} was not written by sso-login"
            raise BadRecord(
                message, hint="`sso-login logout` removes it, `sso-login device --force` replaces it."
            ) from None

    def write(self, entry: str, text: str) -> None:
        """Keep the text, whole or not at all; raise StorageError."""
        files.write(secret_path(self._home, entry), text.encode())

    def delete(self, entry: str) -> bool:
        """Forget the entry; tell whether there was one; raise StorageError."""
        return files.remove(secret_path(self._home, entry))
