"""One refresh for N real processes that find the same token too old, also when the one that renews is killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import Ran, environment
from tests.support.stores.keyring_host import keyring_host, needs_keyring
from tests.support.terminal.desk import desk, finished, holds_open, renewals, started, until, unwatched

STRICT = Settings(rotation="strict", interval=1, approve=True)
CROWD = 10  # so many at least wait for the lock before its holder is killed

# Makes a stored token end at the epoch, through the program's own store.
AGE = """
import os
from dataclasses import replace
from sso_login.world import World
world = World(dict(os.environ), notify=print)
card = world.cards.read("my-sso")
store = world.store(card.store)
session = store.load("my-sso")
store.save(replace(session, token=replace(session.token, expires_at=1, issued_at=0)))
"""

kinds = pytest.mark.parametrize(
    ("kind", "number"), [("file", 100), pytest.param("keyring", 16, marks=needs_keyring)], ids=["file", "keyring"]
)


@dataclass(frozen=True)
class Expired:
    """A login whose token has just expired, and the emulator that it was made with."""

    emulator: Emulator
    env: Mapping[str, str]

    def ask(self, number: int) -> list[subprocess.Popen[str]]:
        """Start so many processes that want a token."""
        return [started("token", env=self.env) for _ in range(number)]

    @property
    def lock(self) -> Path:
        """The session's lock file."""
        return Path(self.env["SSO_LOGIN_HOME"], "locks", "my-sso").resolve()


@contextmanager
def expired(kind: str, folder: Path) -> Iterator[Expired]:
    """Log in with that store, and let the token be over."""
    with place(kind, folder) as login:
        ran = finished(started("device", "--no-browser", env=login.env))
        assert ran.code == 0, ran.err
        subprocess.run([sys.executable, "-c", AGE], env=unwatched(login.env), check=True, timeout=120)
        yield login


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Expired]:
    """Give a home with that store and an emulator."""
    if kind == "file":
        with desk(folder, STRICT) as at:
            yield Expired(at.emulator, at.env)
        return
    with keyring_host() as host, running(STRICT) as emulator:
        env = {**host.env, **environment(host.home, emulator)}
        del env["SSO_LOGIN_STORE"]
        yield Expired(emulator, env)


def all_have_one_token(ran: Sequence[Ran]) -> None:
    """Check that every process printed the same token."""
    assert [each for each in ran if each.code != 0] == []
    assert len({each.out for each in ran}) == 1
    assert len(ran[0].out.strip()) > 100


@kinds
def test_one_refresh_for_all(home: Path, kind: str, number: int) -> None:
    """All find the token expired at once: one CreateToken, everybody exits 0 with the same new token."""
    with expired(kind, home) as login:
        asked = login.emulator.service.calls["CreateToken"]
        all_have_one_token([finished(child) for child in login.ask(number)])
        assert login.emulator.service.calls["CreateToken"] == asked + 1
        assert renewals(login.emulator) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc to see who waits")
@kinds
def test_one_refresh_for_all_though_the_first_is_killed(home: Path, kind: str, number: int) -> None:
    """The one that renews dies by SIGKILL while it waits for the answer: nobody sends the token again at once.

    The lock is free at once, all others end with 5; the next renewal, here one that is forced, is good for everybody.
    """
    with expired(kind, home) as login:
        asked = login.emulator.service.calls["CreateToken"]
        login.emulator.service.order(Fault("CreateToken", delivery="hang"))
        (first,) = login.ask(1)
        until(lambda: login.emulator.service.calls["CreateToken"] == asked + 1)
        rest = login.ask(number - 1)
        until(lambda: sum(holds_open(child, login.lock) for child in rest) >= CROWD)
        first.kill()
        assert finished(first).out == ""
        assert {finished(child).code for child in rest} == {5}
        assert login.emulator.service.calls["CreateToken"] == asked + 1
        assert finished(started("refresh", "--force", env=login.env)).code == 0
        all_have_one_token([finished(child) for child in login.ask(number)])
        assert login.emulator.service.calls["CreateToken"] == asked + 2
        assert renewals(login.emulator) == 1
