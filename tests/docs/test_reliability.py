"""docs/reliability.md names tests: each must be there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_is_named_exists() -> None:
    """A promise whose test was renamed or removed is no promise."""
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", (ROOT / "docs" / "reliability.md").read_text())
    assert len(named) > 30
    for file, function in named:
        texts = [path.read_text() for path in (ROOT / "tests").rglob(file)]
        assert texts, file
        assert not function or any(f"def {function}(" in text for text in texts), f"{file}::{function}"


def test_every_promise_names_a_test() -> None:
    """None stands there on its own word."""
    text = (ROOT / "docs" / "reliability.md").read_text()
    tables = re.findall(r"^\| promise \| held by \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    promises = [row for table in tables for row in table.splitlines()]
    assert len(promises) > 25
    assert [row for row in promises if "`test_" not in row] == []
