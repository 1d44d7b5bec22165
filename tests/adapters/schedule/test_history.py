"""The history: the last runs, private, whole whoever else writes or is killed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sso_login import layout
from sso_login.adapters.schedule.history import KEPT, Ended, History, Run

RUN = Run(1_800_000_000, 3, scheduled=True, sessions=(Ended("my sso", "sso", "login_required", 3),))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state folder."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def test_a_run_is_read_back(state: Path) -> None:
    """With its sessions."""
    assert History(str(state)).runs() == []
    History(str(state)).add(RUN)
    assert History(str(state)).runs() == [RUN]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_it_is_private(state: Path) -> None:
    """0600 in a 0700 folder, under any umask."""
    before = os.umask(0)
    try:
        History(str(state)).add(RUN)
    finally:
        os.umask(before)
    path = Path(layout.history_file(str(state)))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_last_ones_are_kept(state: Path) -> None:
    """Fifty, the newest, in their order; the files stay small."""
    for at in range(230):
        History(str(state)).add(RUN._replace(at=at))
    assert [run.at for run in History(str(state)).runs()] == list(range(230 - KEPT, 230))
    assert sum(path.stat().st_size for path in Path(layout.history_file(str(state))).parent.iterdir()) < 20_000


def test_many_at_once_lose_nothing(state: Path) -> None:
    """Whoever makes room meanwhile."""
    for at in range(KEPT - 10):
        History(str(state)).add(RUN._replace(at=at))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: History(str(state)).add(RUN._replace(at=at)), range(1000, 1040)))
    kept = {run.at for run in History(str(state)).runs()}
    assert set(range(1000, 1040)) <= kept
    assert len(kept) == KEPT


def test_what_a_kill_left_half_is_skipped(state: Path) -> None:
    """And does not harm the next line."""
    History(str(state)).add(RUN)
    path = Path(layout.history_file(str(state)))
    with path.open("ab") as file:
        file.write(b'\n{"at":18000')
    History(str(state)).add(RUN._replace(at=5))
    with path.open("ab") as file:
        file.write(b'\n[1]\n{"at":"x"}\n\xff\xfe\n' + b"[" * 100_000)
    assert History(str(state)).runs() == [RUN, RUN._replace(at=5)]


def test_an_idle_run_of_the_hot_path_is_read(state: Path) -> None:
    """Which entries were fresh, as their names."""
    History(str(state)).add(RUN)
    line = layout.idle_line(7.9, ["sso-login:sso:my%20sso", "sso-login:signin:dev"], scheduled=True)
    with Path(layout.history_file(str(state))).open("a") as file:
        file.write(line)
    idle = History(str(state)).runs()[-1]
    assert idle == Run(
        7, 0, scheduled=True, sessions=(Ended("my sso", "sso", "fresh", 0), Ended("dev", "signin", "fresh", 0))
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_file_that_is_not_ours_stops_nobody(state: Path, tmp_path: Path) -> None:
    """A link is not followed, and nothing fails."""
    path = Path(layout.history_file(str(state)))
    path.parent.mkdir(mode=0o700)
    path.symlink_to(tmp_path / "elsewhere")
    History(str(state)).add(RUN)
    assert History(str(state)).runs() == []
    assert not (tmp_path / "elsewhere").exists()
