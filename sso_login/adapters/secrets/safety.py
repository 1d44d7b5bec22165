"""What is unsafe about a file or folder, and what the system refuses, in words that help whoever reads them."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import StorageError, StoreUnusable, UnsafeFile

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE: Final = "Name another folder in SSO_LOGIN_HOME."


def fault(info: os.stat_result, *, folder: bool, mine: int | None = None) -> str:
    """Say what is unsafe about a file or folder: `kind`, `owner`, `mode`, or nothing; `mine` is our user id."""
    kind_fits = stat.S_ISDIR(info.st_mode) if folder else stat.S_ISREG(info.st_mode)
    if not kind_fits:
        return "kind"
    if sys.platform == "win32":
        return ""  # there access lists count (platforms/access.py), which the mode does not show
    if info.st_uid != (os.geteuid() if mine is None else mine):
        return "owner"
    return "mode" if info.st_mode & (0o077 if folder else 0o177) else ""


def unsafe(path: str, wrong: str, *, folder: bool) -> UnsafeFile:
    """Word the refusal of a file or folder, with the command that fixes it."""
    name = quoted(path)
    if wrong == "mode":
        message = f"{path} may be read or changed by others"
        if _read_only(path):
            return UnsafeFile(message, hint=f"Its file system is read-only. {ELSEWHERE}")
        return UnsafeFile(message, hint=f"Fix it: `chmod {'700' if folder else '600'} {name}`.")
    if wrong == "owner":
        whose, remedy = foreign(path, folder=folder)
        return UnsafeFile(f"{path} belongs to {whose}", hint=remedy)
    return UnsafeFile(
        f"{path} is a link or no {'folder' if folder else 'regular file'}",
        hint=f"Look what it is (`ls -ld {name}`), then remove it.",
    )


@contextlib.contextmanager
def explained(doing: str, path: str) -> Iterator[None]:
    """Turn whatever OSError comes out of the block into a StoreUnusable that says what was done to which path."""
    try:
        yield
    except StorageError:
        raise
    except NotADirectoryError as error:
        message = f"{_not_a_folder(path)} is not a folder, so nothing can be kept below it"
        raise StoreUnusable(message, hint=ELSEWHERE) from error
    except OSError as error:
        message = f"cannot {doing} {path}: {error.strerror or type(error).__name__}"
        raise StoreUnusable(message, hint=_remedy(path, error)) from error


def foreign(path: str, *, folder: bool) -> tuple[str, str]:
    """Name the owner of what is not ours, and the remedy that is right for who reads it: root, or a user."""
    from sso_login.adapters.system.home import owner

    if sys.platform == "win32":
        return "another user", ELSEWHERE
    try:
        uid = os.lstat(path).st_uid
    except OSError:
        return "another user", ELSEWHERE
    name = owner(uid)
    if os.geteuid() == 0:
        return name, f"Run it as that user: `sudo -u {name} -H sso-login ...`."
    if uid == 0:  # most often made by an earlier sudo
        return name, f'Fix it: `sudo chown {"-R " if folder else ""}"$(id -un)" {quoted(path)}`.'
    return name, ELSEWHERE


def _remedy(path: str, error: OSError) -> str:
    """Say what helps: a folder that keeps us out is named with the command that lets us in, where there is one."""
    if not isinstance(error, PermissionError) or sys.platform == "win32":
        return ELSEWHERE
    barred = path
    while barred != os.path.dirname(barred) and not os.path.lexists(barred):
        barred = os.path.dirname(barred)
    folder = os.path.isdir(barred)
    try:
        if _read_only(barred) or os.lstat(barred).st_mode & stat.S_ISVTX:
            return ELSEWHERE
        if os.lstat(barred).st_uid == os.geteuid():
            return f"Fix it: `chmod u+rw{'x' if folder else ''} {quoted(barred)}`."
    except OSError:
        return ELSEWHERE
    home = os.path.expanduser("~")
    ours = os.path.isabs(home) and barred != home and barred.startswith(f"{home}{os.sep}")
    return foreign(barred, folder=folder)[1] if ours else ELSEWHERE


def _not_a_folder(path: str) -> str:
    while path != os.path.dirname(path) and not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _read_only(path: str) -> bool:
    if sys.platform == "win32":
        return False
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def quoted(path: str) -> str:
    """Quote a path for a shell."""
    import shlex  # for errors alone

    return shlex.quote(path)
