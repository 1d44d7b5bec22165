"""A home that cannot be told, root in somebody else's, a root that is read-only: refused before anything is made."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.shell import COMMAND, Ran, clean

if sys.platform == "win32":
    pytest.skip("homes are those of POSIX", allow_module_level=True)

START: Final = ("--start-url", "http://127.0.0.1:9/start", "--region", "us-east-1")
COMMANDS: Final = (
    ("device", *START),
    ("token",),
    ("refresh", "--all"),
    ("status",),
    ("logout", "--all"),
    ("credentials", "--account", "111122223333", "--role", "Deployer"),
    ("configure", "session", "corp", *START),
)
# The program of a user whom the system does not list, as with a random uid in a container.
UNLISTED: Final = """
import pwd, sys
def nobody(uid): raise KeyError(uid)
pwd.getpwuid = nobody
from sso_login.__main__ import main
main()
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can stand in for root in somebody else's home")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Give an empty working folder, in which nothing may appear."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def ran(*argv: str, cwd: Path, unlisted: bool = False, **env: str) -> Ran:
    """Run the program in a working folder, with these variables alone (and what Python needs)."""
    command = [sys.executable, "-c", UNLISTED] if unlisted else [*COMMAND]
    whole = {"SSO_LOGIN_STORE": "file", **clean(env)}
    done = subprocess.run([*command, *argv], env=whole, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "This is a bug" not in done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("home", [None, "", "relative", "~", "./here"])
@pytest.mark.parametrize("argv", COMMANDS, ids=lambda argv: argv[0])
def test_without_a_home_nothing_is_made(work: Path, argv: tuple[str, ...], home: str | None) -> None:
    """Exit 2, both variables named, and the working folder as it was: no folder called `~`, none that is relative."""
    env = {} if home is None else {"HOME": home}
    done = ran(*argv, cwd=work, unlisted=True, **env)
    assert (done.code, done.out) == (2, "")
    assert "no home folder is known: HOME" in done.err
    assert "Set HOME, or name a folder of your own in SSO_LOGIN_HOME." in done.err
    assert list(work.iterdir()) == []


def test_doctor_finds_it(work: Path) -> None:
    """A finding with its remedy, exit 1."""
    done = ran("doctor", cwd=work, unlisted=True)
    assert (done.code, "fail  home         no home folder is known" in done.out) == (1, True)
    assert list(work.iterdir()) == []


def test_our_own_variable_is_enough(tmp_path: Path, work: Path) -> None:
    """With SSO_LOGIN_HOME the state has its place; a config that has none is not there, and none is written."""
    state = tmp_path / "state"
    done = ran("status", cwd=work, unlisted=True, SSO_LOGIN_HOME=str(state))
    assert (done.code, "No sessions yet" in done.err) == (0, True)
    refused = ran("configure", "session", "corp", *START, cwd=work, unlisted=True, SSO_LOGIN_HOME=str(state))
    assert (refused.code, "no home folder is known" in refused.err) == (2, True)
    assert ran("doctor", cwd=work, unlisted=True, SSO_LOGIN_HOME=str(state)).code in {0, 1}
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("named", ["relative", "./here", "~nobody-of-that-name/x"])
def test_our_own_variable_is_absolute(work: Path, named: str) -> None:
    """Cron's working folder is another one: a relative SSO_LOGIN_HOME is exit 2, and nothing is made."""
    done = ran("device", *START, cwd=work, HOME=str(work), SSO_LOGIN_HOME=named)
    assert (done.code, f"SSO_LOGIN_HOME is not an absolute path: {named}" in done.err) == (2, True)
    assert list(work.iterdir()) == []


def test_without_a_folder_for_temporary_files_the_emulator_says_so(tmp_path: Path) -> None:
    """Exit 7 and the variable that helps."""
    code = (
        "import sys, tempfile\n"
        "tempfile._candidate_tempdir_list = lambda: ['/nowhere/at/all']\n"
        "from sso_login.__main__ import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "emulator", "--", "true"],
        env=clean({"HOME": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr, "TMPDIR" in done.stderr) == (7, False, True)


@only_root
@pytest.mark.parametrize("argv", COMMANDS, ids=lambda argv: argv[0])
def test_root_makes_nothing_in_somebody_elses_home(tmp_path: Path, argv: tuple[str, ...]) -> None:
    """`sudo -E`: exit 7 with the owner's name and `sudo -u`, and the home is as it was."""
    home = tmp_path / "alice"
    home.mkdir()
    os.chown(home, 54321, 54321)
    done = ran(*argv, cwd=tmp_path, HOME=str(home))
    assert (done.code, done.out) == (7, "")
    assert f"{home} belongs to #54321" in done.err
    assert "`sudo -u #54321 -H sso-login ...`" in done.err
    assert list(home.iterdir()) == []


@only_root
def test_root_finds_the_same_below_what_is_there_already(tmp_path: Path) -> None:
    """The state folder of the owner, or the folder above it, is as foreign."""
    home = tmp_path / "alice"
    (home / ".local" / "state").mkdir(parents=True)
    for folder in (home, home / ".local", home / ".local" / "state"):
        os.chown(folder, 54321, 54321)
    done = ran("device", *START, cwd=tmp_path, HOME=str(home))
    assert (done.code, list((home / ".local" / "state").iterdir())) == (7, [])
    state = tmp_path / "roots"
    assert ran("status", cwd=tmp_path, HOME=str(home), SSO_LOGIN_HOME=str(state)).code == 0


@only_root
def test_root_writes_no_config_in_somebody_elses_home(tmp_path: Path) -> None:
    """Also where root's own state folder is named: the AWS files are the owner's."""
    home = tmp_path / "alice"
    home.mkdir()
    os.chown(home, 54321, 54321)
    done = ran("configure", "session", "corp", *START, cwd=tmp_path, HOME=str(home), SSO_LOGIN_HOME=str(tmp_path / "s"))
    assert (done.code, list(home.iterdir())) == (7, [])


@only_root
def test_doctor_names_the_owner(tmp_path: Path) -> None:
    """The remedy runs it as that user; no chown that would lock the owner out."""
    home = tmp_path / "alice"
    home.mkdir()
    os.chown(home, 54321, 54321)
    done = ran("doctor", cwd=tmp_path, HOME=str(home))
    assert (done.code, "sudo -u #54321 -H" in done.out, "chown" in done.out) == (1, True, False)


def test_a_folder_that_cannot_be_made_is_storage_trouble(tmp_path: Path) -> None:
    """A home on a read-only file system: exit 7, and another folder as the way out."""
    done = ran("device", *START, cwd=tmp_path, HOME="/proc/self")
    assert done.code == 7
    assert "hint: Name another folder in SSO_LOGIN_HOME." in done.err


def test_a_config_that_leads_into_a_read_only_store_is_named(tmp_path: Path) -> None:
    """As home-manager links it: no chmod that cannot work, but where to change it."""
    store, home = tmp_path / "store", tmp_path / "home"
    store.mkdir()
    (home / ".aws").mkdir(parents=True)
    target = store / "config"
    target.write_text("[default]\nregion = eu-west-1\n")
    target.chmod(0o444)
    if os.geteuid() == 0:
        os.chown(target, 54321, 54321)
    store.chmod(0o555)
    (home / ".aws" / "config").symlink_to(target)
    done = ran("configure", "session", "corp", *START, cwd=tmp_path, HOME=str(home))
    assert done.code == 7
    assert f"is a link to {target}, which may not be changed here" in done.err
    assert "Change it where it is made" in done.err
    assert "chmod" not in done.err
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
