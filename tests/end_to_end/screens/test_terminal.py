"""What a person sees at a real (pseudo-)terminal of 80 and of 40 columns."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import COMMAND, clean, environment, process

if sys.platform == "win32":
    pytest.skip("there is no pexpect on Windows", allow_module_level=True)

pexpect = pytest.importorskip("pexpect")


def shown(*argv: str, env: dict[str, str], columns: int) -> list[str]:
    """Run a command at a terminal of that width and give the lines it wrote."""
    command, *words = COMMAND
    whole = {**clean(env), "TERM": "dumb", "BROWSER": "false"}
    child = pexpect.spawn(command, [*words, *argv], env=whole, dimensions=(40, columns), encoding="utf-8", timeout=60)
    text: str = child.read()
    child.close()
    assert child.exitstatus == 0, text
    return text.replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [80, 40])
def test_lines_break_between_words(home: Path, columns: int) -> None:
    """No line is longer than the terminal is wide, unless it is one long word, such as a URL; nothing is lost."""
    with running(Settings(interval=1, approve=True)) as emulator:
        env = environment(home, emulator)
        lines = shown("device", "--no-browser", env=env, columns=columns)
        assert all(len(line) <= columns or " " not in line.strip() for line in lines), lines
        said = " ".join(" ".join(lines).split())
        assert "Approve only a code you asked for yourself, and only if the page shows this very code." in said
        assert "Signed in: session my-sso, token good for" in said
        table = shown("status", env=env, columns=columns)
        assert all(len(line) <= columns or " " not in line.strip() for line in table), table
        assert all(word in " ".join(table) for word in ("my-sso", "valid", "59 min", "file", "us-east-1"))


def test_stderr_is_as_wide_as_its_own_terminal(home: Path) -> None:
    """Also where stdout is a pipe, as in `sso-login device --json | jq`."""
    with running(Settings(interval=1, approve=True)) as emulator:
        env = {**clean(environment(home, emulator)), "TERM": "dumb"}
        line = f"{' '.join(COMMAND)} device --no-browser | cat"
        child = pexpect.spawn("sh", ["-c", line], env=env, dimensions=(40, 40), encoding="utf-8", timeout=60)
        lines = child.read().replace("\r\n", "\n").splitlines()
        child.close()
    assert "Signed in" in " ".join(lines)
    assert all(len(each) <= 40 or " " not in each.strip() for each in lines), lines


def test_json_is_never_broken(home: Path) -> None:
    """An object a line, at a narrow terminal, too."""
    with running(Settings()) as emulator:
        env = {**clean(environment(home, emulator)), "TERM": "dumb"}
        command, *words = COMMAND
        child = pexpect.spawn(
            command, [*words, "token", "--json"], env=env, dimensions=(40, 40), encoding="utf-8", timeout=60
        )
        said = json.loads(child.read().strip())
        child.close()
    assert (said["error"], said["exit_code"], child.exitstatus) == ("NotLoggedIn", 3, 3)


def test_a_pipe_gets_whole_lines(home: Path) -> None:
    """No terminal, no breaking: one line a session, whatever its length."""
    with running(Settings()) as emulator:
        ran = process("status", env={**environment(home, emulator), "COLUMNS": "40"})
    assert len(ran.out.splitlines()) == 2
    assert emulator.start_url in ran.out
