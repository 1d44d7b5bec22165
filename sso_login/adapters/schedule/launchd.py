"""launchd: an agent in the user's own session on macOS, since only that has the user's keychain."""

from __future__ import annotations

import os
import plistlib
from typing import TYPE_CHECKING, Final

from sso_login.adapters.schedule import job as jobs
from sso_login.adapters.schedule.job import DELAY, Installed, Job, Written
from sso_login.adapters.schedule.unit_files import UnitFiles
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.adapters.schedule.programs import Programs

KIND: Final = "launchd"
LABEL: Final = "sso-login.schedule"


class Launchd:
    """The port Scheduler over `launchctl`."""

    kind = KIND

    def __init__(self, programs: Programs, env: Mapping[str, str], *, home: str) -> None:
        """Keep what runs it."""
        self._programs = programs
        self._env = env
        self._logs = os.path.join(home, "Library", "Logs", "sso-login.log")
        self.path = os.path.join(home, "Library", "LaunchAgents", f"{LABEL}.plist")
        self._files = UnitFiles([self.path])

    def trouble(self) -> str:
        """Tell why it cannot be used here; nothing where it can."""
        return "" if self._programs.find("launchctl") else "there is no launchctl command"

    def remark(self) -> str:
        """Say nothing: an agent runs while its user is logged in, as anybody expects."""
        return ""

    def written(self, job: Job) -> list[Written]:
        """Give the property list."""
        return self._files.named([self._agent(job)])

    def installed(self) -> Installed | None:
        """Find our property list; raise SchedulerUnusable where it cannot be read."""
        return self._files.installed(KIND, self.path)

    def install(self, job: Job) -> bool:
        """Write the property list and load it; tell whether anything had to be changed. What fails is undone."""
        before = self._files.put([self._agent(job)])
        if before is None and not self._programs.run("launchctl", "print", f"{_domain()}/{LABEL}").code:
            return False
        self._programs.run("launchctl", "bootout", f"{_domain()}/{LABEL}")  # fails where none is loaded
        done = self._programs.run("launchctl", "bootstrap", _domain(), self.path)
        if done.code:
            if before is not None:
                self._files.restore(before)
            raise SchedulerUnusable(
                f"launchctl bootstrap failed: {done.said}", hint="Run it in a desktop session of yours, then again."
            )
        return True

    def remove(self) -> bool:
        """Unload the agent and take its property list away; tell whether there was one."""
        if self.installed() is None:
            return False
        if self._programs.find("launchctl"):
            self._programs.run("launchctl", "bootout", f"{_domain()}/{LABEL}")
        self._files.remove()
        return True

    def _agent(self, job: Job) -> bytes:
        wait = jobs.spread(self._env, DELAY, salt="second")
        # launchd itself spreads nothing. Words are handed over as they are: the shell reads none of them.
        words = ["/bin/sh", "-c", f'sleep {wait}; exec "$@"', "sso-login", *job.words]
        agent = {
            "Label": LABEL,
            "ProgramArguments": words,
            **({"EnvironmentVariables": dict(job.env)} if job.env else {}),
            "StartInterval": job.every * 60,
            "RunAtLoad": True,
            "ProcessType": "Background",
            "StandardErrorPath": self._logs,
        }
        text = plistlib.dumps(agent, sort_keys=False)
        head, newline, rest = text.partition(b"\n")
        return head + newline + f"<!-- {job.mark} -->\n".encode() + rest


def _domain() -> str:
    return f"gui/{jobs.uid()}"
