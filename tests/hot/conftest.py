"""A login that the hot path may answer for, and both ways to ask for its token."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sso_login import hot
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.core.model import Instance, Session
from sso_login.flows.stored_login import readable_card, store_kind
from sso_login.world import World
from tests.support.fakes import client, session, token
from tests.support.logins import sign_in
from tests.support.shell import Ran

START_URL = "https://example.awsapps.com/start"


@dataclass
class Both:
    """Asks for a token the hot way and the ordinary way, in the same environment."""

    env: dict[str, str]
    capsys: pytest.CaptureFixture[str]
    at_rest: float = 10.0

    def world(self, env: dict[str, str], notify: Callable[[Notice], None]) -> World:
        """Make the ordinary world, as if the config had been at rest for that many seconds."""
        world = World(env, notify=notify)
        for each in (world, world.oauth):
            each.index.began += self.at_rest
        return world

    def ordinary(self, *argv: str, **env: str) -> Ran:
        """Go the ordinary way."""

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            del attended
            return self.world({**self.env, **env}, notify)

        self.capsys.readouterr()
        code = run(["token", *argv], build=build)
        return Ran(code, *self.capsys.readouterr())

    def hot(self, *argv: str, **env: str) -> str | None:
        """Ask the hot path; None where it steps aside."""
        return hot.answer(["token", *argv], {**self.env, **env})

    def log_in(
        self,
        name: str = "my-sso",
        *,
        access: str = "the-token",
        left: float = 3600,
        start_url: str = START_URL,
        renewable: bool = True,
    ) -> Session:
        """Keep a login with that much time left."""
        now = int(time.time())
        fresh = replace(token(access), issued_at=int(now + left - 3600), expires_at=int(now + left))
        fresh = fresh if renewable else replace(fresh, refresh=None)
        known = client(issued_at=now, expires_at=now + 90 * 86400)
        made = session(name, token=fresh, client=known, instance=Instance(start_url, "us-east-1"))
        world = self.world(self.env, lambda _notice: None)
        sign_in(world, made, world.store(store_kind(readable_card(world, name), self.env)))
        return made

    @property
    def home(self) -> Path:
        """The state folder."""
        return Path(self.env["SSO_LOGIN_HOME"])

    @property
    def index(self) -> Path:
        """The folder of the index, a file a question."""
        return self.home / "questions"

    def each_question(self, edit: Callable[[Path], object]) -> None:
        """Do something to every question that is noted."""
        for path in sorted(self.index.iterdir()):
            edit(path)

    @property
    def record(self) -> Path:
        """The record of my-sso."""
        return self.home / "secrets" / "sso+my-sso"

    @property
    def card(self) -> Path:
        """The card of my-sso."""
        return self.home / "sessions" / "my-sso"

    @property
    def config(self) -> Path:
        """The AWS config file."""
        return Path(self.env["AWS_CONFIG_FILE"])


@pytest.fixture
def both(home: Path, capsys: pytest.CaptureFixture[str]) -> Both:
    """Give a login in the file store whose token the hot path may give."""
    config, runtime = home / "config", home / "run"
    runtime.mkdir(mode=0o700)
    config.write_text(f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n")
    env = {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(config),
        "SSO_LOGIN_HOME": str(home / "state"),
        "SSO_LOGIN_STORE": "file",
        "XDG_RUNTIME_DIR": str(runtime),
    }
    made = Both(env, capsys)
    made.log_in()
    for argv in ([], ["my-sso"]):
        assert made.ordinary(*argv) == Ran(0, "the-token\n", "")
    return made
