"""Task Scheduler: a task of the user on Windows, described in its own XML."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from sso_login.adapters.schedule import job as jobs
from sso_login.adapters.schedule.job import DELAY, Installed, Job, Written
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from sso_login.adapters.schedule.programs import Programs

KIND: Final = "task-scheduler"
TASK: Final = "sso-login refresh"
_XML: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Author>sso-login</Author>
    <Description>{mark}</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Repetition>
        <Interval>PT{every}M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>2024-01-01T00:00:00</StartBoundary>
      <Enabled>true</Enabled>
      <RandomDelay>PT{delay}S</RandomDelay>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Hidden>true</Hidden>
    <ExecutionTimeLimit>PT5M</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class TaskScheduler:
    """The port Scheduler over `schtasks`."""

    kind = KIND

    def __init__(self, programs: Programs) -> None:
        """Keep what runs it."""
        self._programs = programs

    def trouble(self) -> str:
        """Tell why it cannot be used here; nothing where it can."""
        return "" if self._programs.find("schtasks") else "there is no schtasks command"

    def remark(self) -> str:
        """Say what such a task is bound to."""
        return "it runs while you are logged in, since only then your credentials can be read"

    def written(self, job: Job) -> list[Written]:
        """Give the task's XML."""
        return [Written(f"the task {TASK!r}", task(job).encode())]

    def installed(self) -> Installed | None:
        """Find our task."""
        if self.trouble():
            return None
        done = self._programs.run("schtasks", "/Query", "/TN", TASK, "/XML")
        mark = jobs.read_mark(_plain(done.out)) if done.code == 0 else None
        return Installed(KIND, f"the task {TASK!r}", mark, (done.out,)) if mark else None

    def install(self, job: Job) -> bool:
        """Register the task over the one there is; tell whether anything had to be changed."""
        there = self.installed()
        if there:
            jobs.not_newer(there.mark, there.where)
        with tempfile.TemporaryDirectory(prefix="sso-login-") as folder:
            path = os.path.join(folder, "task.xml")
            with open(path, "wb") as file:
                file.write(task(job).encode("utf-16"))
            self._must("/Create", "/TN", TASK, "/XML", path, "/F")
        return True

    def remove(self) -> bool:
        """Delete the task; tell whether there was one."""
        there = self.installed()
        if there is None:
            return False
        jobs.not_newer(there.mark, there.where)
        self._must("/Delete", "/TN", TASK, "/F")
        return True

    def _must(self, *words: str) -> None:
        done = self._programs.run("schtasks", *words)
        if done.code:
            raise SchedulerUnusable(
                f"schtasks {words[0]} failed: {done.said}", hint="See what `schtasks /Query` says; nothing was changed."
            )


def task(job: Job) -> str:
    """Write the task; variables, for which it knows no place, are set by a PowerShell around the program."""
    command, arguments = job.words[0], subprocess.list2cmdline(job.words[1:])
    if job.env:
        settings = [f"$env:{name} = {_literal(value)}" for name, value in job.env]
        script = "; ".join([*settings, " ".join(["&", *map(_literal, job.words)]), "exit $LASTEXITCODE"])
        command = "powershell.exe"
        arguments = subprocess.list2cmdline(["-NoProfile", "-WindowStyle", "Hidden", "-Command", script])
    return _XML.format(
        mark=escape(job.mark), every=job.every, delay=DELAY, command=escape(command), arguments=escape(arguments)
    )


def _literal(text: str) -> str:
    for quote in "'\u2018\u2019\u201a\u201b":  # PowerShell takes all of them for one
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def _plain(out: bytes) -> bytes:
    return out.replace(b"\0", b"")  # some give it in UTF-16
