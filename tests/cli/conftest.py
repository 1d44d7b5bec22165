"""A shell for every test of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import Shell, shell


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell against a strict emulator, where a human approves every code at once."""
    with shell(home, capsys) as made:
        made.approve_while_waiting()
        yield made
