"""Who holds the lock of a session right now, for `doctor`; looks only, since taking a lock would hold others up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.doctor.finding import Finding, fine, odd

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKS: Final = "locks"
FOLDERS: Final = ("locks", "signin-locks", "oauth-locks", "role-locks")


class Holder(NamedTuple):
    """A process that holds a lock; `pid` is 0 where it lives in another container."""

    path: Path
    pid: int


def lock_findings(home: str, *, table: Path = Path("/proc/locks")) -> Iterator[Finding]:
    """Tell who holds which lock; nothing where the system does not tell (Linux does)."""
    if sys.platform != "linux" or not table.exists():
        return
    held = list(_holders(home, table.read_text()))
    for holder in held:
        name = holder.path.name
        if holder.pid:
            message = f"the lock {name} is held by process {holder.pid} ({_program(holder.pid)}) right now"
            remedy = f"That is as it should be for some seconds; if it stays, see `ps -fp {holder.pid}` and end it."
        else:
            message = f"the lock {name} is held by a process that cannot be seen from here"
            remedy = f"If it stays, see `fuser {holder.path}` on the host."
        yield odd(LOCKS, message, remedy)
    if not held:
        yield fine(LOCKS, "no lock is held by anybody right now")


def _holders(home: str, table: str) -> Iterator[Holder]:
    """Match the system's table with our files, by inode and, where they agree on it, device (proc_locks(5))."""
    if sys.platform == "win32":
        return
    ours = {}
    for folder in FOLDERS:
        for path in _files(Path(home, folder)):
            info = path.stat()
            ours[info.st_ino] = (path, f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}")
    for line in table.splitlines():
        words = line.split()
        # A line with `->` is of one that waits.
        if len(words) != 8 or words[1] != "FLOCK":
            continue
        pid, (device, _, inode) = int(words[4]), words[5].rpartition(":")
        ours_too = ours.get(int(inode))
        if ours_too and (device == ours_too[1] or _has_open(pid, ours_too[0])):
            yield Holder(ours_too[0], max(pid, 0))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _has_open(pid: int, path: Path) -> bool:
    """Tell whether that process has the file open: some file systems give another device's number in the table."""
    try:
        return any(entry.readlink() == path for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return "it has just ended"
