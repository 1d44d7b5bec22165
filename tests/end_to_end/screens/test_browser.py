"""A human in a real browser approves while `sso-login device` polls in real time."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import COMMAND, clean, environment, process


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Run an emulator that lets itself be polled every second."""
    with running(Settings(interval=1)) as made:
        yield made


def decided(home: Path, emulator: Emulator, browser: WebDriver, *, button: str) -> tuple[int, str]:
    """Start a login, press the button on its page, and give the exit code and what stood on stderr."""
    env = clean(environment(home, emulator))
    child = subprocess.Popen([*COMMAND, "device"], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with child:
        assert child.stderr
        shown = ""
        while "or:  " not in shown:
            line = child.stderr.readline()
            assert line, shown
            shown += line
        code = re.search(r"Code:  (\S+)", shown)
        url = re.search(r"or: +(\S+)", shown)
        assert code
        assert url
        browser.get(url[1])
        assert code[1] in browser.find_element(By.TAG_NAME, "main").text
        browser.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        rest = child.stderr.read()
        return child.wait(timeout=60), shown + rest


def test_a_login_approved_in_the_browser(home: Path, emulator: Emulator, browser: WebDriver) -> None:
    """The page shows the code of the terminal; Approve ends the polling, and a new process has the token."""
    code, err = decided(home, emulator, browser, button="Approve")
    assert code == 0, err
    assert "Signed in: session my-sso" in err
    token = process("token", env=environment(home, emulator))
    assert (token.code, token.err) == (0, "")
    assert len(token.out.strip()) > 20


def test_a_login_denied_in_the_browser(home: Path, emulator: Emulator, browser: WebDriver) -> None:
    """Deny ends it with exit 4."""
    code, err = decided(home, emulator, browser, button="Deny")
    assert (code, "denied in the browser" in err) == (4, True)
