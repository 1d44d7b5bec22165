"""An idle `refresh` on the hot path leaves its line in the history, by one write and nothing else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_login import hot, layout
from sso_login.adapters.schedule.history import Ended, History, Run
from sso_login.adapters.schedule.job import Job
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.world import World
from tests.hot.conftest import Both

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the hot path steps aside there")

JOB = list(Job(("sso-login",), (), 5).words[1:])
FRESH = (Ended("my-sso", "sso", "fresh", 0),)


@pytest.fixture
def history(both: Both) -> History:
    """Give the history after one run of the ordinary way."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended
        return both.world(both.env, notify)

    assert run(JOB, build=build) == 0
    return History(str(both.home))


def test_the_job_is_answered_and_written_down(both: Both, history: History) -> None:
    """Each run has its line, told apart from one by hand."""
    before = history.runs()
    assert hot.answer(JOB, both.env) == ""
    assert hot.answer(JOB[:-1], both.env) == ""
    added = history.runs()[len(before) :]
    assert [each._replace(at=0) for each in added] == [
        Run(0, 0, scheduled=True, sessions=FRESH),
        Run(0, 0, scheduled=False, sessions=FRESH),
    ]
    assert abs(added[0].at - time.time()) < 60


def test_without_a_history_it_steps_aside(both: Both, history: History) -> None:
    """The ordinary way makes one, and makes room where it has grown."""
    del history
    path = Path(layout.history_file(str(both.home)))
    path.rename(path.with_name("gone"))
    assert hot.answer(JOB, both.env) is None
    path.touch(0o600)
    assert hot.answer(JOB, both.env) == ""
    path.write_text("x" * (layout.HISTORY_MOST + 1))
    assert hot.answer(JOB, both.env) is None


@pytest.mark.parametrize("edit", ["wide", "link", "fifo"])
def test_a_history_that_is_not_ours_is_not_written(both: Both, history: History, edit: str) -> None:
    """Nor waited for."""
    del history
    path = Path(layout.history_file(str(both.home)))
    if edit == "wide":
        path.chmod(0o644)
    else:
        path.unlink()
    if edit == "link":
        path.symlink_to(both.config)
    if edit == "fifo" and sys.platform != "win32":
        os.mkfifo(path, 0o600)
    before = both.config.read_bytes()
    assert hot.answer(JOB, both.env) is None
    assert both.config.read_bytes() == before


def test_it_steps_aside_when_a_word_is_due(both: Both, history: History) -> None:
    """From that moment on the ordinary way has somebody to tell."""
    world = both.world(both.env, lambda _: None)
    (question,) = [path for path in both.index.iterdir() if path.read_text().startswith("refresh ")]
    logins = question.read_text().rstrip("\n").split(" ")[-7:]
    for left, answer in ((60, ""), (-1, None)):
        world.index.note_all(("refresh",), [" ".join(logins)], until=time.time() + left, config=world.config)
        assert hot.answer(JOB, both.env) == answer
    assert history.runs()
