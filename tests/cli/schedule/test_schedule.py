"""`sso-login schedule`: installed by one command, seen, and taken away without a trace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.schedulers import SYSTEMCTL, Desk, with_crontab
from tests.support.shell import Ran, Shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fakes are Linux's schedulers")


@pytest.fixture
def desk(sh: Shell, tmp_path: Path) -> Desk:
    """Give a system with a crontab command alone, which the shell runs in."""
    folder = tmp_path / "desk"
    folder.mkdir()
    made = with_crontab(folder)
    sh.env["PATH"] = made.path
    return made


def test_install_shows_what_it_writes_and_status_what_is_there(sh: Shell, desk: Desk) -> None:
    """One line between two comments; the second time there is nothing to change."""
    ran = sh("schedule", "install", "--every", "10m")
    assert ran.code == 0
    assert desk.tab is not None
    assert ran.out == f"# the crontab\n{desk.tab.decode()}"
    assert "every 10m by a crontab line" in ran.err
    assert f"SSO_LOGIN_HOME={sh.env['SSO_LOGIN_HOME']} " in desk.tab.decode()
    before = desk.tab
    again = sh("schedule", "install", "--every", "10m")
    assert (again.code, again.out, desk.tab) == (0, "", before)
    assert "nothing to change" in again.err
    assert "nothing to change" in sh("schedule", "install").err  # it goes on running as often as it did
    found = sh("schedule", "status", "--json").json()
    assert (found["installed"], found["kind"], found["every"]) == (True, "crontab", "10m")
    assert found["last"] is None
    assert found["next"].endswith("Z")
    assert sh("schedule", "remove").code == 0
    assert desk.tab is None


def test_a_dry_run_writes_nothing(sh: Shell, desk: Desk) -> None:
    """It prints the very same; of another system's scheduler, too."""
    dry = sh("schedule", "install", "--dry-run")
    assert (dry.code, desk.tab) == (0, None)
    assert sh("schedule", "install").out == dry.out
    assert "Would remove" in sh("schedule", "remove", "--dry-run").err
    assert desk.tab is not None
    for kind, word in (("launchd", "<plist"), ("task-scheduler", "<Task"), ("systemd", "OnCalendar=")):
        assert word in sh("schedule", "install", "--dry-run", "--kind", kind).out


def test_not_installed_is_exit_3(sh: Shell, desk: Desk) -> None:
    """With the command that installs it; JSON says so on stdout alone; removing nothing is no error."""
    assert sh("schedule", "status") == Ran(
        3, "", "error: no schedule is installed\nhint: Install one with `sso-login schedule install`.\n"
    )
    ran = sh("schedule", "status", "--json")
    assert (ran.code, ran.err, ran.json()["installed"], ran.json()["next"]) == (3, "", False, None)
    assert sh("schedule", "remove") == Ran(0, "", "No schedule is installed: nothing to remove.\n")
    assert desk.tab is None


@pytest.mark.parametrize("every", ["7m", "90s", "5h", "0", "2d", "-5m", "soon"])
def test_what_no_scheduler_does_evenly_is_exit_2(sh: Shell, desk: Desk, every: str) -> None:
    """And nothing is written."""
    assert sh("schedule", "install", f"--every={every}").code == 2
    assert desk.tab is None


def test_without_a_scheduler_it_is_exit_7(sh: Shell, tmp_path: Path) -> None:
    """Each that is missing is named, and what can be done; `status` just finds none."""
    empty = tmp_path / "empty"
    empty.mkdir()
    sh.env["PATH"] = str(empty)
    ran = sh("schedule", "install")
    assert ran.code == 7
    assert ran.err.startswith("error: there is no scheduler here: there is no systemctl command; there is no crontab")
    assert sh("schedule", "status").code == 3


def test_a_crontab_that_cannot_be_read_is_exit_7(sh: Shell, desk: Desk) -> None:
    """Nothing is changed, whatever the command."""
    desk.tab = b"x\n"
    desk.mark("refuse", "crontabs/me: Permission denied")
    for words in (["install"], ["remove"], ["status"], ["status", "--json"]):
        ran = sh("schedule", *words)
        assert (ran.code, "Permission denied" in ran.err) == (7, True)
    assert desk.tab == b"x\n"


def test_where_a_user_manager_runs_it_is_a_timer(sh: Shell, desk: Desk) -> None:
    """The crontab's line goes, and lingering is explained where it is off."""
    assert sh("schedule", "install").code == 0
    assert desk.tab is not None
    desk.script("systemctl", SYSTEMCTL)
    ran = sh("schedule", "install")
    assert ran.code == 0
    assert "OnCalendar=*:0/5" in ran.out
    assert "Removed a crontab line" in ran.err
    assert "loginctl enable-linger" in ran.err
    assert desk.tab is None
    found = sh("schedule", "status", "--json").json()
    assert (found["kind"], found["next"]) == ("systemd", "2027-01-15T08:05:00Z")
    assert sh("schedule", "remove").code == 0
    assert sh("schedule", "status").code == 3


def test_a_secret_in_a_proxy_is_not_written(sh: Shell, desk: Desk) -> None:
    """It is warned of, without repeating it."""
    ran = sh("schedule", "install", HTTPS_PROXY="http://me:hunter2@proxy:3128")
    assert ran.code == 0
    assert "warning: HTTPS_PROXY holds a user name or password" in ran.err
    assert "hunter2" not in ran.err + ran.out + (desk.tab or b"").decode()


def test_a_line_of_ones_own_is_pointed_at(sh: Shell, desk: Desk) -> None:
    """It is left where it is."""
    desk.tab = b"*/5 * * * * sso-login refresh --all --quiet\n"
    assert "your crontab has a line of its own" in sh("schedule", "install").err
    sh("schedule", "remove")
    assert desk.tab == b"*/5 * * * * sso-login refresh --all --quiet\n"


def test_status_tells_how_the_last_run_went(sh: Shell, desk: Desk) -> None:
    """Only the schedule's own runs count as its last; the others are listed."""
    del desk
    sh("device")
    sh("schedule", "install")
    sh("refresh", "--all", "--quiet", "--scheduled")
    sh.clock.sleep(120)
    sh("refresh", "--force", "--all")
    ran = sh("schedule", "status")
    assert ran.code == 0
    assert "Last run:" in ran.out
    assert "2 min ago: my-sso fresh" in ran.out
    assert "by hand" in ran.out
    found = sh("schedule", "status", "--json").json()
    assert (found["last"], found["last_exit_code"]) == ("2027-01-15T08:00:05Z", 0)
    assert [run["sessions"][0]["outcome"] for run in found["history"]] == ["fresh", "renewed"]
    assert sh("status", "--json").json()[0]["last_refresh"] == {
        "at": "2027-01-15T08:02:05Z",
        "outcome": "renewed",
        "exit_code": 0,
    }


def test_what_the_last_run_said_is_not_said_again(sh: Shell) -> None:
    """A mail once, since cron mails what a job prints; by hand an error is said as ever."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(3700)
    first = sh("refresh", "--all", "--quiet", "--scheduled")
    assert (first.code, first.err.splitlines()[0][:6]) == (3, "error:")
    assert [sh("refresh", "--all", "--quiet", "--scheduled") for _ in range(3)] == [Ran(3, "", "")] * 3
    assert "is over" in sh("refresh", "--all", "--quiet").err
    sh("device")
    assert sh("refresh", "--all", "--quiet", "--scheduled") == Ran(0, "", "")


def test_an_issuer_that_cannot_be_reached_is_no_news(sh: Shell) -> None:
    """Exit 5 without a word: the next run tries again."""
    sh("device")
    sh.clock.sleep(3700)
    sh.emulator.service.order(Fault("CreateToken", reply=Reply(503, {}, b"")))
    assert sh("refresh", "--all", "--quiet", "--scheduled") == Ran(5, "", "")
    sh.clock.sleep(60)
    assert sh("refresh", "--all", "--quiet", "--scheduled") == Ran(0, "", "")
