"""The command `emulator` as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sso_login.cli.app import run
from sso_login.emulator.server import running
from sso_login.emulator.signals import stop_signals
from tests.support.terminal.plain import ask

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "sso_login", "emulator"]


if sys.platform == "win32":
    pytest.skip("needs POSIX signals", allow_module_level=True)


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """Make the folder in which the command makes its throwaway ones."""
    folder = tmp_path / "temp"
    folder.mkdir()
    return folder


@contextmanager
def process(*arguments: str, temp: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command with its throwaway folders under `temp`; killed if it still runs at the end."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temp)}
    with subprocess.Popen(
        [*COMMAND, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def exported(child: subprocess.Popen[str]) -> dict[str, str]:
    """Read export lines until the last of them."""
    found: dict[str, str] = {}
    assert child.stdout
    while "SSO_LOGIN_SESSION" not in found:
        line = child.stdout.readline()
        match = re.fullmatch(r"export ([A-Z0-9_]+)='([^']*)'\n", line)
        if match:
            found[match[1]] = match[2]
        else:
            assert line.startswith("unset ")
    return found


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_serves_until_told_to_stop(temp: Path, name: str) -> None:
    """Without a command it prints exports, serves, and a signal ends it cleanly: 128+n, one line, nothing left."""
    number = getattr(signal, name)
    with process("--interval", "1", "--token-lifetime", "15m", temp=temp) as child:
        variables = exported(child)
        assert child.stderr
        line = child.stderr.readline()
        assert variables["AWS_ENDPOINT_URL_SSO"] in line
        assert Path(variables["AWS_CONFIG_FILE"]).exists()
        assert json.loads(ask(f"{variables['AWS_ENDPOINT_URL_SSO']}/emulator/calls").text)["calls"] == {}
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (128 + number, "", "")
    assert list(temp.iterdir()) == []


def test_runs_a_command_that_logs_in(temp: Path) -> None:
    """AWS's own client in the child, given the environment alone, logs in, lists, and says whose credentials it got."""
    script = """
import os, time, boto3, botocore
oidc, portal = (boto3.client(name, region_name="us-east-1") for name in ("sso-oidc", "sso"))
client = oidc.register_client(clientName="child", clientType="public", scopes=["sso:account:access"])
client = {name: client[name] for name in ("clientId", "clientSecret")}
start = open(os.environ["AWS_CONFIG_FILE"]).read().split("sso_start_url = ")[1].split()[0]
code = oidc.start_device_authorization(**client, startUrl=start)
while True:
    time.sleep(code["interval"])
    try:
        grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": code["deviceCode"]}
        token = oidc.create_token(**client, **grant)
        break
    except oidc.exceptions.AuthorizationPendingException:
        pass
access = {"accessToken": token["accessToken"]}
pages = [len(page["accountList"]) for page in portal.get_paginator("list_accounts").paginate(**access)]
print(pages, token["expiresIn"])
before = time.time()
role = portal.get_role_credentials(**access, accountId="111122223333", roleName="Deployer")["roleCredentials"]
print(before + 899 < role["expiration"] / 1000 < time.time() + 901)
given = {"aws_access_key_id": role["accessKeyId"], "aws_secret_access_key": role["secretAccessKey"]}
sts = boto3.client("sts", region_name="us-east-1", aws_session_token=role["sessionToken"], **given)
print(sts.get_caller_identity()["Account"])
once = botocore.config.Config(retries={"total_max_attempts": 1})
portal = boto3.client("sso", region_name="us-east-1", config=once)
try:
    while True:
        portal.list_accounts(**access)
except portal.exceptions.TooManyRequestsException as error:
    print(error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"])
raise SystemExit(7)
"""
    options = ["--approve", "--interval", "1", "--token-lifetime", "2h", "--rotation", "grace", "--code-lifetime", "60"]
    options += ["--accounts", "25", "--page-size", "10", "--role-lifetime", "15m", "--portal-delay", "0.001"]
    options += ["--portal-rate", "5", "--retry-after", "7"]
    with process(*options, "--", sys.executable, "-c", script, temp=temp) as child:
        out, err = child.communicate(timeout=120)
    assert (child.returncode, out, err) == (7, "[10, 10, 5] 7200\nTrue\n111122223333\n7\n", "")
    assert list(temp.iterdir()) == []


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_signal_is_passed_to_the_child(temp: Path, name: str, code: int) -> None:
    """SIGTERM and SIGHUP reach the child, and its end and the clean-up follow."""
    script = "import sys, time; print('up', flush=True); time.sleep(600)"
    with process("--", sys.executable, "-c", script, temp=temp) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        child.send_signal(getattr(signal, name))
        assert child.wait(timeout=60) == code
    assert list(temp.iterdir()) == []


def test_interrupt_is_the_childs_to_answer(temp: Path) -> None:
    """Ctrl-C reaches both; the emulator stays until the child has ended as it likes, then cleans up."""
    script = """
import os, signal, time
def caught(*_):
    os.write(1, b"caught\\n")
    raise SystemExit(5)
signal.signal(signal.SIGINT, caught)
print("up", flush=True)
time.sleep(600)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temp)}
    with subprocess.Popen(
        [*COMMAND, "--", sys.executable, "-c", script],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        os.killpg(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (5, "caught\n", "")
    assert list(temp.iterdir()) == []


def test_program_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that cannot be found is one line and a hint on stderr, and 127."""
    assert run(["emulator", "--", "no-such-program"]) == 127
    out, err = capsys.readouterr()
    assert err.startswith("error: no-such-program: command not found\nhint: ")
    assert out == ""


def test_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A port in use is one line and a hint on stderr, and 1."""
    with running() as other:
        port = other.url.rpartition(":")[2]
        assert run(["emulator", "--port", port, "--", "true"]) == 1
    assert capsys.readouterr().err.startswith(f"error: cannot listen on 127.0.0.1:{port} ")


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "5w", ""])
def test_durations_are_whole_seconds(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A duration is a whole number of seconds or one with a unit; anything else is a usage error."""
    assert run(["emulator", "--interval", text, "--", "true"]) == 2
    assert "--interval" in capsys.readouterr().err


def test_help_ends_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what the emulator's own paths are for and ends with examples."""
    assert run(["emulator", "--help"]) == 0
    text = capsys.readouterr().out
    assert "/emulator/expire" in text
    assert "credentials or passwords" in " ".join(text.split())
    assert "(/authorize, AWS Sign-In) at once" in " ".join(text.split())
    assert "sso-login emulator --approve --interval 1 -- sh -c" in text.partition("Example:")[2]


def test_stop_signal_that_comes_early_is_not_missed() -> None:
    """A signal between start and the wait for it still ends the wait; foreign ones do not."""
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with stop_signals() as stopped:
            os.kill(os.getpid(), signal.SIGUSR1)
            os.kill(os.getpid(), signal.SIGTERM)
            assert stopped() == signal.SIGTERM
    finally:
        signal.signal(signal.SIGUSR1, before)
