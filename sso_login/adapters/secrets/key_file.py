"""The key file that encrypts the file store: which one is meant, whether it is safe, and what it holds."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.adapters.secrets.platforms import access
from sso_login.adapters.system import home
from sso_login.core.errors import StoreUnusable, UnsafeFile

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = layout.KEY_FILE
CREDENTIALS: Final = layout.CREDENTIALS
CREDENTIAL: Final = layout.CREDENTIAL
SHORTEST: Final = 32  # bytes
LARGEST: Final = 1 << 20

_ANEW: Final = "Put the key back; a new one (`head -c 32 /dev/urandom`, mode 0600) needs `sso-login device --force`."


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file that was named, there or not.

    `credential` says that systemd made it: of mode 0440 where an access list lets the service's user read it,
    since a list's mask shows as the group's bits. Nobody else can enter its folder.
    """

    path: str
    credential: bool = False

    def content(self) -> bytes:
        """Read the secret, at least 32 bytes; raise StoreUnusable, and UnsafeFile where others could have read it."""
        if not self.path:
            message = f"{VARIABLE} is set, but empty"
            raise StoreUnusable(message, hint="Name the key file in it, or unset it to keep no key.")
        content = self._bytes()
        if len(content) < SHORTEST:
            message = f"the key file {self.path} holds {len(content)} bytes, which is less than {SHORTEST}"
            raise StoreUnusable(message, hint="Make a better one: `head -c 32 /dev/urandom`, into a file of mode 0600.")
        if len(content) > LARGEST:
            message = f"the key file {self.path} is larger than 1 MiB"
            raise StoreUnusable(message, hint=f"Name the right file in {VARIABLE}.")
        return content

    def _bytes(self) -> bytes:
        try:
            # A link is followed, systemd's and Kubernetes' secrets are some: what counts is what was opened.
            with open(self.path, "rb", opener=_at_once) as file:
                wrong = fault(os.fstat(file.fileno()), credential=self.credential) or access.fault(self.path)
                if wrong:
                    raise _unsafe(self.path, wrong, credential=self.credential)
                return file.read(LARGEST + 1)
        except OSError as error:
            message = f"the key file {self.path} cannot be read: {error.strerror}"
            raise StoreUnusable(message, hint=_ANEW) from error


def key_file(env: Mapping[str, str]) -> KeyFile | None:
    """Tell which key file is given: SSO_LOGIN_KEY_FILE's, else systemd's credential if there is one, else none.

    The variable set to nothing still counts as given: what a script failed to fill in must not mean plaintext.
    """
    folder, named = env.get(CREDENTIALS, ""), env.get(VARIABLE)
    if named is not None:
        path = home.expanded(env, named)
        return KeyFile(path, credential=bool(folder) and Path(path).parent == Path(folder))
    credential = Path(folder, CREDENTIAL)
    return KeyFile(str(credential), credential=True) if folder and _there(credential) else None


def fault(info: os.stat_result, *, credential: bool, mine: int | None = None) -> str:
    """Say what is unsafe about a key file: `kind`, `owner`, `mode`, or nothing; `mine` is our user id."""
    if not stat.S_ISREG(info.st_mode):
        return "kind"
    if sys.platform == "win32":
        return ""  # there access lists count (platforms/access.py), which the mode does not show
    if info.st_uid not in {0, os.geteuid() if mine is None else mine}:
        return "owner"
    return "mode" if info.st_mode & (0o037 if credential else 0o077) else ""


def _unsafe(path: str, wrong: str, *, credential: bool) -> UnsafeFile:
    quoted = shlex.quote(path)
    if wrong == "kind":
        return UnsafeFile(f"the key file {path} is no regular file", hint=f"Name the right file in {VARIABLE}.")
    if wrong == "owner":
        from sso_login.adapters.secrets.safety import ELSEWHERE, foreign

        whose, remedy = foreign(path, folder=False)
        remedy = f"Name a key file of your own in {VARIABLE}." if remedy == ELSEWHERE else remedy
        return UnsafeFile(f"the key file {path} belongs to {whose}", hint=remedy)
    return UnsafeFile(
        f"the key file {path} may be read or changed by others",
        hint="Let systemd make it, by LoadCredential=." if credential else f"Fix it: `chmod 600 {quoted}`.",
    )


def _there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it will say why it cannot be; anything else would be plaintext by accident
    return True


def _at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK a FIFO would keep us waiting for somebody to write into it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
