"""The whole job on a real gnome-keyring: login, token in a new process, and no secret in the home folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import environment, process
from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring

pytestmark = needs_keyring
MARKER = "MARKED-SECRET"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Run an emulator that approves by itself, whose secrets can be searched for."""
    with running(Settings(interval=1, approve=True, marker=MARKER)) as made:
        yield made


def wired(host: KeyringHost, emulator: Emulator) -> dict[str, str]:
    """Give the environment of a desktop session with that keyring, and no store chosen."""
    env = {**host.env, **environment(host.home, emulator)}
    del env["SSO_LOGIN_STORE"]
    return env


def leaks(folder: Path) -> list[Path]:
    """Find the files that hold a secret."""
    return [path for path in folder.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]


def test_the_main_job_on_a_real_keyring(emulator: Emulator) -> None:
    """Tokens lie in the keyring, where secret-tool finds them, and nowhere in the home folder."""
    with keyring_host() as host:
        env = wired(host, emulator)
        login = process("device", env=env)
        assert login.code == 0, login.err
        assert "kept in the OS keyring (SecretService)" in login.err
        token = process("token", env=env)
        assert (token.code, token.err, MARKER in token.out) == (0, "", True)
        record = host.lookup("sso-login:sso:my-sso")
        assert record
        assert record.splitlines()[3] == token.out.strip()
        assert leaks(host.home) == []
        assert [entry["store"] for entry in process("status", "--json", env=env).json()] == ["keyring"]


def test_renewal_and_logout_on_a_real_keyring(emulator: Emulator) -> None:
    """Refresh replaces the record, logout leaves nothing."""
    with keyring_host() as host:
        env = wired(host, emulator)
        process("device", env=env)
        before = host.lookup("sso-login:sso:my-sso")
        assert process("refresh", "--force", env=env).code == 0
        after = host.lookup("sso-login:sso:my-sso")
        assert after
        assert after != before
        assert process("logout", env=env).code == 0
        assert host.lookup("sso-login:sso:my-sso") is None
        assert process("token", env=env).code == 3


@pytest.mark.parametrize("state", [State.LOCKED, State.NO_COLLECTION, State.NO_DAEMON])
def test_a_keyring_that_cannot_be_used_is_found_out_first(emulator: Emulator, state: State) -> None:
    """Locked, without a collection, without a daemon: exit 7 with the remedy before anybody is asked anything."""
    with keyring_host(state) as host:
        ran = process("device", env=wired(host, emulator))
        assert (ran.code, "Traceback" in ran.err, leaks(host.home)) == (7, False, [])
        assert "SSO_LOGIN_STORE=file" in ran.err
    assert sum(emulator.service.calls.values()) == 0


def test_a_keyring_that_hangs_ends_at_the_deadline(emulator: Emulator) -> None:
    """A daemon stopped with SIGSTOP answers nothing, ever: exit 7, never a hang."""
    with keyring_host() as host:
        env = wired(host, emulator)
        assert process("device", env=env).code == 0
        host.freeze()
        ran = process("token", env=env)
        host.thaw()
        assert (ran.code, ran.out) == (7, "")
        assert process("token", env=env).code == 0


def test_a_plaintext_backend_is_never_taken(emulator: Emulator) -> None:
    """PYTHON_KEYRING_BACKEND and keyringrc.cfg choose nothing here."""
    with keyring_host(State.NO_DAEMON) as host:
        env = {**wired(host, emulator), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        assert process("device", env=env).code == 7
