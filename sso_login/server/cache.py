"""What is served: credentials in memory, renewed in the background before they run short, one request at a time each.

Nobody who asks ever waits for a keyring, a lock or the network while what is at hand is valid.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.credentials import Credentials
    from sso_login.core.ports import Clock
    from sso_login.flows.role_cache import Given

AHEAD: Final = 1200.0  # seconds before their end at which credentials are renewed: SDKs want 15 minutes, and a margin
FIRST_WAIT: Final = 5.0  # seconds until a renewal that failed is tried again, doubling up to
LONGEST_WAIT: Final = 60.0
SOON: Final = 2.0  # seconds after a failure in which one who asks is told the same, without another try
AT_ONCE: Final = 16  # renewals side by side: as many connections as the portal is ever asked over


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile that is served: what fetches its credentials, and the ARN of its role where that is known.

    `fetch` gives credentials with so many seconds left if that can be had, as `flows/role_cache.py` does. It is called
    in threads, never two at a time, and takes as long as it takes.
    """

    fetch: Callable[[float], Given]
    role_arn: str | None = None


class Served(NamedTuple):
    """Credentials that are valid, and the role they are of."""

    credentials: Credentials
    role_arn: str | None


@dataclass(slots=True)
class _Entry:
    """What is at hand, renewed `ahead` seconds before its end by the wall clock, which alone knows when that is.

    What failed is not tried again before `not_before`, and failed at `failed_at`, by the clock that nobody sets.
    """

    profile: Profile
    credentials: Credentials
    ahead: float = AHEAD
    not_before: float = 0.0
    wanted: bool = False
    problem: SsoLoginError | None = None
    failed_at: float = 0.0
    wait: float = FIRST_WAIT
    busy: bool = False

    def left(self, now: float) -> float:
        """Tell for how many seconds what is at hand is valid."""
        return self.credentials.expires_at - now

    def due_in(self, now: float, mono: float) -> float:
        """Tell in how many seconds a renewal is to begin."""
        return 0.0 if self.wanted else max(self.left(now) - self.ahead, self.not_before - mono)


@dataclass
class Cache:
    """Any number of profiles. `begin` runs a job aside; `changed` is called, from anywhere, when one has ended.

    `warn` is told of a profile that can no longer be renewed, and why: once until it can be again.
    """

    clock: Clock
    begin: Callable[[Callable[[], None]], None]
    changed: Callable[[], None] = lambda: None
    warn: Callable[[str, SsoLoginError], None] | None = None
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def add(self, name: str, profile: Profile, given: Given) -> None:
        """Serve a profile from now on, with the credentials there are at first."""
        entry = self._entries[name] = _Entry(profile, given.credentials)
        self._plan(entry)
        if given.problem:
            self._postpone(entry, given.problem)

    def look(self, name: str) -> Served | SsoLoginError | None:
        """Give what there is for a profile: credentials, else why there are none, None while they are fetched."""
        with self._lock:
            entry = self._entries[name]
            if entry.left(self.clock.now()) > 0:
                return Served(entry.credentials, entry.profile.role_arn)
            if entry.busy:
                return None
            if entry.problem and self.clock.monotonic() - entry.failed_at < SOON:
                return entry.problem
            entry.wanted = True
            return None

    def tend(self) -> float:
        """Begin what is due; give the seconds until more is, at most a minute: the wall clock may be set."""
        with self._lock:
            now, mono = self.clock.now(), self.clock.monotonic()
            idle = [(entry.due_in(now, mono), name) for name, entry in self._entries.items() if not entry.busy]
            room = 0 if self._closed else AT_ONCE - len(self._entries) + len(idle)
            due = [name for seconds, name in sorted(idle) if seconds <= 0][: max(room, 0)]
            for name in due:
                self._entries[name].busy = True
                self._entries[name].wanted = False
        for name in due:
            try:
                self.begin(partial(self._renew, name))
            except RuntimeError:  # the system starts no more threads for now
                with self._lock:
                    self._entries[name].busy = False
                    self._postpone(self._entries[name], SsoLoginError("no thread can be started for a renewal"))
        return min([LONGEST_WAIT, *(seconds for seconds, _ in idle if seconds > 0)])

    def close(self) -> None:
        """Begin nothing any more."""
        with self._lock:
            self._closed = True

    def _renew(self, name: str) -> None:
        entry = self._entries[name]
        # More than are left, so that other ones come than those at hand.
        least = min(AHEAD, max(entry.left(self.clock.now()), 0.0) + 1)
        try:
            given = entry.profile.fetch(least)
            found, problem = given.credentials, given.problem
        except SsoLoginError as error:
            found, problem = entry.credentials, error
        except BaseException as error:  # noqa: BLE001 - what it says may hold anything, and nobody is there to read it
            found, problem = entry.credentials, SsoLoginError(f"unexpected {type(error).__name__} in a renewal")
        with self._lock:
            entry.busy = False
            told, same = entry.problem, found == entry.credentials
            entry.credentials = found
            entry.problem = None
            if problem is None or not same:
                self._plan(entry)
            if problem and same:
                self._postpone(entry, problem)
            worse = entry.problem
        if self.warn and worse and (told is None or told.message != worse.message):
            self.warn(name, worse)
        self.changed()

    def _plan(self, entry: _Entry) -> None:
        left = entry.left(self.clock.now())
        entry.ahead = AHEAD if left > AHEAD else left / 2
        entry.wait = FIRST_WAIT
        entry.not_before = self.clock.monotonic() + FIRST_WAIT  # whatever the clocks say, never in a loop

    def _postpone(self, entry: _Entry, problem: SsoLoginError) -> None:
        entry.problem = problem
        entry.failed_at = self.clock.monotonic()
        entry.not_before = entry.failed_at + entry.wait
        entry.wait = min(2 * entry.wait, LONGEST_WAIT)
