"""One line from the terminal, not shown, however long it is, and within a time.

input() has none of the three: a terminal hands it no more than 4,096 characters of a line (1,024 on macOS), and what
is pasted here may be longer, and is good for a login.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import LoginFailed

if TYPE_CHECKING:
    from collections.abc import Generator

LONGEST: Final = 65536  # characters
_END: Final = "\x04"  # Ctrl-D
_BRACKETS: Final = re.compile(r"\x1b\[20[01]~")  # what some terminals put around what is pasted


def hidden_line(seconds: float) -> str | None:
    """Give the line without its end, None where none comes in time; raise LoginFailed where the terminal is gone."""
    line = ""
    with closing(_typed(time.monotonic() + seconds)) as typed:
        for char in typed:
            if char in "\r\n":
                return _BRACKETS.sub("", line)
            if char == _END:
                raise LoginFailed(
                    "nothing was pasted", hint="Start again, and paste what the browser shows in the end."
                )
            line = _edited(line, char)
    return None


def _edited(line: str, char: str) -> str:
    if char in "\x7f\b":
        return line[:-1]
    if char == "\x15":  # Ctrl-U
        return ""
    return line + char if len(line) < LONGEST else line


if sys.platform == "win32":
    import msvcrt

    def _typed(end: float) -> Generator[str, None, None]:
        """Give each character as it is typed, until the time is over."""
        while time.monotonic() < end:
            if not msvcrt.kbhit():
                time.sleep(0.05)
                continue
            char = msvcrt.getwch()
            if char == "\x03":
                raise KeyboardInterrupt
            yield char

else:
    import codecs
    import select
    import termios

    def _typed(end: float) -> Generator[str, None, None]:
        """Give each character as it is typed, until the time is over; Ctrl-C and Ctrl-Z are still signals."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        quiet = [*before]
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
            while (left := end - time.monotonic()) > 0:
                # No wait is longer than a second: a signal that comes just before one is seen when it ends.
                if select.select([terminal], [], [], min(left, 1.0))[0]:
                    yield from decoder.decode(_read(terminal))
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def _read(terminal: int) -> bytes:
        try:
            return os.read(terminal, 4096) or _END.encode()
        except OSError:
            return _END.encode()  # the terminal is gone
