"""At expiry: one process goes the ordinary way, the others wait for it without importing anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hot.conftest import Both
from tests.hot.test_process import bare
from tests.support.shell import COMMAND

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

import fcntl

PATIENCE = 60  # seconds that only a hang comes near to


@contextmanager
def held(both: Both) -> Iterator[None]:
    """Have the turn, as a process on the ordinary way has it."""
    path = both.home / "turns" / "sso+my-sso"
    path.touch(0o600)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def started(both: Both) -> subprocess.Popen[str]:
    """Start `token`, which lists on stderr what it imports."""
    command = [sys.executable, "-X", "importtime", *COMMAND[1:], "token"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=bare(both.env), stdout=pipe, stderr=pipe, text=True)


def waits(child: subprocess.Popen[str]) -> str:
    """Read what a child imports until it waits for its turn."""
    assert child.stderr
    seen = ""
    for line in child.stderr:
        seen += line
        if "sso_login.hot_turn" in line:
            return seen
    pytest.fail(f"it did not wait:\n{seen}")


def too_old(both: Both) -> None:
    """Let the token expire, with nothing to renew it by."""
    both.log_in(left=-5)
    store = both.world(both.env, lambda _notice: None).store("file")
    session = store.load("my-sso")
    assert session
    store.save(replace(session, token=replace(session.token, refresh=None)))


def test_those_that_wait_get_the_new_token_without_importing_anything(both: Both) -> None:
    """All that came while somebody else had the turn."""
    too_old(both)
    with held(both):
        children = [started(both) for _ in range(3)]
        for child in children:
            waits(child)
        both.log_in(access="renewed")
    for child in children:
        out, imported = child.communicate(timeout=PATIENCE)
        assert (child.returncode, out) == (0, "renewed\n")
        assert "sso_login.cli" not in imported


def test_where_the_first_had_no_success_each_goes_the_ordinary_way(both: Both) -> None:
    """And says what is wrong, as ever."""
    too_old(both)
    with held(both):
        child = started(both)
        waits(child)
    out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out) == (3, "")
    assert "error: session 'my-sso' has no refresh token" in err


def test_the_turn_ends_with_its_process(both: Both) -> None:
    """One after the other finds it free, and says what is wrong."""
    too_old(both)
    for _ in range(2):
        done = subprocess.run([*COMMAND, "token"], env=bare(both.env), capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (3, b"")


@pytest.mark.parametrize("odd", ["link", "folder for all", "none"])
def test_an_odd_turn_is_done_without(both: Both, odd: str, tmp_path: Path) -> None:
    """A link in its place, a folder that others may look into, no folder."""
    turns = both.home / "turns"
    too_old(both)
    if odd == "link":
        (turns / "sso+my-sso").symlink_to(tmp_path / "elsewhere")
    elif odd == "folder for all":
        turns.chmod(0o755)
    else:
        turns.rmdir()
    done = subprocess.run([*COMMAND, "token"], env=bare(both.env), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"")
    assert not (tmp_path / "elsewhere").exists()
