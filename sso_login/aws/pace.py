"""One pace for all connections to a service: slower for everybody after a 429, faster again bit by bit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core.errors import CertificateRefused, RenewalDeferred, ServiceError, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.ports import Clock

Answer = TypeVar("Answer")

QUOTA_GAP: Final = 0.05  # seconds between requests after the first 429: AWS's quota is about 20 a second
WIDEST_GAP: Final = 2.0
SLOWER: Final = 1.5  # what each further 429 makes of the gap
FASTER: Final = 0.99  # what each answer makes of it
NO_GAP: Final = 0.005  # seconds: as good as none
PAUSE: Final = 1.0  # seconds that nothing is sent after a 429 without a Retry-After
LONGEST_PAUSE: Final = 60.0  # seconds: a Retry-After of more is not waited for in full
SHORTEST_SLEEP: Final = 0.001
THROTTLED_TRIES: Final = 10  # of one request; it waits its turn between them
BACK_OFF: Final = (0.5, 1.0, 2.0)  # seconds between tries of one request that met other trouble
FAILED_IN_A_ROW: Final = 64  # tries of all requests together without an answer between them: the service is down


class Pace:
    """Makes calls that may be repeated, from any number of threads; time is the clock's.

    No gap at first: how many threads there are is bound enough until the service says that it is too many.
    """

    def __init__(self, clock: Clock) -> None:
        """Start at full speed."""
        self._clock = clock
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0  # by the monotonic clock; nothing is sent before
        self._epoch = 0  # how often it has become slower
        self._failed = 0
        self._down: Unreachable | None = None

    @property
    def gap(self) -> float:
        """Seconds between two requests."""
        return self._gap

    def made(self, call: Callable[[], Answer]) -> Answer:
        """Make the call when it is its turn; repeat it after a 429 or connection trouble, a bounded number of times.

        Raises what the last try raised, and Unreachable at once where all calls have been failing for long.
        """
        throttled = troubled = 0
        while True:
            epoch = self._turn()
            try:
                answer = call()
            except (Unreachable, ServiceError) as error:
                if _is_throttled(error):
                    throttled += 1
                    self._slow_down(epoch, getattr(error, "wait", None))
                elif isinstance(error, Unreachable):
                    troubled += 1
                else:
                    raise
                self._note(error)
                if _is_final(error) or throttled >= THROTTLED_TRIES or troubled > len(BACK_OFF):
                    raise
                if not _is_throttled(error):
                    self._clock.sleep(max(BACK_OFF[troubled - 1], min(getattr(error, "wait", 0) or 0, LONGEST_PAUSE)))
            else:
                self._speed_up(epoch)
                return answer

    def _turn(self) -> int:
        """Wait until a request may leave."""
        while True:
            with self._lock:
                if self._down:
                    raise Unreachable(self._down.message, hint=self._down.hint, sent=False)
                now = self._clock.monotonic()
                if now >= self._next:
                    self._next = now + self._gap
                    return self._epoch
                wait = self._next - now
            self._clock.sleep(max(wait, SHORTEST_SLEEP))

    def _slow_down(self, epoch: int, wait: float | None) -> None:
        with self._lock:
            pause = min(wait, LONGEST_PAUSE) if wait else 0.0
            if epoch == self._epoch:  # requests that were on their way already say nothing new
                self._epoch += 1
                self._gap = min(WIDEST_GAP, max(QUOTA_GAP, self._gap * SLOWER))
                pause = pause or PAUSE
            self._next = max(self._next, self._clock.monotonic() + pause)

    def _speed_up(self, epoch: int) -> None:
        with self._lock:
            self._failed = 0
            if epoch == self._epoch:
                self._gap = self._gap * FASTER if self._gap > NO_GAP else 0.0

    def _note(self, error: Unreachable | ServiceError) -> None:
        with self._lock:
            self._failed += 1
            if isinstance(error, Unreachable) and (
                self._failed >= FAILED_IN_A_ROW or isinstance(error, CertificateRefused)
            ):
                self._down = error


def _is_throttled(error: Unreachable | ServiceError) -> bool:
    return isinstance(error, Throttled) or (isinstance(error, ServiceError) and error.code == "slow_down")


def _is_final(error: Unreachable | ServiceError) -> bool:
    return isinstance(error, CertificateRefused | RenewalDeferred)
