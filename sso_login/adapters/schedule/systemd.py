"""systemd: a timer and a service of the user's own manager."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.adapters.schedule.job import DAY, DELAY, Installed, Job, Written, uid
from sso_login.adapters.schedule.unit_files import UnitFiles
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.adapters.schedule.programs import Done, Programs

KIND: Final = "systemd"
NAME: Final = "sso-login-refresh"
TIMER: Final = f"{NAME}.timer"
SERVICE: Final = f"{NAME}.service"
_BOOTED: Final = "/run/systemd/system"  # there where systemd is the system's first process (sd_booted(3))


class Systemd:
    """The port Scheduler over `systemctl --user`."""

    kind = KIND

    def __init__(self, programs: Programs, env: Mapping[str, str], *, home: str) -> None:
        """Keep what runs it; units lie below the user's config folder."""
        self._programs = programs
        self._env = env
        named = env.get("XDG_CONFIG_HOME", "")
        config = named if os.path.isabs(named) else os.path.join(home, ".config")
        self.folder = os.path.join(config, "systemd", "user")
        self._files = UnitFiles([os.path.join(self.folder, SERVICE), os.path.join(self.folder, TIMER)])

    def trouble(self) -> str:
        """Tell why no user manager can be asked; nothing where one runs."""
        if not self._programs.find("systemctl"):
            return "there is no systemctl command"
        done = self._systemctl("show-environment")
        return "" if done.code == 0 else f"no systemd user manager runs for you ({done.said})"

    def could(self) -> bool:
        """Tell whether a user manager could be started: the system was booted with systemd."""
        return os.path.isdir(_BOOTED) and self._programs.find("loginctl") is not None

    def remark(self) -> str:
        """Explain lingering where it is off: without it the timer ends with the last login of the user."""
        if sys.platform == "win32":
            return ""
        import pwd

        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return ""
        if os.path.exists(f"/var/lib/systemd/linger/{name}"):
            return ""
        return (
            "it runs while you are logged in; `loginctl enable-linger` has it run from boot on, and after you log out"
        )

    def written(self, job: Job) -> list[Written]:
        """Give both units."""
        return self._files.named([service(job), timer(job)])

    def installed(self) -> Installed | None:
        """Find our units; raise SchedulerUnusable where one cannot be read."""
        return self._files.installed(KIND, self.folder)

    def install(self, job: Job) -> bool:
        """Write both units and start the timer; tell whether anything had to be changed. What fails is undone."""
        before = self._files.put([service(job), timer(job)])
        if before is None and not self._systemctl("is-active", "--quiet", TIMER).code:
            return False
        try:
            for words in (["daemon-reload"], ["enable", TIMER], ["restart", TIMER]):
                self._must(*words)
        except SchedulerUnusable:
            if before is not None:
                self._files.restore(before)
                self._systemctl("daemon-reload")
            raise
        return True

    def remove(self) -> bool:
        """Stop the timer and take both units away; tell whether there were any."""
        if self.installed() is None:
            return False
        found = bool(self._programs.find("systemctl"))
        if found:
            self._systemctl("disable", "--now", TIMER)  # where no manager runs there is nothing to stop
        self._files.remove()
        wanted = Path(self.folder, "timers.target.wants", TIMER)
        if wanted.is_symlink():
            wanted.unlink()
        if found:
            self._systemctl("daemon-reload")
        return True

    def next_run(self) -> float | None:
        """Ask when the timer elapses next, in epoch seconds; None where that cannot be told."""
        if not self._programs.find("systemctl"):
            return None
        done = self._systemctl("list-timers", TIMER, "--output=json")  # `show` writes it for people alone
        found = re.search(rb'"next":\s*(\d{15,17})\b', done.out)
        return int(found[1]) / 1e6 if found and not done.code else None

    def _systemctl(self, *words: str) -> Done:
        # cron and SSH may not name the folder in which the manager's socket lies; it is there all the same.
        usual = f"/run/user/{uid()}"
        folder = self._env.get("XDG_RUNTIME_DIR") or (usual if os.path.isdir(usual) else "")
        more = {"XDG_RUNTIME_DIR": folder} if folder else {}
        return self._programs.run("systemctl", "--user", "--no-pager", *words, env=more)

    def _must(self, *words: str) -> None:
        done = self._systemctl(*words)
        if done.code:
            raise SchedulerUnusable(
                f"systemctl --user {' '.join(words)} failed: {done.said}",
                hint=f"See what `systemctl --user status {TIMER}` says; nothing was changed.",
            )


def service(job: Job) -> bytes:
    """Write the service: once, with its variables, and an unreachable issuer is no failure."""
    settings = [f'Environment="{_escaped(f"{name}={value}")}"' for name, value in job.env]
    words = [_word(word) for word in job.words]
    if "$" in job.words[0]:  # the program itself may hold none
        words.insert(0, "/usr/bin/env")
    lines = [
        *_head(job),
        "[Unit]",
        "Description=Renew the logins of sso-login that are about to run out",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(words)}",
        *settings,
        "SuccessExitStatus=5",
        "TimeoutStartSec=5min",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def timer(job: Job) -> bytes:
    """Write the timer: at full minutes, spread a little, and soon after a sleep that it would have fallen into."""
    lines = [
        *_head(job),
        "[Unit]",
        "Description=Keep the logins of sso-login fresh",
        "",
        "[Timer]",
        f"OnCalendar={_calendar(job.every)}",
        f"RandomizedDelaySec={DELAY}",
        "AccuracySec=1s",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _head(job: Job) -> list[str]:
    told = "Written by `sso-login schedule install`; `sso-login schedule remove` takes it away."
    return [f"# {job.mark}", f"# {told}", ""]


def _calendar(minutes: int) -> str:
    if minutes < 60:
        return f"*:0/{minutes}"
    return "*-*-* 00:00:00" if minutes == DAY else f"0/{minutes // 60}:00"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _word(word: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_@+=:,./-]+", word):
        return word
    return f'"{_escaped(word).replace("$", "$$")}"'
