"""One line at the bottom of a terminal that is drawn again as time goes by, and what is written above it meanwhile."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

TICK: Final = 0.25  # seconds between two looks at the time and the window
# The cursor waits at the line's first column. There it stays with the line when the window's width changes, whether
# the terminal folds the line anew or cuts it off: whatever was drawn is below the cursor, and goes away like this.
ERASE: Final = "\r\x1b[J"


def window(stream: TextIO) -> os.terminal_size:
    """Tell a terminal's size; 80 x 24 for one that nobody told its size (docker exec -t, expect, serial lines)."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        size = os.terminal_size((0, 0))
    return os.terminal_size((size.columns or 80, size.lines or 24))


class Live:
    """A line that `says` what is to be seen in so many columns; nothing is drawn any more once it has ended.

    A thread of its own draws it, so that the program may wait as it likes. Nothing of the terminal is changed (no
    alternate screen, no hidden cursor), so however the program ends, nothing has to be put back.
    """

    def __init__(self, stream: TextIO, says: Callable[[int], str]) -> None:
        """Draw nothing yet: whoever is interrupted while the first line is drawn must know what to end."""
        self._stream = stream
        self.says = says
        self._turn = threading.RLock()
        self._ended = threading.Event()
        self._seen = ("", 0)

    def start(self) -> None:
        """Begin to draw."""
        self.draw()
        threading.Thread(target=self._run, name="live", daemon=True).start()

    def _run(self) -> None:
        while not self._ended.wait(TICK):
            self.draw()

    def draw(self) -> None:
        """Draw the line unless it is there already, just so."""
        with self._turn:
            if not self._ended.is_set():
                seen = self._now()
                if seen != self._seen:
                    self._put(f"{ERASE}{seen[0]}\r")
                    self._seen = seen

    def above(self, text: str) -> None:
        """Write whole lines above the line."""
        with self._turn:
            if self._ended.is_set():
                self._put(text)
                return
            self._seen = self._now()
            self._put(f"{ERASE}{text}{self._seen[0]}\r")

    def end(self) -> None:
        """Take the line away."""
        with self._turn:
            if not self._ended.is_set():
                self._ended.set()
                self._put(ERASE)

    def _now(self) -> tuple[str, int]:
        columns = window(self._stream).columns
        return self.says(columns), columns

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):  # that nobody looks any more is no reason to fail
            self._stream.write(text)
            self._stream.flush()
