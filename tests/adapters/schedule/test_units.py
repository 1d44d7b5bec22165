"""systemd's units, launchd's property list and Task Scheduler's XML: as each scheduler reads them."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from sso_login.adapters.schedule.job import Job, read_mark
from sso_login.adapters.schedule.launchd import Launchd
from sso_login.adapters.schedule.programs import Programs
from sso_login.adapters.schedule.systemd import SERVICE, TIMER, Systemd, service, timer
from sso_login.adapters.schedule.task_scheduler import task
from sso_login.core.errors import SchedulerUnusable
from tests.support.schedulers import LOGGED, SYSTEMCTL, Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fakes are shell scripts")

JOB: Final = Job(("/home/me/.local/bin/sso-login",), (("AWS_CONFIG_FILE", "/etc/a b"),), 5)
NASTY: Final = "a b%c'd\"e$f\\g"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a system with a systemctl and a launchctl."""
    made = Desk(tmp_path)
    made.script("systemctl", SYSTEMCTL)
    made.script("launchctl", LOGGED)
    return made


def systemd(desk: Desk) -> Systemd:
    """Give its systemd."""
    home = str(desk.folder / "home")
    env = {"PATH": desk.path, "HOME": home}
    return Systemd(Programs(env), env, home=home)


def launchd(desk: Desk) -> Launchd:
    """Give its launchd."""
    home = str(desk.folder / "home")
    env = {"PATH": desk.path, "HOME": home}
    return Launchd(Programs(env), env, home=home)


class TestSystemd:
    """A timer and a service of the user's own."""

    def test_both_units_are_written_and_started(self, desk: Desk) -> None:
        """Private files; the manager is told, and told nothing the second time."""
        assert systemd(desk).install(JOB)
        told = [line.removeprefix("--user --no-pager ") for line in desk.told("systemctl")]
        assert told == ["daemon-reload", f"enable {TIMER}", f"restart {TIMER}"]
        assert not systemd(desk).install(JOB)
        folder = Path(systemd(desk).folder)
        assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {SERVICE: 0o600, TIMER: 0o600}
        found = systemd(desk).installed()
        assert found
        assert (found.mark.every, found.mark.program) == (5, JOB.program[0])
        assert systemd(desk).next_run() == 1_800_000_300.498517

    def test_remove_leaves_what_is_not_ours(self, desk: Desk) -> None:
        """Other units and drop-ins stay; a second time there is nothing to remove."""
        systemd(desk).install(JOB)
        mine = Path(systemd(desk).folder, "mine.service")
        mine.write_text("[Unit]\n")
        assert systemd(desk).remove()
        assert [path.name for path in mine.parent.iterdir()] == ["mine.service"]
        assert not systemd(desk).remove()

    def test_a_change_is_written_and_the_timer_started_again(self, desk: Desk) -> None:
        """As an upgrade of the program does it."""
        systemd(desk).install(JOB)
        Path(systemd(desk).folder, SERVICE).write_text("# sso-login schedule 0 every=9m program=/old\n")
        assert systemd(desk).install(JOB)
        assert Path(systemd(desk).folder, SERVICE).read_bytes() == service(JOB)

    def test_what_fails_is_undone(self, desk: Desk) -> None:
        """Exit 7, and the units are as they were."""
        desk.mark("broken")
        with pytest.raises(SchedulerUnusable, match=r"restart .* failed: Job failed"):
            systemd(desk).install(JOB)
        assert list(Path(systemd(desk).folder).iterdir()) == []

    def test_a_unit_of_somebodys_own_is_never_written_over(self, desk: Desk) -> None:
        """Exit 7 with the way out, and it is not removed either."""
        theirs = Path(systemd(desk).folder, SERVICE)
        theirs.parent.mkdir(parents=True)
        theirs.write_text("[Service]\nExecStart=/bin/true\n")
        with pytest.raises(SchedulerUnusable, match="was not written by sso-login"):
            systemd(desk).install(JOB)
        assert not systemd(desk).remove()
        assert theirs.read_text() == "[Service]\nExecStart=/bin/true\n"

    def test_what_a_newer_version_wrote_is_left_alone(self, desk: Desk) -> None:
        """Neither written over nor removed."""
        systemd(desk).install(JOB)
        path = Path(systemd(desk).folder, SERVICE)
        path.write_bytes(newer := service(JOB).replace(b"schedule 1 ", b"schedule 7 "))
        acts: list[Callable[[], object]] = [lambda: systemd(desk).install(JOB._replace(every=10)), systemd(desk).remove]
        for act in acts:
            with pytest.raises(SchedulerUnusable, match="newer sso-login"):
                act()
        assert path.read_bytes() == newer

    def test_without_a_manager_it_says_why(self, desk: Desk) -> None:
        """So that the crontab may be asked instead."""
        desk.mark("no-manager")
        assert "No medium found" in systemd(desk).trouble()

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
    @pytest.mark.parametrize("every", [1, 5, 30, 60, 480, 1440])
    def test_systemd_itself_takes_them(self, tmp_path: Path, every: int) -> None:
        """`systemd-analyze verify` has nothing to say, whatever path and variables hold."""
        folder = tmp_path / NASTY
        folder.mkdir()
        program = folder / "sso-login"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        job = Job((str(program),), (("HOME", f"/x/{NASTY}"),), every)
        (tmp_path / SERVICE).write_bytes(service(job))
        (tmp_path / TIMER).write_bytes(timer(job))
        done = subprocess.run(
            ["systemd-analyze", "--user", "verify", tmp_path / TIMER, tmp_path / SERVICE],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestLaunchd:
    """An agent of the user's own session."""

    def test_the_property_list_is_written_and_loaded(self, desk: Desk) -> None:
        """Program, variables, interval; a shell that only waits a little, and reads none of the words."""
        job = Job((f"/home/{NASTY}/sso-login",), (("HOME", NASTY),), 10)
        assert launchd(desk).install(job)
        path = Path(launchd(desk).path)
        listed = plistlib.loads(path.read_bytes())
        assert listed["ProgramArguments"][3:] == ["sso-login", *job.words]
        assert (listed["EnvironmentVariables"], listed["StartInterval"]) == ({"HOME": NASTY}, 600)
        assert [line.split()[0] for line in desk.told("launchctl")] == ["bootout", "bootstrap"]
        assert not launchd(desk).install(job)
        assert launchd(desk).remove()
        assert not path.exists()

    def test_what_fails_is_undone(self, desk: Desk) -> None:
        """Over SSH there is no session to load it into."""
        desk.mark("launchctl.fails", "bootstrap")
        with pytest.raises(SchedulerUnusable, match="bootstrap failed: it failed"):
            launchd(desk).install(JOB)
        assert launchd(desk).installed() is None


class TestTaskScheduler:
    """A task in Windows' own XML."""

    def parsed(self, job: Job) -> dict[str, str]:
        """Give the texts of its elements by their names."""
        root = ET.fromstring(task(job).replace(' encoding="UTF-16"', ""))
        return {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}

    def test_the_program_is_run_as_it_is(self) -> None:
        """Where no variable has to be set."""
        found = self.parsed(Job(("C:\\a & b\\sso-login.exe",), (), 5))
        assert (found["Interval"], found["RandomDelay"]) == ("PT5M", "PT30S")
        assert found["Command"] == "C:\\a & b\\sso-login.exe"
        assert found["Arguments"] == "refresh --all --quiet --scheduled"
        assert read_mark(found["Description"].encode())

    def test_variables_are_set_around_it(self) -> None:
        """By a PowerShell, in literal strings."""
        found = self.parsed(Job(("C:\\it's\\sso-login.exe",), (("AWS_CONFIG_FILE", "C:\\a'b"),), 5))
        assert found["Command"] == "powershell.exe"
        assert "$env:AWS_CONFIG_FILE = 'C:\\a''b'; & 'C:\\it''s\\sso-login.exe' 'refresh'" in found["Arguments"]
