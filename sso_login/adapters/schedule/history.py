"""What came of the last runs of `refresh`: a line a run, without a secret, that is only ever appended to.

The hot path appends the line of an idle run by one write (`layout.idle_line`), so nothing is ever written over: a file
that has grown is given another name under a lock, and the next run begins a new one. Whoever still has the old one open
appends to that, and it is read, too. A line that a crash cut short is skipped; each begins with a line's
end of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.adapters.secrets.lock import FileLocks
from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT: Final = 50  # runs
FRESH: Final = "fresh"
RENEWED: Final = "renewed"
OUTCOMES: Final = {
    1: "error",
    2: "usage",
    3: "login_required",
    5: "unreachable",
    6: "service_error",
    7: "storage",
}
_OLD: Final = ".old"


class Ended(NamedTuple):
    """How a run went for one login: its outcome in a word, and the exit code of that."""

    session: str
    kind: str
    outcome: str
    exit_code: int


class Run(NamedTuple):
    """One run of `refresh`: when it ended (epoch seconds), its exit code, and whether the schedule had started it."""

    at: int
    exit_code: int
    scheduled: bool
    sessions: tuple[Ended, ...]


class History:
    """The runs that are kept in a state folder."""

    def __init__(self, home: str) -> None:
        """Read nothing yet."""
        self._home = home
        self._path = layout.history_file(home)

    def add(self, run: Run) -> None:
        """Append a run; one that cannot be written down is no reason for anything to fail."""
        members = {
            "at": run.at,
            "exit_code": run.exit_code,
            "scheduled": run.scheduled,
            "sessions": [list(ended) for ended in run.sessions],
        }
        with contextlib.suppress(SsoLoginError, OSError):
            self._make_room()
            descriptor = files.open_kept(self._path)
            try:
                _append(descriptor, f"\n{json.dumps(members, separators=(',', ':'))}\n".encode())
            finally:
                os.close(descriptor)

    def runs(self) -> list[Run]:
        """Give the last runs, the oldest first; what cannot be read is left out."""
        lines = list[bytes]()
        for path in (self._path + _OLD, self._path):
            with contextlib.suppress(SsoLoginError):
                lines += (files.read(path) or b"").splitlines()
        found = list[Run]()
        for line in reversed(lines):
            run = _run(line) if line else None
            if run:
                found.append(run)
            if len(found) == KEPT:
                break
        return found[::-1]

    def _make_room(self) -> None:
        """Begin a new file where this one has all the runs that are to be kept."""
        if _few(files.read(self._path)):
            return
        locks = FileLocks(self._home, notify=lambda _: None, folder="schedule-locks", wait_seconds=1)
        with locks.hold("history"):
            if not _few(files.read(self._path)):  # nobody was quicker
                os.replace(self._path, self._path + _OLD)


def _few(content: bytes | None) -> bool:
    return content is None or (content.count(b"\n{") < KEPT and len(content) < layout.HISTORY_MOST)


def _append(descriptor: int, line: bytes) -> None:
    """Write at the end in one piece, also where others do the same at this moment."""
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_END)
    else:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    os.write(descriptor, line)


def _run(line: bytes) -> Run | None:
    """Read a line; None for what is not whole."""
    try:
        members = json.loads(line)
        if "fresh" in members:  # an idle run's, by the hot path
            sessions = tuple(_fresh(entry) for entry in members["fresh"])
        else:
            sessions = tuple(Ended(str(a), str(b), str(c), int(d)) for a, b, c, d in members["sessions"])
        return Run(int(members["at"]), int(members["exit_code"]), bool(members["scheduled"]), sessions)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return None


def _fresh(entry: str) -> Ended:
    _, kind, name = entry.split(":")
    return Ended(layout.unquoted(name), kind, FRESH, 0)


def last_of(runs: Sequence[Run], wanted: Callable[[Run], bool]) -> Run | None:
    """Give the newest run of that sort."""
    return next((run for run in reversed(runs) if wanted(run)), None)
