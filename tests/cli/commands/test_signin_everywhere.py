"""A login by AWS Sign-In in every command that is not about logging in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.shell import Shell, shell
from tests.support.visitor import as_browser

ARN = "arn:aws:iam::111122223333:user/harbour-master"


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell in which somebody has signed in for the profile `work`."""
    with shell(home, capsys, Settings(approve=True)) as made:
        made.attended = True
        made.env["BROWSER"] = as_browser(note=home / "opened")
        made.env["AWS_ENDPOINT_URL_SIGNIN"] = made.emulator.url
        made.approve_while_waiting()
        ran = made("signin", "--region", "us-east-1", "--profile", "work")
        assert ran.code == 0, ran.err
        yield made


def test_credentials_come_out_in_every_format(sh: Shell) -> None:
    """The process format has the account of who signed in; the others are those of roles."""
    given = json.loads(sh("credentials", "--profile", "work").out)
    assert (given["Version"], given["AccountId"]) == (1, "111122223333")
    ran = sh("credentials", "--profile", "work", "--format", "env")
    assert f"AWS_ACCESS_KEY_ID={given['AccessKeyId']}" in ran.out.replace("'", "")
    assert sh.asked["CreateOAuth2Token"] == 1


def test_the_current_profile_is_meant_where_none_is_named(sh: Shell) -> None:
    """AWS_PROFILE names the login; SSO_LOGIN_SESSION, or an account and role, mean another."""
    assert json.loads(sh("credentials", AWS_PROFILE="work").out)["AccountId"] == "111122223333"
    assert sh("credentials", AWS_PROFILE="work", SSO_LOGIN_SESSION="my-sso").code == 2
    assert sh("credentials", "--account", "111122223333", "--role", "Deployer", AWS_PROFILE="work").code == 3


def test_credentials_are_renewed_five_minutes_before_their_end(sh: Shell) -> None:
    """Fifteen minutes, of which ten pass: one refresh for any number of calls."""
    first = sh("credentials", "--profile", "work").out
    sh.clock.sleep(500)
    assert sh("credentials", "--profile", "work").out == first
    sh.clock.sleep(200)
    second = sh("credentials", "--profile", "work").out
    assert second != first
    assert sh("credentials", "--profile", "work").out == second
    assert sh.asked["CreateOAuth2Token"] == 2


def test_a_login_that_is_over_names_its_own_remedy(sh: Shell) -> None:
    """Exit 3, why, and `signin` with the profile's name."""
    sh.emulator.service.expire("passwords")
    sh.clock.sleep(1000)
    ran = sh("credentials", "--profile", "work")
    assert ran.code == 3
    assert "password or console access was changed" in ran.err
    assert "sso-login signin --profile work" in ran.err


def test_status_shows_it_apart_from_sessions(sh: Shell) -> None:
    """A row of its own kind; --check counts it, too."""
    rows = {row["kind"]: row for row in sh("status", "--json").json()}
    assert rows["signin"]["session"] == "work"
    assert rows["signin"]["state"] == "valid"
    assert rows["signin"]["renewable"] is True
    assert "work (signin)" in sh("status").out
    assert sh("status", "--check").code == 0
    assert sh("status", "--profile", "work", "--check").code == 0
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(1000)
    assert sh("refresh").code == 3
    assert sh("status", "--check").code == 3


def test_refresh_renews_it_when_it_has_little_time_left(sh: Shell) -> None:
    """Five minutes are little for credentials that live for fifteen."""
    assert "work (signin): fresh enough" in sh("refresh", "--all").err
    sh.clock.sleep(700)
    assert "work (signin): renewed, good for 15 min" in sh("refresh", "--profile", "work").err


def test_logout_forgets_it(sh: Shell, home: Path) -> None:
    """By its profile, or with everything else; nothing is asked of AWS."""
    asked = sum(sh.asked.values())
    assert "work (signin): signed out" in sh("logout", "--profile", "work").err
    assert sum(sh.asked.values()) == asked
    assert not list((home / "state" / "secrets").glob("signin*"))
    assert not list((home / "state" / "signin").iterdir())
    ran = sh("credentials", "--profile", "work")
    assert ran.code == 2
    sh("signin", "--region", "us-east-1", "--profile", "work")
    assert "work (signin): signed out" in sh("logout", "--all").err


def test_a_broken_card_is_told_and_can_be_removed(sh: Shell, home: Path) -> None:
    """Neither status nor logout stumbles over it."""
    (home / "state" / "signin" / "work").write_text("{")
    (row,) = [row for row in sh("status", "--json").json() if row["session"] == "work"]
    assert (row["state"], row["kind"]) == ("unreadable", "signin")
    assert sh("credentials", "--profile", "work").code == 7
    assert sh("logout", "--all", SSO_LOGIN_STORE="file").code == 0
    assert not (home / "state" / "signin" / "work").exists()


def test_exec_and_console_use_it(sh: Shell) -> None:
    """What opens the console opens it here, too."""
    ran = sh("console", "--profile", "work", "--print")
    assert (ran.code, ran.out.startswith(f"{sh.emulator.url}/federation?Action=login")) == (0, True), ran.err


def test_a_session_and_a_profile_of_one_name_are_two_logins(sh: Shell) -> None:
    """They have records, cards and locks of their own."""
    assert sh("signin", "--region", "us-east-1", "--profile", "my-sso").code == 0
    assert sh("device", "my-sso").code == 0
    kinds = sorted((row["session"], row["kind"]) for row in sh("status", "--json").json())
    assert kinds == [("my-sso", "signin"), ("my-sso", "sso"), ("work", "signin")]
    assert sh("logout", "my-sso").code == 0
    assert sh("credentials", "--profile", "my-sso").code == 0


def test_doctor_compares_it_with_what_is_configured_now(sh: Shell) -> None:
    """As it was made it is fine; with another endpoint it is bound elsewhere, and that has its remedy."""
    found = {each["message"]: each for each in sh("doctor", "--json").json() if each["message"].startswith("work")}
    assert [each["status"] for each in found.values()] == ["ok"]
    moved = sh("doctor", "--json", AWS_ENDPOINT_URL_SIGNIN="http://127.0.0.1:9").json()
    (bound,) = [each for each in moved if "belongs to" in each["message"] and each["check"] == "session"]
    assert bound["status"] == "fail"
    assert "signin --profile work" in bound["remedy"]
