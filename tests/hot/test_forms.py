"""Every form of a command line: what the hot path answers is byte for byte the ordinary way's, and no form is slow."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.hot import answer
from sso_login.world import World
from tests.hot.conftest import START_URL, Both
from tests.hot.test_credentials import ACCOUNT, PROFILES, Roles
from tests.hot.test_process import bare
from tests.support.shell import COMMAND, Ran

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

ROUNDS = 400
# What a script would write; a form that takes a value stands with it.
TOKEN = (["my-sso"], ["--profile", "dev"], ["--min-ttl", "5m"], ["--header"], ["--json"], ["--no-input"])
ROLE = (["--session", "my-sso"], ["--account", ACCOUNT], ["--role", "Read"], ["--format", "process"], ["--no-input"])
# What nobody should write, and what is answered by an error or by the ordinary way alone.
ODD = (
    *(["--min-ttl", "2h"], ["--min-ttl=soon"], ["--min-ttl", "-5"], ["--min-ttl="], ["--min-ttl"], ["--min-ttl", "0"]),
    *(["--profile", "other"], ["--profile=nobody"], ["--profile="], ["other"], [""], ["-"], ["--"], ["-h"], ["-V"]),
    *(["--header=1"], ["--head"], ["-x"], ["--format=env"], ["--format", "nonsense"], ["--role="], ["--role", "Other"]),
    *(["--session=other"], ["--json=1"], ["--no-input=1"], ["--nonsense"], ["=", "x"], ["--account", "1"], ["-vh"]),
)


@pytest.fixture
def roles(both: Both) -> Roles:
    """Give a login and credentials of a role, and profiles that lead to them."""
    both.config.write_text(both.config.read_text() + PROFILES)
    made = Roles(both)
    made.keep()
    return made


def ordinary(roles: Roles, argv: Sequence[str]) -> Ran:
    """Go the ordinary way."""

    def build(*, attended: bool, notify: object) -> World:
        del attended, notify
        return roles.both.world(roles.env, ignored)

    roles.both.capsys.readouterr()
    code = run(argv, build=build)
    return Ran(code, *roles.both.capsys.readouterr())


def ignored(_notice: Notice) -> None:
    """Say nothing: what the hot path answers never comes with a notice, so it would be seen on stderr."""
    sys.stderr.write("a notice\n")


def joined(words: list[str], chance: random.Random) -> list[str]:
    """Write `--x value` as `--x=value`, or leave it."""
    return ["=".join(words)] if len(words) == 2 and words[0].startswith("--") and chance.random() < 0.5 else words


def line(chance: random.Random, *, odd: bool) -> list[str]:
    """Make up a command line: any words of the command in any order and form, some twice."""
    command, forms = chance.choice([("token", TOKEN), ("credentials", ROLE)])
    picked = [chance.choice(forms) for _ in range(chance.randrange(4))]
    if command == "credentials":
        picked = [each for each in picked if each not in ROLE[:3]]
        picked += chance.choice([list(ROLE[:3]), [["--profile", "dev"]], [*ROLE[:3], ROLE[2]]])
    elif chance.random() < 0.7:
        picked = [each for each in picked if each != ["my-sso"]] + [["my-sso"]]  # twice would be an error
    if odd:
        picked += [chance.choice(ODD) for _ in range(chance.randrange(1, 3))]
    chance.shuffle(picked)
    before = [chance.choice(["--no-input", "-q", "--quiet"])] if chance.random() < 0.3 else []
    return [*before, command, *(word for words in picked for word in joined(words, chance))]


@pytest.mark.parametrize("odd", [False, True])
def test_the_two_ways_never_differ(roles: Roles, *, odd: bool) -> None:
    """Of hundreds of lines: what the hot path gives is what the ordinary way prints, exit 0, nothing on stderr."""
    chance, hot = random.Random(f"forms {odd}"), 0
    for _ in range(ROUNDS):
        argv = line(chance, odd=odd)
        said = ordinary(roles, argv)  # notes the question, where it may
        given = answer(argv, roles.env)
        if given is not None:
            hot += 1
            assert said == Ran(0, given, ""), argv
        elif not odd:
            assert said.code != 0, (argv, "is right, and yet not answered by the hot path")
    assert hot > ROUNDS // 50


@pytest.mark.parametrize(
    "argv",
    [
        ["token", "--profile=dev"],
        ["token", "--profile", "dev", "--header"],
        ["token", "--json"],
        ["token", "my-sso", "--json", "--header"],
        ["--no-input", "token", "--min-ttl=90s", "my-sso"],
        ["token", "--", "my-sso"],
        ["credentials", "--profile=dev", "--format=process"],
        ["credentials", "--session=my-sso", f"--account={ACCOUNT}", "--role=Read", "--no-input"],
    ],
)
def test_what_a_script_would_write_is_hot(roles: Roles, argv: list[str]) -> None:
    """As processes, too: stdout, stderr and exit code are the same without an index."""
    assert ordinary(roles, argv) == Ran(0, answer(argv, roles.env) or "", "")

    def as_process() -> tuple[int, bytes, bytes]:
        done = subprocess.run([*COMMAND, *argv], env=bare(roles.env), capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    hot = as_process()
    assert hot[0] == 0
    shutil.rmtree(roles.both.index)
    assert as_process() == hot


def test_the_way_a_question_is_written_is_no_question_of_its_own(roles: Roles) -> None:
    """Asked one way it is answered in every other."""
    ordinary(roles, ["token", "my-sso"])
    for argv in (["token", "--min-ttl=1m", "my-sso"], ["--no-input", "token", "my-sso", "--json"]):
        assert answer(argv, roles.env) is not None


def test_a_name_that_json_would_escape_is_left_to_the_ordinary_way(both: Both) -> None:
    """Quotes and other alphabets."""
    for name in ('a"b', "gr\u00fcn", "back\\slash"):
        both.config.write_text(
            f"[sso-session '{name}']\nsso_start_url = {START_URL}\nsso_region = us-east-1\n", "utf-8"
        )
        both.log_in(name)
        said = both.ordinary(name, "--json")
        assert json.loads(said.out)["session"] == name
        assert both.hot(name, "--json") is None
        assert both.hot(name) == "the-token\n"


def test_an_unrelated_credentials_directory_changes_nothing(both: Both, tmp_path: Path) -> None:
    """Any credential makes systemd set it; only with our key in it, or where that cannot be seen, it counts."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "another.key").write_text("of another program")
    for named in ("", str(folder), str(tmp_path / "nonexistent")):
        assert both.hot(CREDENTIALS_DIRECTORY=named) == both.ordinary(CREDENTIALS_DIRECTORY=named).out == "the-token\n"
    (folder / "sso-login.key").write_text("x" * 32)
    assert both.hot(CREDENTIALS_DIRECTORY=str(folder)) is None


def test_json_that_stdout_does_not_take_is_told_as_json(both: Both) -> None:
    """By both ways alike, once."""

    def full() -> tuple[int, bytes]:
        with Path("/dev/full").open("wb") as stdout:
            argv = [*COMMAND, "token", "--json"]
            done = subprocess.run(argv, env=bare(both.env), stdout=stdout, stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stderr

    hot = full()
    shutil.rmtree(both.index)
    assert full() == hot
    assert json.loads(hot[1])["exit_code"] == 1
