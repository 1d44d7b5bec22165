"""One lock a session across processes and threads: a native file lock that the system lets go when its holder dies."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final, Protocol

from filelock import lock_descriptor

from sso_login import layout
from sso_login.adapters.secrets import files
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
        descriptor = files.open_kept(path)
        try:
            self._wait(descriptor, path, name)
            yield
        finally:
            os.close(descriptor)  # which lets the lock go

    def _wait(self, descriptor: int, path: str, name: str) -> None:
        started = self._clock.monotonic()
        told = False
        while not _tried(descriptor, path):
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
            descriptor = files.open_kept(os.path.join(home, "locks", ".keyring"))
            stack.callback(os.close, descriptor)
            end = clock.monotonic() + patience
            while not _tried(descriptor, ".keyring") and clock.monotonic() < end:
                clock.sleep(_STEP / 5)
        yield


def _tried(descriptor: int, path: str) -> bool:
    try:
        return lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        message = f"cannot lock {path}: {error.strerror or type(error).__name__}"
        raise StoreUnusable(message, hint="Put SSO_LOGIN_HOME on a file system that knows locks.") from error
