"""Looks at owners and modes for `doctor`: our own folders, AWS's files, the SDKs' caches, the key file."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_check import refusal
from sso_login.adapters.aws_files.aws_config import config_path, credentials_path
from sso_login.adapters.aws_files.login_cache import login_folder
from sso_login.adapters.aws_files.sdk_cache import sso_folder
from sso_login.adapters.secrets import files, folders, safety
from sso_login.core.errors import HomeUnknown, StorageError, StoreUnusable
from sso_login.core.message import counted
from sso_login.doctor.finding import WARN, Finding, broken, fine, odd, of_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILES: Final = "files"
AWS_FILES: Final = "aws files"
SDK_CACHE: Final = "sdk cache"
KEY: Final = "key file"
FOLDERS: Final = ("sessions", "signin", "oauth", "secrets", "locks", "signin-locks", "oauth-locks", "role-locks")


def state_findings(home: str) -> Iterator[Finding]:
    """Tell what is wrong with the state folder and all in it; what is missing there is made at need."""
    try:
        with safety.explained("look at", home):
            os.lstat(home)
    except StorageError as error:
        missing = isinstance(error.__cause__, FileNotFoundError)
        yield fine(FILES, f"there is no state folder {home} yet") if missing else of_error(FILES, error)
        return
    wrong, count = [*_state_folder(home)], 0
    for name in () if wrong else FOLDERS:  # below one that is refused nothing is opened
        found, problems = _folder(Path(home, name))
        count += found
        wrong += problems
    yield from wrong
    if not wrong:
        yield fine(FILES, f"{home}: {counted(count, 'file')}, yours and private, and it can be written")


def _state_folder(home: str) -> Iterator[Finding]:
    try:
        info = Path(home).stat()
    except OSError as error:
        yield broken(FILES, f"cannot look at {home}: {error.strerror}", f"See what it is: `ls -ld {_quoted(home)}`.")
        return
    if not stat.S_ISDIR(info.st_mode):
        yield of_error(FILES, safety.unsafe(home, "kind", folder=True))
    elif sys.platform != "win32" and info.st_mode & 0o022:
        # Wider to read is no matter, as that of a mounted volume is: the folders inside are private.
        yield broken(FILES, f"others may write in {home}", f"Fix it: `chmod go-w {_quoted(home)}`.")


def _folder(path: Path) -> tuple[int, list[Finding]]:
    """Count the files of one of our folders, and find what is wrong with it and with them."""
    try:
        if not folders.exists(str(path)):
            return 0, []
        with safety.explained("look into", str(path)):
            inside = sorted(path.iterdir())
            wrong = [(str(file), _fault(file)) for file in inside]
        _see_writable(path)
    except StorageError as error:
        return 0, [of_error(FILES, error)]
    return len(inside), [of_error(FILES, safety.unsafe(at, why, folder=False)) for at, why in wrong if why]


def _see_writable(folder: Path) -> None:
    if folder.name == "secrets":
        files.prove_writable(str(folder))
    elif not os.access(folder, os.W_OK | os.X_OK):  # a file put here would send the hot path the long way once
        message = f"nothing can be written in {folder}"
        raise StoreUnusable(message, hint=f"Fix it: `chmod 700 {_quoted(folder)}`, or mount it for writing.")


def _fault(path: Path) -> str:
    with suppress(FileNotFoundError):  # another process has just done with it
        return safety.fault(path.lstat(), folder=False)
    return ""


def aws_findings(env: Mapping[str, str], *, mine: int | None = None) -> Iterator[Finding]:
    """Tell who else may change the AWS config file, or read and change the credentials file; `mine` is our user id."""
    if sys.platform == "win32":
        return  # access lists, which the mode does not show, keep others out
    for named, bits, what in (
        (config_path, 0o022, "be changed by others, who could send a login elsewhere"),
        (credentials_path, 0o077, "be read or changed by others"),
    ):
        try:
            path = named(env)
        except HomeUnknown:
            continue  # SSO_LOGIN_HOME is enough for us
        info = _stat(path)
        if info is None or not stat.S_ISREG(info.st_mode):
            continue
        if info.st_uid not in {0, os.geteuid() if mine is None else mine}:
            whose, remedy = safety.foreign(os.path.realpath(path), folder=False)
            remedy = "Name a file of your own in its place." if remedy == safety.ELSEWHERE else remedy
            yield odd(AWS_FILES, f"{path} belongs to {whose}", remedy)
        elif info.st_mode & bits:
            change = "go-w" if bits == 0o022 else "600"
            who = "" if info.st_uid == os.geteuid() else "sudo "
            remedy = f"Fix it: `{who}chmod {change} {_quoted(os.path.realpath(path))}`."
            yield odd(AWS_FILES, f"{path} may {what}", remedy)
        else:
            yield fine(AWS_FILES, f"{path} is safe from others")
        refused = refusal(path)
        if refused:
            yield of_error(AWS_FILES, refused, status=WARN)


def cache_findings(env: Mapping[str, str]) -> Iterator[Finding]:
    """Tell which files of the AWS SDKs' own caches, tokens in plaintext all of them, others may read or change."""
    for named in (sso_folder, login_folder):
        try:
            folder = named(env)
            found = sorted(file for file in Path(folder).iterdir() if file.suffix == ".json")
        except (OSError, HomeUnknown):
            continue  # most people have none
        wide = [path for path in found if _wide(path)]
        if wide:
            more = f" and {len(wide) - 1} more in that folder" if len(wide) > 1 else ""
            remedy = f"Fix it: `chmod 600 {_quoted(folder)}/*.json`."
            yield odd(SDK_CACHE, f"{wide[0]}{more} may be read or changed by others", remedy)
        elif found:
            yield fine(SDK_CACHE, f"{folder}: {counted(len(found), 'file')}, private")


def _wide(path: Path) -> bool:
    info = _stat(path)
    return sys.platform != "win32" and info is not None and bool(info.st_mode & 0o077)


def _stat(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


def key_finding(env: Mapping[str, str]) -> Finding | None:
    """Tell whether the key of the file store can be read, None where none is given; what it holds is not told."""
    from sso_login.adapters.secrets.key_file import key_file

    key = key_file(env)
    if key is None:
        return None
    try:
        key.content()
    except StorageError as error:
        return of_error(KEY, error)
    return fine(KEY, f"{key.path} can be read; the file store is encrypted")


def _quoted(path: str | Path) -> str:
    return shlex.quote(str(path))
