"""Writes AWS config and credentials files: whole or not at all, one process after the other, modes and links kept."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_ini import Change, edited, keys_of, title_of
from sso_login.adapters.secrets import files
from sso_login.core.errors import ConfigError, LockTimeout, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.core.ports import Locks

__all__ = ["LOCKS", "Change", "edit_file", "planned", "read_keys", "title_of"]

LOCKS: Final = "aws-locks"  # the folder of these locks in the state folder, apart from those of sessions

_LARGEST: Final = 1 << 20  # bytes; read_config takes no more


def edit_file(path: str, changes: Sequence[Change], *, private: bool, locks: Locks) -> bool:
    """Change sections of an AWS file, and tell whether anything had to be; a missing file and folder are made.

    `private` narrows the file to 0600, for credentials; else an existing file keeps its mode. `locks` are those of
    LOCKS. Raises UsageProblem, ConfigError for what the file holds, StorageError where it cannot be written.
    """
    target = _target(path)
    try:
        with locks.hold(target):
            before, mode = _read(target)
            after = _fit(edited(before, changes, path=path), path)
            if after == before:
                return False
            _write(target, after, mode=_mode(mode, private=private))
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


def _read(path: str) -> tuple[bytes, int | None]:
    """Give a file's bytes and mode; None for the mode where there is no file."""
    try:
        # Without O_NONBLOCK a FIFO would keep us waiting for somebody to write into it.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise ConfigError(
                    f"{path} is not a regular file", hint="AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others."
                )
            if files.fault(info, folder=False) == "owner":  # what a rename puts there would be ours, and shut them out
                raise files.unsafe(path, "owner", folder=False)
            return file.read(_LARGEST + 1), stat.S_IMODE(info.st_mode)
    except FileNotFoundError:
        return b"", None
    except OSError as error:
        hint = "Check what it is, and its permissions."
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint=hint) from error


def _fit(content: bytes, path: str) -> bytes:
    if len(content) > _LARGEST:
        raise ConfigError(f"{path} is, or would be, larger than 1 MiB", hint="Leave some of it out.")
    return content


def _mode(existing: int | None, *, private: bool) -> int:
    if existing is None:
        return 0o600
    return existing & 0o600 if private else existing & 0o777


def _write(path: str, content: bytes, *, mode: int) -> None:
    folder = os.path.dirname(path)
    try:
        if not os.path.isdir(folder):
            files.make_folder(folder)
        files.put(path, content, mode=mode)
    except StoreUnusable as error:
        raise StoreUnusable(error.message, hint="Mend that, or name another file.") from error
