"""Signals while the emulator runs: waited for when it serves, passed on when it runs a command."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import subprocess

_NAMES: Final = ("SIGINT", "SIGBREAK", "SIGTERM", "SIGHUP")  # Ctrl-Break is Windows', SIGHUP everybody else's
_FROM_TERMINAL: Final = ("SIGINT", "SIGBREAK")

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def stop_signals() -> Iterator[Callable[[], int]]:
    """Give a function that waits for SIGINT, SIGTERM or SIGHUP and returns its number; main thread only."""
    # A wakeup socket, since a wait for anything else misses the signal that came just before it, and since
    # on Windows a handler does not run while the main thread waits.
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.settimeout(0)  # a signal never waits for us
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            with _handled(_NAMES, lambda _number, _frame: None) as handled:
                yield lambda: _first(reader, handled)
        finally:
            signal.set_wakeup_fd(before)


def _first(reader: socket.socket, handled: frozenset[int]) -> int:
    while True:
        number = reader.recv(1)[0]
        if number in handled:
            return number


class Relay:
    """Passes SIGTERM and SIGHUP on to a child; what a terminal sends to both it only survives."""

    def __init__(self) -> None:
        """Start without a child."""
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Name the child, and pass on what came before it was there."""
        self._child = child
        while self._early:
            child.send_signal(self._early.pop(0))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch the signals while the block runs; main thread only."""
        with _handled(_NAMES, self._caught):
            yield

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        if number in {getattr(signal, name, None) for name in _FROM_TERMINAL}:
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


def exit_code(returncode: int) -> int:
    """Turn a child's return code into an exit code as a shell does: 128+n where signal n ended it."""
    if sys.platform == "win32":  # 32 bits without a sign; exit() takes them with one
        return returncode - (1 << 32) if returncode >= 1 << 31 else returncode
    return 128 - returncode if returncode < 0 else returncode


@contextmanager
def _handled(names: tuple[str, ...], handler: Handler) -> Iterator[frozenset[int]]:
    # What was ignored when we were started stays ignored (nohup).
    numbers = [number for number in (getattr(signal, name, None) for name in names) if number is not None]
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    try:
        yield frozenset(map(int, before))
    finally:
        for number, old in before.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)
