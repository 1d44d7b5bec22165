"""One lock a session across processes and threads: a native file lock that the system lets go when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol, Self

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.adapters.system import forks
from sso_login.core.errors import LockTimeout, StoreUnusable
from sso_login.core.message import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE: Final = 60.0  # seconds; a renewal's own deadlines end well before

_QUIET: Final = 1.0  # seconds of waiting that nobody needs to be told of
_STEP: Final = 0.05  # seconds between two tries


class Ticking(Protocol):
    """The part of a clock that waiting needs; the port Clock has it, and so has the module `time`."""

    def monotonic(self) -> float:
        """Tell a time in seconds that never goes back."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class FileLocks:
    """The port Locks over files in `HOME/locks`, which are never removed; not reentrant."""

    def __init__(
        self,
        home: str,
        *,
        notify: Callable[[Notice], None],
        folder: str = "locks",
        wait_seconds: float = PATIENCE,
        clock: Ticking = time,
    ) -> None:
        """Keep lock files in that folder of the state folder and wait for no lock longer than `wait_seconds`."""
        self._folder = os.path.join(home, folder)
        self._clock = clock
        self._notify = notify
        self._wait_seconds = wait_seconds

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the session's lock; raise LockTimeout, UnsafeFile, StoreUnusable; never hold it while a human acts."""
        path = os.path.join(self._folder, files.file_name(layout.quoted(name)))
        with _Opened(path) as lock:
            self._wait(lock, name)
            yield

    def _wait(self, lock: _Opened, name: str) -> None:
        started = self._clock.monotonic()
        told = False
        while not lock.tried():
            waited = self._clock.monotonic() - started
            if waited >= self._wait_seconds:
                message = f"session {name!r} was locked by another process for {self._wait_seconds:.0f} s"
                raise LockTimeout(message)
            if waited >= _QUIET and not told:
                told = True
                self._notify(Notice(f"waiting for another sso-login that is renewing {name}"))
            self._clock.sleep(_STEP)


@contextlib.contextmanager
def politely(home: str, *, patience: float = _QUIET, clock: Ticking = time) -> Iterator[None]:
    """Take turns at the keyring with other processes, but go ahead after `patience` seconds or without a lock.

    A Secret Service asked by many processes at once fails about 0.3 % of reads; one at a time, none. Since
    this only makes errors rarer, a wedged holder must not stop anybody: its own deadline is the keyring's business.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(StoreUnusable):
            lock = stack.enter_context(_Opened(os.path.join(home, "locks", ".keyring")))
            end = clock.monotonic() + patience
            while not lock.tried() and clock.monotonic() < end:
                clock.sleep(_STEP / 5)
        yield


class _Opened:
    """A lock file that is open: tried without waiting, let go by the process that took it and by no other.

    A forked child has the descriptor, too, and the system lets a lock go only when all of them are closed: so the taker
    unlocks by name, and the child closes at once what it never took.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._owner = os.getpid()
        self.descriptor = -1

    def __enter__(self) -> Self:
        with forks.guard:
            self.descriptor = files.open_kept(self._path)
            _open.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() != self._owner:
            return  # closed when the child began
        with contextlib.suppress(OSError):
            _unlock(self.descriptor)
        _open.discard(self)
        os.close(self.descriptor)

    def tried(self) -> bool:
        """Take the lock if nobody has it; raise StoreUnusable where the file system knows no locks."""
        try:
            return _lock(self.descriptor)
        except OSError as error:
            message = f"cannot lock {self._path}: {error.strerror or type(error).__name__}"
            raise StoreUnusable(message, hint="Put SSO_LOGIN_HOME on a file system that knows locks.") from error


_open: Final = set[_Opened]()


def _close_in_child() -> None:
    for lock in _open:
        with contextlib.suppress(OSError):
            os.close(lock.descriptor)
    _open.clear()


forks.in_child(_close_in_child)

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _TAKEN: Final = 33  # ERROR_LOCK_VIOLATION; msvcrt.locking tells no more than errno, which is not always set
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    for _call in (_kernel.LockFile, _kernel.UnlockFile):  # from and length, each in two words
        _word = wintypes.DWORD
        _call.argtypes = (wintypes.HANDLE, _word, _word, _word, _word)

    def _lock(descriptor: int) -> bool:
        if _kernel.LockFile(msvcrt.get_osfhandle(descriptor), 0, 0, 1, 0):
            return True
        error = ctypes.get_last_error()
        if error == _TAKEN:
            return False
        raise ctypes.WinError(error)

    def _unlock(descriptor: int) -> None:
        _kernel.UnlockFile(msvcrt.get_osfhandle(descriptor), 0, 0, 1, 0)

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
