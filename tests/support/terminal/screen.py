"""A stream that says it is a terminal, for what is drawn in this process."""

from __future__ import annotations

import io
import re

import pytest


class Screen(io.TextIOWrapper):
    """Keeps what is written to it; `text` is without escape sequences, `raw` with them."""

    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        """Begin empty."""
        self._bytes = io.BytesIO()
        self._terminal = terminal
        super().__init__(self._bytes, encoding=encoding, errors="backslashreplace", write_through=True)

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._terminal

    @property
    def raw(self) -> str:
        """Give everything that was written."""
        return self._bytes.getvalue().decode(self.encoding)

    @property
    def text(self) -> str:
        """Leave escape sequences out: colours, erasing, links and copying."""
        return re.sub(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-z]", "", self.raw)


def capable(monkeypatch: pytest.MonkeyPatch, *, columns: int = 80) -> None:
    """Let the environment be that of a terminal with colours, of that width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "COLORTERM", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
