"""Long secrets in keyrings with a size limit: parts `ENTRY#1`, `ENTRY#2`... written first, a head under ENTRY last.

The head lists the numbers of its parts and the digest of the whole. A new text never overwrites the parts of
the one before: it takes the lowest numbers that are free, and the head, one write, makes the switch. So a kill at
any point leaves the old text or the new one, and a mixture does not match the digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING, Final, Protocol

from sso_login.core.errors import BadRecord, NewerRecord, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 32  # parts a text; two texts' worth of numbers are in use at most

_MAGIC: Final = "sso-login-parts "
_HEAD: Final = re.compile(r"sso-login-parts 1\n([1-9][0-9]?(?:,[1-9][0-9]?){0,31})\n([0-9a-f]{64})\n")
_TRIES: Final = 3  # a reader may meet a writer twice, but hardly three times running


class Slots(Protocol):
    """A keyring as named slots of text; `limit` is the most UTF-16 code units one holds, None for any number."""

    limit: int | None

    def get(self, slot: str) -> str | None:
        """Give a slot's text, None where there is none."""

    def put(self, slot: str, text: str) -> None:
        """Fill a slot."""

    def drop(self, slot: str) -> bool:
        """Empty a slot; tell whether there was anything."""


def read(slots: Slots, entry: str) -> str | None:
    """Give an entry's whole text, None where there is none; raise BadRecord, NewerRecord for parts that do not fit."""
    for _ in range(_TRIES):
        text = slots.get(entry)
        if text is None or not text.startswith(_MAGIC):
            return text
        numbers, digest = _head(text, entry)
        whole = "".join(slots.get(_slot(entry, number)) or "" for number in numbers)
        if _digest(whole) == digest:
            return whole
    message = f"the parts of {entry} in the keyring do not belong together"
    raise BadRecord(message, hint="`sso-login device --force` logs in again and replaces them.")


def write(slots: Slots, entry: str, text: str) -> None:
    """Keep an entry's text, in parts where it is longer than a slot; raise StoreUnusable when it is far too long."""
    if slots.limit is None:
        slots.put(entry, text)
        return
    numbers: Sequence[int] = ()
    head = text
    if text.startswith(_MAGIC) or _units(text) > slots.limit:
        pieces = _pieces(text, slots.limit)
        numbers = _free(_in_use(slots, entry), len(pieces))
        for number, piece in zip(numbers, pieces, strict=True):
            slots.put(_slot(entry, number), piece)
        head = f"{_MAGIC}1\n{','.join(map(str, numbers))}\n{_digest(text)}\n"
    slots.put(entry, head)
    # The text is kept by now; what cannot be swept this time is swept the next.
    with contextlib.suppress(Exception):
        _sweep(slots, entry, keep=numbers)


def delete(slots: Slots, entry: str) -> bool:
    """Forget an entry, head first so that no half of it is ever read, then all parts; tell whether there was one."""
    found = slots.drop(entry)
    if slots.limit is not None:
        _sweep(slots, entry, keep=())
    return found


def _slot(entry: str, number: int) -> str:
    return f"{entry}#{number}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _pieces(text: str, limit: int) -> list[str]:
    # No character takes more than two code units, and none may be cut in two.
    step = limit if text.isascii() else limit // 2
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    if len(pieces) > MOST:
        message = f"a record of {len(text)} characters is too long for this keyring"
        raise StoreUnusable(message, hint="Keep secrets in files instead: SSO_LOGIN_STORE=file.")
    return pieces


def _head(text: str, entry: str) -> tuple[list[int], str]:
    found = _HEAD.fullmatch(text)
    if found:
        return [int(number) for number in found[1].split(",")], found[2]
    if not text.startswith(f"{_MAGIC}1\n"):
        message = f"{entry} in the keyring was written by a newer sso-login"
        raise NewerRecord(message)
    message = f"the head of {entry} in the keyring is damaged"
    raise BadRecord(message, hint="`sso-login device --force` logs in again and replaces it.")


def _in_use(slots: Slots, entry: str) -> list[int]:
    text = slots.get(entry) or ""
    # What cannot be read any more need not be kept readable.
    with contextlib.suppress(BadRecord, NewerRecord):
        return _head(text, entry)[0] if text.startswith(_MAGIC) else []
    return []


def _free(used: Sequence[int], count: int) -> list[int]:
    return [number for number in range(1, 2 * MOST + 1) if number not in used][:count]


def _sweep(slots: Slots, entry: str, *, keep: Sequence[int]) -> None:
    # Killed writes and sweeps leave gaps, so the whole range is gone through.
    for number in range(1, 2 * MOST + 1):
        if number not in keep:
            slots.drop(_slot(entry, number))
