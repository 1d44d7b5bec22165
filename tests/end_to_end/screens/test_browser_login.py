"""`sso-login browser` at a real terminal: a human in a real browser, and one who pastes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import COMMAND, clean, environment, process
from tests.support.terminal.desk import PATIENCE, until
from tests.support.visitor import opened

pexpect = pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
APPROVE = Settings(approve=True)


@contextmanager
def at_terminal(env: dict[str, str], *argv: str) -> Iterator[Any]:
    """Run the program at a terminal of its own."""
    whole = {**clean(env), "TERM": "dumb"}  # lines to look for; the panel has tests of its own
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], *argv], env=whole, encoding="utf-8", timeout=PATIENCE)
    try:
        yield child
    finally:
        child.close(force=True)


def ended(child: Any) -> tuple[int, str]:  # noqa: ANN401 - pexpect has no types
    """Wait for the end: exit code, and what was said since the last look."""
    child.expect(pexpect.EOF)
    said = child.before.replace("\r\n", "\n")
    child.close()
    return child.exitstatus, said


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """Make a browser that only writes down the address it is given."""
    script, seen = tmp_path / "recorder", shlex.quote(str(tmp_path / "seen"))
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}.part && mv {seen}.part {seen}\n')
    script.chmod(0o755)
    return script


def decided(env: dict[str, str], recorder: Path, browser: WebDriver, *, button: str) -> tuple[int, str]:
    """Log in, press the button on the page, stay on our own page: exit code and what the terminal showed in the end."""
    seen = recorder.with_name("seen")
    with at_terminal({**env, "BROWSER": str(recorder)}, "browser") as child:
        child.expect("Waiting for the browser")
        until(seen.exists)
        browser.get(seen.read_text())
        browser.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        until(lambda: urlsplit(browser.current_url).path == "/oauth/callback")
        return ended(child)


def looks_clean(browser: WebDriver) -> None:
    """Check our page as the browser sees it: nothing from elsewhere, nothing against its own policy, no secret."""
    assert "you can close this tab." in browser.find_element(By.TAG_NAME, "main").text
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium's own
    secrets = re.findall(r"(?:code|state)=([^&]+)", browser.current_url)
    assert not [secret for secret in secrets if secret in browser.page_source]
    colour = browser.find_element(By.TAG_NAME, "main").value_of_css_property("border-top-left-radius")
    assert colour == "14px"  # the one style sheet is let through by the policy


def test_a_login_approved_in_the_browser(home: Path, recorder: Path, browser: WebDriver) -> None:
    """Approve leads to our own page, the terminal says that it is signed in, and a new process has the token."""
    with running(Settings()) as emulator:
        env = environment(home, emulator)
        code, said = decided(env, recorder, browser, button="Approve")
        assert code == 0, said
        assert "Signed in: session my-sso" in said
        assert browser.find_element(By.TAG_NAME, "h1").text == "Approved"
        looks_clean(browser)
        token = process("token", env=env)
        assert (token.code, token.err) == (0, "")
        assert emulator.service.calls["StartDeviceAuthorization"] == 0


def test_a_login_denied_in_the_browser(home: Path, recorder: Path, browser: WebDriver) -> None:
    """Deny ends it with exit 4, and our own page says so."""
    with running(Settings()) as emulator:
        code, said = decided(environment(home, emulator), recorder, browser, button="Deny")
    assert (code, "error: the request was denied in the browser" in said) == (4, True)
    assert browser.find_element(By.TAG_NAME, "h1").text == "Not signed in"


@contextmanager
def pasting(home: Path, *argv: str) -> Iterator[tuple[Any, Emulator, str]]:
    """Run `browser --paste` to its prompt; give the child, and the address that the browser elsewhere ends at."""
    with running(APPROVE) as emulator, at_terminal(environment(home, emulator), "browser", "--paste", *argv) as child:
        child.expect(r"Open:\s+(http://\S+)\r\n")
        _, address, _ = opened(child.match[1])
        child.expect("then press Enter:\r\n")
        yield child, emulator, address


def test_the_address_is_pasted_and_not_shown(home: Path) -> None:
    """A slip is asked for again, corrections count, and the code never stands on the screen."""
    with pasting(home) as (child, emulator, address):
        child.waitnoecho(PATIENCE)
        child.sendline("yes")
        child.expect("warning: that is not the address")
        child.send("no such\x15xy\x7f\x7f")
        child.sendline(f"\x1b[200~{address}\x1b[201~")
        code, said = ended(child)
        assert code == 0, said
        assert "Signed in: session my-sso" in said
        assert not [part for part in urlsplit(address).query.split("&") if part in said]
        assert process("token", env=environment(home, emulator)).code == 0


def test_an_address_longer_than_a_terminals_line(home: Path) -> None:
    """Terminals cut a line at 4,096 characters (1,024 on macOS); what is pasted here may be longer."""
    with pasting(home) as (child, _, address):
        child.waitnoecho(PATIENCE)
        child.sendline(f"{address}&session={'x' * 8000}")
        assert ended(child)[0] == 0


@pytest.mark.parametrize(
    ("sent", "argv", "code", "words"),
    [
        ("http://127.0.0.1:{port}/oauth/callback?code=c&state=s\n", (), 4, "is the end of another login"),
        ("\x04", (), 4, "nothing was pasted"),
        ("\x03", (), 130, "interrupted"),
        ("", ("--timeout", "1s"), 4, "no answer came from the browser within 1 s"),
    ],
    ids=["another login", "Ctrl-D", "Ctrl-C", "timeout"],
)
def test_pasting_ends_without_a_login(home: Path, sent: str, argv: tuple[str, ...], code: int, words: str) -> None:
    """Exit 4 or 130 with a line that says why, nothing is sent, and the terminal shows again what is typed."""
    with pasting(home, *argv) as (child, emulator, address):
        if sent:
            child.waitnoecho(PATIENCE)
        child.send(sent.format(port=urlsplit(address).port))
        child.expect(f"error: [^\n]*{words}")
        assert child.getecho()
        assert ended(child)[0] == code
        assert emulator.service.calls["CreateToken"] == 0
