"""Private files: 0600, in 0700 folders, written whole or not at all; owner, mode and kind are checked on reading."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

from sso_login.adapters.secrets.folders import PLAIN, Folder, make, plain, private, sync
from sso_login.adapters.secrets.safety import explained, fault, quoted, unsafe
from sso_login.core.errors import BadRecord, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT: Final = 1 << 20  # bytes; our largest record is 16 kB

_NAME_LIMIT: Final = 200  # bytes; file systems allow 255
_TEMPORARY: Final = ".tmp-"
_PROBE: Final = f"{_TEMPORARY}check-"
_DOS_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789")}
)


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


def read(path: str) -> bytes | None:
    """Give a private file's bytes, None where there is no file; raise UnsafeFile, BadRecord, StoreUnusable."""
    where, name = os.path.split(path)
    with private(where) as folder, explained("read", path):
        if folder is None:
            return None
        try:
            opened = _opened(folder, name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(opened, "rb") as file:
            content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        message = f"{path} is too large to have been written by sso-login"
        raise BadRecord(message, hint=f"Look what it is, then `rm {quoted(path)}` and log in again.")
    return content


def begins(path: str, start: bytes) -> bool:
    """Tell whether a regular file begins with those bytes, whatever its mode and owner; raise StoreUnusable."""
    with explained("look at", path):
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):
                return False
            with os.fdopen(open_plain(path), "rb") as file:
                return file.read(len(start)) == start
        except FileNotFoundError:
            return False


def write(path: str, content: bytes) -> None:
    """Put a 0600 file in its place, whole or not at all, on the disk when this returns; raise StorageError.

    Call under the session's lock: what an earlier, killed write of the same file left behind is swept.
    """
    where, name = os.path.split(path)
    with _made(where) as folder:
        _put(folder, name, content)


def put(path: str, content: bytes, *, mode: int = 0o600, group: int | None = None) -> None:
    """Do the same in a folder that need not be private, and give the file that mode (and group); under its lock."""
    where, name = os.path.split(path)
    with plain(where) as folder:
        _put(folder, name, content, mode=mode, group=group)


def _put(folder: Folder, name: str, content: bytes, *, mode: int = 0o600, group: int | None = None) -> None:
    _sweep(folder, _orphan_prefix(name))
    temporary = f"{_orphan_prefix(name)}{os.urandom(8).hex()}"
    with explained("write", os.path.join(folder.path, name)):
        try:
            _fill(folder, temporary, content, mode=mode, group=group)
            _replace(folder, name, temporary)
        except BaseException:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
            raise
        folder.sync()


def put_through(path: str, content: bytes, *, mode: int) -> None:
    """Write over a file that must stay the very same one; call under its lock.

    A whole copy lies beside it meanwhile, where its folder takes one: what a kill leaves half is there whole.
    """
    where, name = os.path.split(path)
    copy = f"{_orphan_prefix(name)}{os.urandom(8).hex()}"
    with plain(where) as folder, explained("write", path):
        with contextlib.suppress(PermissionError):
            _fill(folder, copy, content, mode=mode)
        descriptor = folder.open(name, os.O_WRONLY)
        with os.fdopen(descriptor, "wb") as file:
            _narrow(descriptor, mode)
            file.write(content)
            file.truncate()
            file.flush()
            sync(descriptor)
        with contextlib.suppress(FileNotFoundError):
            folder.unlink(copy)


def prove_writable(path: str) -> None:
    """Make a private folder and write an empty file in it, which goes again; raise UnsafeFile, StoreUnusable.

    No lock is held here. Two that prove at once may take each other's file away, which neither minds: each has its
    own name, is written by its descriptor, and whoever finds it gone had no more use for it. So those of killed
    processes go too, whatever their age.
    """
    probe = f"{_PROBE}{os.urandom(8).hex()}"
    with _made(path) as folder, explained("write in", path):
        for name in folder.names():
            if name.startswith(_PROBE):
                with contextlib.suppress(OSError):  # gone already, or (on Windows) still open: the next proof's
                    folder.unlink(name)
        try:
            _fill(folder, probe, b"")
        finally:
            with contextlib.suppress(FileNotFoundError):
                folder.unlink(probe)


def remove(path: str) -> bool:
    """Remove a file and what killed writes of it left behind; tell whether there was one; call under the lock."""
    where, name = os.path.split(path)
    with private(where) as folder:
        if folder is None:
            return False
        _sweep(folder, _orphan_prefix(name))
        with explained("remove", path):
            try:
                folder.unlink(name)
            except FileNotFoundError:
                return False
            folder.sync()
    return True


def sweep(path: str) -> None:
    """Remove the temporary files of writes of `path` that were killed; call under the session's lock."""
    where, name = os.path.split(path)
    with plain(where) as folder:
        _sweep(folder, _orphan_prefix(name))


def _sweep(folder: Folder, prefix: str) -> None:
    with explained("sweep", folder.path):
        for name in folder.names():
            if name.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    folder.unlink(name)


def names(path: str) -> list[str]:
    """List a private folder's files, sorted, without temporary and other hidden ones; raise StorageError."""
    with private(path) as folder, explained("list", path):
        return sorted(name for name in folder.names() if not name.startswith(".")) if folder else []


def open_kept(path: str) -> int:
    """Open a private file for good (a lock's), made 0600 and empty where there is none; the caller closes it."""
    where, name = os.path.split(path)
    with _made(where) as folder, explained("open", path):
        try:
            created = folder.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return _opened(folder, name, os.O_RDWR)
        _narrow(created)
        return created


@contextlib.contextmanager
def _made(path: str) -> Iterator[Folder]:
    """Open a private folder, made where there is none."""
    make(path)
    with private(path) as folder:
        if folder is None:  # removed in the same moment: whoever does that has the whole home removed
            raise StoreUnusable(f"the folder {path} was removed meanwhile", hint="Try again.")
        yield folder


def open_plain(path: str) -> int:
    """Open a file for reading, never through a link and without waiting for a FIFO; raise OSError, check nothing."""
    return os.open(path, os.O_RDONLY | PLAIN)


def _digest(name: str) -> str:
    import hashlib  # OpenSSL costs reading a file more than all else

    return hashlib.sha256(name.encode()).hexdigest()


def _opened(folder: Folder, name: str, flags: int) -> int:
    try:
        descriptor = folder.open(name, flags)
    except FileNotFoundError:
        raise
    except OSError:
        # A link (ELOOP), a socket (ENXIO) or somebody else's file (EACCES): say which, where that can be seen.
        _refuse(folder, name, folder.look(name))
        raise
    try:
        _refuse(folder, name, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(folder: Folder, name: str, info: os.stat_result) -> None:
    wrong = fault(info, folder=False)
    if wrong:
        raise unsafe(os.path.join(folder.path, name), wrong, folder=False)


def _fill(folder: Folder, name: str, content: bytes, *, mode: int = 0o600, group: int | None = None) -> None:
    descriptor = folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as file:
        _narrow(descriptor, mode)
        if group is not None and sys.platform != "win32":
            with contextlib.suppress(PermissionError):  # of a group that is not ours the mode's bits are left
                os.fchown(descriptor, -1, group)
        file.write(content)
        file.flush()
        sync(descriptor)


def _replace(folder: Folder, name: str, temporary: str) -> None:
    if sys.platform == "win32":
        for _ in range(50):  # a reader that has the file open at this very moment makes Windows refuse
            with contextlib.suppress(PermissionError):
                folder.replace(name, by=temporary)
                return
            time.sleep(0.01)
    folder.replace(name, by=temporary)


def _narrow(descriptor: int, mode: int = 0o600) -> None:
    if sys.platform != "win32":
        os.fchmod(descriptor, mode)  # a umask such as 0777 takes bits away from open


def _orphan_prefix(name: str) -> str:
    return f"{_TEMPORARY}{_digest(name)[:16]}-"
