"""The whole tool on Windows: with Credential Manager, batch files, sealed files and console signals; runs nowhere else.

GitHub's Windows runners run it on Windows itself, the rig under wine.
"""

from __future__ import annotations

import base64
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms import access
from sso_login.core.model import Secret
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.world import World
from tests.support.shell import COMMAND, environment

if sys.platform != "win32":
    pytest.skip("for Windows, or wine", allow_module_level=True)

pytestmark = pytest.mark.timeout(1800)  # a process takes seconds under wine, and many of them where others work, too

HERE = ("--account", "111122223333", "--role", "ReadOnlyAccess")
ENTRY = "sso-login:sso:my-sso"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Give an emulator that approves by itself and rotates strictly."""
    with running(Settings(rotation="strict", interval=1, approve=True)) as found:
        yield found


@pytest.fixture
def env(home: Path, emulator: Emulator) -> dict[str, str]:
    """Give an environment whose tokens lie in Credential Manager."""
    kept = {name: os.environ[name] for name in ("PATH", "PATHEXT", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    root = str(Path(__file__).parents[2])
    ours = {**environment(home, emulator), "SSO_LOGIN_STORE": "keyring", "LOCALAPPDATA": str(home / "local")}
    return {**kept, "PYTHONPATH": root, **ours}


def ran(*argv: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run the program, and give what it wrote, byte for byte."""
    return subprocess.run([*COMMAND, *argv], env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def good(*argv: str, env: Mapping[str, str]) -> bytes:
    """Run the program, which has nothing to complain of, and give its result, whose lines end in LF alone."""
    done = ran(*argv, env=env)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"\r" not in done.stdout
    return done.stdout


def credentials() -> list[str]:
    """List the targets of ours that Credential Manager has, by what a login could have left."""
    manager = importlib.import_module("win32ctypes.pywin32.win32cred")
    error = importlib.import_module("win32ctypes.pywin32.pywintypes").error
    found = []
    for name in (ENTRY, *(f"{ENTRY}#{number}" for number in range(1, 9))):
        for target in (name, f"sso-login@{name}"):
            try:
                manager.CredRead(target, manager.CRED_TYPE_GENERIC)
            except error:
                continue
            found.append(target)
    return found


def test_a_whole_round_with_credential_manager(env: dict[str, str]) -> None:
    """Log in, token, renewal, roles, credentials, status, logout: nothing is left behind, nothing ends in CR LF."""
    assert ran("device", "--no-browser", env=env).returncode == 0
    first = good("token", env=env)
    assert first.endswith(b"\n")
    good("refresh", "--force", env=env)
    second = good("token", "--header", env=env)
    assert second.startswith(b"Authorization: Bearer ")
    assert first.strip() not in second
    assert not [target for target in credentials() if target.startswith("sso-login@")]
    assert ENTRY in credentials()
    for words in (("roles",), ("--help",), ("credentials", *HERE), ("credentials", *HERE, "--format", "cmd")):
        assert good(*words, env=env)
    assert b'"store": "keyring"' in good("status", "--json", env=env)
    assert ran("logout", env=env).returncode == 0
    assert credentials() == []
    assert ran("token", env=env).returncode == 3


def test_eight_at_expiry_renew_once(env: dict[str, str], emulator: Emulator) -> None:
    """A lock of Windows' own, and one answer for all."""
    assert ran("device", "--no-browser", env=env).returncode == 0
    world = World(env, notify=print)
    session = world.store("keyring").load("my-sso")
    assert session is not None
    world.store("keyring").save(replace(session, token=replace(session.token, expires_at=1, issued_at=0)))
    before = emulator.service.calls["CreateToken"]
    with ThreadPoolExecutor(8) as crowd:
        came = list(crowd.map(lambda _: ran("token", env=env), range(8)))
    assert [done.returncode for done in came] == [0] * 8, [done.stderr for done in came]
    assert len({done.stdout for done in came}) == 1
    assert emulator.service.calls["CreateToken"] == before + 1
    assert ran("logout", env=env).returncode == 0


def test_long_secrets_are_kept_in_parts(home: Path) -> None:
    """Credential Manager holds 1,280 characters; ours are read back whole, and go whole."""
    entries = KeyringEntries(env={}, interactive=False, notify=print, home=str(home / "state"))
    text = "sso-login-record 2\n" + "x" * 9000 + "grün"
    try:
        entries.write(ENTRY, text)
        assert entries.read(ENTRY) == text
    finally:
        assert entries.delete(ENTRY)
    assert credentials() == []


@pytest.mark.parametrize(
    "words", [["plain"], ["two words", "a&b"], ['"quoted" & echo hacked'], ["%PATH%", "100%"], ["^", "|", "<>"], [""]]
)
def test_exec_runs_a_batch_file_with_these_very_arguments(
    env: dict[str, str], tmp_path: Path, words: list[str]
) -> None:
    """A shim as npm makes them is found by PATHEXT, gets its arguments and credentials, and its exit code is ours."""
    assert ran("device", "--no-browser", env={**env, "SSO_LOGIN_STORE": "file"}).returncode == 0
    script = tmp_path / "shown.py"
    script.write_text(
        "import os, sys\nprint(ascii(sys.argv[1:]), 'AWS_SECRET_ACCESS_KEY' in os.environ)\nsys.exit(7)\n"
    )
    (tmp_path / "shim.cmd").write_text(f'@echo off\r\n"{sys.executable}" "{script}" %*\r\n')
    path = f"{tmp_path};{env.get('PATH', '')}"
    done = ran("exec", *HERE, "--", "shim", *words, env={**env, "PATH": path, "SSO_LOGIN_STORE": "file"})
    assert done.stdout.decode().splitlines() == [f"{words!a} True"], done.stderr
    assert done.returncode == 7


def test_the_current_folder_is_not_searched(env: dict[str, str], tmp_path: Path) -> None:
    """A program there is another one of that name."""
    (tmp_path / "shim.cmd").write_text("@exit 9\r\n")
    assert ran("device", "--no-browser", env={**env, "SSO_LOGIN_STORE": "file"}).returncode == 0
    asked = [*COMMAND, "exec", *HERE, "--", "shim"]
    done = subprocess.run(asked, env={**env, "SSO_LOGIN_STORE": "file"}, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 127


def test_the_file_store_is_sealed_and_its_folder_private(env: dict[str, str], home: Path) -> None:
    """By DPAPI without any key; a folder that others may get at is refused."""
    files = {**env, "SSO_LOGIN_STORE": "file"}
    assert ran("device", "--no-browser", env=files).returncode == 0
    token = good("token", env=files)
    secrets = home / "state" / "secrets"
    (record,) = [path for path in secrets.iterdir() if path.is_file()]
    assert record.read_bytes().startswith(b"sso-login-sealed 1\n")
    assert token.strip() not in record.read_bytes()
    assert access.fault(str(secrets)) == ""
    assert b'"backend": "file, DPAPI"' in good("status", "--json", env=files)


def test_completion_answers_powershell(env: dict[str, str]) -> None:
    """As the script of `completion powershell` asks: words in Base64, and so is the answer."""
    asked = base64.b64encode(b"token\nmy").decode()
    answer = base64.b64decode(good("__complete", "powershell", asked, env=env)).decode()
    assert answer.split("\n")[0] == "values"
    assert "my-sso" in answer
    assert b"Register-ArgumentCompleter" in good("completion", "powershell", env=env)


def test_the_emulator_prints_the_lines_of_the_shell_that_is_there(env: dict[str, str]) -> None:
    """PowerShell's by default, cmd's where cmd runs; with COMMAND it finds batch files, too."""
    done = ran("emulator", "--", sys.executable, "-c", "import os; print(os.environ['SSO_LOGIN_STORE'])", env=env)
    assert done.stdout.strip() == b"file", done.stderr


def test_ctrl_break_ends_it_cleanly(env: dict[str, str]) -> None:
    """A login that waits ends with 128 + SIGBREAK, not in the middle of anything."""
    waiting = {**env, "SSO_LOGIN_STORE": "file"}
    with running(Settings(interval=1)) as silent:  # where nobody approves
        asked = {**waiting, "AWS_ENDPOINT_URL_SSO_OIDC": silent.url}
        child = subprocess.Popen(
            [*COMMAND, "device", "--no-browser"],
            env=asked,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0,
        )
        assert child.stderr is not None
        for line in child.stderr:
            if b"Code:" in line:
                break
        try:
            child.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGTERM)
        except (OSError, SystemError):
            child.kill()
            pytest.skip("left alone: there is no console here to press Ctrl-Break in")
        child.stderr.read()
        assert child.wait(60) == 128 + int(getattr(signal, "SIGBREAK", 0))


def test_a_secret_is_none_that_prints_itself() -> None:
    """Here as everywhere."""
    assert "marked" not in repr(Secret("marked"))
