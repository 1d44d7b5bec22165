"""Files that are imported in place of a package that sso-login needs: one sentence, not a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shell import COMMAND, Ran, clean

BODIES = {"raises": "raise RuntimeError", "lacks what is asked of it": "x = 1", "is no Python": "def ("}


def ran(folder: Path, *argv: str, **env: str) -> Ran:
    """Run the program with that folder first in PYTHONPATH."""
    whole = clean({"HOME": str(folder), **env})
    whole["PYTHONPATH"] = f"{folder}:{whole['PYTHONPATH']}"
    for name in [name for name in whole if name.startswith("COV")]:  # coverage would be the first to import them
        del whole[name]
    done = subprocess.run([*COMMAND, *argv], env=whole, capture_output=True, text=True, check=False, cwd=folder)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("name", ["click", "json", "urllib3"])
@pytest.mark.parametrize("package", [False, True], ids=["file", "package"])
def test_what_stands_in_the_way_is_named(tmp_path: Path, name: str, body: str, *, package: bool) -> None:
    """Error and hint, whichever way it fails, and exit 1."""
    path = tmp_path / (f"{name}/__init__.py" if package else f"{name}.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(body)
    done = ran(
        tmp_path, "device", "--start-url", "http://127.0.0.1:9/start", "--region", "us-east-1", SSO_LOGIN_STORE="file"
    )
    assert (done.code, done.out) == (1, "")
    error, hint = done.err.splitlines()[-2:]
    assert error == f"error: {path} is imported in place of the module {name} that sso-login needs"
    assert hint == "hint: Rename it, or start sso-login without PYTHONPATH and from another folder."
    assert "Traceback" not in done.err


def test_a_keyring_that_is_none_is_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    """The same words, with the exit code of storage."""
    (tmp_path / "keyring.py").write_text("raise RuntimeError")
    done = ran(tmp_path, "device", "--start-url", "http://127.0.0.1:9/start", "--region", "us-east-1")
    assert (done.code, f"{tmp_path / 'keyring.py'} is imported in place of" in done.err) == (7, True)


def test_a_file_that_nobody_imports_is_nobodys_business(tmp_path: Path) -> None:
    """A script called token.py beside the work is common: an error of ours is not put down to it."""
    (tmp_path / "this.py").write_text("raise RuntimeError")
    done = ran(tmp_path, "token", "nobody")
    assert (done.code, "in place of" in done.err) == (2, False)


def test_a_package_that_is_missing_is_a_broken_installation(tmp_path: Path) -> None:
    """Its name, and how to install again."""
    code = (
        "import sys; sys.modules['urllib3'] = None; sys.argv[1:] = ['device', '--start-url', 'http://127.0.0.1:9/s', "
        "'--region', 'us-east-1']; from sso_login.__main__ import main; main()"
    )
    env = clean({"HOME": str(tmp_path), "SSO_LOGIN_STORE": "file"})
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        "error: the Python package urllib3 cannot be imported: the installation of sso-login is broken\n" in done.stderr
    )
    assert "hint: Install sso-login again" in done.stderr


def test_without_cryptography_an_encrypted_store_says_so(tmp_path: Path) -> None:
    """As in a zip file, which cannot hold it: exit 7, and how to install instead."""
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    code = (
        "import sys; sys.modules['cryptography'] = None; sys.argv[1:] = ['device', '--start-url', "
        "'http://127.0.0.1:9/s', '--region', 'us-east-1']; from sso_login.__main__ import main; main()"
    )
    env = clean({"HOME": str(tmp_path), "SSO_LOGIN_STORE": "file", "SSO_LOGIN_KEY_FILE": str(key)})
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "cryptography cannot be loaded here" in done.stderr) == (7, True)


@pytest.mark.skipif(shutil.which("sh") is None, reason="POSIX paths")
def test_a_state_folder_below_a_file_is_named_once(tmp_path: Path) -> None:
    """The file that stands in the way is named, by every command, and by doctor once for each thing it spoils."""
    (tmp_path / "file").touch()
    home = str(tmp_path / "file" / "below" / "it")
    for argv in (("status",), ("token",), ("logout", "--all")):
        done = ran(tmp_path, *argv, SSO_LOGIN_HOME=home)
        assert (done.code, f"{tmp_path / 'file'} is not a folder" in done.err) == (7, True)
    report = ran(tmp_path, "doctor", SSO_LOGIN_HOME=home, SSO_LOGIN_STORE="file")
    assert report.out.count(f"session      {tmp_path / 'file'} is not a folder") == 1
