"""`doctor` on a real gnome-keyring in each of its states: the exact word for it, in time, and nothing touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import environment, process
from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring

pytestmark = needs_keyring


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Run an emulator that approves by itself."""
    with running(Settings(interval=1, approve=True)) as made:
        yield made


@pytest.fixture(scope="module")
def host() -> Iterator[KeyringHost]:
    """Run one keyring, unlocked, for all of them."""
    with keyring_host() as made:
        yield made


@pytest.fixture
def env(host: KeyringHost, emulator: Emulator) -> dict[str, str]:
    """Log in on the unlocked keyring unless somebody has, and give the environment."""
    made = {**host.env, **environment(host.home, emulator), "XDG_RUNTIME_DIR": host.env["XDG_RUNTIME_DIR"]}
    del made["SSO_LOGIN_STORE"]
    host.become(State.UNLOCKED)
    if host.lookup("sso-login:sso:my-sso") is None:
        login = process("device", "--force", env=made)
        assert login.code == 0, login.err
    return made


def doctor(env: Mapping[str, str]) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Run it, and give the exit code and what it says: status and message by check."""
    ran = process("doctor", "--json", env=env)
    assert ran.err == ""
    said: dict[str, list[tuple[str, str]]] = {}
    for finding in json.loads(ran.out):
        said.setdefault(finding["check"], []).append((finding["status"], finding["message"]))
        assert finding["remedy"] or finding["status"] == "ok"
    return ran.code, said


def test_an_unlocked_keyring_with_a_login_is_fine(host: KeyringHost, env: dict[str, str]) -> None:
    """The bus and the keyring are said to be there; nothing is written into it, and another backend is ignored."""
    code, said = doctor({**env, "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"})
    assert code == 0, said
    assert said["D-Bus"][0][0] == "ok"
    assert said["keyring"][0] == ("ok", "the SecretService keyring answers and is unlocked")
    ignored = "PYTHON_KEYRING_BACKEND names keyrings.alt.file.PlaintextKeyring; sso-login ignores it"
    assert said["keyring"][1][1].startswith(ignored)
    assert any("kept in the OS keyring (SecretService)" in message for _, message in said["session"])
    assert host.lookup("sso-login:check") is None


def test_a_bus_that_no_variable_names_is_found(env: dict[str, str]) -> None:
    """As under cron: the socket `bus` in the runtime folder."""
    del env["DBUS_SESSION_BUS_ADDRESS"]
    code, said = doctor(env)
    assert code == 0, said
    assert "the bus was found at unix:path=" in said["D-Bus"][0][1]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.LOCKED, "the keyring is locked"),
        (State.NO_DAEMON, "no keyring service answers on the D-Bus session bus"),
        ("frozen", "the SecretService keyring did not answer within 3 s"),
        ("no bus", "no keyring: no D-Bus session bus answers at unix:path=/nowhere/bus"),
        (State.NO_COLLECTION, "the keyring has no default collection"),
    ],
    ids=str,
)
def test_each_state_has_its_own_word(host: KeyringHost, env: dict[str, str], state: State | str, says: str) -> None:
    """A failure within the deadline, without a prompt; the session in it is a failure with the same remedy."""
    now = env
    if isinstance(state, State):
        host.become(state)
    elif state == "frozen":
        host.freeze()
    else:
        now = {**env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus"}
    code, said = doctor(now)
    assert code == 1
    assert said["keyring"] == [("fail", says)]
    assert said["D-Bus"][0][0] == ("fail" if state == "no bus" else "ok")
    assert [status for status, message in said["session"] if "which cannot be read now" in message] == ["fail"]


def test_a_keyring_that_nobody_uses_is_not_looked_at(host: KeyringHost, emulator: Emulator) -> None:
    """With the file store, and no login in the keyring, a frozen daemon is nobody's business."""
    host.become(State.UNLOCKED)
    host.freeze()
    home = host.home / "another"
    home.mkdir()
    code, said = doctor({**host.env, **environment(home, emulator)})
    assert code == 0, said
    assert said["keyring"] == [("ok", "not used: no login lies there, and new ones go into files")]
    assert "D-Bus" not in said
