"""A terminal that nobody told its size (docker exec -t, expect, serial lines) says 0 x 0: it is taken to be 80 x 24."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import COMMAND, clean, environment

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are those of POSIX", allow_module_level=True)


def shown(*argv: str, env: dict[str, str]) -> tuple[int, list[str]]:
    """Run the program at a terminal without a size; give its exit code and the lines that it shows."""
    master, slave = os.openpty()
    child = subprocess.Popen(
        [*COMMAND, *argv], env={**clean(env), "TERM": "dumb"}, stdin=slave, stdout=slave, stderr=slave, close_fds=True
    )
    os.close(slave)
    text = b""
    try:
        while chunk := os.read(master, 65536):
            text += chunk
    except OSError:
        pass  # Linux says EIO once nobody has the other end any more
    os.close(master)
    return child.wait(), text.decode().replace("\r\n", "\n").splitlines()


def test_lines_are_as_wide_as_on_a_terminal_of_80_columns(home: Path) -> None:
    """Neither one word a line nor folded at 20 columns."""
    with running(Settings(approve=True, interval=1)) as emulator:
        env = environment(home, emulator)
        code, lines = shown("device", "--no-browser", env=env)
        assert code == 0
        words = next(line for line in lines if line.startswith("Approve only a code"))
        assert 60 < len(words) <= 80
        code, lines = shown("status", env=env)
        assert code == 0
        assert max(map(len, lines)) > 40
        assert max(map(len, lines)) <= 80


def test_a_qr_code_is_not_drawn_where_it_has_no_room(home: Path) -> None:
    """24 lines are too few for it, and 80 columns are enough: the address is there in any case."""
    with running(Settings(approve=True, interval=1)) as emulator:
        code, lines = shown("device", "--no-browser", "--qr", env=environment(home, emulator))
    assert code == 0
    assert any("/device" in line for line in lines)
    assert not any("too narrow" in line for line in lines)
