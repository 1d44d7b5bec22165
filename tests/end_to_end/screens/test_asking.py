"""What is asked at a real terminal: a role to pick, a login that is missing; and where nothing may be asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import COMMAND, environment, process
from tests.support.terminal.tmux import Window, needs_tmux, window

if sys.platform == "win32":
    pytest.skip("there is no tmux on Windows", allow_module_level=True)

pytestmark = needs_tmux
ASKED = "Session 'my-sso' is not logged in. Log in now? [Y/n]"
SHELL = """#!/bin/sh
echo "in the shell: $AWS_SSO_PROFILE, ${AWS_ACCESS_KEY_ID:+with keys}"
exit 7
"""
Open = Callable[..., AbstractContextManager[Window]]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Give an emulator that approves by itself."""
    with running(Settings(interval=1, approve=True)) as made:
        yield made


@pytest.fixture
def env(home: Path, emulator: Emulator) -> dict[str, str]:
    """Give an environment with a shell that says what it has, and a profile for one of the roles."""
    shell = home / "shell"
    shell.write_text(SHELL)
    shell.chmod(0o755)
    found = {**environment(home, emulator), "SHELL": str(shell), "BROWSER": "true"}
    config = Path(found["AWS_CONFIG_FILE"])
    ours = "sso-login credentials --session my-sso --account 222233334444 --role Developer --format process"
    config.write_text(f"{config.read_text()}[profile staging]\ncredential_process = {ours}\nregion = eu-west-1\n")
    return found


@pytest.fixture
def opened(home: Path, env: dict[str, str]) -> Open:
    """Give what opens a window in which the program runs."""

    def at(*argv: str, columns: int = 80, **more: str) -> AbstractContextManager[Window]:
        return window(home, *argv, env={**env, **more}, columns=columns)

    return at


@pytest.mark.parametrize("columns", [80, 40])
def test_from_nothing_to_a_shell_with_a_role(opened: Open, columns: int) -> None:
    """Enter logs in, typing narrows, Enter takes; the picker goes away, and the shell's exit code is ours."""
    with opened("exec", columns=columns) as screen:
        screen.wait("Log in now? [Y/n]")
        screen.press("Enter")
        screen.wait("Enter takes")
        lines = screen.lines()
        assert all(len(line) <= columns for line in lines)
        for key in "stagdev":
            screen.press(key)
        screen.wait("Role: stagdev")
        screen.wait("1 of 6")
        screen.press("Enter")
        assert screen.code() == 7
        text = screen.text()
        assert "in the shell: staging, with keys" in text
        assert "Shell with credentials of Developer in 222233334444, good for" in text
        assert "Enter takes" not in text
        assert screen.tell("cursor_flag") == "1"


def test_what_was_used_lately_comes_first(opened: Open, env: dict[str, str]) -> None:
    """From a list that is remembered; the row below was used before."""
    assert process("device", env=env).code == 0
    for key in ("Auditor", "Deployer"):
        with opened("exec", "--", "true") as screen:
            screen.wait("Enter takes")
            for letter in key:
                screen.press(letter)
            screen.wait("1 of 6")
            screen.press("Enter")
            assert screen.code() == 0
    with opened("exec", "--", "true") as screen:
        lines = [line for line in screen.wait("Enter takes") if "  " in line]
        assert [line.split()[-1] for line in lines[:2]] == ["Deployer", "Auditor"]
        screen.press("Escape")
        assert screen.code() == 130


@pytest.mark.parametrize("key", ["Escape", "C-c"])
def test_leaving_does_nothing(opened: Open, env: dict[str, str], key: str) -> None:
    """Exit 130, and the command is not run; the terminal is as it was."""
    assert process("device", env=env).code == 0
    with opened("exec", "--", "sh", "-c", "echo it ran") as screen:
        screen.wait("Enter takes")
        screen.press(key)
        assert screen.code() == 130
        assert "it ran" not in screen.text()
        assert "error: nothing was picked" in screen.text()


def test_a_termination_leaves_the_terminal_clean(opened: Open, env: dict[str, str]) -> None:
    """SIGTERM while somebody picks: 143, nothing is left of the picker."""
    assert process("device", env=env).code == 0
    with opened("exec") as screen:
        screen.wait("Enter takes")
        subprocess.run(["kill", str(screen.pid())], check=True)
        assert screen.code() == 143
        assert not any(screen.lines("-S", "0"))  # tmux keeps in its history what is erased of a whole screen
        assert screen.tell("cursor_flag") == "1"


@pytest.mark.parametrize(("key", "code"), [("n", 3), ("C-c", 130), ("C-d", 130)])
def test_a_login_that_nobody_wants(opened: Open, key: str, code: int) -> None:
    """No is exit 3 with the command that logs in; Ctrl-C and Ctrl-D are 130."""
    with opened("roles") as screen:
        screen.wait(ASKED)
        screen.press(key)
        if key == "n":
            screen.press("Enter")
        assert screen.code() == code
        assert "Approve" not in screen.text()


@pytest.mark.parametrize("command", ["accounts", "roles"])
def test_lists_log_in_and_go_on(opened: Open, command: str) -> None:
    """After one question."""
    with opened(command) as screen:
        screen.wait(ASKED)
        screen.press("Enter")
        assert screen.code() == 0
        assert "Harbour Sandbox" in screen.text()
        assert screen.text().count("Log in now") == 1


def test_nothing_of_a_question_goes_to_stdout(home: Path, env: dict[str, str]) -> None:
    """Stdout may be piped, as in `sso-login accounts | sort`."""
    pexpect = pytest.importorskip("pexpect")
    line = f"{' '.join(COMMAND)} accounts > {home}/listed"
    from tests.support.shell import clean  # noqa: PLC0415 - beside its use

    child = pexpect.spawn("sh", ["-c", line], env={**clean(env), "TERM": "xterm"}, encoding="utf-8", timeout=120)
    child.expect_exact("Log in now? [Y/n]")
    child.sendline("")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert (home / "listed").read_text().splitlines()[0].startswith("Harbour Production\t111122223333")


@pytest.mark.parametrize("argv", [["--no-input", "exec"], ["exec", "--no-input"], ["roles", "--no-input"]])
def test_no_input_asks_nothing(opened: Open, argv: list[str]) -> None:
    """Exit 2 or 3 at once."""
    with opened(*argv) as screen:
        assert screen.code() == (3 if "roles" in argv else 2)
        assert "Log in now" not in screen.text()


def test_ci_asks_nothing(opened: Open) -> None:
    """Though it may well have a terminal."""
    with opened("roles", CI="true") as screen:
        assert screen.code() == 3


def test_a_session_is_picked_where_none_is_named(opened: Open, env: dict[str, str]) -> None:
    """Then the role."""
    config = Path(env["AWS_CONFIG_FILE"])
    config.write_text(
        f"{config.read_text()}[sso-session b]\nsso_start_url = https://b.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    assert process("device", "my-sso", env=env).code == 0
    with opened("exec", "--", "true") as screen:
        screen.wait("Session:")
        screen.press("Down")
        screen.press("Enter")
        screen.wait("Role:")
        screen.press("Enter")
        assert screen.code() == 0


@pytest.mark.parametrize("columns", [80, 40])
def test_the_first_login_of_all(opened: Open, env: dict[str, str], emulator: Emulator, columns: int) -> None:
    """Two questions, each asked again until it can be meant; the session is kept, profiles are written."""
    config = Path(env["AWS_CONFIG_FILE"])
    config.unlink()
    with opened("device", columns=columns) as screen:
        screen.wait("Start URL")
        for key in ("two", "Space", "words", "Enter"):
            screen.press(key)
        screen.wait("is not a URL")
        screen.press(emulator.start_url)
        screen.press("Enter")
        screen.wait("Region")
        for key in ("nowhere", "Enter"):
            screen.press(key)
        screen.wait("is not an AWS region")
        for key in ("us-east-1", "Enter"):
            screen.press(key)
        screen.wait("Write a profile for each")
        screen.press("Enter")
        assert screen.code() == 0
        assert "Next: `sso-login exec`" in screen.text()
    text = config.read_text()
    assert f"sso_start_url = {emulator.start_url}\nsso_region = us-east-1\n" in text
    assert "[profile Harbour-Sandbox-AdministratorAccess]" in text
    assert process("token", env=env).code == 0


def test_a_first_login_that_is_denied_keeps_nothing(opened: Open, env: dict[str, str]) -> None:
    """Ctrl-C at a question, too."""
    config = Path(env["AWS_CONFIG_FILE"])
    config.unlink()
    with opened("browser") as screen:
        screen.wait("Start URL")
        screen.press("C-c")
        assert screen.code() == 130
    assert not config.exists()


@pytest.mark.parametrize("more", [{"CI": "1"}, {}])
def test_nothing_configured_and_nobody_to_ask(opened: Open, env: dict[str, str], more: dict[str, str]) -> None:
    """Exit 2, with the command that names both."""
    Path(env["AWS_CONFIG_FILE"]).unlink()
    with opened("device", *([] if more else ["--no-input"]), **more) as screen:
        assert screen.code() == 2
        assert "sso-login device --start-url URL --region REGION" in screen.text()
    assert process("device", env=env).code == 2
