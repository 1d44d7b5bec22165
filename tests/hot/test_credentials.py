"""The hot path for cached role credentials: only what it is sure of, and then exactly as the ordinary way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sso_login import hot
from sso_login.cli.app import run
from sso_login.core import process
from sso_login.core.credentials import Credentials, KeptRole, RoleKey
from sso_login.core.message import Notice
from sso_login.core.model import Secret
from sso_login.flows.logout import forget
from sso_login.world import World
from tests.hot.conftest import START_URL, Both
from tests.hot.test_process import FORBIDDEN, answered, bare, modules, once
from tests.support.fakes import chosen
from tests.support.shell import COMMAND, Ran, shell
from tests.support.stores.keyring_host import KeyringHost, keyring_host, needs_keyring
from tests.support.strace import needs_strace

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

ACCOUNT = "111122223333"
KEY = RoleKey("my-sso", ACCOUNT, "Read")
HERE = ("--session", "my-sso", "--account", ACCOUNT, "--role", "Read")
PROFILES = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Read

[profile other]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Other
"""
ASKED = (HERE, ("--profile", "dev"))


@dataclass
class Roles:
    """Asks for credentials the hot way and the ordinary way, in the same environment."""

    both: Both

    @property
    def env(self) -> dict[str, str]:
        """The environment."""
        return self.both.env

    def ordinary(self, *argv: str, **env: str) -> Ran:
        """Go the ordinary way."""

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            del attended
            return self.both.world({**self.env, **env}, notify)

        self.both.capsys.readouterr()
        code = run(["credentials", *argv], build=build)
        return Ran(code, *self.both.capsys.readouterr())

    def hot(self, *argv: str, **env: str) -> str | None:
        """Ask the hot path; None where it steps aside."""
        return hot.answer(["credentials", *argv], {**self.env, **env})

    def keep(self, key: RoleKey = KEY, *, left: float = 3600, store: str = "file") -> str:
        """Keep credentials with that much time left, listed in the card, and give what is to be printed."""
        made = Credentials("ASIA" + key.role, Secret("sec"), Secret("tok"), int(time.time() + left), ACCOUNT)
        world = self.both.world(self.env, lambda _notice: None)
        card = world.cards.read("my-sso")
        assert card
        entry = world.roles(store).entry(key)
        world.cards.write(replace(card, entries=tuple(dict.fromkeys([*card.entries, entry]))))
        line = process.written(made)
        world.roles(store).save(KeptRole(key, card.instance.binding, Secret(line), made.expires_at))
        return line + "\n"

    @property
    def record(self) -> Path:
        """The file of the credentials."""
        return self.both.home / "secrets" / f"role+my-sso+{ACCOUNT}+Read"


@pytest.fixture
def roles(both: Both) -> Roles:
    """Give credentials in the file store that the hot path may give, and has been asked for each way."""
    both.config.write_text(both.config.read_text() + PROFILES)
    made = Roles(both)
    line = made.keep()
    for argv in ASKED:
        assert made.ordinary(*argv) == Ran(0, line, "")
    assert made.ordinary(AWS_PROFILE="dev") == Ran(0, line, "")
    return made


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (HERE, {}),
        ((*HERE, "--format", "process"), {}),
        (("--format", "process", *HERE[4:], *HERE[:4]), {}),
        (("--profile", "dev"), {}),
        (("--format", "process", "--profile", "dev"), {}),
        ((), {"AWS_PROFILE": "dev"}),
    ],
)
def test_what_it_answers_is_what_the_ordinary_way_prints(
    roles: Roles, argv: tuple[str, ...], env: dict[str, str]
) -> None:
    """Byte for byte, in whatever order the words stand."""
    assert Ran(0, roles.hot(*argv, **env) or "", "") == roles.ordinary(*argv, **env)
    assert json.loads(roles.hot(*argv, **env) or "{}")["AccessKeyId"] == "ASIARead"


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("my-sso",),
        (*HERE, "--format", "env"),
        (*HERE, "--format", "json"),
        (*HERE, "--format"),
        (*HERE[:-1], "Other"),
        (*HERE[:-1], ""),
        (*HERE[:-1], "-x"),
        HERE[:-1],
        HERE[:4],
        (*HERE, "--write-profile", "x"),
        (*HERE, "-v"),
        (*HERE, "--help"),
        ("--profile", "other"),
        ("--profile", "dev", "--role", "Read"),
        ("--profile", "dev", "--session", "my-sso"),
    ],
)
def test_every_other_command_line_is_left_to_the_ordinary_way(roles: Roles, argv: tuple[str, ...]) -> None:
    """However right it may be: what was not asked before, and what it does not know."""
    assert roles.hot(*argv) is None


def log_out(roles: Roles) -> None:
    """Forget the login."""
    forget(roles.both.world(roles.env, lambda _notice: None), chosen(), local=True)


EDITS: dict[str, Callable[[Roles], object]] = {
    "config: another role": lambda r: r.both.config.write_text(r.both.config.read_text().replace("= Read", "= Rear")),
    "config: another start URL": lambda r: r.both.config.write_text(
        r.both.config.read_text().replace(START_URL, "https://other.awsapps.com/start")
    ),
    "config: gone": lambda r: r.both.config.unlink(),
    "record: gone": lambda r: r.record.unlink(),
    "record: cut short": lambda r: r.record.write_bytes(r.record.read_bytes()[:-5]),
    "record: a blank in the line": lambda r: r.record.write_bytes(r.record.read_bytes().replace(b"ASIA", b"AS A")),
    "record: for all to read": lambda r: r.record.chmod(0o644),
    "card: gone": lambda r: r.both.card.unlink(),
    "less than five minutes": lambda r: r.keep(left=299),
    "expired": lambda r: r.keep(left=-1),
    "another login": lambda r: r.both.log_in(access="another"),
    "logged out": log_out,
}


@pytest.mark.parametrize("edit", EDITS)
def test_any_change_makes_it_step_aside(roles: Roles, edit: str) -> None:
    """Whatever is edited, too old or gone: the ordinary way decides."""
    assert all(roles.hot(*argv) for argv in ASKED)
    EDITS[edit](roles)
    assert [roles.hot(*argv) for argv in ASKED] == [None, None]


@pytest.mark.parametrize(
    "variable",
    [
        *("AWS_PROFILE", "SSO_LOGIN_SESSION", "SSO_LOGIN_STORE", "AWS_CONFIG_FILE", "HOME", "SSO_LOGIN_HOME"),
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_USE_FIPS_ENDPOINT"),
        "SSO_LOGIN_KEY_FILE",
    ],
)
def test_any_variable_that_has_a_say_makes_it_step_aside(roles: Roles, variable: str) -> None:
    """Set to something else."""
    assert [roles.hot(*argv, **{variable: "/other"}) for argv in ASKED] == [None, None]


def test_after_a_login_credentials_are_cold_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks first fetches, keeps and notes them in one run; the next one is hot, and so is a second login's."""
    with shell(home, capsys) as made:

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            del attended
            world = World(made.env, notify=notify, clock=made.clock)
            world.index.began += 10
            return world

        made.approve_while_waiting()
        for _ in range(2):
            assert made("device", "--force").code == 0
            [role, *_] = made("roles", "--json").json()
            asked = ["credentials", "--session", "my-sso", "--account", role["account_id"], "--role", role["role_name"]]
            assert hot.answer(asked, made.env) is None
            capsys.readouterr()
            assert run(asked, build=build) == 0
            assert hot.answer(asked, made.env) == capsys.readouterr().out


def test_a_renewal_by_another_process_is_given_at_once(roles: Roles) -> None:
    """The index names the entry; what is in it is read each time."""
    fresh = roles.keep(left=7200)
    assert roles.both.card.exists()
    roles.ordinary(*HERE)
    assert roles.hot(*HERE) == fresh == roles.ordinary(*HERE).out


def test_a_token_and_credentials_are_different_questions(roles: Roles) -> None:
    """Also of a session that is called `credentials`."""
    assert hot.answer(["token", "credentials"], roles.env) is None
    assert hot.answer([], roles.env) is None
    assert hot.answer(["status"], roles.env) is None
    assert roles.both.ordinary("my-sso").out == "the-token\n"
    assert roles.both.hot("my-sso") == "the-token\n"
    assert roles.hot(*HERE) is not None


def test_what_comes_with_a_warning_is_not_noted(roles: Roles) -> None:
    """It goes the ordinary way each time."""
    roles.keep(left=200)
    shutil.rmtree(roles.both.index)
    ran = roles.ordinary(*HERE, AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
    assert (ran.code, ran.err[:9]) == (0, "warning: ")
    assert not roles.both.index.exists()


WORDS = ["credentials", *HERE]
SHOW = f"import sys, os; from sso_login import __main__ as m; sys.argv[1:] = {WORDS!r}; os._exit = lambda _: None; "
MODULES = SHOW + "m._answered() == 0 and sys.stderr.write(' '.join(sys.modules))"


def test_it_imports_next_to_nothing(roles: Roles) -> None:
    """None of what is slow, and at most 8 names more than Python itself."""
    floor = modules("import sys; sys.stderr.write(' '.join(sys.modules))", roles.env)
    found = modules(MODULES, roles.env)
    assert "sso_login.hot" in found
    assert not found & FORBIDDEN
    assert len(found - floor) <= 8, found - floor


def traced(roles: Roles, log: Path) -> str:
    """Trace what processes are started and sockets opened."""
    calls = "trace=execve,fork,vfork,clone,clone3,socket,connect"
    command = ["strace", "-f", "-qq", "-e", calls, "-o", str(log), *COMMAND, *WORDS]
    done = subprocess.run(command, env=bare(roles.env), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["AccessKeyId"] == "ASIARead"
    return log.read_text()


@needs_strace
def test_it_starts_nothing_and_opens_no_socket(roles: Roles, tmp_path: Path) -> None:
    """One execve, which is Python's own; no process, no socket."""
    calls = traced(roles, tmp_path / "trace")
    assert calls.count("execve(") == 1
    assert all(f"{call}(" not in calls for call in ("fork", "vfork", "clone", "clone3", "socket", "connect"))


def test_nobody_can_tell_the_two_apart(roles: Roles) -> None:
    """As processes: stdout, stderr and exit code are the same with the index and without it."""

    def ran() -> tuple[int, bytes, bytes]:
        done = subprocess.run([*COMMAND, *WORDS], env=bare(roles.env), capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    first = ran()
    assert first[0] == 0
    shutil.rmtree(roles.both.index)
    assert ran() == first


@pytest.fixture
def host() -> Iterator[KeyringHost]:
    """Give a real keyring."""
    with keyring_host() as made:
        yield made


@needs_keyring
def test_in_a_real_keyring_it_is_the_same(
    both: Both, host: KeyringHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Read over the bus with one socket; logout leaves neither token nor credentials in the keyring."""
    both.card.unlink()
    both.config.write_text(both.config.read_text() + PROFILES)
    both.env |= {"SSO_LOGIN_STORE": "keyring", "DBUS_SESSION_BUS_ADDRESS": host.env["DBUS_SESSION_BUS_ADDRESS"]}
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", host.env["DBUS_SESSION_BUS_ADDRESS"])
    both.log_in()
    roles = Roles(both)
    line = roles.keep(store="keyring")
    assert roles.ordinary(*HERE) == Ran(0, line, "")
    assert answered(lambda: roles.hot(*HERE)) == line
    calls = answered(lambda: once(traced(roles, tmp_path / "trace")))
    assert (calls.count("execve("), calls.count("socket(AF_UNIX"), calls.count("socket(AF_INET")) == (1, 1, 0)
    entry = f"sso-login:role:my-sso:{ACCOUNT}:Read"
    assert host.lookup(entry)
    log_out(roles)
    assert host.lookup(entry) is None
    assert host.lookup("sso-login:sso:my-sso") is None
