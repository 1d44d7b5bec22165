"""The Python API in forked children: at any moment, whatever the parent's other threads are at."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Final

import pytest

from sso_login.adapters.system.clock import SystemClock
from sso_login.api import TokenProvider
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from sso_login.world import World
from tests.support.shell import clean, environment, process

if sys.platform == "win32":
    pytest.skip("Windows does not fork", allow_module_level=True)

ROUNDS: Final = 50
BOUND: Final = 60.0  # seconds that a child which hangs has; one that does not needs a fraction


class Shifted(SystemClock):
    """The system's clock, with a wall clock that can be set ahead."""

    ahead = 0.0

    def now(self) -> float:
        """Tell the time that it is set to."""
        return super().now() + self.ahead


def _asked(provider: TokenProvider, answers: SimpleQueue[str]) -> None:
    """Give the child's own token to the parent."""
    answers.put(provider.token())


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_children_forked_while_threads_renew_have_tokens_and_keep_nothing(home: Path) -> None:
    """Fifty rounds: threads renew, another forks; each child gets a token of its own, and no lock is left with it."""
    context = multiprocessing.get_context("fork")
    clock = Shifted()
    with running(Settings(approve=True, interval=1, session_lifetime=90 * 86400), now=clock.now) as emulator:
        env = clean(environment(home, emulator))
        assert process("device", env=env).code == 0
        for round_ in range(ROUNDS):
            clock.ahead += 3600  # the token is over again
            provider = TokenProvider(build=lambda notify: World(env, notify=notify, clock=clock))
            answers: SimpleQueue[str] = context.SimpleQueue()
            threads = [threading.Thread(target=provider.token) for _ in range(3)]
            for thread in threads:
                thread.start()
            child = context.Process(target=_asked, args=(provider, answers))
            child.start()
            child.join(BOUND)
            assert child.exitcode == 0, f"round {round_}"
            assert answers.get()
            for thread in threads:
                thread.join(BOUND)
                assert not thread.is_alive(), f"round {round_}"
        assert emulator.service.calls["CreateToken"] == 1 + ROUNDS, "one renewal a round, whoever was first"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_an_idle_child_holds_nobody_up(home: Path) -> None:
    """Forked in the middle of a renewal, it does nothing for ever; everybody else renews as if it were not there."""
    with running(Settings(approve=True, interval=1)) as emulator:
        env = clean(environment(home, emulator))
        assert process("device", env=env).code == 0
        inside, go = threading.Event(), threading.Event()
        locks = World(env, notify=print).locks

        def holding() -> None:
            with locks.hold("my-sso"):
                inside.set()
                go.wait()

        thread = threading.Thread(target=holding)
        thread.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        try:
            go.set()
            thread.join()
            done = process("refresh", "--force", env=env)
            assert (done.code, "waiting" in done.err) == (0, False)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_has_the_signal_handlers_of_before() -> None:
    """What the main thread holds back while it renews is held back in no child that another thread forks."""
    world, found = World({}, notify=print), list[int]()
    before = signal.getsignal(signal.SIGINT)

    def forking() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0 if signal.getsignal(signal.SIGINT) is before else 1)
        found.append(os.waitpid(child, 0)[1])

    with world.unbroken():
        assert signal.getsignal(signal.SIGINT) is not before
        thread = threading.Thread(target=forking)
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGINT) is not before
    assert found == [0]
