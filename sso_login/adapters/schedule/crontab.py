"""The user's crontab: one line between two comments of ours; every other byte stays as it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.adapters.schedule import job as jobs
from sso_login.adapters.schedule.job import DAY, DELAY, Installed, Job, Written
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.adapters.schedule.programs import Programs

KIND: Final = "crontab"
WHERE: Final = "the crontab"
_BEGIN: Final = b"# BEGIN sso-login schedule"
_END: Final = b"# END sso-login schedule"
_NO_NEWLINE: Final = b" (the line before had no end)"
_OURS: Final = re.compile(rb"\srefresh --all --quiet(\s|$)")
# How a crontab command says that there is none: Debian's and Fedora's, the BSDs' and macOS's; BusyBox's.
_NONE: Final = re.compile(rb"no crontab|(can't|cannot) open .*no such file", re.IGNORECASE)
_DAEMONS: Final = frozenset({"cron", "crond", "anacron", "fcron", "systemd-cron", "cronie", "busybox"})


class Crontab:
    """The port Scheduler over the command `crontab`."""

    kind = KIND

    def __init__(self, programs: Programs, env: Mapping[str, str]) -> None:
        """Keep what runs it; nothing is read yet."""
        self._programs = programs
        self._env = env

    def trouble(self) -> str:
        """Tell why it cannot be used here; nothing where it can."""
        return "" if self._programs.find("crontab") else "there is no crontab command"

    def remark(self) -> str:
        """Tell what keeps it from running now, as far as can be seen."""
        if sys.platform != "linux":
            return ""
        names = {_text(path) for path in Path("/proc").glob("[0-9]*/comm")}
        return "" if names & _DAEMONS else "no cron daemon is running: the line waits until one is started"

    def written(self, job: Job) -> list[Written]:
        """Give the lines that would stand in the crontab."""
        return [Written(WHERE, b"".join(_block(job, self._env)))]

    def installed(self) -> Installed | None:
        """Find our lines; raise SchedulerUnusable where the crontab cannot be read."""
        if self.trouble():
            return None
        block = _parted(self._read() or b"").block
        mark = jobs.read_mark(block)
        if not block:
            return None
        return Installed(KIND, WHERE, mark or jobs.Mark(0, jobs.EVERY, ""), (block,))

    def install(self, job: Job) -> bool:
        """Put our lines where they were, else at the end; tell whether anything had to be changed."""
        before = self._read()
        found = _parted(before or b"")
        self._check(found.block)
        ours = _block(job, self._env)
        if found.block == b"".join(ours):
            return False
        head, tail, gap = found.head, found.tail, b""
        if head and not head.endswith(b"\n"):
            ours[0] = ours[0].rstrip(b"\n") + _NO_NEWLINE + b"\n"
            if found.block == b"".join(ours):
                return False
            gap = b"\n"
        self._write(head + gap + b"".join(ours) + b"".join(found.theirs) + tail)
        return True

    def remove(self) -> bool:
        """Take our lines away; tell whether there were any."""
        if self.trouble():
            return False
        before = self._read()
        found = _parted(before or b"")
        if not found.block:
            return False
        self._check(found.block)
        behind = b"".join(found.theirs) + found.tail
        apart = b"\n" if found.head and behind and not found.head.endswith(b"\n") else b""
        rest = found.head + apart + behind
        if not rest:
            self._run("-r")
        else:
            self._write(rest)
        return True

    def strangers(self) -> list[str]:
        """List the lines of somebody's own that run the same job."""
        if self.trouble():
            return []
        found = _parted(self._read() or b"")
        lines = [*found.head.splitlines(), *found.theirs, *found.tail.splitlines()]
        return [
            line.decode("utf-8", "replace").strip()
            for line in lines
            if not line.lstrip().startswith(b"#") and b"sso-login refresh" in line
        ]

    def _check(self, block: bytes) -> None:
        mark = jobs.read_mark(block)
        if mark:
            jobs.not_newer(mark, WHERE)

    def _read(self) -> bytes | None:
        """Give the crontab, None where there is none; raise SchedulerUnusable where it cannot be read."""
        done = self._programs.run("crontab", "-l")
        if done.code == 0:
            return done.out
        if _NONE.search(done.err) and not done.out:
            return None
        raise SchedulerUnusable(
            f"the crontab cannot be read: {done.said}", hint="See what `crontab -l` says; nothing was changed."
        )

    def _write(self, content: bytes) -> None:
        """Put a crontab in place of the one there is; where a crontab must end with a line's end, it does."""
        done = self._programs.run("crontab", "-", given=content)
        wanted = [content]
        if done.code and not content.endswith(b"\n"):
            content += b"\n"
            wanted.append(content)
            done = self._programs.run("crontab", "-", given=content)
        if done.code:
            raise SchedulerUnusable(
                f"the crontab was not taken: {done.said}", hint="See what `crontab -l` says; it is as it was."
            )
        if self._read() not in [*wanted, wanted[0] + b"\n"]:
            raise SchedulerUnusable(
                "the crontab does not say what was written to it", hint="Look at it with `crontab -l`."
            )

    def _run(self, *words: str) -> None:
        done = self._programs.run("crontab", *words)
        if done.code:
            raise SchedulerUnusable(f"the crontab was not changed: {done.said}", hint="See what `crontab -l` says.")


class _Parts(NamedTuple):
    """A crontab: what is before our lines, they themselves, what others put among them, and what is behind."""

    head: bytes
    block: bytes
    theirs: list[bytes]
    tail: bytes


def _parted(content: bytes) -> _Parts:
    """Find every line of ours, in however many pieces; what is not ours stays in its order."""
    lines = content.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    ours, at = set[int](), 0
    while at < len(lines):
        if _is(lines[at], _BEGIN):
            end = next((n for n in range(at + 1, len(lines)) if _is(lines[n], _END) or _is(lines[n], _BEGIN)), None)
            closed = end is not None and _is(lines[end], _END)
            # Where the second comment is gone, only the line right behind the first may be ours.
            last = end if closed and end is not None else min(at + 1, len(lines) - 1)
            ours |= {n for n in range(at, last + 1) if n in {at, end if closed else at} or _OURS.search(lines[n])}
            at = last
        elif _is(lines[at], _END):
            ours.add(at)
        at += 1
    if not ours:
        return _Parts(content, b"", [], b"")
    first, last = min(ours), max(ours)
    head = b"".join(lines[:first])
    if _NO_NEWLINE in lines[first]:
        head = head.removesuffix(b"\n")
    theirs = [lines[n] for n in range(first, last + 1) if n not in ours]
    return _Parts(head, b"".join(lines[n] for n in sorted(ours)), theirs, b"".join(lines[last + 1 :]))


def _is(line: bytes, comment: bytes) -> bool:
    return line.strip().startswith(comment)


def _block(job: Job, env: Mapping[str, str]) -> list[bytes]:
    settings = [f"{name}={_quoted(value)}" for name, value in job.env]
    words = [_quoted(word) for word in job.words]
    wait = jobs.spread(env, DELAY, salt="second")
    line = " ".join([_times(job, env), f"sleep {wait};", *settings, *words])
    mark = job.mark.removeprefix("sso-login schedule ")
    told = "`sso-login schedule remove` takes it away"
    return [b"%s %s; %s\n" % (_BEGIN, mark.encode(), told.encode()), f"{line}\n".encode(), _END + b"\n"]


def _times(job: Job, env: Mapping[str, str]) -> str:
    """Write the five fields, at a minute of this machine's own."""
    if job.every < 60:
        start = jobs.spread(env, job.every, salt="minute")
        return f"{start}-59/{job.every} * * * *" if job.every > 1 else "* * * * *"
    minute = jobs.spread(env, 60, salt="minute")
    hours = job.every // 60
    return f"{minute} {'*' if hours == 1 else '0' if job.every == DAY else f'*/{hours}'} * * *"


def _quoted(word: str) -> str:
    r"""Quote a word for the shell behind cron, which takes % for a line's end and a backslash before it away.

    A backslash never stands before another or before a %, which not all crons read alike.
    """
    if word and re.fullmatch(r"[A-Za-z0-9_@+=:,./-]+", word):
        return word
    inner = word.replace("'", "'\"'\"'").replace("\\", "\\''").replace("%", "\\%")
    return f"'{inner}'"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""  # a process that has just ended
