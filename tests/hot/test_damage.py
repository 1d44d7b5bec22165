"""Records that are damaged, swapped or cut short: the hot path and the ordinary way refuse the same ones."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hot.conftest import Both

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

ROUNDS = 100  # of each kind


def flipped(content: bytes, _other: bytes, draw: random.Random) -> bytes:
    """Flip one bit."""
    damaged = bytearray(content)
    damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def cut(content: bytes, _other: bytes, draw: random.Random) -> bytes:
    """Cut it short, anywhere."""
    return content[: draw.randrange(len(content))]


def swapped(content: bytes, other: bytes, draw: random.Random) -> bytes:
    """Put in some lines, or all, of another session's sound record."""
    ours, theirs = content.split(b"\n"), other.split(b"\n")
    taken = [draw.random() < 0.5 for _ in ours]
    if not any(taken[1:]):
        return other
    return b"\n".join(b if take else a for a, b, take in zip(ours, theirs, taken, strict=True))


@pytest.mark.parametrize("damage", [flipped, cut, swapped])
def test_both_ways_refuse_what_is_damaged(both: Both, damage: Callable[[bytes, bytes, random.Random], bytes]) -> None:
    """The hot path gives nothing, the ordinary way exit 7; with the record as it was, both give the token again."""
    draw = random.Random(damage.__name__)
    both.log_in("other", access="another-token")
    record, other = both.record, both.record.with_name("sso+other").read_bytes()
    good = record.read_bytes()
    assert both.ordinary("my-sso").out == "the-token\n"
    for _ in range(ROUNDS):
        rewrite(record, damage(good, other, draw))
        assert both.hot("my-sso") is None, record.read_bytes()
        done = both.ordinary("my-sso")
        assert (done.code, done.out) == (7, ""), record.read_bytes()
        rewrite(record, good)
    assert both.hot("my-sso") == both.ordinary("my-sso").out == "the-token\n"


def rewrite(path: Path, content: bytes) -> None:
    """Change what is in the file, not the file."""
    with path.open("r+b") as file:
        file.truncate()
        file.write(content)
