"""The throwaway environment, and real child processes in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.adapters.system.programs import startable
from sso_login.emulator.sandbox import CannotRun, Sandbox, prepared, run
from sso_login.emulator.server import Emulator, running
from sso_login.emulator.signals import Relay, exit_code

PYTHON = [sys.executable, "-c"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Start an emulator."""
    with running() as started:
        yield started


@pytest.fixture
def box(emulator: Emulator) -> Iterator[Sandbox]:
    """Make a sandbox for this process's own environment."""
    with prepared(emulator, os.environ) as made:
        yield made


def test_home_is_private_and_gone_afterwards(emulator: Emulator) -> None:
    """Folder 0700, config 0600, and nothing is left of what a command wrote there."""
    with prepared(emulator, {}) as made:
        home = Path(made.variables["HOME"])
        config = Path(made.variables["AWS_CONFIG_FILE"])
        if os.name == "posix":
            assert [path.stat().st_mode & 0o777 for path in (home, config.parent, config)] == [0o700, 0o700, 0o600]
        (home / "sso-login").mkdir()
        (home / "sso-login" / "record").write_text("x")
    assert not home.exists()


def test_config_can_be_read_by_botocore(box: Sandbox, emulator: Emulator) -> None:
    """AWS's own reader finds a profile and its session that lead to the emulator."""
    script = (
        "import botocore.session as s; c = s.Session(profile='emulator'); print(c.get_scoped_config(), c.full_config)"
    )
    done = subprocess.run(
        [*PYTHON, script], env=box.environment(os.environ), capture_output=True, text=True, check=True
    )
    for expected in (emulator.start_url, "'sso_session': 'emulator'", "sso:account:access", "'111122223333'"):
        assert expected in done.stdout


def test_nothing_real_leaks_in(emulator: Emulator) -> None:
    """Credentials, profiles, endpoints and settings of the one who starts it are taken out; the rest stays."""
    stray = {
        "AWS_ENDPOINT_URL_STS": "https://elsewhere.example",
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "SSO_LOGIN_KEY_FILE": "/key",
        "XDG_STATE_HOME": "/state",
    }
    inherited = {**stray, "HOME": "/home/me", "PATH": "/bin", "AWS_CONFIG_FILE": "/real", "LANG": "C"}
    with prepared(emulator, inherited) as made:
        child = made.environment(inherited)
    assert child.pop("AWS_ENDPOINT_URL_STS") == emulator.url
    assert not set(stray) & set(child)
    assert (child["PATH"], child["LANG"]) == ("/bin", "C")
    assert child["HOME"] != "/home/me"
    assert child["AWS_CONFIG_FILE"].startswith(child["HOME"])
    assert child["AWS_ENDPOINT_URL_SSO_OIDC"] == child["AWS_ENDPOINT_URL_SSO"] == emulator.url
    assert Path(child["XDG_RUNTIME_DIR"]).parent == Path(child["HOME"])
    assert child["AWS_ENDPOINT_URL_SIGNIN"] == child["AWS_ENDPOINT_URL"] == emulator.url
    assert (child["SSO_LOGIN_STORE"], child["SSO_LOGIN_SESSION"]) == ("file", "emulator")


@pytest.mark.parametrize(
    ("inherited", "expected"),
    [
        ({}, None),
        ({"http_proxy": "http://proxy:3128"}, "127.0.0.1,localhost"),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": ".corp"}, "127.0.0.1,localhost,.corp"),
    ],
)
def test_proxies_are_not_asked_for_loopback(
    emulator: Emulator, inherited: dict[str, str], expected: str | None
) -> None:
    """Where a proxy is set, the emulator is excepted from it."""
    with prepared(emulator, inherited) as made:
        assert made.environment(inherited).get("no_proxy") == expected


def test_exports_are_shell(emulator: Emulator) -> None:
    """A shell that evaluates the lines has the same environment as a child would; quotes survive."""
    inherited = {"AWS_PROFILE": "prod", "NO_PROXY": "it's", "HTTP_PROXY": "http://proxy", "PATH": os.environ["PATH"]}
    with prepared(emulator, inherited) as made:
        lines = made.exports()
        script = f"{lines}exec env"
        seen = subprocess.run(["/bin/sh", "-c", script], env=inherited, capture_output=True, text=True, check=True)
    assert all(line.startswith(("export ", "unset ")) for line in lines.splitlines())
    got = dict(line.split("=", 1) for line in seen.stdout.splitlines())
    assert {name: got.get(name) for name in made.variables} == dict(made.variables)
    assert "AWS_PROFILE" not in got


@pytest.mark.parametrize("code", [0, 3, 255])
def test_exit_code_is_passed_on(box: Sandbox, code: int) -> None:
    """The command's own exit code is the answer."""
    assert run([*PYTHON, f"raise SystemExit({code})"], box.environment(os.environ), startable=startable) == code


def test_signal_becomes_128_and_its_number(box: Sandbox) -> None:
    """A command that a signal ended gives 128 plus its number, as in a shell."""
    if sys.platform == "win32":
        pytest.skip("needs POSIX signals")
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run([*PYTHON, kill], box.environment(os.environ), startable=startable) == 128 + signal.SIGKILL
    assert exit_code(-signal.SIGTERM) == 143


def test_signal_before_the_child_is_there_reaches_it() -> None:
    """A SIGTERM that comes while the child is being started is passed on once it is."""
    if sys.platform == "win32":
        pytest.skip("needs POSIX signals")
    relay = Relay()
    with relay.listening():
        signal.raise_signal(signal.SIGTERM)
        with subprocess.Popen([*PYTHON, "import time; time.sleep(600)"]) as child:
            relay.to(child)
            assert exit_code(child.wait()) == 143


def test_command_that_cannot_run(box: Sandbox, tmp_path: Path) -> None:
    """127 for what is not found, 126 for what may not be executed, each with one line."""
    with pytest.raises(CannotRun, match="no-such-program: command not found") as caught:
        run(["no-such-program"], box.environment(os.environ), startable=startable)
    assert caught.value.exit_code == 127
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(CannotRun, match="cannot be executed") as caught:
        run([str(plain)], box.environment(os.environ), startable=startable)
    assert caught.value.exit_code == 126


def test_the_environment_in_the_lines_of_other_shells(emulator: Emulator) -> None:
    """PowerShell, cmd.exe and fish each get their own; quotes are doubled or escaped as each wants it."""
    inherited = {"AWS_PROFILE": "prod", "NO_PROXY": "it's \\ \u2019", "HTTP_PROXY": "http://proxy"}
    with prepared(emulator, inherited) as made:
        assert "$Env:AWS_PROFILE = $null" in made.exports("powershell").splitlines()
        assert "$Env:NO_PROXY = '127.0.0.1,localhost,it''s \\ \u2019\u2019'" in made.exports("powershell").splitlines()
        assert 'set "AWS_PROFILE="' in made.exports("cmd").splitlines()
        assert 'set "SSO_LOGIN_STORE=file"' in made.exports("cmd").splitlines()
        assert "set -e AWS_PROFILE" in made.exports("fish").splitlines()
        assert "set -gx NO_PROXY '127.0.0.1,localhost,it\\'s \\\\ \u2019'" in made.exports("fish").splitlines()
