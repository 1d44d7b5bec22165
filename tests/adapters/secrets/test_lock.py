"""The lock of a session, and the turns at the keyring."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sso_login.adapters.secrets import lock
from sso_login.adapters.secrets.lock import FileLocks, politely
from sso_login.core.errors import LockTimeout, StoreUnusable, UnsafeFile
from sso_login.core.message import Notice

HOLDER = """
import sys
from sso_login.adapters.secrets.lock import FileLocks
with FileLocks(sys.argv[1], notify=print).hold(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.passed = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.passed

    def sleep(self, seconds: float) -> None:
        """Move it."""
        self.passed += seconds


@contextmanager
def holder(home: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process until the block ends or it is killed."""
    command = [sys.executable, "-c", HOLDER, str(home), name]
    # A child that is killed would leave coverage's own data damaged.
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def quick(home: Path, notices: list[Notice] | None = None, clock: Time | None = None) -> FileLocks:
    """Make locks with a clock that needs no waiting."""
    notify = (notices if notices is not None else []).append
    return FileLocks(str(home), notify=notify, wait_seconds=5, clock=clock or Time())


def test_another_process_is_waited_for_with_a_bound_and_a_word(tmp_path: Path) -> None:
    """After about a second of waiting one notice is given, after the bound LockTimeout, and nothing is held then."""
    notices: list[Notice] = []
    clock = Time()
    with holder(tmp_path, "my-sso"):
        with pytest.raises(LockTimeout, match="'my-sso'"), quick(tmp_path, notices, clock).hold("my-sso"):
            pytest.fail("held twice")
        assert notices == [Notice("waiting for another sso-login that is renewing my-sso")]
        assert 5 <= clock.passed < 5.2


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """The lock of a process that was killed is free at once, though its file stays."""
    with holder(tmp_path, "my-sso"):
        pass
    notices: list[Notice] = []
    with quick(tmp_path, notices).hold("my-sso"):
        assert notices == []
    assert (tmp_path / "locks" / "my-sso").exists()


def test_names_are_apart_and_can_be_held_together(tmp_path: Path) -> None:
    """Two sessions' locks are held by one process at once, and by two."""
    locks = quick(tmp_path)
    with holder(tmp_path, "a"), locks.hold("b"), locks.hold("a/b"):
        assert sorted(path.name for path in (tmp_path / "locks").iterdir()) == ["a", "a%2Fb", "b"]


def test_a_lock_is_not_reentrant_and_free_after_use(tmp_path: Path) -> None:
    """The same process cannot hold a lock twice at once, but again and again."""
    locks = quick(tmp_path)
    for _ in range(3):
        with locks.hold("my-sso"), pytest.raises(LockTimeout), quick(tmp_path).hold("my-sso"):
            pytest.fail("held twice")


def test_threads_take_turns(tmp_path: Path) -> None:
    """Threads of one process exclude each other as processes do."""
    locks = FileLocks(str(tmp_path), notify=lambda _notice: None, wait_seconds=120)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(5):
            with locks.hold("my-sso"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    """Whatever ends the block ends the hold."""
    locks = quick(tmp_path)
    with pytest.raises(ZeroDivisionError), locks.hold("my-sso"):
        _ = 1 / 0
    with locks.hold("my-sso"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX")
def test_a_lock_file_is_private_and_no_link_is_followed(tmp_path: Path) -> None:
    """The file is 0600 in a 0700 folder; a link in its place is refused and not followed."""
    with quick(tmp_path).hold("my-sso"):
        folder = tmp_path / "locks"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "my-sso").stat().st_mode) == 0o600
    (folder / "evil").symlink_to(tmp_path / "target")
    with pytest.raises(UnsafeFile), quick(tmp_path).hold("evil"):
        pytest.fail("followed")
    assert not (tmp_path / "target").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows words it differently")
def test_what_cannot_be_locked_is_worded() -> None:
    """An error of the locking call is one of ours."""
    opened = lock._Opened("/x")
    opened.descriptor = 9_999
    with pytest.raises(StoreUnusable, match="cannot lock /x: Bad file descriptor"):
        opened.tried()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_child_keeps_no_lock(tmp_path: Path) -> None:
    """The child lives on, idle; the parent's lock is free at once, and its own end of the block touches nothing."""
    if sys.platform == "win32":
        return
    reader, writer = os.pipe()
    with quick(tmp_path).hold("name"):
        child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        with quick(tmp_path).hold("name"):
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        os.close(writer)
        assert os.waitpid(child, 0)[1] == 0
        os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_child_never_lets_the_parents_lock_go(tmp_path: Path) -> None:
    """The child leaves the block and ends; the parent has the lock still."""
    if sys.platform == "win32":
        return
    with quick(tmp_path).hold("name"):
        child = os.fork()
        if child == 0:
            try:
                with quick(tmp_path).hold("name"):
                    os._exit(1)
            except LockTimeout:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(LockTimeout), quick(tmp_path).hold("name"):
            pytest.fail("the lock was gone")


def test_turns_at_the_keyring_are_taken_but_not_for_ever(tmp_path: Path) -> None:
    """A second user of the keyring waits for a moment only, then goes ahead all the same."""
    clock = Time()
    with politely(str(tmp_path), clock=clock):
        assert clock.passed == 0
        with politely(str(tmp_path), clock=clock):
            assert 1 <= clock.passed < 1.2
    with politely(str(tmp_path), clock=clock):
        assert clock.passed < 1.2


def test_turns_need_no_folder(tmp_path: Path) -> None:
    """Where no lock can be had the keyring is used without one."""
    (tmp_path / "file").write_text("")
    with politely(str(tmp_path / "file")):
        assert (tmp_path / "file").is_file()
