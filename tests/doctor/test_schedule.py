"""What `doctor` says of the schedule: whether it runs, its program, its last run, and what it does not know."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sso_login.adapters.schedule.crontab import Crontab
from sso_login.adapters.schedule.history import Ended, History, Run
from sso_login.adapters.schedule.job import Job, environment
from sso_login.adapters.schedule.programs import Programs
from sso_login.doctor.finding import Finding
from sso_login.doctor.schedule import schedule_findings
from tests.support.schedulers import Desk, with_crontab

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fakes are Linux's schedulers")

NOW = 1_800_000_000


class Place:
    """A system with a crontab, a state folder, and the program."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.desk: Desk = with_crontab(folder)
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.program = folder / "sso-login"
        self.program.touch()
        self.env = {"PATH": self.desk.path, "HOME": str(folder), "AWS_CONFIG_FILE": "/etc/aws"}

    def install(self) -> None:
        """Install the schedule of this environment."""
        Crontab(Programs(self.env), self.env).install(Job((str(self.program),), environment(self.env)[0], 5))

    def ran(self, *, code: int, ago: int) -> None:
        """Remember a run of the schedule."""
        ended = Ended("my-sso", "sso", "renewed", code)
        History(str(self.state)).add(Run(NOW - ago, code, scheduled=True, sessions=(ended,)))

    def found(self, **env: str) -> list[Finding]:
        """Give the findings."""
        return list(schedule_findings({**self.env, **env}, str(self.state), now=NOW))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give such a system."""
    return Place(tmp_path)


def test_none_is_as_good_a_choice(place: Place) -> None:
    """With the command that installs one."""
    (found,) = place.found()
    assert (found.status, "`sso-login schedule install`" in found.message) == ("ok", True)


def test_one_that_runs_is_fine(place: Place) -> None:
    """Also where it has yet to begin, or AWS was out of reach."""
    place.install()
    assert "has not run yet" in place.found()[0].message
    for code, said in ((0, "all is fresh"), (5, "AWS could not be reached")):
        place.ran(code=code, ago=120)
        (found,) = place.found()
        assert (found.status, found.message) == ("ok", f"crontab, every 5m; the last run was 2 min ago: {said}")


@pytest.mark.parametrize(("code", "word"), [(3, "sso-login device"), (7, "refresh --all"), (1, "refresh --all")])
def test_a_run_that_failed_is_told_with_what_to_do(place: Place, code: int, word: str) -> None:
    """By its exit code."""
    place.install()
    place.ran(code=code, ago=60)
    (found,) = place.found()
    assert (found.status, word in found.remedy, f"exit code {code}" in found.message) == ("warn", True, True)


def test_one_that_is_asleep_is_told(place: Place) -> None:
    """No run for longer than can be."""
    place.install()
    place.ran(code=0, ago=4000)
    (found,) = place.found()
    assert (found.status, "longer than it should be" in found.message) == ("warn", True)


def test_a_program_that_is_gone_and_variables_it_does_not_have(place: Place) -> None:
    """Another `schedule install` brings both up to date."""
    place.install()
    place.ran(code=0, ago=60)
    place.program.unlink()
    found = place.found(AWS_CONFIG_FILE="/srv/aws", AWS_CA_BUNDLE="/etc/ca.pem")
    assert [each.message.partition(":")[0] for each in found[1:]] == [
        "its program is gone",
        "it does not know AWS_CONFIG_FILE, AWS_CA_BUNDLE as set here",
    ]
    assert all("sso-login schedule install" in each.remedy for each in found[1:])


def test_a_crontab_that_cannot_be_read_is_a_warning(place: Place) -> None:
    """Logins work without."""
    place.desk.mark("refuse", "Permission denied")
    (found,) = place.found()
    assert (found.status, "Permission denied" in found.message) == ("warn", True)
