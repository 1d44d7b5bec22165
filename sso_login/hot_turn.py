"""Waits, at the cost of starting Python, while another process makes fresh what all of them want.

The first to find a record too old takes its turn and goes the ordinary way; the turn ends with its process. Whoever
comes meanwhile waits here instead of importing everything to wait for the session's lock. This orders nothing that has
to be ordered: the ordinary way has its own locks, and is taken by all where the first one had no success.
"""

import fcntl
import os
import sys
import time

assert sys.platform != "win32"  # noqa: S101 - tells the type checker; the hot path steps aside there

_STEP = 0.02  # seconds between two looks
_PATIENCE = 60.0  # seconds; a renewal's own deadlines end well before


def wait(path: str) -> None:
    """Take the turn and keep it until this process ends, or wait until whoever has it is done; raise OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    if _got(descriptor, fcntl.LOCK_EX):
        return
    end = time.monotonic() + _PATIENCE
    while not _got(descriptor, fcntl.LOCK_SH) and time.monotonic() < end:
        time.sleep(_STEP)
    os.close(descriptor)


def _got(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
