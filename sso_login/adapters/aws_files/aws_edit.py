"""Writes AWS config and credentials files: whole or not at all, one process after the other, modes and links kept."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_config import LARGEST
from sso_login.adapters.aws_files.aws_ini import Change, edited, keys_of, title_of
from sso_login.adapters.secrets import files, folders, safety
from sso_login.adapters.system.home import refuse_for_root
from sso_login.core.errors import ConfigError, HomeUnknown, LockTimeout, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.core.ports import Locks

__all__ = ["LOCKS", "Change", "edit_file", "planned", "read_keys", "title_of"]

LOCKS: Final = "aws-locks"  # the folder of these locks in the state folder, apart from those of sessions


def edit_file(path: str, changes: Sequence[Change], *, private: bool, locks: Locks) -> bool:
    """Change sections of an AWS file, and tell whether anything had to be; a missing file and folder are made.

    `private` narrows the file to 0600, for credentials; else an existing file keeps its mode. `locks` are those of
    LOCKS. Raises UsageProblem, ConfigError for what the file holds, StorageError where it cannot be written.
    """
    if path.startswith("~"):
        raise HomeUnknown(f"nothing is written to {path}: no home folder is known")
    target = _target(path)
    if not os.path.lexists(target):
        refuse_for_root(target)
    try:
        with locks.hold(target):
            before, found = _read(target)
            after = _fit(edited(before, changes, path=path), path)
            if after == before:
                return False
            _refuse_read_only(path, target, found)
            _write(target, after, found=found, private=private)
    except LockTimeout as error:
        hint = "Another sso-login is writing this file; try again in a moment."
        raise LockTimeout(f"{path} was locked by another process for too long", hint=hint) from error
    return True


def planned(path: str, changes: Sequence[Change]) -> tuple[bytes, bytes]:
    """Give the file's content before and after such an edit, and write nothing; raises what `edit_file` does."""
    before, _ = _read(_target(path))
    return before, _fit(edited(before, changes, path=path), path)


def read_keys(path: str, kind: str, *, values: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the keys of every section of that kind by its name, with the values of these alone, as `keys_of` has it.

    Raises ConfigError, UnsafeFile.
    """
    return keys_of(_read(_target(path))[0], kind, values=values, path=path)


def _target(path: str) -> str:
    # Dotfiles managers make ~/.aws/config a link into a folder of theirs: the file there is what is to be changed,
    # and a rename onto the link would cut it off.
    try:
        return os.path.realpath(path)
    except ValueError as error:  # a NUL within the name
        raise ConfigError(f"{path!r} is not a file name", hint="Name another file.") from error


def _read(path: str) -> tuple[bytes, os.stat_result | None]:
    """Give a file's bytes and what the system says of it; None for that where there is no file."""
    try:
        # Without O_NONBLOCK a FIFO would keep us waiting for somebody to write into it.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise ConfigError(
                    f"{path} is not a regular file", hint="AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others."
                )
            return file.read(LARGEST + 1), info
    except FileNotFoundError:
        return b"", None
    except OSError as error:
        hint = "Check what it is, and its permissions."
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint=hint) from error


def _fit(content: bytes, path: str) -> bytes:
    if len(content) > LARGEST:
        raise ConfigError(f"{path} is, or would be, larger than 16 MiB", hint="Leave some of it out.")
    return content


def _refuse_read_only(path: str, target: str, found: os.stat_result | None) -> None:
    """Refuse what its owner made read-only, or another user's; a rename would replace either without asking."""
    if found is None or sys.platform == "win32":
        return
    linked = os.path.abspath(path) != target
    foreign = safety.fault(found, folder=False) == "owner"
    if not foreign and found.st_mode & stat.S_IWUSR:
        return
    said = f"{path} is a link to {target}, which" if linked else path
    if linked and (foreign or not os.access(target, os.W_OK)):
        hint = "Change it where it is made (home-manager, a dotfiles repository), or name another file."
        raise StoreUnusable(f"{said} may not be changed here", hint=hint)
    if foreign:
        raise safety.unsafe(target, "owner", folder=False)
    raise StoreUnusable(f"{said} is read-only", hint=f"Allow it: `chmod u+w {safety.quoted(target)}`.")


def _write(path: str, content: bytes, *, found: os.stat_result | None, private: bool) -> None:
    folder = os.path.dirname(path)
    mode = 0o600 if found is None else found.st_mode & (0o600 if private else 0o777)
    try:
        if not os.path.isdir(folder):
            folders.make(folder)
        if found is None or _may_be_replaced(path, found):
            files.put(path, content, mode=mode, group=None if found is None else found.st_gid)
        else:
            files.put_through(path, content, mode=mode)
    except StoreUnusable as error:
        hint = error.hint.replace(safety.ELSEWHERE, "Name another file.")
        raise StoreUnusable(error.message, hint=hint) from error


def _may_be_replaced(path: str, found: os.stat_result) -> bool:
    """Tell whether a rename loses nothing: no second name (a hard link), no access list, no mount, no closed folder."""
    if sys.platform == "win32":
        return True
    if found.st_nlink > 1 or os.path.ismount(path) or not os.access(os.path.dirname(path), os.W_OK | os.X_OK):
        return False
    if sys.platform != "linux":
        return True
    try:
        return not any(name.startswith(("system.", "user.")) for name in os.listxattr(path))
    except OSError:  # not every file system has them
        return True
