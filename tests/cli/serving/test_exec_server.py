"""`exec --server`: what the command finds, how it and we end, its signals and terminal, and what is left of us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from sso_login.cli.output.credential_formats import CLEARED
from sso_login.emulator.core.settings import Settings
from tests.support.serving.served import ASKING, get, started
from tests.support.shell import COMMAND, Ran, clean, process
from tests.support.terminal.desk import Desk, desk

ACCOUNT: Final = "111122223333"
URI: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
PROFILE: Final = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = ReadOnlyAccess
region = eu-west-1
"""
DEFAULT: Final = f"""
[default]
# what SDKs look at first
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Deployer
output = json
"""
KEYS: Final = """
[default]
aws_access_key_id = AKIASTATICSTATICSTAT
aws_secret_access_key = a-static-secret
[other]
aws_access_key_id = AKIAOTHEROTHEROTHERO
aws_secret_access_key = another-static-secret
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="left alone: Windows has no signals")
EXEC: Final = ("exec", "--profile", "dev", "--server")


@pytest.fixture
def at(home: Path) -> Iterator[Desk]:
    """Log in, with a profile."""
    with desk(home, Settings(interval=1)) as made:
        config = Path(made.env["AWS_CONFIG_FILE"])
        config.write_text(config.read_text() + PROFILE)
        credentials = home / ".aws" / "credentials"
        at = replace(made, env={**made.env, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)})
        at.log_in()
        yield at


def seen(ran: Ran) -> tuple[dict[str, str], dict[str, Any]]:
    """Read what ASKING wrote: the child's environment, and what the server gave it."""
    assert (ran.code, ran.err) == (0, "")
    environment, body = json.loads(ran.out)
    return environment, body


def python(script: str) -> tuple[str, ...]:
    """Write a command that runs a script."""
    return (sys.executable, "-u", "-c", script)


def test_the_command_finds_a_server_and_nothing_that_goes_before_it(at: Desk) -> None:
    """Address, token, region, and for prompts the profile; no keys, and no expiry that would go stale."""
    foreign = dict.fromkeys(CLEARED, "foreign")
    environment, body = seen(process(*EXEC, "--", *ASKING, env={**at.env, **foreign}))
    assert "foreign" not in environment.values()
    ours = {name: environment[name] for name in environment if name in CLEARED}
    assert set(ours) == {URI, TOKEN, "AWS_ACCOUNT_ID"}
    assert (environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert environment["AWS_SSO_PROFILE"] == "dev"
    assert environment["AWS_CONFIG_FILE"] == at.env["AWS_CONFIG_FILE"]
    assert (body["AccountId"], set(body)) == (
        ACCOUNT,
        {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId", "RoleArn"},
    )


def test_no_proxy_comes_between(at: Desk) -> None:
    """Where the environment names one, loopback is left out of it for the command, beside what was left out before."""
    proxied = {**at.env, "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "intranet.example"}
    environment, _ = seen(process(*EXEC, "--", *ASKING, env=proxied))
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1,localhost,intranet.example"
    without = {**at.env, "HTTP_PROXY": "", "HTTPS_PROXY": ""}
    assert "NO_PROXY" not in seen(process(*EXEC, "--", *ASKING, env=without))[0]


def test_by_account_and_role_the_prompt_shows_these(at: Desk) -> None:
    """ACCOUNT:ROLE."""
    ran = process("exec", "--server", "--account", ACCOUNT, "--role", "Deployer", "--", *ASKING, env=at.env)
    assert seen(ran)[0]["AWS_SSO_PROFILE"] == f"{ACCOUNT}:Deployer"


@posix
def test_a_token_file_is_private_and_has_no_newline(at: Desk) -> None:
    """In place of the variable; Rust's object_store knows no other way."""
    script = (
        "import os, stat; path = os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']; "
        "text = open(path).read(); print(oct(stat.S_IMODE(os.stat(path).st_mode)), text == text.strip(), "
        f"'{TOKEN}' in os.environ, path)"
    )
    ran = process(*EXEC, "--token-file", "--", *python(script), env=at.env)
    *said, path = ran.out.split()
    assert said == ["0o600", "True", "False"]
    assert not Path(path).exists()
    assert seen(process(*EXEC, "--token-file", "--", *ASKING, env=at.env))[1]["AccountId"] == ACCOUNT


@pytest.mark.parametrize("where", ["config", "credentials"])
def test_a_default_profile_with_credentials_is_hidden(at: Desk, where: str) -> None:
    """The child sees private copies without them; other profiles, comments and the files themselves stay."""
    config, credentials = Path(at.env["AWS_CONFIG_FILE"]), Path(at.env["AWS_SHARED_CREDENTIALS_FILE"])
    changed = config if where == "config" else credentials
    changed.write_text((config.read_text() if where == "config" else "") + (DEFAULT if where == "config" else KEYS))
    before = changed.read_bytes()
    script = (
        "import json, os, stat; names = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']; "
        "print(json.dumps([[os.environ[each], oct(stat.S_IMODE(os.stat(os.environ[each]).st_mode)), "
        "open(os.environ[each]).read()] for each in names]))"
    )
    ran = process(*EXEC, "--", *python(script), env=at.env)
    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert [mode for _, mode, _ in found] == ["0o600", "0o600"]
    assert [path for path, _, _ in found] != [str(config), str(credentials)]
    text = found[0][2] if where == "config" else found[1][2]
    if where == "config":
        assert "Deployer" not in text
        assert "# what SDKs look at first\noutput = json\n" in text
        assert PROFILE in text
    else:
        assert "STATICSTATIC" not in text
        assert "AKIAOTHEROTHEROTHERO" in text
    assert not any(Path(path).exists() for path, _, _ in found)
    assert changed.read_bytes() == before


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 15)", 143),
        ("import os; os.kill(os.getpid(), 9)", 137),
    ],
)
@posix
def test_its_end_is_ours(at: Desk, script: str, code: int) -> None:
    """Its exit code, or 128 and the signal."""
    assert process(*EXEC, "--", *python(script), env=at.env).code == code


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/", 126), ("", 127)])
def test_a_program_that_cannot_be_run_is_told(at: Desk, program: str, code: int) -> None:
    """As a shell does."""
    ran = process(*EXEC, "--", program, env=at.env)
    assert ran.code == code
    assert "hint: Name a program that is on PATH" in ran.err


@pytest.mark.parametrize("words", [("--token-file",), ("--for", "1h")])
def test_options_of_the_server_need_it(at: Desk, words: tuple[str, ...]) -> None:
    """Exit 2, rather than nothing of what was meant."""
    ran = process("exec", "--profile", "dev", *words, "--", "true", env=at.env)
    assert (ran.code, f"{words[0]} is for --server alone" in ran.err) == (2, True)


def test_without_a_login_nothing_is_run(at: Desk) -> None:
    """Exit 3, before the child would start."""
    assert at.here("logout").code == 0
    ran = process(*EXEC, "--", *python("print('ran')"), env=at.env)
    assert (ran.code, ran.out) == (3, "")


def test_a_lease_ends_while_the_child_lives(at: Desk) -> None:
    """403 LeaseEnded, and its exit code is passed on all the same."""
    script = """
import json, os, sys, time, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ask = urllib.request.Request(os.environ[sys.argv[1]], headers={"Authorization": os.environ[sys.argv[2]]})
while True:
    try:
        opener.open(ask).read()
    except urllib.error.HTTPError as error:
        print(error.code, json.loads(error.read())["Code"])
        raise SystemExit(9)
    time.sleep(0.05)
"""
    ran = process(*EXEC, "--for", "1s", "--", *python(script), URI, TOKEN, env=at.env)
    assert (ran.code, ran.out) == (9, "403 LeaseEnded\n")


def test_an_access_log_for_who_wants_one(at: Desk) -> None:
    """-v, on stderr."""
    ran = process(*EXEC, "-v", "--", *ASKING, env=at.env)
    body = json.loads(ran.out)[1]
    assert "Z dev 200\n" in ran.err
    assert body["SecretAccessKey"] not in ran.err
    assert body["Token"] not in ran.err


# --- signals

COUNTING: Final = """
import signal, sys, time
got = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"):
    signal.signal(getattr(signal, name), lambda number, frame: got.append(signal.Signals(number).name))
print("ready", flush=True)
end = time.monotonic() + 60
while not got and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.2)
print(" ".join(got), flush=True)
sys.exit(5)
"""


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"])
def test_what_a_process_sends_us_is_sent_on_once(at: Desk, name: str) -> None:
    """And the child decides what it means."""
    with started(*EXEC, "--", *python(COUNTING), env=at.env, ready="ready") as running:
        running.process.send_signal(getattr(signal, name))
        assert running.ended() == 5
        assert running.out[-1] == f"{name}\n"


@posix
def test_what_is_ignored_stays_so_in_the_child(at: Desk) -> None:
    """As with nohup."""
    argv = [
        "sh",
        "-c",
        "trap '' HUP; exec \"$@\"",
        "sh",
        *COMMAND,
        *EXEC,
        "--",
        "sh",
        "-c",
        "kill -HUP $$ $PPID; exit 3",
    ]
    done = subprocess.run(argv, env=clean(at.env), capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (3, "")


@posix
def test_the_child_has_the_usual_signals_and_none_blocked(at: Desk) -> None:
    """Nothing of how we take ours is passed on."""
    script = (
        "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))); "
        "print(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('SigBlk')])"
    )
    if sys.platform != "linux":
        pytest.skip("left alone: only Linux shows it")
    assert process(*EXEC, "--", *python(script), env=at.env).out == "[]\n0000000000000000\n"
    shell = "grep SigIgn /proc/self/status"
    ignored = int(process(*EXEC, "--", "sh", "-c", shell, env=at.env).out.split()[1], 16)
    assert ignored & 0x7FFFFFFF == 0  # those above are the C library's own


@posix
def test_at_a_terminal_ctrl_c_is_the_childs(at: Desk) -> None:
    """Once, by the terminal itself; and we stay until it ends."""
    pexpect = pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], *EXEC, "--", *python(COUNTING)], env=clean(at.env), timeout=60)
    child.expect("ready")
    child.sendintr()
    child.expect("SIGINT\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 5


@posix
def test_at_a_terminal_ctrl_z_and_fg_are_the_shells(at: Desk) -> None:
    """Both stop, the shell has the terminal again; `fg` lets both go on, and the server answers."""
    pexpect = pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
    env = {**clean(at.env), "PS1": "$$ ", "TERM": "dumb"}
    shell = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, encoding="utf-8", timeout=60, echo=False)
    line = " ".join(
        [
            *COMMAND,
            *EXEC,
            "--",
            "sh",
            "-c",
            f'\'echo be""gun; read x; curl -s -H "Authorization: ${TOKEN}" ${URI}; exit 4\'',
        ]
    )
    shell.sendline(line)
    shell.expect("begun")
    shell.send("\x1a")
    shell.expect("Stopped")
    shell.sendline("echo in the sh''ell; fg")
    shell.expect("in the shell")
    shell.sendline("go")
    shell.expect('"AccountId": "111122223333"')
    shell.sendline("echo code=$?; exit")
    shell.expect("code=4")
    shell.close()


@posix
def test_a_shell_in_it_can_be_suspended(at: Desk) -> None:
    """It has a group of its own, and the terminal with it: we stop all the same, and `fg` wakes both."""
    pexpect = pytest.importorskip("pexpect", reason="there is no pexpect on Windows")
    env = {**clean(at.env), "PS1": "$$ ", "TERM": "dumb", "SHELL": "/bin/bash"}
    outer = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, encoding="utf-8", timeout=60, echo=False)
    outer.sendline(" ".join([*COMMAND, *EXEC, "-- bash --norc --noprofile -i"]))
    outer.sendline("echo in the in''ner")
    outer.expect("in the inner")
    outer.sendline("suspend")
    outer.expect("Stopped")
    outer.sendline("echo in the ou''ter; fg")
    outer.expect("in the outer")
    outer.sendline("echo with $AWS_SSO_PROFILE aga''in; exit 6")
    outer.expect("with dev again")
    outer.sendline("echo code=$?; exit")
    outer.expect("code=6")
    outer.close()


# --- what is left


def in_files(home: Path, words: list[str]) -> list[str]:
    """Name the files below a home, and of those in memory, that hold one of the words."""
    files = [each for each in [*home.rglob("*"), *Path("/dev/shm").glob("*")] if each.is_file()]
    return [str(each) for each in files if any(word.encode() in each.read_bytes() for word in words)]


@pytest.mark.skipif(sys.platform != "linux", reason="left alone: elsewhere the next run sweeps")
def test_after_sigkill_of_us_no_file_is_left_and_no_server(at: Desk) -> None:
    """The child lives on without either; nothing that opens a door was ever written down."""
    config = Path(at.env["AWS_CONFIG_FILE"])
    config.write_text(config.read_text() + DEFAULT)
    script = "import json, os, time; print(json.dumps([os.getpid(), dict(os.environ)])); time.sleep(120)"
    with started(*EXEC, "--token-file", "--", *python(script), env=at.env, ready="[") as running:
        pid, environment = json.loads(running.out[0])
        files = [environment[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", f"{TOKEN}_FILE")]
        token = Path(files[2]).read_text()
        body = get(environment[URI], token)[1]
        secrets = Path(at.env["SSO_LOGIN_HOME"])
        running.process.kill()
        running.process.wait(60)
        assert not any(Path(each).exists() for each in files)
        with pytest.raises(OSError, match="refused"):
            get(environment[URI], token)
        os.kill(pid, 0)
        assert in_files(at.home, [token]) == []
        found = in_files(at.home, [str(body["SecretAccessKey"])])
        assert all(each.startswith(str(secrets)) for each in found)  # the store alone
        os.kill(pid, getattr(signal, "SIGKILL", 9))


@posix
def test_after_sigkill_of_the_child_the_server_is_gone(at: Desk) -> None:
    """With its exit code, as a shell has it."""
    script = "import json, os, time; print(json.dumps([os.getpid(), dict(os.environ)])); time.sleep(120)"
    with started(*EXEC, "--", *python(script), env=at.env, ready="[") as running:
        pid, environment = json.loads(running.out[0])
        assert get(environment[URI], environment[TOKEN])[0] == 200
        os.kill(pid, getattr(signal, "SIGKILL", 9))
        assert running.ended() == 137
        with pytest.raises(OSError, match="refused"):
            get(environment[URI], environment[TOKEN])


def test_no_secret_is_in_a_command_line(at: Desk) -> None:
    """Ours or the child's."""
    if sys.platform != "linux":
        pytest.skip("left alone: only Linux shows it")
    script = (
        "import os; lines = [open(f'/proc/{each}/cmdline').read() for each in (os.getpid(), os.getppid())]; "
        f"print(lines, os.environ['{TOKEN}'])"
    )
    ran = process(*EXEC, "--", *python(script), env=at.env)
    lines, token = ran.out.rsplit(" ", 1)
    assert token.strip() not in lines
