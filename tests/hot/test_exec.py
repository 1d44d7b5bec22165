"""`exec` with cached credentials and idle `refresh` on the hot path: what they do is what the ordinary way does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sso_login import hot, hot_exec
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.world import World
from tests.hot.conftest import START_URL, Both
from tests.hot.test_credentials import ACCOUNT, HERE, PROFILES, Roles
from tests.hot.test_process import FORBIDDEN, bare, modules
from tests.support.shell import COMMAND
from tests.support.strace import needs_strace

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

SHOW = (sys.executable, "-I", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
ORDINARY = """
import os, sys
from sso_login.cli.app import run
from sso_login.world import World
def build(*, attended, notify):
    world = World(dict(os.environ), notify=notify)
    world.index.began += 10
    return world
sys.exit(run(sys.argv[1:], build=build))
"""
IDLE: tuple[str, ...] = ("refresh", "--all", "--quiet")


@pytest.fixture
def roles(both: Both) -> Roles:
    """Give credentials that are cached, and profiles that lead to them, one with a region."""
    both.config.write_text(
        both.config.read_text() + PROFILES.replace("[profile dev]", "[profile dev]\nregion = eu-west-1")
    )
    made = Roles(both)
    made.keep()
    return made


def process(roles: Roles, *argv: str, **env: str) -> tuple[int, str, str]:
    """Run `exec` as a process."""
    whole = {**bare(roles.env), **env}
    done = subprocess.run([*COMMAND, "exec", *argv], env=whole, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def cold(roles: Roles, *argv: str, **env: str) -> tuple[int, str, str]:
    """Run `exec` the ordinary way as a process, as if the config had been at rest."""
    whole, command = {**bare(roles.env), **env}, [sys.executable, "-c", ORDINARY, "exec", *argv]
    done = subprocess.run(command, env=whole, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (HERE, {}),
        (("--profile", "dev"), {"AWS_SECURITY_TOKEN": "x", "AWS_REGION": "elsewhere", "ODD": "a=b\n c\udc80"}),
        (("--profile=dev", "--no-input"), {"AWS_ACCESS_KEY_ID": "old", "AWS_CREDENTIAL_EXPIRATION": "old"}),
        ((), {"AWS_PROFILE": "dev"}),
    ],
)
def test_the_program_finds_the_same_environment(roles: Roles, argv: Sequence[str], env: dict[str, str]) -> None:
    """To the letter, whichever way it was started."""
    first = cold(roles, *argv, "--", *SHOW, **env)
    given = hot_exec.program(["exec", *argv, "--", *SHOW], {**bare(roles.env), **env})
    assert given is not None
    assert (first[0], first[2]) == (0, "")
    assert given == (list(SHOW), json.loads(first[1]))
    assert process(roles, *argv, "--", *SHOW, **env) == first


def warm(roles: Roles) -> None:
    """Have the ordinary way asked once."""
    assert cold(roles, *HERE, "--", "true") == (0, "", "")


@pytest.mark.parametrize(
    "argv",
    [
        HERE,
        (*HERE, "--"),
        (*HERE, ""),
        (*HERE, "--server", "true"),
        (*HERE, "--format", "process", "true"),
        (*HERE[:-1], "Other", "true"),
        ("--profile", "other", "true"),
        (*HERE, "-v", "true"),
        (*HERE, "--nonsense", "true"),
        (*HERE, "--role="),
    ],
)
def test_every_other_command_line_is_left_to_the_ordinary_way(roles: Roles, argv: tuple[str, ...]) -> None:
    """No command, another option, another role."""
    warm(roles)
    assert hot_exec.program(["exec", *argv], bare(roles.env)) is None
    assert hot.answer(["exec", *HERE, "true"], bare(roles.env)) is None


def test_all_behind_the_program_is_its_own(roles: Roles) -> None:
    """Options of ours, too, and a second `--`."""
    warm(roles)
    for words in (["echo", "--role", "x", "--", "-v"], ["echo", ""], ["echo"]):
        for dashes in ([], ["--"]):
            given = hot_exec.program(["exec", *HERE, *dashes, *words], bare(roles.env))
            assert given is not None
            assert given[0] == words
            assert process(roles, *HERE, *dashes, *words)[:2] == (0, " ".join(words[1:]) + "\n")


def test_credentials_with_less_than_a_quarter_of_an_hour_are_for_the_ordinary_way(roles: Roles) -> None:
    """As it wants to fetch better ones."""
    warm(roles)
    roles.keep(left=890)
    assert hot_exec.program(["exec", *HERE, "true"], bare(roles.env)) is None


def test_a_program_that_is_not_there_is_told_as_ever(roles: Roles) -> None:
    """127, 126, and the same words, with the index and without it."""
    for program in ("nonexistent-of-sso-login", "/"):
        warm(roles)
        said = process(roles, *HERE, program)
        shutil.rmtree(roles.both.index)
        assert process(roles, *HERE, program) == said
        assert said[0] in {126, 127}


def test_the_program_ignores_no_signals(roles: Roles) -> None:
    """Python ignores SIGPIPE and SIGXFSZ; the program must not."""
    warm(roles)
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    _, out, _ = process(roles, *HERE, "grep", "SigIgn", "/proc/self/status")
    assert int(out.split()[1], 16) & (1 << 12 | 1 << 24) == 0


def test_it_imports_next_to_nothing(roles: Roles) -> None:
    """None of what is slow, up to the point where the program takes over."""
    warm(roles)
    show = (
        f"import sys, os; from sso_login import __main__ as m; sys.argv[1:] = {['exec', *HERE, 'true']!r}; "
        "os.execvpe = lambda *_: [sys.stderr.write(' '.join(sys.modules)), sys.stderr.flush(), os._exit(0)]; "
        "m._answered()"
    )
    found = modules(show, roles.env)
    assert "sso_login.hot" in found
    assert not found & FORBIDDEN


@needs_strace
def test_it_starts_the_program_and_nothing_else(roles: Roles, tmp_path: Path) -> None:
    """Two execve, Python's own and the program's; no process, no socket."""
    warm(roles)
    log = tmp_path / "trace"
    calls = "trace=execve,fork,vfork,clone,clone3,socket,connect"
    command = ["strace", "-f", "-qq", "-e", calls, "-o", str(log), *COMMAND, "exec", *HERE, "/bin/true"]
    subprocess.run(command, env=bare(roles.env), check=True)
    assert log.read_text().count("execve(") == 2
    assert all(f"{call}(" not in log.read_text() for call in ("fork", "vfork", "clone", "clone3", "socket", "connect"))


def idle(both: Both, *argv: str, **env: str) -> int:
    """Run `refresh` the ordinary way."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended
        return both.world({**both.env, **env}, notify)

    both.capsys.readouterr()
    code = run([*IDLE, *argv], build=build)
    assert both.capsys.readouterr() == ("", "")
    return code


def test_an_idle_refresh_says_nothing_at_once(both: Both) -> None:
    """With every login's token good for long enough: nothing on stdout, nothing on stderr, exit 0."""
    both.log_in("another")
    assert hot.answer(IDLE, both.env) is None
    assert idle(both) == 0
    fast: tuple[tuple[str, ...], ...] = (IDLE, ("refresh", "--quiet"), (*IDLE, "--min-ttl=20m"), ("--no-input", *IDLE))
    for argv in fast:
        assert hot.answer(argv, both.env) == ""
    slow: tuple[tuple[str, ...], ...] = (("refresh", "--all"), (*IDLE, "my-sso"), (*IDLE, "--force"))
    for argv in (*slow, (*IDLE, "--min-ttl", "2h")):
        assert hot.answer(argv, both.env) is None
    done = subprocess.run([*COMMAND, *IDLE], env=bare(both.env), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


EDITS: dict[str, Callable[[Both], object]] = {
    "one has 14 minutes left": lambda b: b.log_in("another", left=840),
    "one is expired": lambda b: b.log_in(left=-1),
    "another login": lambda b: b.log_in("third"),
    "a card is gone": lambda b: b.card.unlink(),
    "another card, with nothing behind it": lambda b: shutil.copy(b.card, b.card.with_name("third")),
    "a record is gone": lambda b: b.record.unlink(),
    "a record is damaged": lambda b: b.record.write_bytes(b.record.read_bytes()[:-1]),
    "the config says something else": lambda b: b.config.write_text(b.config.read_text().replace("us-", "eu-")),
    "a login by AWS Sign-In": lambda b: shutil.copytree(b.card.parent, b.home / "signin"),
    "tokens were rescued": lambda b: Path(b.env["XDG_RUNTIME_DIR"], "sso-login").mkdir(mode=0o700),
}


@pytest.mark.parametrize("edit", EDITS)
def test_any_change_makes_an_idle_refresh_step_aside(both: Both, edit: str) -> None:
    """A login more or less, one that has little time left, any that cannot be read."""
    both.log_in("another")
    idle(both)
    assert hot.answer(IDLE, both.env) == ""
    EDITS[edit](both)
    assert hot.answer(IDLE, both.env) is None


def test_a_refresh_that_failed_for_one_is_not_noted(both: Both) -> None:
    """The next one fails as well, and says so."""
    both.config.write_text(
        both.config.read_text() + f"[sso-session another]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    both.log_in("another")
    card = both.world(both.env, lambda _notice: None).cards.read("another")
    assert card
    both.world(both.env, lambda _notice: None).cards.write(replace(card, store="keyring"))
    both.capsys.readouterr()
    assert run(IDLE, build=lambda **given: both.world(both.env, given["notify"])) != 0
    assert hot.answer(IDLE, both.env) is None


def test_what_is_left_is_asked_of_every_login(both: Both) -> None:
    """Twelve of them, in one question; whose account it is does not matter."""
    for number in range(12):
        both.log_in(f"s{number}")
    idle(both)
    assert hot.answer(IDLE, both.env) == ""
    both.log_in("s7", left=100)
    assert hot.answer(IDLE, both.env) is None
    assert ACCOUNT not in "".join(path.read_text() for path in both.index.iterdir())
