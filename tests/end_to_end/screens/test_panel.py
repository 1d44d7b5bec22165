"""The login's panel at a real terminal: what stands there in the end, and that nothing else does."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import COMMAND, clean, environment, process
from tests.support.terminal.desk import PATIENCE
from tests.support.terminal.tmux import Window, needs_tmux, window

if sys.platform == "win32":
    pytest.skip("there is no tmux on Windows", allow_module_level=True)

pytestmark = needs_tmux
WAITING = "Waiting for approval"
Open = Callable[..., AbstractContextManager[Window]]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Give an emulator that is polled every second."""
    with running(Settings(interval=1)) as made:
        yield made


@pytest.fixture
def opened(home: Path, emulator: Emulator) -> Open:
    """Give what opens a window in which `device` waits for approval."""

    def at(*flags: str, columns: int = 80, rows: int = 40, **env: str) -> AbstractContextManager[Window]:
        whole = {**environment(home, emulator), **env}
        return window(home, "device", "--no-browser", *flags, env=whole, columns=columns, rows=rows)

    return at


def decided(emulator: Emulator, *, approve: bool) -> None:
    """Press one of the buttons of the page."""
    (code,) = emulator.service.waiting()
    emulator.service.decide(code, approve=approve)


def left_clean(screen: Window) -> list[str]:
    """See that the cursor is there, no other screen is shown, and nothing of the countdown is left."""
    lines = screen.lines()
    assert screen.tell("cursor_flag") == "1"
    assert screen.tell("alternate_on") == "0"
    assert not any(WAITING in line or " left" in line for line in lines), lines
    return lines


@pytest.mark.parametrize("columns", [80, 40])
def test_approved(opened: Open, emulator: Emulator, columns: int) -> None:
    """The code in its box, the address whole, and one calm line in the end, at 80 and at 40 columns."""
    with opened(columns=columns) as screen:
        screen.wait(WAITING)
        (code,) = emulator.service.waiting()
        decided(emulator, approve=True)
        assert screen.code() == 0
        lines = left_clean(screen)
        joined = [line.rstrip() for line in screen.lines("-J")]
    assert {"╭───────────────╮", f"│   {code}   │", "╰───────────────╯"} <= set(lines)
    assert f"{emulator.url}/device?user_code={code}" in joined
    assert "only if the page shows this very code." in " ".join(" ".join(lines).split())
    (end,) = [at for at, line in enumerate(lines) if line.startswith("✓")]
    said = " ".join(" ".join(lines[end:]).split())
    assert said.startswith("✓ Signed in to my-sso for ")
    assert "kept in the file store." in said
    assert all(line.startswith("  ") for line in lines[end + 1 :])


def test_denied(opened: Open, emulator: Emulator) -> None:
    """The error stands where the countdown was."""
    with opened() as screen:
        screen.wait(WAITING)
        decided(emulator, approve=False)
        assert screen.code() == 4
        lines = left_clean(screen)
    assert "error: the request was denied in the browser" in lines


def test_expired(home: Path) -> None:
    """The question for a new code takes the countdown's place; Enter shows a new code, with its own countdown."""
    with running(Settings(interval=1, code_lifetime=3)) as emulator:
        env = environment(home, emulator)
        with window(home, "device", "--no-browser", env=env) as screen:
            screen.wait("Press Enter for a new code")
            left_clean(screen)
            screen.press("Enter")
            end = time.monotonic() + PATIENCE
            while screen.text().count("Approve this code") < 2:
                assert time.monotonic() < end
                time.sleep(0.05)
            screen.press("C-c")
            assert screen.code() == 130
            left_clean(screen)


def test_ctrl_c(opened: Open) -> None:
    """Exit code 130, one line, and the terminal as it was."""
    with opened() as screen:
        screen.wait(WAITING)
        screen.press("C-c")
        assert screen.code() == 130
        lines = left_clean(screen)
    assert "error: interrupted" in lines
    assert not any("^C" in line for line in lines)


def test_a_browser_is_waited_for(home: Path, emulator: Emulator) -> None:
    """The address whole on a line of its own, one line that counts down, and nothing left of it after Ctrl-C."""
    with window(home, "browser", "--no-browser", env=environment(home, emulator), columns=60) as screen:
        screen.wait("● Waiting for the browser · ")
        assert any(line.startswith(f"{emulator.url}/authorize?") for line in screen.lines("-J"))
        screen.press("C-c")
        assert screen.code() == 130
        assert not any("Waiting" in line for line in left_clean(screen))


def test_sigterm(opened: Open) -> None:
    """The countdown is gone, and nothing is drawn any more."""
    with opened() as screen:
        screen.wait(WAITING)
        os.kill(screen.pid(), signal.SIGTERM)
        assert screen.code() == 143
        left_clean(screen)


def test_resized(opened: Open, emulator: Emulator) -> None:
    """Narrower, wider and back: one countdown all the time, the address can still be copied whole, and no remains."""
    with opened("-v") as screen:
        screen.wait(WAITING)
        (code,) = emulator.service.waiting()
        for columns, words in ((40, WAITING), (20, "left"), (100, WAITING)):
            screen.resize(columns)
            polled = len(emulator.service.log)
            end = time.monotonic() + PATIENCE
            while len(emulator.service.log) < polled + 1:  # a log line was written meanwhile
                assert time.monotonic() < end
                time.sleep(0.05)
            screen.wait(words)
            assert sum(" left" in line for line in screen.lines()) <= 1, screen.lines()
        decided(emulator, approve=True)
        assert screen.code() == 0
        left_clean(screen)
        assert f"{emulator.url}/device?user_code={code}" in [line.rstrip() for line in screen.lines("-J")]


def test_scrolled(opened: Open, emulator: Emulator) -> None:
    """In a window lower than the panel with log lines coming in, what scrolls off is whole and stands there once."""
    with opened("-v", rows=8) as screen:
        screen.wait("CreateToken: 400")
        decided(emulator, approve=True)
        assert screen.code() == 0
        lines = left_clean(screen)
    assert sum("Logging in to my-sso" in line for line in lines) == 1
    assert sum(line.startswith("╰") for line in lines) == 1


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "true"}, {"CLICOLOR": "0"}], ids=str)
def test_plain(home: Path, emulator: Emulator, env: dict[str, str]) -> None:
    """Sentences, line by line, and not one escape sequence."""
    pexpect = pytest.importorskip("pexpect")
    command, *words = COMMAND
    whole = {**clean(environment(home, emulator)), "TERM": "xterm-256color", **env}
    child = pexpect.spawn(
        command, [*words, "device", "--no-browser"], env=whole, dimensions=(40, 80), encoding="utf-8", timeout=60
    )
    child.expect("Waiting for approval; the code is good for another")
    said = child.before
    decided(emulator, approve=True)
    said += child.read()
    child.close()
    assert child.exitstatus == 0, said
    assert "\x1b" not in said
    assert "    Code:  " in said
    assert "Signed in: session my-sso, token good for" in said


def test_a_qr_code_where_no_browser_can_open(home: Path) -> None:
    """By itself in a window that is tall enough, below the code; not in one that is not."""
    with running(Settings(interval=1, approve=True)) as emulator:
        env = environment(home, emulator)
        for rows, drawn in ((60, True), (24, False)):
            with window(home, "device", "--force", env={**env, "PATH": "/nowhere"}, rows=rows) as screen:
                assert screen.code() == 0
                assert "No browser could be opened here" in screen.text()
                assert any("█▀▀▀▀▀█" in line for line in screen.lines()) is drawn


@pytest.mark.parametrize(
    ("columns", "columns_shown"), [(140, {"REGISTRATION", "START URL"}), (80, {"TOKEN", "STORE", "REGION"})]
)
def test_status_is_a_table(home: Path, columns: int, columns_shown: set[str]) -> None:
    """With a bar, in colours, and no line is folded; without colours the bar is still one."""
    with running(Settings(interval=1, approve=True)) as emulator:
        env = environment(home, emulator)
        assert process("device", "--no-browser", env=env).code == 0
        with window(home, "status", env=env, columns=columns) as screen:
            assert screen.code() == 0
            coloured = "\n".join(screen.lines("-e"))
            lines = screen.lines()
        assert len([line for line in lines if "my-sso" in line]) == 1
        assert all(heading in lines[0] for heading in columns_shown)
        assert "━━━━━━━━ 59 min" in lines[1]
        assert "\x1b[32mvalid" in coloured
        with window(home, "status", env={**env, "NO_COLOR": "1"}, columns=columns) as screen:
            assert screen.code() == 0
            assert "\x1b[32m" not in "\n".join(screen.lines("-e"))
            assert screen.lines()[:2] == lines[:2]
