"""The program under strace: which system calls it makes, and a signal at any one of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.shell import COMMAND
from tests.support.terminal.desk import PATIENCE, unwatched

# Everything that changes a file, takes a lock or talks to the service. No open: between opening a new file and the
# next call of this list nothing else changes. `?` lets strace pass over what this machine's kernel does not have.
CALLS: Final = (
    *("?mkdir", "?mkdirat", "?chmod", "fchmod", "?fchmodat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync"),
    *("?rename", "?renameat", "?renameat2", "?link", "?linkat", "?unlink", "?unlinkat", "?rmdir", "flock"),
    *("sendto", "recvfrom"),
)
_LINE: Final = re.compile(r"(\d+) +(\w+)\((.*)")


@dataclass(frozen=True, slots=True)
class Stop:
    """The `nth` system call of that name in a thread of the program, and its arguments."""

    call: str
    nth: int
    about: str

    @property
    def dull(self) -> bool:
        """Tell whether nothing changes by it: a line for the human, or one more piece of an answer."""
        return (self.call == "recvfrom" and self.nth > 1) or (self.call == "write" and self.about.startswith("2<"))

    @property
    def waits(self) -> bool:
        """Tell whether the service may or may not have heard of the request by then."""
        return self.call in {"sendto", "recvfrom"}


def _works() -> bool:
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    probe = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=getppid:signal=SIGKILL", "true"]
    return subprocess.run(probe, capture_output=True, timeout=PATIENCE, check=False).returncode == 0


needs_strace = pytest.mark.skipif(
    not _works(), reason="strace is not installed, or may not trace here (Debian: strace)"
)


def stops(*argv: str, env: Mapping[str, str], log: Path) -> list[Stop]:
    """Run the program to its end, and list its calls; those of the same name and number in two threads once."""
    command = _traced(log, argv, ["-y", "-e", f"trace={','.join(CALLS)}"])
    subprocess.run(command, env=_env(env), stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True)
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], Stop] = {}
    for thread, call, about in _LINE.findall(log.read_text()):
        seen[thread, call] += 1
        found.setdefault((call, seen[thread, call]), Stop(call, seen[thread, call], about))
    return [stop for stop in found.values() if not stop.dull]


def signalled(stop: Stop, *argv: str, env: Mapping[str, str], log: Path, signal: str = "SIGKILL") -> int:
    """Run the program until it is about to make that call, send it the signal there, and give its return code.

    SIGKILL ends it before the call is carried out; other signals come while it is.
    """
    inject = f"inject={stop.call}:signal={signal}:when={stop.nth}"
    done = subprocess.run(
        _traced(log, argv, ["-e", inject]),
        env=_env(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode


def at_each(found: Sequence[Stop], check: Callable[[int, Stop], None], *, at_once: int = 2) -> None:
    """Check every stop, some at once; a failure says at which one."""
    assert found
    with ThreadPoolExecutor(at_once) as pool:
        checks = [pool.submit(check, number, stop) for number, stop in enumerate(found)]
        for stop, done in zip(found, checks, strict=True):
            error = done.exception()
            if error is not None:
                error.add_note(f"at {stop}")
                raise error


def _traced(log: Path, argv: Sequence[str], how: Sequence[str]) -> list[str]:
    # Without --seccomp-bpf, under which strace 6.1 loses the signals it is told to send.
    return ["strace", "-f", "-qq", "-o", str(log), *how, *COMMAND, *argv]


def _env(env: Mapping[str, str]) -> dict[str, str]:
    # Python's own cache of compiled modules is no file of the program's.
    return {**unwatched(env), "PYTHONDONTWRITEBYTECODE": "1"}
