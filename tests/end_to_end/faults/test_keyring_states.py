"""A real gnome-keyring in every state it can be in, met by the program: a right answer in time, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pexpect
import pytest

from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.storage.session_store import SessionStore
from tests.support.shell import COMMAND, Ran, clean, environment, process
from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring
from tests.support.terminal.prompter import prompter

pytestmark = needs_keyring
MARKER = "MARKED-SECRET"
BOUND: Final = 30.0  # seconds; the deadline is 3, a hang is for ever
RECORD: Final = "sso-login:sso:my-sso"
UNATTENDED: Final = (("token",), ("refresh", "--all"), ("logout",), ("status", "--check"))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Run an emulator that approves by itself, whose secrets can be searched for."""
    with running(Settings(interval=1, approve=True, marker=MARKER)) as made:
        yield made


@pytest.fixture
def host() -> Iterator[KeyringHost]:
    """Run an unlocked keyring."""
    with keyring_host() as made:
        yield made


def wired(host: KeyringHost, emulator: Emulator) -> dict[str, str]:
    """Give the environment of a desktop session with that keyring, and no store chosen."""
    env = {**host.env, **environment(host.home, emulator)}
    del env["SSO_LOGIN_STORE"]
    return env


@pytest.fixture
def env(host: KeyringHost, emulator: Emulator) -> dict[str, str]:
    """Log in on the unlocked keyring, and give the environment."""
    made = wired(host, emulator)
    login = process("device", env=made)
    assert login.code == 0, login.err
    return made


def leaks(host: KeyringHost) -> list[Path]:
    """Find the files in home and runtime folder that hold a secret."""
    folders = (host.home, Path(host.env["XDG_RUNTIME_DIR"]))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if MARKER.encode() in path.read_bytes()]


def start(*argv: str, env: Mapping[str, str], **settings: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - any JSON value
    """Start the program, where `settings` are given with another keyring (tests.support.program)."""
    command: tuple[str, ...] = COMMAND
    if settings:
        command = (sys.executable, "-m", "tests.support.program", json.dumps(settings))
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*command, *argv], env=clean(env), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )


def ended(child: subprocess.Popen[str]) -> Ran:
    """Wait until it has ended, for which it has a bounded time."""
    try:
        out, err = child.communicate(timeout=BOUND)
    finally:
        child.kill()
    return Ran(child.returncode, out, err)


def assert_refused(ran: Ran, says: str) -> None:
    """Exit 7, what is wrong, the way without a keyring, and nothing else."""
    assert (ran.code, "Traceback" in ran.err, MARKER in ran.out + ran.err) == (7, False, False)
    assert says in ran.out + ran.err


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.LOCKED, "the keyring is locked"),
        (State.NO_COLLECTION, "the keyring has no default collection"),
        (State.NO_DAEMON, "no keyring service answers on the D-Bus session bus"),
        ("no bus", "no D-Bus session bus answers at unix:path=/nowhere/bus"),
    ],
    ids=str,
)
def test_a_keyring_that_went_away_is_said_at_once_and_nothing_is_forgotten(
    host: KeyringHost, emulator: Emulator, env: dict[str, str], state: State | str, says: str
) -> None:
    """Locked by a wrong password, without collection, daemon or bus: every command exits 7, tokens and card stay."""
    now = env
    if isinstance(state, State):
        host.become(state)
    else:
        now = {**env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus"}
    asked = Counter(emulator.service.calls)
    for child in [start(*argv, env=now) for argv in UNATTENDED]:
        assert_refused(ended(child), says)
    assert emulator.service.calls == asked
    assert leaks(host) == []
    if state is not State.NO_COLLECTION:
        host.become(State.UNLOCKED)
        assert process("token", env=env).code == 0


def test_a_frozen_daemon_holds_nothing_up_for_long(host: KeyringHost, emulator: Emulator, env: dict[str, str]) -> None:
    """Stopped with SIGSTOP it answers nothing: reading, checking, renewing and logging out end with exit 7."""
    asked = Counter(emulator.service.calls)
    host.freeze()
    commands = [*UNATTENDED, ("device",), ("device", "--force")]
    for argv, child in [(argv, start(*argv, env=env)) for argv in commands]:
        # What cannot be read may perhaps be removed: logout tries, and waits for that instead.
        removes = argv == ("logout",)
        says = "did not confirm a change in time" if removes else "did not answer within 3 s"
        assert_refused(ended(child), says)
    host.thaw()
    assert emulator.service.calls == asked
    assert leaks(host) == []
    assert process("token", env=env).code == 0


class TestUnknownSaves:
    """A save that was not confirmed in time may still land."""

    def test_no_token_is_spent_when_the_store_does_not_take_the_proof(
        self, host: KeyringHost, emulator: Emulator, env: dict[str, str]
    ) -> None:
        """The daemon stops at the save that proves the store writable: exit 7, the service is not even asked."""
        before = host.lookup(RECORD)
        asked = Counter(emulator.service.calls)
        ran = ended(start("refresh", "--force", env=env, seconds=3, daemon=host.daemon, stop_at=1))
        assert_refused(ran, "did not confirm a change in time; it may still land")
        assert emulator.service.calls == asked
        host.thaw()
        assert host.lookup(RECORD) == before
        assert leaks(host) == []

    @pytest.mark.parametrize("lands", [True, False])
    def test_an_answer_that_was_perhaps_not_saved_is_not_lost(
        self,
        host: KeyringHost,
        emulator: Emulator,
        env: dict[str, str],
        lands: bool,  # noqa: FBT001 - a column of the table
    ) -> None:
        """The daemon stops at the save of the answer: exit 7 and says so; landing late or never, the login lives."""
        cards = {path: path.read_bytes() for path in Path(env["SSO_LOGIN_HOME"], "sessions").iterdir()}
        before = host.lookup(RECORD)
        ran = ended(start("refresh", "--force", env=env, seconds=3, daemon=host.daemon, stop_at=2, lands=lands))
        assert_refused(ran, "it may still land")
        assert {path: path.read_bytes() for path in cards} == cards
        assert {path.parent.parent.name for path in leaks(host)} == {"sso-login"}  # the runtime folder: memory
        host.thaw()
        assert (host.lookup(RECORD) != before) is lands  # with the process gone, gnome-keyring drops what it queued
        assert process("refresh", "--force", env=env).code == 0
        assert process("token", env=env).code == 0
        assert leaks(host) == []
        assert emulator.service.calls["CreateToken"] == 3

    def test_a_deletion_that_was_not_confirmed_forgets_nothing_else(
        self, host: KeyringHost, emulator: Emulator, env: dict[str, str]
    ) -> None:
        """The daemon stops at logout's deletion: exit 7, the card stays, and the next logout finishes."""
        stop = {"seconds": 3, "daemon": host.daemon, "operation": "delete", "stop_at": 1}
        assert_refused(ended(start("logout", env=env, **stop)), "it may still land")
        assert emulator.service.calls["Logout"] == 0
        host.thaw()
        assert process("logout", env=env).err == "my-sso: signed out\n"
        assert host.lookup(RECORD) is None


class TestPrompts:
    """A locked keyring, whose owner may be asked at a terminal and nowhere else."""

    @pytest.fixture
    def locked(self, emulator: Emulator) -> Iterator[tuple[KeyringHost, dict[str, str]]]:
        """Run a locked keyring."""
        with keyring_host(State.LOCKED) as host:
            yield host, wired(host, emulator)

    def spawn(self, *argv: str, env: Mapping[str, str]) -> Any:  # noqa: ANN401 - pexpect has no types
        """Run a command line at a pseudo-terminal."""
        return pexpect.spawn(sys.executable, list(argv), env=clean(env), encoding="utf-8", timeout=BOUND)

    def test_no_prompt_pops_up_on_somebodys_desktop(
        self, locked: tuple[KeyringHost, dict[str, str]], emulator: Emulator
    ) -> None:
        """Without a terminal the owner is not asked, and neither for commands that never ask, nor with --no-input."""
        host, env = locked
        with prompter(host.address) as human:
            assert_refused(process("device", env=env), "the keyring is locked")
            for argv, says, code in (
                (("token", "my-sso"), "is not logged in", 3),
                (("device", "--no-input"), "the keyring is locked", 7),
            ):
                child = self.spawn("-m", "sso_login", *argv, env=env)
                child.expect(says)
                child.expect(pexpect.EOF)
                child.close()
                assert child.exitstatus == code
        assert human.prompts == 0
        assert sum(emulator.service.calls.values()) == 0

    def test_a_prompt_that_nobody_answers_can_be_left(self, locked: tuple[KeyringHost, dict[str, str]]) -> None:
        """At a terminal it is said what is waited for, and Ctrl-C ends it."""
        host, env = locked
        with prompter(host.address) as human:
            child = self.spawn("-m", "sso_login", "device", env=env)
            child.expect("waiting for the keyring; it may be asking for its password")
            assert human.prompts == 1
            child.sendintr()
            child.expect("error: interrupted")
            child.expect(pexpect.EOF)
            child.close()
        assert child.exitstatus == 130

    def test_a_prompt_that_nobody_answers_ends_at_the_deadline(
        self, locked: tuple[KeyringHost, dict[str, str]], emulator: Emulator
    ) -> None:
        """Whoever has gone for coffee finds exit 7, here after 3 s in place of 60, and no code was asked for."""
        host, env = locked
        with prompter(host.address) as human:
            child = self.spawn("-m", "tests.support.program", '{"seconds": 3}', "device", env=env)
            child.expect("the SecretService keyring did not answer within 3 s")
            child.expect(pexpect.EOF)
            child.close()
        assert (child.exitstatus, human.prompts, leaks(host)) == (7, 1, [])
        assert sum(emulator.service.calls.values()) == 0

    def test_a_dismissed_prompt_is_no_leave_to_write_plaintext(
        self, locked: tuple[KeyringHost, dict[str, str]], emulator: Emulator
    ) -> None:
        """After Cancel the owner is asked whether files will do; Enter means no."""
        host, env = locked
        with prompter(host.address, dismisses=True) as human:
            child = self.spawn("-m", "sso_login", "device", env=env)
            child.expect("the keyring is locked. Keep the tokens in plaintext files")
            child.sendline("")
            child.expect("error: the keyring is locked")
            child.expect(pexpect.EOF)
            child.close()
        assert (child.exitstatus, human.prompts, leaks(host)) == (7, 1, [])
        assert sum(emulator.service.calls.values()) == 0

    def test_a_keyring_without_a_prompter_is_just_locked(self, locked: tuple[KeyringHost, dict[str, str]]) -> None:
        """At a terminal without a desktop gnome-keyring cannot ask: that is a dismissed prompt, at once."""
        _host, env = locked
        child = self.spawn("-m", "sso_login", "device", env=env)
        child.expect("the keyring is locked. Keep the tokens in plaintext files")
        child.sendline("n")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 7


def age(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the stored token one that expired a moment ago."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", env["DBUS_SESSION_BUS_ADDRESS"])
    store = SessionStore(KeyringEntries(env=env, interactive=True, notify=print, home=env["SSO_LOGIN_HOME"]))
    session = store.load("my-sso")
    assert session
    now = int(time.time())
    token = replace(session.token, issued_at=now - 3_600, expires_at=now - 10)
    store.save(replace(session, token=token))


def test_sixteen_processes_share_one_renewal(
    host: KeyringHost, emulator: Emulator, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight that print the token and eight that renew, all at once: one refresh, and everyone gets the new token."""
    age(env, monkeypatch)
    argvs = [("token",), ("refresh", "--all", "--quiet")] * 8
    # A deadline for a machine that is busy with sixteen of them; how long it is is not what is tested here.
    children = [start(*argv, env=env, seconds=60) for argv in argvs]
    ran = [ended(child) for child in children]
    assert [each.code for each in ran] == [0] * 16, [each.err for each in ran]
    record = host.lookup(RECORD)
    assert record
    assert {each.out for each in ran} == {"", record.splitlines()[3] + "\n"}
    assert emulator.service.calls["CreateToken"] == 2
    assert leaks(host) == []


ALT: Final = """
import os, pathlib
from keyring.backend import KeyringBackend

trace = pathlib.Path(os.environ["ALT_FOLDER"])
(trace / "imported").touch()

class PlaintextKeyring(KeyringBackend):
    priority = 100

    def get_password(self, service, username):
        path = trace / service.replace("/", "_")
        return path.read_text() if path.exists() else None

    def set_password(self, service, username, password):
        (trace / service.replace("/", "_")).write_text(password)

    def delete_password(self, service, username):
        (trace / service.replace("/", "_")).unlink()
"""


@pytest.fixture
def alt(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Install what keyrings.alt is: a plaintext backend of the highest priority, found by its entry point.

    Gives the folder in which it leaves its traces, and the environment in which everything points at it.
    """
    packages, traces, config = tmp_path / "packages", tmp_path / "traces", tmp_path / "config"
    info = packages / "plaintext_alt-1.dist-info"
    for folder in (info, traces, config / "python_keyring"):
        folder.mkdir(parents=True)
    (packages / "plaintext_alt.py").write_text(ALT)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plaintext-alt\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[keyring.backends]\nalt = plaintext_alt\n")
    named = "plaintext_alt.PlaintextKeyring"
    (config / "python_keyring" / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={named}\n")
    path = f"{packages}:{Path(__file__).parents[3]}"
    return traces, {"PYTHONPATH": path, "ALT_FOLDER": str(traces), "XDG_CONFIG_HOME": str(config)}


class TestPlaintextBackends:
    """A plaintext backend that is installed, configured, or both, is not for us."""

    named: Final = {"PYTHON_KEYRING_BACKEND": "plaintext_alt.PlaintextKeyring"}

    def test_the_trap_is_real(self, alt: tuple[Path, dict[str, str]], host: KeyringHost) -> None:
        """`keyring` itself falls for it, by priority, by keyringrc.cfg and by variable, even beside a good keyring."""
        traces, trap = alt
        program = "import keyring; print(type(keyring.get_keyring()).__name__)"
        by_priority = {**trap, "XDG_CONFIG_HOME": ""}
        for env in (by_priority, trap, {**by_priority, **self.named}):
            done = subprocess.run(
                [sys.executable, "-c", program], env={**host.env, **env}, capture_output=True, text=True, check=True
            )
            assert done.stdout == "PlaintextKeyring\n"
        assert (traces / "imported").exists()

    def test_it_is_not_even_imported(
        self, alt: tuple[Path, dict[str, str]], host: KeyringHost, emulator: Emulator
    ) -> None:
        """With a keyring, all goes there: login, token, renewal and logout leave no trace of the other."""
        traces, trap = alt
        env = {**wired(host, emulator), **trap, **self.named}
        for argv in (("device",), ("token",), ("refresh", "--force")):
            assert process(*argv, env=env).code == 0
        assert [entry["store"] for entry in process("status", "--json", env=env).json()] == ["keyring"]
        assert host.lookup(RECORD)
        assert process("logout", env=env).code == 0
        assert (list(traces.iterdir()), leaks(host)) == ([], [])

    @pytest.mark.parametrize("state", [State.LOCKED, State.NO_DAEMON], ids=str)
    def test_it_is_no_way_out_either(
        self, alt: tuple[Path, dict[str, str]], host: KeyringHost, emulator: Emulator, state: State
    ) -> None:
        """Without a usable keyring the login stops before it begins, whatever else could be written to."""
        traces, trap = alt
        host.become(state)
        ran = process("device", env={**wired(host, emulator), **trap, **self.named})
        assert_refused(ran, "SSO_LOGIN_STORE=file")
        assert (list(traces.iterdir()), leaks(host)) == ([], [])
        assert sum(emulator.service.calls.values()) == 0
