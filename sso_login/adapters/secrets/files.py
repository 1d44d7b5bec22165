"""Private files: 0600, in 0700 folders, written whole or not at all; owner, mode and kind are checked on reading."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

from sso_login.adapters.secrets.platforms import access
from sso_login.adapters.secrets.safety import explained, fault, quoted, unsafe
from sso_login.core.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: Final = 1 << 20  # bytes; our largest record is 16 kB

_NAME_LIMIT: Final = 200  # bytes; file systems allow 255
_TEMPORARY: Final = ".tmp-"
_PROBE: Final = f"{_TEMPORARY}check-"
_DOS_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789")}
)

if sys.platform == "win32":
    _PLAIN: Final = os.O_BINARY | os.O_NOINHERIT
else:
    # O_NONBLOCK: opening a FIFO somebody put there must not wait for its other end.
    _PLAIN: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def file_name(name: str, *, folding: bool = sys.platform in {"win32", "darwin"}) -> str:
    """Turn a percent-encoded name into a file's, one to one: never hidden, never too long.

    `folding` is for file systems that take `Prod` and `prod` for the same file.
    """
    if not name or len(name) > _NAME_LIMIT:
        return f"{name[:100].lstrip('.')}={_digest(name)}"
    keep = _folded(name) if folding else name
    return f"%2E{keep[1:]}" if keep.startswith(".") else keep


def _folded(name: str) -> str:
    plain = "".join(
        f"%{ord(letter):02X}" if letter.isupper() and "%" not in name[max(0, at - 2) : at] else letter
        for at, letter in enumerate(name)
    )
    if plain.partition(".")[0].upper() in _DOS_DEVICES:
        plain = f"%{ord(plain[0]):02X}{plain[1:]}"
    return f"{plain[:-1]}%2E" if plain.endswith(".") else plain


def make_folder(path: str) -> None:
    """Make a 0700 folder, and 0700 parents where there are none; raise UnsafeFile, StoreUnusable."""
    if folder_exists(path):
        return
    with explained("make the folder", path):
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            make_folder(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)  # a umask such as 0777 takes bits away from mkdir
            access.make_private(path)
    folder_exists(path)


def folder_exists(path: str) -> bool:
    """Tell whether there is such a folder; raise UnsafeFile unless it is ours, 0700 and no link."""
    with explained("look at", path):
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            return False
        _refuse(path, fault(info, folder=True) or access.fault(path))
    return True


def read(path: str) -> bytes | None:
    """Give a private file's bytes, None where there is no file; raise UnsafeFile, BadRecord, StoreUnusable."""
    if not folder_exists(os.path.dirname(path)):
        return None
    with explained("read", path):
        try:
            opened = _opened(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(opened, "rb") as file:
            content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        message = f"{path} is too large to have been written by sso-login"
        raise BadRecord(message, hint=f"Look what it is, then `rm {quoted(path)}` and log in anew.")
    return content


def begins(path: str, start: bytes) -> bool:
    """Tell whether a regular file begins with those bytes, whatever its mode and owner; raise StoreUnusable."""
    with explained("look at", path):
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):
                return False
            with os.fdopen(os.open(path, os.O_RDONLY | _PLAIN), "rb") as file:
                return file.read(len(start)) == start
        except FileNotFoundError:
            return False


def write(path: str, content: bytes) -> None:
    """Put a 0600 file in its place, whole or not at all, on the disk when this returns; raise StorageError.

    Call under the session's lock: what an earlier, killed write of the same file left behind is swept.
    """
    make_folder(os.path.dirname(path))
    put(path, content)


def put(path: str, content: bytes, *, mode: int = 0o600, group: int | None = None) -> None:
    """Do the same in a folder that need not be private, and give the file that mode (and group); under its lock."""
    folder = os.path.dirname(path)
    sweep(path)
    temporary = os.path.join(folder, f"{_orphan_prefix(path)}{os.urandom(8).hex()}")
    with explained("write", path):
        try:
            _fill(temporary, content, mode=mode)
            if group is not None and sys.platform != "win32":
                with contextlib.suppress(PermissionError):  # of a group that is not ours the mode's bits are left
                    os.chown(temporary, -1, group)
            _replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(folder)


def put_through(path: str, content: bytes, *, mode: int) -> None:
    """Write over a file that must stay the very same one; call under its lock.

    A whole copy lies beside it meanwhile, where its folder takes one: what a kill leaves half is there whole.
    """
    folder = os.path.dirname(path)
    copy = os.path.join(folder, f"{_orphan_prefix(path)}{os.urandom(8).hex()}")
    with explained("write", path):
        with contextlib.suppress(PermissionError):
            _fill(copy, content, mode=mode)
        descriptor = os.open(path, os.O_WRONLY | _PLAIN)
        with os.fdopen(descriptor, "wb") as file:
            _narrow(descriptor, mode)
            file.write(content)
            file.truncate()
            file.flush()
            sync(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(copy)


def prove_writable(folder: str) -> None:
    """Make a private folder and write an empty file in it, which goes again; raise UnsafeFile, StoreUnusable.

    No lock is held here. Two that prove at once may take each other's file away, which neither minds: each has its
    own name, is written by its descriptor, and whoever finds it gone had no more use for it. So those of killed
    processes go too, whatever their age.
    """
    make_folder(folder)
    probe = os.path.join(folder, f"{_PROBE}{os.urandom(8).hex()}")
    with explained("write in", folder):
        for name in os.listdir(folder):
            if name.startswith(_PROBE):
                with contextlib.suppress(OSError):  # gone already, or (on Windows) still open: the next proof's
                    os.unlink(os.path.join(folder, name))
        try:
            _fill(probe, b"")
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(probe)


def remove(path: str) -> bool:
    """Remove a file and what killed writes of it left behind; tell whether there was one; call under the lock."""
    if not folder_exists(os.path.dirname(path)):
        return False
    sweep(path)
    with explained("remove", path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        _sync_folder(os.path.dirname(path))
    return True


def sweep(path: str) -> None:
    """Remove the temporary files of writes of `path` that were killed; call under the session's lock."""
    folder, prefix = os.path.dirname(path), _orphan_prefix(path)
    with explained("sweep", folder):
        for name in os.listdir(folder):
            if name.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))


def names(folder: str) -> list[str]:
    """List a private folder's files, sorted, without temporary and other hidden ones; raise StorageError."""
    if not folder_exists(folder):
        return []
    with explained("list", folder):
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def open_kept(path: str) -> int:
    """Open a private file for good (a lock's), made 0600 and empty where there is none; the caller closes it."""
    make_folder(os.path.dirname(path))
    with explained("open", path):
        try:
            created = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600)
        except FileExistsError:
            return _opened(path, os.O_RDWR)
        _narrow(created)
        return created


def open_plain(path: str) -> int:
    """Open a file for reading, never through a link and without waiting for a FIFO; raise OSError, check nothing."""
    return os.open(path, os.O_RDONLY | _PLAIN)


def _digest(name: str) -> str:
    import hashlib  # OpenSSL costs reading a file more than all else

    return hashlib.sha256(name.encode()).hexdigest()


def _refuse(path: str, wrong: str, *, folder: bool = True) -> None:
    if wrong:
        raise unsafe(path, wrong, folder=folder)


def _opened(path: str, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | _PLAIN)
    except FileNotFoundError:
        raise
    except OSError:
        # A link (ELOOP), a socket (ENXIO) or somebody else's file (EACCES): say which, where that can be seen.
        _refuse(path, fault(os.lstat(path), folder=False), folder=False)
        raise
    try:
        _refuse(path, fault(os.fstat(descriptor), folder=False), folder=False)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _fill(path: str, content: bytes, *, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _narrow(descriptor, mode)
        file.write(content)
        file.flush()
        sync(descriptor)


def sync(descriptor: int, *, full: Callable[[int], object] | None = None) -> None:
    """Have a file on the disk; `full` is what has the disk write its own cache, too (macOS: F_FULLFSYNC)."""
    whole = full or _full_sync()
    if whole is not None:
        with contextlib.suppress(OSError):  # a network's file system does not know it
            whole(descriptor)
            return
    os.fsync(descriptor)


def _full_sync() -> Callable[[int], object] | None:
    if sys.platform == "win32":
        return None
    import fcntl

    command: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    return None if command is None else lambda descriptor: fcntl.fcntl(descriptor, command)


def _replace(temporary: str, path: str) -> None:
    if sys.platform == "win32":
        for _ in range(50):  # a reader that has the file open at this very moment makes Windows refuse
            with contextlib.suppress(PermissionError):
                os.replace(temporary, path)
                return
            time.sleep(0.01)
    os.replace(temporary, path)


def _narrow(descriptor: int, mode: int = 0o600) -> None:
    if sys.platform != "win32":
        os.fchmod(descriptor, mode)  # a umask such as 0777 takes bits away from open


def _sync_folder(folder: str) -> None:
    if sys.platform != "win32":
        # The rename has landed; a file system that cannot sync a folder is no reason to call the write failed.
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                sync(descriptor)
            finally:
                os.close(descriptor)


def _orphan_prefix(path: str) -> str:
    return f"{_TEMPORARY}{_digest(os.path.basename(path))[:16]}-"
