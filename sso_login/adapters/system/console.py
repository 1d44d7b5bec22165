"""A Windows console that is closed: its end waits for what must not be broken off.

Closing the window, logging off and shutting down end a process as soon as its control handler returns, and Python's
own handler returns at once. Ours waits, for as long as Windows lets it (about 5 s), and then hands on.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSE: Final = 2
LOGOFF: Final = 5
SHUTDOWN: Final = 6
_ENDS: Final = frozenset({CLOSE, LOGOFF, SHUTDOWN})  # Ctrl-C and Ctrl-Break end nothing by themselves
_MOST: Final = 60.0  # seconds; Windows ends the process long before


class Ending:
    """Counts what must not be broken off, in any thread, and lets the end of the console wait for it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._changed = threading.Condition()
        self._open = 0

    @contextmanager
    def waits(self) -> Iterator[None]:
        """Let the end of the console wait for this block."""
        with self._changed:
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def told(self, event: int) -> bool:
        """Take what Windows tells, in a thread that it makes; False lets the handlers of before have it, too."""
        if event in _ENDS:
            with self._changed:
                self._changed.wait_for(lambda: self._open == 0, timeout=_MOST)
        return False


ending: Final = Ending()

if sys.platform == "win32":
    import ctypes

    _routine = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(ending.told)  # kept for as long as the process
    ctypes.windll.kernel32.SetConsoleCtrlHandler(_routine, 1)
