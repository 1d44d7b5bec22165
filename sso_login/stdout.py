"""Writes to stdout and stderr, each byte once; shared by the hot path and the command line, so it imports nothing."""

import os
import sys

CANNOT = "cannot write to stdout"
CLOSED = f"{CANNOT}: it is closed"
HINT = "Make room, or send the output elsewhere."


_EBADF = 9  # on every platform; the module errno would be one import more


def write(data: bytes, descriptor: int) -> None:
    """Write all of it; wait while a pipe that does not block is full. Raises OSError, and then never writes again."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _wait(descriptor)


def explained(error: OSError | None) -> str | None:
    """Say why stdout took no result (None: it was closed from the start), or None where its reader went away."""
    if error is None or error.errno == _EBADF:
        return CLOSED
    if isinstance(error, BrokenPipeError):
        return None
    return f"{CANNOT}: {error.strerror}"


def _wait(descriptor: int) -> None:
    if sys.platform == "win32":  # no poll there, and hardly a pipe that does not block
        import time

        time.sleep(0.05)
        return
    import select

    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    waiting.poll()
