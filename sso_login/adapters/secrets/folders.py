"""Private folders: 0700 and ours, each opened below the one above it, and what lies in them by name alone.

Nobody can put another folder in the place of one that is open: what was checked is what is read and written. Windows
has no such names; there a path is all there is.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from sso_login.adapters.secrets.platforms import access
from sso_login.adapters.secrets.safety import explained, fault, unsafe
from sso_login.adapters.system.home import refuse_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.platform == "win32":
    PLAIN: Final = os.O_BINARY | os.O_NOINHERIT
else:
    # O_NONBLOCK: opening a FIFO somebody put there must not wait for its other end.
    PLAIN: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """A folder that is open; every name is that of a file in it."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        """Name files relative to that descriptor, None where the system cannot."""
        self.path = path
        self._descriptor = descriptor

    def _named(self, name: str) -> str:
        return os.path.join(self.path, name) if self._descriptor is None else name

    def open(self, name: str, flags: int) -> int:
        """Open a file, never through a link and without waiting for a FIFO; one that is made is 0600."""
        return os.open(self._named(name), flags | PLAIN, 0o600, dir_fd=self._descriptor)

    def look(self, name: str) -> os.stat_result:
        """Look at a file, or at the link that is there."""
        return os.stat(self._named(name), dir_fd=self._descriptor, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._named(name), dir_fd=self._descriptor)

    def replace(self, name: str, by: str) -> None:
        """Put the file `by` in the place of `name`."""
        here = self._descriptor
        os.replace(self._named(by), self._named(name), src_dir_fd=here, dst_dir_fd=here)

    def names(self) -> list[str]:
        """List its files, as the system does."""
        return os.listdir(self.path if self._descriptor is None else self._descriptor)

    def sync(self) -> None:
        """Have its names on the disk; a file system that cannot sync a folder is no reason to call a write failed."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                sync(self._descriptor)


@contextlib.contextmanager
def private(path: str) -> Iterator[Folder | None]:
    """Open a private folder, None where there is none; raise UnsafeFile, StoreUnusable.

    The one above it must be this user's, too, and closed to what others would write there.
    """
    if sys.platform == "win32":
        yield Folder(path, None) if exists(path) else None
        return
    with explained("look at", path):
        descriptor = _opened(path)
    if descriptor is None:
        yield None
        return
    try:
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def plain(path: str) -> Iterator[Folder]:
    """Open a folder that is there and need not be private; raise StoreUnusable."""
    if sys.platform == "win32":
        yield Folder(path, None)
        return
    with explained("open", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


def _opened(path: str) -> int | None:
    if sys.platform == "win32":
        raise OSError
    above, name = os.path.split(path)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        upper = os.open(above, flags)
    except FileNotFoundError:
        return None
    try:
        refuse_shared(above, os.fstat(upper))
        try:
            found = os.open(name, flags | os.O_NOFOLLOW, dir_fd=upper)
        except FileNotFoundError:
            return None
        except OSError:
            # A link (ELOOP), a file (ENOTDIR) or somebody else's folder (EACCES): say which, where that can be seen.
            _refuse(path, os.stat(name, dir_fd=upper, follow_symlinks=False))
            raise
    finally:
        os.close(upper)
    try:
        _refuse(path, os.fstat(found))
    except BaseException:
        os.close(found)
        raise
    return found


def make(path: str) -> None:
    """Make a 0700 folder, and 0700 parents where there are none; raise UnsafeFile, StoreUnusable."""
    if exists(path):
        return
    with explained("make the folder", path):
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            make(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)  # a umask such as 0777 takes bits away from mkdir
            access.make_private(path)
    exists(path)


def exists(path: str) -> bool:
    """Tell whether there is such a folder; raise UnsafeFile unless it is ours, 0700 and no link."""
    with explained("look at", path):
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            return False
        _refuse(path, info)
    return True


def _refuse(path: str, info: os.stat_result) -> None:
    wrong = fault(info, folder=True) or access.fault(path)
    if wrong:
        raise unsafe(path, wrong, folder=True)


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
