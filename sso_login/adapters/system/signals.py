"""Signals: held back while something must not be broken off, and turned into a clean end."""

from __future__ import annotations

import signal
import sys
import threading
from collections import deque
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from sso_login.adapters.system import forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    _Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

# SIGHUP is unknown on Windows; SIGBREAK is its Ctrl-Break, and the end of its console or log-on.
if sys.platform == "win32":
    ENDING: Final = (signal.SIGTERM, signal.SIGBREAK)
else:
    ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """An ending signal came: what is open is closed on the way up, then the process ends with 128 + `signal`."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(number)
        self.signal = number


class Stopped(Exception):
    """The process is about to end: nothing is begun that must not be broken off."""


class _Blocks:
    """The blocks of other threads that must not be broken off."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = 0
        self._closed = False

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise Stopped
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let no more begin, and wait for those that are open; each is bounded by its own deadlines."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._open == 0)


_blocks: Final = _Blocks()
_replaced: Final = list["Mapping[signal.Signals, _Handler]"]()  # the handlers whose place ours have, outermost first


def _put_back_in_child() -> None:
    """Let a child that another thread forked have the handlers of before, and no blocks of threads that are gone."""
    _blocks.__init__()  # type: ignore[misc]  # the very object is what everybody holds
    for handlers in reversed(_replaced):
        for number, old in handlers.items():
            signal.signal(number, old)
    _replaced.clear()


forks.in_child(_put_back_in_child)


def side_by_side(calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
    """Make all calls, `at_once` at a time, each in a thread; the first exception of one is raised when all are done.

    An interrupt ends the waiting, but not before the blocks are done that other threads must not break off.
    """
    waiting, raised = deque(calls), list[BaseException]()

    def work() -> None:
        while not raised:
            try:
                call = waiting.popleft()
            except IndexError:
                return
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
                raised.append(error)

    # Daemons: a call that only waits for a lock must not keep an interrupted process alive.
    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(calls)))]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except BaseException:
        waiting.clear()
        with unbroken():
            _blocks.close()
        raise
    if raised:
        raise raised[0]


@contextmanager
def unbroken() -> Iterator[None]:
    """Hold SIGINT and the ending signals back until the block ends, then deliver each as it would have been.

    A signal that is ignored stays ignored. Blocks may be nested. Python delivers signals to the main thread alone:
    in any other the block is counted, for an interrupt to wait for, and no more begun after that (Stopped).
    """
    if threading.current_thread() is not threading.main_thread():
        with _blocks.counted(), _console_waits():
            yield
        return
    held: dict[int, None] = {}

    def hold(number: int, _frame: FrameType | None) -> None:
        held[number] = None

    try:
        with _handled((*ENDING, signal.SIGINT), hold), _console_waits():
            yield
    finally:
        for number in held:
            signal.raise_signal(number)


def _console_waits() -> AbstractContextManager[None]:
    if sys.platform == "win32":
        from sso_login.adapters.system.console import ending

        return ending.waits()
    return nullcontext()


@contextmanager
def let_others_end() -> Iterator[None]:
    """Wait, when the block ends however it does, for what other threads must not break off; they begin no more."""
    try:
        yield
    finally:
        with unbroken():
            _blocks.close()


@contextmanager
def cleanly() -> Iterator[None]:
    """Let an ending signal raise Terminated in the block, once; one that is ignored (nohup) stays ignored."""

    def end(number: int, _frame: FrameType | None) -> None:
        for other in ENDING:  # a second one must not break the cleaning up
            signal.signal(other, signal.SIG_IGN)
        raise Terminated(number)

    with _handled(ENDING, end):
        yield


@contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Put the handler in place of those there are. A signal that slips in between two lines here ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    ours = {number: old for number, old in before.items() if old not in {None, signal.SIG_IGN}}
    _replaced.append(ours)
    try:
        for number in ours:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in ours.items():
            signal.signal(number, old)
        if ours in _replaced:  # not in a child that was forked meanwhile
            _replaced.remove(ours)
