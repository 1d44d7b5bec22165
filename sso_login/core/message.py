"""What goes over the wire and to the person, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


# Whose role it is must be read; nothing that begins so is a token.
_LONG_WORD: Final = r"(?<!\S)(?!arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:)\S{81,}"  # compiled by who shows something


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `json` or `form` is the body as a value, `deadline` bounds the whole call in seconds.

    A member of `form` that is a tuple is sent once for each of its values.

    `operation` is the API's name for it, the only thing about it that may be logged. With `keep_alive` the connection
    may be kept for the next such request to the same host: only for what may be asked again if that turns out closed.
    """

    operation: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Mapping[str, object] | None = field(default=None, repr=False)
    form: Mapping[str, str | tuple[str, ...]] | None = field(default=None, repr=False)
    deadline: float = 30.0
    keep_alive: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP reply, whole; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the person at work meanwhile; `warning` where something is not as it should be."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step of the polling loop: what is waited for, and until when (epoch seconds); `trouble` with the network."""

    until: float
    reason: str
    trouble: str | None = None


def shown(said: object) -> str:
    """Make a server's words fit for one line of a message: printable, at most 200 characters, nothing like a token."""
    text = said if isinstance(said, str) else ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:2000]).split())
    line = re.sub(_LONG_WORD, "***", line, flags=re.ASCII)
    return line if len(line) <= 200 else line[:199] + "…"


def counted(count: int, noun: str) -> str:
    """Say how many there are: `1 file`, `2 files`, `0 entries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("ry") else f"{count} {noun}s"
