"""A real terminal: a window of tmux, in which a program runs and whose screen can be read as a person sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.shell import COMMAND, clean
from tests.support.terminal.desk import PATIENCE

needs_tmux = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("tmux") is None, reason="tmux is not installed (Debian: tmux)"
)

# The window outlives the program, so that what stands there in the end can be read.
_NOTED: Final = """
trap : INT
/bin/sh -c 'echo $$ >"$0.pid"; exec "$@"' "$0" "$@"
echo $? >"$0.code"
exec /bin/sleep 1000
"""


@dataclass(frozen=True)
class Window:
    """The one window of a tmux of its own."""

    socket: str

    def _asked(self, *words: str) -> str:
        command = ["tmux", "-S", self.socket, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout

    def lines(self, *how: str) -> list[str]:
        """Read the screen and what scrolled off it, without the empty lines below; -e keeps colours, -J joins folds."""
        return self._asked("capture-pane", "-p", "-S", "-", *how).rstrip("\n").splitlines()

    def text(self) -> str:
        """Read all of it as words in a row."""
        return " ".join(" ".join(self.lines()).split())

    def wait(self, words: str) -> list[str]:
        """Wait until those words are to be seen, and give the lines then."""
        end = time.monotonic() + PATIENCE
        while words not in self.text():
            assert time.monotonic() < end, self.lines()
            time.sleep(0.05)
        return self.lines()

    def code(self) -> int:
        """Wait for the end of the program, and give its exit code."""
        return self._noted("code")

    def pid(self) -> int:
        """Give the program's process id."""
        return self._noted("pid")

    def _noted(self, what: str) -> int:
        path, end = Path(f"{self.socket}.{what}"), time.monotonic() + PATIENCE
        while not (path.exists() and path.read_text().endswith("\n")):
            assert time.monotonic() < end, self.lines()
            time.sleep(0.05)
        return int(path.read_text())

    def tell(self, name: str) -> str:
        """Give one of tmux's own values, such as cursor_flag."""
        return self._asked("display-message", "-p", f"#{{{name}}}").strip()

    def press(self, key: str) -> None:
        """Press a key, such as C-c."""
        self._asked("send-keys", key)

    def resize(self, columns: int) -> None:
        """Make the window wider or narrower."""
        self._asked("resize-window", "-x", str(columns))


@contextmanager
def window(folder: Path, *argv: str, env: Mapping[str, str], columns: int = 80, rows: int = 40) -> Iterator[Window]:
    """Run the program in a window of that size, with a clean environment; its last screen stays until it is read."""
    whole = {**clean(env), "TERM": "tmux-256color"}
    made = Window(str(folder / f"tmux-{len(list(folder.glob('tmux-*.pid')))}"))
    given = [f"{name}={value}" for name, value in whole.items()]
    words = ["env", "-i", *given, "/bin/sh", "-c", _NOTED, made.socket, *COMMAND, *argv]
    tmux = ["tmux", "-S", made.socket, "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows)]
    here = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder), "TERM": "xterm-256color"}
    subprocess.run([*tmux, *words], env=here, timeout=PATIENCE, check=True)
    try:
        yield made
    finally:
        subprocess.run(["tmux", "-S", made.socket, "kill-server"], capture_output=True, timeout=PATIENCE, check=False)
