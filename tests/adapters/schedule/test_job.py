"""The job: how often, which program, which variables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sso_login import layout
from sso_login.adapters.schedule.job import Job, environment, make, program, read_every, read_mark, spoken_every
from sso_login.core.errors import UsageProblem


@pytest.mark.parametrize(
    ("seconds", "every"),
    [(60, 1), (300, 5), (360, 6), (3600, 60), (7200, 120), (8 * 3600, 480), (86400, 1440)],
)
def test_what_divides_an_hour_or_a_day_is_taken(seconds: float, every: int) -> None:
    """Minutes that divide an hour, hours that divide a day."""
    assert read_every(seconds) == every


@pytest.mark.parametrize("seconds", [0, 1, 59, 90, 420, 2700, 5400, 18000, 90000, 172800, 300.5])
def test_anything_else_is_exit_2(seconds: float) -> None:
    """No scheduler could do it evenly; the hint lists what there is."""
    with pytest.raises(UsageProblem) as caught:
        read_every(seconds)
    assert "15m, 20m, 30m, 1h" in caught.value.hint


def test_what_is_spoken_can_be_typed() -> None:
    """Hours as hours."""
    assert [spoken_every(minutes) for minutes in (1, 30, 60, 480)] == ["1m", "30m", "1h", "8h"]


def test_long_waits_renew_earlier() -> None:
    """What would end before the next run is renewed by this one."""
    assert Job(("/x",), (), 5).words == ("/x", "refresh", "--all", "--quiet", "--scheduled")
    assert Job(("/x",), (), 60).words[-2:] == ("--min-ttl", "70m")


@pytest.mark.parametrize("path", ["/usr/bin/sso-login", "/home/a b%;c/--x--/<sso>\\-login", "/ü/sso-login"])
def test_the_mark_is_read_back(path: str) -> None:
    """Whatever the program is called; no two dashes in a row, which XML forbids in a comment."""
    mark = Job((path,), (), 15).mark
    found = read_mark(f"# {mark}; and more".encode())
    assert found
    assert (found.format, found.every, found.program) == (1, 15, path)
    assert "--" not in mark
    assert mark.isascii()


def test_only_what_is_set_and_matters_is_written() -> None:
    """Neither PATH nor a profile nor a secret, but where things are."""
    env = {
        "PATH": "/bin",
        "AWS_PROFILE": "dev",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SSO_LOGIN_STORE": "file",
        "AWS_CONFIG_FILE": "/etc/aws",
        "AWS_CA_BUNDLE": "",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    assert environment(env) == ((("AWS_CONFIG_FILE", "/etc/aws"), ("HTTPS_PROXY", "http://proxy:3128")), [])


@pytest.mark.parametrize("value", ["http://me:secret@proxy:3128", "me:secret@proxy:3128", "http://secret@[::1"])
def test_a_password_is_left_out_and_said_so(value: str) -> None:
    """A unit and a crontab are no place for it; the warning does not repeat it."""
    found, (warning,) = environment({"HTTPS_PROXY": value})
    assert found == ()
    assert warning.startswith("HTTPS_PROXY holds a user name or password")
    assert "secret" not in warning


def test_relative_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The job runs in another folder; what begins with ~ is left to the program."""
    monkeypatch.chdir(tmp_path)
    found, _ = environment({"AWS_CONFIG_FILE": "aws/config", "SSL_CERT_FILE": "~/ca.pem"})
    assert found == (("AWS_CONFIG_FILE", str(tmp_path / "aws" / "config")), ("SSL_CERT_FILE", "~/ca.pem"))


@pytest.mark.parametrize("value", ["/a\nb", "/a\x00", "/a\x1b[1m", "/caf\udce9"])
def test_what_no_line_can_hold_is_exit_2(value: str) -> None:
    """A line's end would be a second line of a crontab."""
    with pytest.raises(UsageProblem, match=r"^AWS_CONFIG_FILE has bytes that are not text"):
        environment({"AWS_CONFIG_FILE": value})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gives every job USERPROFILE")
def test_a_home_of_ones_own_is_written() -> None:
    """The system gives a job the home of its list of users."""
    assert environment({"HOME": "/srv/a b"})[0] == (("HOME", "/srv/a b"),)
    assert environment({"HOME": layout.user_home({})})[0] == ()


def test_the_program_is_named_as_it_was_called(tmp_path: Path) -> None:
    """By its link, which an upgrade leaves; a module by its interpreter."""
    real, link = tmp_path / "v1", tmp_path / "sso-login"
    real.write_text("")
    if sys.platform != "win32":
        link.symlink_to(real)
        assert program(str(link)) == (str(link),)
    assert program("/x/sso_login/__main__.py") == (sys.executable, "-m", "sso_login")
    assert program("nowhere/sso-login") == (sys.executable, "-m", "sso_login")


def test_a_program_in_a_cache_is_warned_of(tmp_path: Path) -> None:
    """`uvx` and `pipx run` keep it where it may go away."""
    path = tmp_path / ".cache" / "uv" / "sso-login"
    path.parent.mkdir(parents=True)
    path.write_text("")
    _, warnings = make({"HOME": str(tmp_path)}, every=5, argv0=str(path))
    assert ["may go away" in warning for warning in warnings] == [True]
