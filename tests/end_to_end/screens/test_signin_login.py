"""`sso-login signin` for real: a human in a real browser, one who pastes, many processes, and boto3 beside us."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from sso_login.adapters.secrets.file_store import FileEntries
from sso_login.core import process as credential_process
from sso_login.core.model import Session
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.storage.session_store import SessionStore
from tests.end_to_end.screens.test_browser_login import at_terminal, ended, looks_clean, recorder
from tests.support.shell import Ran, environment
from tests.support.terminal.desk import PATIENCE, finished, renewals, started, until, unwatched
from tests.support.visitor import as_browser, opened

__all__ = ["recorder"]  # a fixture

pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
APPROVE: Final = Settings(approve=True)
WORK: Final = ("signin", "--region", "us-east-1", "--profile", "work")
ARN: Final = "arn:aws:iam::111122223333:user/harbour-master"
IDENTITY: Final = "import boto3; print(boto3.Session(profile_name='work').client('sts').get_caller_identity()['Arn'])"
KEY: Final = (
    "import boto3; s = boto3.Session(profile_name='work'); "
    "print(s.get_credentials().get_frozen_credentials().access_key)"
)


def pointed(home: Path, emulator: Emulator) -> dict[str, str]:
    """Give the environment that points at the emulator, for ourselves and the SDKs."""
    env = environment(home, emulator)
    return {**env, "AWS_ENDPOINT_URL": emulator.url, "NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true"}


def decided(env: dict[str, str], recorder: Path, browser: WebDriver, *, button: str) -> tuple[int, str]:
    """Log in, press the button on the page, stay on our own page: exit code and what the terminal showed in the end."""
    seen = recorder.with_name("seen")
    with at_terminal({**env, "BROWSER": str(recorder)}, *WORK) as child:
        child.expect("Waiting for the browser")
        until(seen.exists)
        browser.get(seen.read_text())
        browser.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        until(lambda: urlsplit(browser.current_url).path == "/oauth/callback")
        return ended(child)


def test_a_login_approved_in_the_browser(home: Path, recorder: Path, browser: WebDriver) -> None:
    """Approve leads to our own page, and the terminal says who is signed in."""
    with running(Settings()) as emulator:
        code, said = decided(pointed(home, emulator), recorder, browser, button="Approve")
        assert code == 0, said
        assert ARN in "".join(said.split("\n"))
        assert browser.find_element(By.TAG_NAME, "h1").text == "Approved"
        looks_clean(browser)
        assert emulator.service.calls["CreateOAuth2Token"] == 1


def test_a_login_denied_in_the_browser(home: Path, recorder: Path, browser: WebDriver) -> None:
    """Deny ends it with exit 4, and our own page says so."""
    with running(Settings()) as emulator:
        code, said = decided(pointed(home, emulator), recorder, browser, button="Deny")
        assert (code, "error: the request was denied in the browser" in said) == (4, True)
        assert browser.find_element(By.TAG_NAME, "h1").text == "Not signed in"
        assert emulator.service.calls["CreateOAuth2Token"] == 0


def code_on(page: str) -> str:
    """Find the code that AWS's page shows for pasting: the longest word of it."""
    return max((unescape(word) for word in page.replace("<", " ").replace(">", " ").split()), key=len)


@contextmanager
def pasting(home: Path, *argv: str) -> Iterator[tuple[Any, Emulator, str]]:
    """Run `signin --remote` to its prompt; give the child, and the code that the page elsewhere shows."""
    with running(APPROVE) as emulator, at_terminal(pointed(home, emulator), *WORK, "--remote", *argv) as child:
        child.expect(r"Open:\s+(http://\S+)\r\n")
        page = opened(opened(child.match[1])[1])[2]
        child.expect("then press Enter:\r\n")
        yield child, emulator, code_on(page)


def test_the_code_is_pasted_and_not_shown(home: Path) -> None:
    """A slip is asked for again, and the code never stands on the screen."""
    with pasting(home) as (child, emulator, code):
        child.waitnoecho(PATIENCE)
        child.sendline("yes")
        child.expect("warning: that is not the code")
        child.sendline(f"\x1b[200~{code}\x1b[201~")
        exit_code, said = ended(child)
        assert exit_code == 0, said
        assert ARN in "".join(said.split("\n"))
        assert code not in said
        assert emulator.service.calls["CreateOAuth2Token"] == 1


@pytest.mark.parametrize(
    ("sent", "argv", "code", "words"),
    [
        ("Y29kZT1jJnN0YXRlPXRoZWlycw==\n", (), 4, "is the end of another login"),
        ("\x04", (), 4, "nothing was pasted"),
        ("\x03", (), 130, "interrupted"),
        ("", ("--timeout", "1s"), 4, "no answer came from the browser within 1 s"),
    ],
    ids=["another login", "Ctrl-D", "Ctrl-C", "timeout"],
)
def test_pasting_ends_without_a_login(home: Path, sent: str, argv: tuple[str, ...], code: int, words: str) -> None:
    """Exit 4 or 130 with a line that says why; no hint leads to another command, and nothing is sent."""
    with pasting(home, *argv) as (child, emulator, _):
        if sent:
            child.waitnoecho(PATIENCE)
        child.send(sent)
        child.expect(f"error: [^\n]*{words}")
        exit_code, said = ended(child)
        assert (exit_code, "sso-login browser" in said) == (code, False)
        assert emulator.service.calls["CreateOAuth2Token"] == 0


@dataclass(frozen=True)
class Login:
    """A login by AWS Sign-In in the file store that the SDKs have, too."""

    env: dict[str, str]
    emulator: Emulator

    def run(self, *argv: str) -> Ran:
        """Run the program, without any browser."""
        return finished(started(*argv, env={**self.env, "BROWSER": "no-such-program"}))

    def boto3(self, code: str) -> str:
        """Run somebody else's program, and give what it prints."""
        env = unwatched(self.env)
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def signed_in(self) -> None:
        """Let ours be as fresh as a login has to be, which asks nobody."""
        ran = self.run("signin", "--profile", "work", "--timeout", "0")
        assert (ran.code, "Already signed in" in ran.err) == (0, True), ran

    @property
    def store(self) -> SessionStore:
        """Our own store."""
        return SessionStore(FileEntries(self.env["SSO_LOGIN_HOME"]), "signin")

    @property
    def kept(self) -> Session:
        """What lies in it."""
        found = self.store.load("work")
        assert found is not None
        return found

    @property
    def key(self) -> str:
        """The access key id of what we keep."""
        return credential_process.read(self.kept.token.access.reveal()).key_id

    @property
    def cache(self) -> Path:
        """The SDKs' file."""
        return Path(self.env["HOME"], ".aws/login/cache", f"{hashlib.sha256(ARN.encode()).hexdigest()}.json")

    def age(self) -> None:
        """Let the credentials be over, in both places."""
        session = self.kept
        self.store.save(replace(session, token=replace(session.token, expires_at=1, issued_at=0)))
        if self.cache.exists():
            members = json.loads(self.cache.read_text())
            members["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
            self.cache.write_text(json.dumps(members))


@contextmanager
def login(home: Path, *argv: str) -> Iterator[Login]:
    """Sign in with a browser that approves; strict rotation."""
    with running(APPROVE) as emulator:
        made = Login(pointed(home, emulator), emulator)
        config = Path(made.env["AWS_CONFIG_FILE"])
        config.write_text(config.read_text() + "[profile work]\nregion = us-east-1\n")
        with at_terminal({**made.env, "BROWSER": as_browser()}, *WORK, *argv) as child:
            code, said = ended(child)
        assert code == 0, said
        yield made


def test_boto3_uses_it_and_renews_it_and_both_follow(home: Path) -> None:
    """After `--sdk-cache` boto3 has the login; what it renews we go on with, what we renew it goes on with."""
    with login(home, "--sdk-cache") as at:
        assert at.boto3(IDENTITY) == ARN
        assert renewals(at.emulator) == 0

        at.age()
        theirs = at.boto3(KEY)
        assert renewals(at.emulator) == 1
        at.signed_in()
        assert (at.key, renewals(at.emulator)) == (theirs, 1)

        at.age()
        at.signed_in()
        assert renewals(at.emulator) == 2
        assert at.boto3(KEY) == at.key != theirs
        assert renewals(at.emulator) == 2

        at.age()
        assert at.boto3(IDENTITY) == ARN
        at.age()
        at.signed_in()
        assert renewals(at.emulator) == 4


def test_one_renewal_for_all(home: Path) -> None:
    """Eight processes find the credentials over at once: one CreateOAuth2Token, nobody asks a human."""
    with login(home) as at:
        at.age()
        env = {**at.env, "BROWSER": "no-such-program"}
        children = [started("signin", "--profile", "work", "--timeout", "0", "--json", env=env) for _ in range(8)]
        ran = [finished(child) for child in children]
        assert [each for each in ran if each.code] == []
        assert len({each.out for each in ran}) == 1
        assert renewals(at.emulator) == 1
        assert at.emulator.service.calls["CreateOAuth2Token"] == 2
