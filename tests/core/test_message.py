"""Words for people: numbers agree with their nouns."""

from __future__ import annotations

import pytest

from sso_login.core.message import counted


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (2, "file", "2 files"),
        (1, "entry", "1 entry"),
        (3, "entry", "3 entries"),
    ],
)
def test_a_number_agrees_with_its_noun(count: int, noun: str, said: str) -> None:
    """One file, two files, three entries."""
    assert counted(count, noun) == said
