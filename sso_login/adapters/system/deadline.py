"""A bound in seconds around any blocking call; serves HTTP and the keyring."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# On Windows a wait on a lock does not see Ctrl-C before it ends, so no single wait is longer than this (seconds).
_SLICE: Final = 0.5


class _Outcome(Generic[T]):
    """What a call returned or raised, once it is `finished`; concurrent.futures has the same and costs more."""

    def __init__(self, call: Callable[[], T]) -> None:
        self.finished = threading.Event()
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that waits
            self._error = error
        finally:
            self.finished.set()

    def given(self) -> T:
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # its traceback holds this very frame
        return self._value[0]


def within(
    seconds: float,
    call: Callable[[], T],
    *,
    on_timeout: Callable[[], Exception],
    on_slow: Callable[[], None] | None = None,
    slow_after: float = 1.0,
) -> T:
    """Give what `call` returns or raises, or raise `on_timeout()` when it takes longer than `seconds`.

    The call runs in a daemon thread. After a timeout that thread is abandoned, not ended: the call may still
    take effect for as long as the process lives. `on_slow` is told once if `slow_after` seconds pass first.
    """
    outcome = _Outcome(call)
    threading.Thread(target=outcome.run, name="within", daemon=True).start()
    started = time.monotonic()
    end = started + seconds
    if on_slow is not None and not _waited(outcome.finished, min(end, started + slow_after)) and time.monotonic() < end:
        on_slow()
    if not _waited(outcome.finished, end):
        raise on_timeout()
    return outcome.given()


def _waited(finished: threading.Event, end: float) -> bool:
    while not finished.is_set():
        left = end - time.monotonic()
        if left <= 0:
            return False
        finished.wait(min(left, _SLICE))
    return True
