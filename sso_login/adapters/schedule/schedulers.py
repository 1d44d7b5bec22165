"""Which scheduler there is: the platform's own first, the crontab where there is no other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Protocol

from sso_login.adapters.schedule.crontab import Crontab
from sso_login.adapters.schedule.launchd import Launchd
from sso_login.adapters.schedule.programs import Programs
from sso_login.adapters.schedule.systemd import Systemd
from sso_login.adapters.schedule.task_scheduler import TaskScheduler
from sso_login.adapters.system.home import user_home
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.adapters.schedule.job import Installed, Job, Written

KINDS: Final = ("systemd", "launchd", "task-scheduler", "crontab")
_USUAL: Final = {"darwin": ("launchd", "crontab"), "win32": ("task-scheduler",)}
LINGER: Final = "`loginctl enable-linger` starts one now and at every boot"


class Scheduler(Protocol):
    """One way to have the system run the job."""

    @property
    def kind(self) -> str:
        """Name it."""

    def trouble(self) -> str:
        """Tell why it cannot be used here; nothing where it can."""

    def remark(self) -> str:
        """Tell what a person should know of it here, if anything."""

    def written(self, job: Job) -> list[Written]:
        """Give what would be written."""

    def installed(self) -> Installed | None:
        """Find what is there of ours; raise SchedulerUnusable where that cannot be told."""

    def install(self, job: Job) -> bool:
        """Have the job run; tell whether anything had to be changed; raise SchedulerUnusable, with nothing changed."""

    def remove(self) -> bool:
        """Take all of ours away; tell whether there was any."""


class Schedulers:
    """The schedulers of one environment, the best first."""

    def __init__(self, env: Mapping[str, str], *, platform: str = sys.platform) -> None:
        """Look at nothing yet; raise HomeUnknown."""
        self._platform = platform
        home, programs = user_home(env), Programs(env)
        self.systemd = Systemd(programs, env, home=home)
        self.crontab = Crontab(programs, env)
        every: Sequence[Scheduler] = (
            self.systemd,
            Launchd(programs, env, home=home),
            TaskScheduler(programs),
            self.crontab,
        )
        self._all = {each.kind: each for each in every}
        self.usual = [self._all[kind] for kind in _USUAL.get(platform, ("systemd", "crontab"))]

    def named(self, kind: str) -> Scheduler:
        """Give the one of that kind, usable or not."""
        return self._all[kind]

    def best(self) -> Scheduler:
        """Give the first that can be used; raise SchedulerUnusable where none can."""
        troubles = list[str]()
        for scheduler in self.usual:
            trouble = scheduler.trouble()
            if not trouble:
                return scheduler
            troubles.append(trouble)
        hint = "Have something else run `sso-login refresh --all --quiet` every 5 minutes."
        if self.systemd in self.usual and self.systemd.could():
            hint = f"{LINGER[0]}{LINGER[1:]}; then run this again."
        raise SchedulerUnusable(f"there is no scheduler here: {'; '.join(troubles)}", hint=hint)

    def found(self) -> list[tuple[Scheduler, Installed]]:
        """Find every schedule of ours; raise SchedulerUnusable where there is none as far as can be told."""
        there: list[tuple[Scheduler, Installed]] = []
        problem = None
        for scheduler in self.usual:
            try:
                installed = scheduler.installed()
            except SchedulerUnusable as error:
                problem = error
                continue
            if installed:
                there.append((scheduler, installed))
        if problem and not there:
            raise problem
        return there

    def linger(self) -> str:
        """Tell of lingering where the crontab had to do though systemd runs this machine."""
        if self.systemd not in self.usual or not self.systemd.could() or not self.systemd.trouble():
            return ""
        return f"no systemd user manager runs for you; {LINGER}, and `sso-login schedule install` then moves there"
