"""Command lines as a shell has them: what a half-typed one means, and how what completes it is written.

A name comes from a config that anybody may have written, so it is quoted until no shell finds anything in it to obey.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"""(?:[^\s'"\\]|\\.|\\$|'[^']*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|\\?$))+""", re.DOTALL)
_PIECE: Final = re.compile(
    r"""\\(?P<escaped>.?)|'(?P<single>[^']*)(?P<single_end>'?)"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)(?:(?P<double_end>")|\\?$)|(?P<plain>[^'"\\]+)""",
    re.DOTALL,
)
_BARE: Final = re.compile(r"[^\w./:=@%+,-]")  # what bash is told not to obey
_BARE_POWERSHELL: Final = re.compile(r"--?[a-z-]+|[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_QUOTES_POWERSHELL: Final = re.compile("['\u2018\u2019\u201a\u201b]")  # it takes all of these for a single quote


class Typed(NamedTuple):
    """A half-typed line of bash: whole words, the last one as far as it is, both without quotes.

    `head` is the part of the last word that bash keeps, `quote` the quote that is open where the cursor stands.
    """

    words: list[str]
    word: str
    head: str
    quote: str

    def written(self, value: str) -> str | None:
        """Write the rest of that value as bash takes it in place of what it replaces; None where it does not fit."""
        if not value.startswith(self.head):
            return None
        rest = value[len(self.head) :]
        if self.quote == "'":
            return rest.replace("'", r"'\''")
        if self.quote == '"':
            # History expansion works within double quotes, and no backslash keeps it from that.
            return re.sub(r'([\\"$`])', r"\\\1", rest).replace("!", r'"\!"')
        return _BARE.sub(r"\\\g<0>", rest)


def typed(line: str, replaced: str) -> Typed | None:
    """Read a line up to the cursor; bash is going to replace `replaced` at its end; None where that does not fit."""
    found = list(_WORD.finditer(line))
    raw = [each[0] for each in found]
    last = raw.pop() if found and found[-1].end() == len(line) else ""
    if not last.endswith(replaced):
        return None
    word, quote = unquoted(last)
    head, _ = unquoted(last[: len(last) - len(replaced)])
    return Typed([unquoted(each)[0] for each in raw], word, head, quote)


def unquoted(raw: str) -> tuple[str, str]:
    """Take the quotes of a POSIX shell off a word; give it, and the quote that was left open."""
    text, quote = "", ""
    for piece in _PIECE.finditer(raw):
        part = piece.groupdict()
        if part["single"] is not None:
            text, quote = text + part["single"], "" if part["single_end"] else "'"
        elif part["double"] is not None:
            inner = re.sub(r'\\([\\"$`])', r"\1", part["double"])
            text, quote = text + inner, "" if part["double_end"] else '"'
        else:
            text, quote = text + (part["escaped"] or part["plain"] or ""), ""
    return text, quote


def powershell(value: str) -> str:
    """Write a value as one argument of PowerShell."""
    if _BARE_POWERSHELL.fullmatch(value):
        return value
    return "'" + _QUOTES_POWERSHELL.sub(r"\g<0>\g<0>", value) + "'"
