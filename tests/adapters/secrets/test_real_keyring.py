"""A real gnome-keyring in each of its states; the children run with an environment of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring

pytestmark = needs_keyring

ENTRY = "sso-login:sso:my-sso"
ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, sys
from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.core.errors import StorageError
interactive = sys.argv[1] == "interactive"
entries = KeyringEntries(env=os.environ, interactive=interactive, notify=print, home=os.environ["HOME"] + "/state")
operation, *arguments = sys.argv[2:]
try:
    print(getattr(entries, operation)(*arguments))
except StorageError as error:
    print(f"{type(error).__name__}: {error.message}")
"""


def run(host: KeyringHost, *arguments: str, mode: str = "unattended", **env: str) -> str:
    """Do one operation on the keyring in a process of its own, where every leak of a socket is an error on stderr."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, mode, *arguments]
    environment = {**host.env, "PYTHONPATH": str(ROOT), **env}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.fixture(scope="module")
def unlocked() -> Iterator[KeyringHost]:
    """Run one unlocked keyring for the tests that leave it as it was."""
    with keyring_host(State.UNLOCKED) as host:
        yield host


def test_what_is_written_lies_in_the_keyring_and_nowhere_else(unlocked: KeyringHost) -> None:
    """secret-tool finds the secret under service and username; the home folder holds no trace of it."""
    assert run(unlocked, "check") == "None"
    assert run(unlocked, "write", ENTRY, "marked-secret") == "None"
    assert unlocked.lookup(ENTRY) == "marked-secret"
    assert run(unlocked, "read", ENTRY) == "marked-secret"
    for path in unlocked.home.rglob("*"):
        assert path.is_dir() or b"marked-secret" not in path.read_bytes()
    assert run(unlocked, "delete", ENTRY) == "True"
    assert unlocked.lookup(ENTRY) is None
    assert run(unlocked, "delete", ENTRY) == "False"
    assert unlocked.lookup("sso-login:check") is None


def test_a_plaintext_backend_in_the_environment_is_ignored(unlocked: KeyringHost) -> None:
    """Whatever PYTHON_KEYRING_BACKEND, keyringrc.cfg or KEYRING_PROPERTY_* say, the Secret Service it is."""
    config = unlocked.home / ".config" / "python_keyring"
    config.mkdir(parents=True, exist_ok=True)
    (config / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    backend = "keyring.backends.null.Keyring"
    run(unlocked, "write", ENTRY, "kept", PYTHON_KEYRING_BACKEND=backend, KEYRING_PROPERTY_PREFERRED_COLLECTION="/x")
    assert unlocked.lookup(ENTRY) == "kept"
    run(unlocked, "delete", ENTRY)


def test_items_in_other_collections_go_too(unlocked: KeyringHost) -> None:
    """Logging out removes what lies under our name in another unlocked collection as well."""
    command = ["secret-tool", "store", "--collection=session", "--label=x", "service", ENTRY, "username", "sso-login"]
    subprocess.run(command, env=unlocked.env, input=b"older", timeout=120, check=True)
    assert unlocked.lookup(ENTRY) == "older"
    assert run(unlocked, "read", ENTRY) == "None"
    assert run(unlocked, "delete", ENTRY) == "True"
    assert unlocked.lookup(ENTRY) is None


def test_an_entry_that_is_not_text_is_a_bad_record_and_goes(unlocked: KeyringHost) -> None:
    """Binary content under our name is refused, and removed by a deletion."""
    command = ["secret-tool", "store", "--label=x", "service", ENTRY, "username", "sso-login"]
    subprocess.run(command, env=unlocked.env, input=b"\xff\xfe\x00", timeout=120, check=True)
    assert run(unlocked, "read", ENTRY).startswith("BadRecord: an entry in the SecretService keyring is not text")
    assert run(unlocked, "delete", ENTRY) == "True"
    assert run(unlocked, "read", ENTRY) == "None"


@pytest.mark.parametrize(
    ("state", "mode", "says"),
    [
        (State.LOCKED, "unattended", "StoreUnusable: the keyring is locked"),
        (State.LOCKED, "interactive", "StoreUnusable: "),
        (State.NO_COLLECTION, "unattended", "StoreUnusable: the keyring has no default collection"),
        (State.NO_COLLECTION, "interactive", "StoreUnusable: the keyring has no default collection"),
        (State.NO_DAEMON, "unattended", "StoreUnusable: no keyring service answers"),
    ],
    ids=str,
)
def test_an_unusable_keyring_is_known_at_once(state: State, mode: str, says: str) -> None:
    """Locked, without collection or without daemon: reading, writing and checking say so, and no prompt appears."""
    with keyring_host(state) as host:
        for operation in (["check"], ["read", ENTRY], ["write", ENTRY, "text"]):
            # Nobody can answer the prompt of an interactive run here; gnome-keyring then gives up by itself.
            found = run_quietly(host, *operation, mode=mode)
            assert found.startswith(says)


def run_quietly(host: KeyringHost, *arguments: str, mode: str) -> str:
    """Do one operation without minding what keyring itself leaves open when an unlock is refused."""
    command = [sys.executable, "-c", PROGRAM, mode, *arguments]
    env = {**host.env, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True).stdout.strip()


def test_no_bus_is_known_at_once(unlocked: KeyringHost) -> None:
    """With an address nobody listens at, the keyring is unusable."""
    found = run(unlocked, "read", ENTRY, DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere/bus")
    assert found.startswith("StoreUnusable: ")
