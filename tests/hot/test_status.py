"""`status` on the hot path: what it prints and its exit code are the ordinary way's, whatever was asked of it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sso_login import hot, hot_status
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.flows.logout import forget
from sso_login.world import World
from tests.hot.conftest import START_URL, Both
from tests.hot.test_process import FORBIDDEN, bare, modules
from tests.support.fakes import chosen, client, session, token
from tests.support.logins import sign_in
from tests.support.shell import COMMAND, Ran
from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

SHOW = (
    "import sys, os; from sso_login import __main__ as m; sys.argv[1:] = ['status', '--check']; "
    "os._exit = lambda _: None; m._answered() == 0 and sys.stderr.write(' '.join(sys.modules))"
)


def hotly(both: Both, *argv: str, **env: str) -> tuple[str, int] | None:
    """Ask the hot path, as where stdout is no terminal; None where it steps aside."""
    said = hot.parsed(["status", *argv])
    return hot_status.answer(said, {**both.env, **env}, terminal=False) if said else None


def ordinary(both: Both, *argv: str, **env: str) -> Ran:
    """Go the ordinary way."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended
        world = both.world({**both.env, **env}, notify)
        world.signin.index.began += both.at_rest
        world.oauth.index.began += both.at_rest
        return world

    both.capsys.readouterr()
    code = run(["status", *argv], build=build)
    return Ran(code, *both.capsys.readouterr())


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock stand still, so that both ways read the same time from it."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def agree(both: Both, *argv: str, **env: str) -> Ran:
    """Ask the ordinary way, then the hot one: the same, and nothing on stderr."""
    said = ordinary(both, *argv, **env)
    assert said.err == ""
    assert hotly(both, *argv, **env) == (said.out, said.code), argv
    return said


FORMS = (["--check"], ["--short"], ["--check", "--within", "30m"], ["--check", "--within=2h"], ["--no-input"])
NAMES: tuple[list[str], ...] = (
    [],
    ["my-sso"],
    ["other"],
    ["my-sso", "other"],
    ["other", "my-sso"],
    ["new"],
    ["--profile", "dev"],
    ["my-sso"] * 2,
)


@pytest.fixture
def several(both: Both) -> Both:
    """Give two logins, a session that nobody has logged in to, and a profile."""
    with both.config.open("a") as config:
        for name in ("other", "new"):
            config.write(f"[sso-session {name}]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n")
        config.write("[profile dev]\nsso_session = other\n")
    both.log_in("other", access="another", left=900)
    return both


@pytest.mark.parametrize("names", NAMES)
def test_the_two_ways_never_differ(several: Both, names: list[str]) -> None:
    """Of any forms in any order, exit codes included."""
    chance = random.Random(str(names))
    for _ in range(12):
        picked = [names, *(chance.choice(FORMS) for _ in range(chance.randrange(3)))]
        chance.shuffle(picked)
        argv = [word for words in picked for word in words]
        if any(word.startswith("--within") for word in argv) and "--check" not in argv:
            continue
        agree(several, *argv)


@pytest.mark.parametrize(
    ("left", "refresh", "code"),
    [(3600, True, 0), (-5, True, 0), (3600, False, 0), (-5, False, 3), (100 * 86400, True, 0)],
)
def test_every_state_is_answered(both: Both, left: float, *, refresh: bool, code: int) -> None:
    """Valid, renewable, neither; what has ended needs a login and is exit code 3."""
    kept(both, left=left, refresh=refresh)
    for argv in (["--check"], ["--check", "my-sso"], ["--check", "--short"]):
        assert agree(both, *argv).code == code


def kept(both: Both, *, left: float, refresh: bool = True, registered: float = 90 * 86400) -> None:
    """Keep a login of that kind."""
    now = int(time.time())
    made = replace(token("a-token"), issued_at=min(now, int(now + left)) - 10, expires_at=int(now + left))
    made = made if refresh else replace(made, refresh=None)
    known = client(issued_at=now, expires_at=int(now + registered))
    instance = both.world(both.env, lambda _: None).cards.read("my-sso")
    assert instance
    world = both.world(both.env, lambda _: None)
    sign_in(world, session("my-sso", token=made, client=known, instance=instance.instance), world.store("file"))


@pytest.mark.parametrize(
    ("left", "refresh", "registered", "code"),
    [
        (1800, False, 86400, 3),
        (1800, True, 86400, 0),
        (-5, True, 1800, 3),
        (1800, True, 900, 3),
        (7200, False, 86400, 0),
    ],
)
def test_within_is_about_what_a_human_must_renew(
    both: Both, left: float, registered: float, code: int, *, refresh: bool
) -> None:
    """A token that is renewed by itself counts for as long as its registration lasts."""
    kept(both, left=left, refresh=refresh, registered=registered)
    assert agree(both, "--check", "--within", "1h").code == code
    assert agree(both, "--check").code == 0


def test_a_prompt_has_one_line_of_the_logins_there_are(several: Both) -> None:
    """By name those that are named; nothing where there is none."""
    said = agree(several, "--short")
    assert said == Ran(0, "my-sso 59 min, other 14 min\n", "")
    assert agree(several, "--short", "new").out == "new login required\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["--json"],
        ["--within", "1h"],
        ["--check", "--within=999d"],
        ["--check", "--within", "x"],
        ["nobody"],
        ["-v"],
        [""],
    ],
)
def test_every_other_command_line_is_left_to_the_ordinary_way(both: Both, argv: list[str]) -> None:
    """JSON, what is wrong, sessions that are not there."""
    ordinary(both, *argv)
    assert hotly(both, *argv) is None


def renewed(both: Both) -> None:
    """Keep another token."""
    both.log_in(access="renewed", left=3000)


def refused(both: Both) -> None:
    """Note that the issuer refused the refresh token."""
    both.card.write_text(both.card.read_text().replace('"refused": false', '"refused": true'))


def logged_out(both: Both) -> None:
    """Forget the login."""
    forget(both.world(both.env, lambda _: None), chosen(), local=True)


CHANGES: list[Callable[[Both], object]] = [
    renewed,
    refused,
    logged_out,
    lambda both: both.log_in("third", left=3000),
    lambda both: both.record.unlink(),
    lambda both: both.record.write_bytes(both.record.read_bytes()[:-1]),
    lambda both: both.config.touch(),
    lambda both: both.record.chmod(0o644),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_left_to_the_ordinary_way(both: Both, change: Callable[[Both], object]) -> None:
    """A renewal, a refusal, a login more or less, damage; and then the new answer is hot again, if it is one."""
    agree(both, "--check")
    change(both)
    assert hotly(both, "--check") is None
    said = ordinary(both, "--check")
    if not said.err and said.code == 0 and both.record.exists():
        assert hotly(both, "--check") in {(said.out, 0), None}


def test_a_first_login_to_a_session_is_seen(several: Both) -> None:
    """Named or not: the answer rested on there being none."""
    for argv in (["new"], []):
        agree(several, *argv)
    several.log_in("new")
    for argv in (["new"], []):
        assert hotly(several, *argv) is None
        agree(several, *argv)


def test_colours_are_for_the_ordinary_way(both: Both) -> None:
    """Where they are asked for, a prompt has them."""
    agree(both, "--short")
    assert hotly(both, "--short", FORCE_COLOR="1") is None
    assert hot_status.answer({"command": "status"}, both.env, terminal=True) is None


def as_process(both: Both, *argv: str) -> tuple[int, bytes, bytes]:
    """Run `status` as a process."""
    done = subprocess.run([*COMMAND, "status", *argv], env=bare(both.env), capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_as_a_process_it_answers_with_that_exit_code(both: Both) -> None:
    """3 where a login is needed; stdout has the line all the same."""
    kept(both, left=-5, refresh=False)
    agree(both, "--check", "--short")
    assert as_process(both, "--check", "--short") == (3, b"my-sso login required\n", b"")


def test_it_imports_next_to_nothing(both: Both) -> None:
    """None of what is slow, and at most 9 names more than Python itself."""
    agree(both, "--check")
    floor = modules("import sys; sys.stderr.write(' '.join(sys.modules))", both.env)
    found = modules(SHOW, both.env)
    assert "sso_login.hot_status" in found
    assert not found & FORBIDDEN
    assert len(found - floor) <= 9, found - floor


@pytest.fixture
def host() -> Iterator[KeyringHost]:
    """Give a real keyring."""
    with keyring_host() as made:
        yield made


@needs_keyring
def test_a_keyring_is_read_by_the_fast_reader(
    several: Both, host: KeyringHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads of what is there, and that nothing is where nobody has logged in; never from one that is locked."""
    monkeypatch.undo()
    bus = host.env["DBUS_SESSION_BUS_ADDRESS"]
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    for name in ("my-sso", "other"):
        (several.home / "sessions" / name).unlink()
    several.env.update(SSO_LOGIN_STORE="keyring", DBUS_SESSION_BUS_ADDRESS=bus)
    for name in ("my-sso", "other"):
        several.log_in(name)
    for argv in ((), ("--check", "new"), ("--check", "my-sso"), ("--short",)):
        for _ in range(50):
            said, found = ordinary(several, *argv), hotly(several, *argv)
            if found and found[0].split() == said.out.split():
                break
        else:
            pytest.fail("the hot path never answered")
    with keyring_host(State.LOCKED) as other:
        locked = other.env["DBUS_SESSION_BUS_ADDRESS"]
        assert hotly(several, DBUS_SESSION_BUS_ADDRESS=locked) is None
        assert hotly(several, "--check", "new", DBUS_SESSION_BUS_ADDRESS=locked) is None
