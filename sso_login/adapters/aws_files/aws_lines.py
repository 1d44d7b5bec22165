"""The lines of an AWS config or credentials file, told apart once for whoever reads and whoever edits it.

By the rules of configparser.RawConfigParser, which botocore uses. Not configparser itself: its time grows with the
square of the number of bad lines and of the blanks in one (minutes for a wrong file of 1 MiB), and its errors quote
lines.
"""

from __future__ import annotations

import re
import shlex
from typing import Final, NamedTuple

DEFAULTS: Final = "DEFAULT"  # configparser's own: its keys are in every section

EMPTY: Final = "empty"
COMMENT: Final = "comment"
SECTION: Final = "section"
KEY: Final = "key"
MORE: Final = "more"  # goes on with the value above
BROKEN: Final = "broken"  # neither a section nor `key = value`
STRAY: Final = "stray"  # before any section

_KINDS: Final = ("profile", "sso-session", "services", "issuer")
_BLANKS: Final = " \t\r\n"  # what shlex splits at
_LONGEST_TITLE: Final = 1_024  # shlex takes quadratic time over a word


class Line(NamedTuple):
    """What a line is; `name` is a section's title as it is written, or a key in lower case."""

    kind: str
    name: str = ""


class Lexer:
    """Tells lines apart, one after the other: what a line is depends on those above."""

    def __init__(self) -> None:
        """Begin at the top of a file."""
        self._started = False
        self._in_value = False
        self._indent = 0

    def take(self, line: str) -> Line:
        """Tell what the next line is, without its end."""
        words = line.strip()
        if words.startswith(("#", ";")):
            return Line(COMMENT)
        if not words:
            return Line(EMPTY)
        depth = len(line) - len(line.lstrip())
        if self._in_value and depth > self._indent:
            return Line(MORE)
        self._indent = depth
        end = words.rfind("]")
        if words.startswith("[") and end > 1:
            self._started, self._in_value = True, False
            return Line(SECTION, words[1:end])
        if not self._started:
            return Line(STRAY)
        key = words[: value_at(words) - 1].rstrip().lower()
        self._in_value = self._in_value or bool(key)
        return Line(KEY, key) if key else Line(BROKEN)


def value_at(line: str) -> int:
    """Tell where the value begins in a line of a key: behind the first `=` or `:`; 1 where there is neither."""
    return min((at for at in (line.find("="), line.find(":")) if at >= 0), default=0) + 1


def meaning(title: str) -> tuple[str, str] | None:
    """Read a section's kind (`profile`, `sso-session`, `services`) and name out of its title, as botocore does.

    By the prefix, then by shell words: `profile dev` and `profile "dev"` are the same. None for any other title.
    Our own kind, `issuer`, is read alike.
    """
    if title == "default":
        return "profile", title
    kind = next((each for each in _KINDS if title.startswith(each)), None)
    words = _words(title) if kind else []
    return (kind, words[1]) if kind and len(words) == 2 and words[1] else None


def _words(title: str) -> list[str]:
    if not any(mark in title for mark in "'\"\\"):
        return [word for word in re.split(f"[{_BLANKS}]", title) if word]
    try:
        return shlex.split(title) if len(title) <= _LONGEST_TITLE else []
    except ValueError:
        return []
