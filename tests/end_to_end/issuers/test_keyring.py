"""A login at an issuer in a real keyring: its record, its client secret, and the hot path over the bus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import process
from tests.support.stores.keyring_host import keyring_host, needs_keyring

pytestmark = needs_keyring
SECRET = "secret-EMULATED"


@pytest.fixture
def place() -> Iterator[tuple[Emulator, Mapping[str, str]]]:
    """Give an issuer that approves by itself, and the environment of a user with a keyring and no config yet."""
    with keyring_host() as host, running(Settings(issuer=True, interval=1, approve=True)) as emulator:
        yield emulator, {**host.env, "SSO_LOGIN_HOME": str(host.home / "state")}


def test_secret_and_login_lie_in_the_keyring_and_nowhere_else(place: tuple[Emulator, Mapping[str, str]]) -> None:
    """The secret outlives a logout; no file of the home has a word of any of it."""
    emulator, env = place
    line = ("--issuer", emulator.url, "--client-id", "sso-login-confidential", "--client-secret-stdin")
    ran = process("configure", "issuer", "corp", *line, env=env, stdin=SECRET)
    assert ran.code == 0, ran.err
    assert "SecretService" in ran.err
    for _ in range(2):
        ran = process("device", env=env)
        assert ran.code == 0, ran.err
        token = process("token", env=env).out
        assert process("refresh", "--force", env=env).code == 0
        assert process("token", "corp", env=env).out not in {"", token}
        home = Path(env["HOME"])
        texts = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
        assert all(b"EMULATED" not in text for text in texts)
        ran = process("logout", env=env)
        assert (ran.code, ran.err) == (0, "corp: signed out\n")
    assert emulator.service.calls["Revoke"] == 2


def test_another_secret_takes_the_place_of_the_first(place: tuple[Emulator, Mapping[str, str]]) -> None:
    """And one that is not wanted any more is gone: a public client is asked for nothing."""
    emulator, env = place
    line = ("configure", "issuer", "corp", "--issuer", emulator.url, "--client-id")
    process(*line, "sso-login-confidential", "--client-secret-stdin", env=env, stdin="wrong")
    assert process("device", env=env).code == 6
    process("configure", "issuer", "corp", "--client-secret-stdin", env=env, stdin=SECRET)
    assert process("device", env=env).code == 0
    assert process(*line, "sso-login", env=env).code == 0
    assert process("token", env=env).code == 3
    assert process("device", env=env).code == 0
