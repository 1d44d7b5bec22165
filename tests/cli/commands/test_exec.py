"""`exec`: a command in our place, with role credentials and nobody else's in its environment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sso_login.cli.output.credential_formats import CLEARED
from tests.support.shell import COMMAND, Ran, Shell, clean, process

ACCOUNT = "111122223333"
HERE = ("--session", "my-sso", "--account", ACCOUNT, "--role", "ReadOnlyAccess")
SHOW = (sys.executable, "-c", "import json, os; print(json.dumps([os.getpid(), dict(os.environ)]))")
KEPT = {
    "AWS_CONFIG_FILE": "",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    "AWS_CA_BUNDLE": "/bundle",
    "AWS_ENDPOINT_URL_S3": "https://s3.example",
    "AWS_PAGER": "less",
    "AWS_REGION": "sa-east-1",
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="left alone: Windows has no exec")


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Log in, fetch once so that processes with another clock have credentials, too."""
    sh.config.write_text(
        sh.config.read_text() + f"[profile dev]\nsso_session = my-sso\nsso_account_id = {ACCOUNT}\n"
        "sso_role_name = ReadOnlyAccess\nregion = eu-west-1\n"
    )
    assert sh("device").code == 0
    assert sh("credentials", *HERE).code == 0
    return sh


def environment(ran: Ran) -> dict[str, str]:
    """Read what SHOW wrote."""
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, str] = ran.json()[1]
    return found


def test_the_command_has_the_credentials_and_nobody_elses(sh: Shell) -> None:
    """Whatever could give an SDK others is taken out; where things are stays."""
    foreign = {**dict.fromkeys(CLEARED, "foreign"), **KEPT, "AWS_CONFIG_FILE": sh.env["AWS_CONFIG_FILE"]}
    found = environment(process("exec", *HERE, "--", *SHOW, env={**sh.env, **foreign}))
    given = sh("credentials", *HERE).json()
    expected = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_CREDENTIAL_EXPIRATION": given["Expiration"],
        "AWS_ACCOUNT_ID": ACCOUNT,
    }
    ours = {name: value for name, value in found.items() if name.startswith("AWS_")}
    assert "foreign" not in ours.values()
    assert expected.items() <= ours.items()
    assert all(ours[name] == foreign[name] for name in KEPT)
    assert ours.keys() & set(CLEARED) == expected.keys() & set(CLEARED)


def test_the_region_is_the_profiles(sh: Shell) -> None:
    """Where it names one; else the caller's stays."""
    found = environment(process("exec", "--profile", "dev", "--", *SHOW, env={**sh.env, "AWS_REGION": "sa-east-1"}))
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert "AWS_PROFILE" not in found


@posix
def test_it_takes_our_place(sh: Shell) -> None:
    """The same process id, no parent in between, and no secret in its arguments."""
    script = "import os, pathlib; print(os.getpid(), pathlib.Path('/proc/self/cmdline').read_bytes())"
    argv = [*COMMAND, "exec", *HERE, "--", sys.executable, "-c", script]
    with subprocess.Popen(argv, env=clean(sh.env), stdout=subprocess.PIPE, text=True) as child:
        pid, _, line = (child.communicate()[0]).partition(" ")
    assert int(pid) == child.pid
    assert sh("credentials", *HERE).json()["SecretAccessKey"] not in line


@posix
@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("exit 0", 0)])
def test_its_end_is_ours(sh: Shell, script: str, code: int) -> None:
    """Exit code or signal, as it comes."""
    assert process("exec", *HERE, "--", "sh", "-c", script, env=sh.env).code == code


@posix
def test_signals_are_as_they_were(sh: Shell) -> None:
    """Python's own ignoring of SIGPIPE is not passed on: `exec -- yes | head` ends."""
    ran = process("exec", *HERE, "--", "grep", "SigIgn", "/proc/self/status", env=sh.env)
    bare = subprocess.run(["grep", "SigIgn", "/proc/self/status"], capture_output=True, text=True, check=True)
    assert ran.out == bare.stdout


@posix
def test_no_lock_or_descriptor_is_left_to_it(sh: Shell) -> None:
    """Only stdin, stdout and stderr, and the one that lists them."""
    ran = process("exec", *HERE, "--", "ls", "/proc/self/fd", env=sh.env)
    assert ran.out.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("name", ["no-such-program", "/nonexistent/program", ""])
def test_a_command_that_is_not_there_is_127(sh: Shell, name: str) -> None:
    """As in a shell; nothing was run."""
    ran = sh("exec", *HERE, "--", name)
    assert (ran.code, ran.out) == (127, "")
    assert "command not found" in ran.err


@posix
def test_a_command_that_cannot_be_executed_is_126(sh: Shell, tmp_path: Path) -> None:
    """As in a shell; signals are then handled as before."""
    plain = tmp_path / "plain"
    plain.write_text("no program")
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    ran = sh("exec", *HERE, "-v", "--", str(plain))
    assert (ran.code, ran.out) == (126, "")
    assert "cannot be executed" in ran.err
    assert [signal.getsignal(number) for number in signal.valid_signals()] == before


def test_options_behind_the_command_are_its_own(sh: Shell) -> None:
    """With and without `--`."""
    show = (sys.executable, "-c", "import sys; print(sys.argv[1:])", "--profile", "x", "-v")
    expected = f"{['--profile', 'x', '-v']}\n"
    assert process("exec", *HERE, *show, env=sh.env) == Ran(0, expected, "")
    assert process("exec", *HERE, "--", *show, env=sh.env) == Ran(0, expected, "")


@pytest.mark.parametrize("argv", [["dev", "--", *SHOW], ["dev", *SHOW], ["--profile", "dev", *SHOW]])
def test_a_profile_may_stand_before_the_command(sh: Shell, argv: list[str]) -> None:
    """`exec dev -- cmd` means the profile, on the hot path, too; the child is told whose credentials it has."""
    for _ in range(2):
        found = environment(process("exec", *argv, env=sh.env))
        assert (found["AWS_REGION"], found["AWS_SSO_PROFILE"]) == ("eu-west-1", "dev")
    assert (
        environment(process("exec", *HERE, "--", *SHOW, env=sh.env))["AWS_SSO_PROFILE"] == f"{ACCOUNT}:ReadOnlyAccess"
    )


def test_options_may_stand_behind_the_profile(sh: Shell) -> None:
    """Before the `--` that begins the command; its own options are its own."""
    found = environment(process("exec", "dev", "--role", "ReadOnlyAccess", "--no-input", "--", *SHOW, env=sh.env))
    assert found["AWS_SSO_PROFILE"] == "dev"
    echo = (sys.executable, "-c", "import sys; print(sys.argv[1:])", "--", "--role", "x")
    assert process("exec", "dev", "--", *echo, env=sh.env).out == f"{['--', '--role', 'x']}\n"
    assert process("exec", "--profile", "dev", *echo, env=sh.env).out == f"{['--', '--role', 'x']}\n"


@pytest.mark.parametrize("argv", [["dve"], ["dve", "--", "true"]])
def test_a_profile_that_is_not_there_is_exit_2(sh: Shell, argv: list[str]) -> None:
    """With did-you-mean; nothing is run."""
    ran = sh("exec", *argv)
    assert (ran.code, "Did you mean `dev`?" in ran.err) == (2, True)


def test_a_profile_is_named_once(sh: Shell) -> None:
    """What is said by flags already leaves the words behind it to the command."""
    ran = process("exec", "--profile", "dev", "dev", "--", "x", env=sh.env)
    assert (ran.code, "dev: command not found" in ran.err) == (127, True)


def test_without_a_command_it_is_exit_2(sh: Shell) -> None:
    """And so are options that cannot be meant; without a login it is exit 3, and nothing is run."""
    assert sh("exec", *HERE).code == 2
    assert sh("exec", "--session", "my-sso", "--", "x").code == 2
    assert sh("logout").code == 0
    assert sh("exec", *HERE, "--", sys.executable, "-c", "print('ran')") == Ran(3, "", sh("exec", *HERE, "--", "x").err)


def test_the_credentials_last_for_a_quarter_of_an_hour_at_least(sh: Shell) -> None:
    """What is cached is good enough for a process that asks again, but not for a command that may take its time."""
    sh.clock.sleep(3600 - 899)
    assert sh("exec", *HERE, "--", "/nonexistent").code == 127
    assert sh.asked["GetRoleCredentials"] == 2
