"""Signals: held back while something must not be broken off, and turned into a clean end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# SIGHUP is unknown on Windows.
if sys.platform == "win32":
    ENDING: Final = (signal.SIGTERM,)
else:
    ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """SIGTERM or SIGHUP came: whatever is open is closed on the way up, then the process ends with 128 + `signal`."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(number)
        self.signal = number


@contextmanager
def unbroken() -> Iterator[None]:
    """Hold SIGINT, SIGTERM and SIGHUP back until the block ends, then deliver each as it would have been.

    A signal that is ignored stays ignored. Blocks may be nested. Outside the main thread, where Python
    delivers no signal, it does nothing.
    """
    held: dict[int, None] = {}

    def hold(number: int, _frame: FrameType | None) -> None:
        held[number] = None

    try:
        with _handled((*ENDING, signal.SIGINT), hold):
            yield
    finally:
        for number in held:
            signal.raise_signal(number)


@contextmanager
def cleanly() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise Terminated in the block, once; a signal that is ignored (nohup) stays ignored."""

    def end(number: int, _frame: FrameType | None) -> None:
        for other in ENDING:  # a second one must not break the cleaning up
            signal.signal(other, signal.SIG_IGN)
        raise Terminated(number)

    with _handled(ENDING, end):
        yield


@contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Put the handler in place of those there are. A signal that slips in between two lines here ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    ours = {number: old for number, old in before.items() if old not in {None, signal.SIG_IGN}}
    try:
        for number in ours:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in ours.items():
            signal.signal(number, old)
