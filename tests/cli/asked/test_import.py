"""`sso-login import`: what `aws sso login` left becomes a login of ours."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.support.shell import Shell


def left(sh: Shell) -> Path:
    """Name the file that the AWS CLI would have left."""
    return Path(sh.env["HOME"], ".aws/sso/cache", hashlib.sha1(b"my-sso").hexdigest() + ".json")


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Leave a login of the AWS CLI, and none of ours."""
    assert sh("device", "--sdk-cache").code == 0
    shutil.rmtree(sh.env["SSO_LOGIN_HOME"])
    assert sh("token").code == 3
    return sh


def change(sh: Shell, **members: object) -> None:
    """Change what was left; None takes a member away."""
    whole = {**json.loads(left(sh).read_text()), **members}
    left(sh).write_text(json.dumps({key: value for key, value in whole.items() if value is not None}))


def test_it_is_taken_over_as_it_is(sh: Shell) -> None:
    """Token, refresh token and registration; nothing is asked of AWS; the file stays, and it is said where."""
    before = sum(sh.asked.values())
    ran = sh("import")
    assert (ran.code, ran.out, sum(sh.asked.values())) == (0, "", before)
    assert "Signed in: session my-sso, token good for 1 h (renewed by itself after that)" in ran.err
    assert f"The copy of the AWS CLI stays in plaintext: {left(sh)}; `--move` removes it." in ran.err
    assert sh("token").out.strip() == json.loads(left(sh).read_text())["accessToken"]
    assert sh("refresh", "--force").code == 0


def test_move_removes_the_file(sh: Shell) -> None:
    """After it is kept, and also where it was taken over before."""
    assert sh("import").code == 0
    ran = sh("import", "my-sso", "--move")
    assert (ran.code, left(sh).exists()) == (0, False)
    assert "Already signed in" in ran.err
    assert sh("token").code == 0


def test_what_is_over_is_renewed_first(sh: Shell) -> None:
    """By its refresh token and registration."""
    sh.clock.sleep(7200)
    assert sh("import", "--all", "--quiet").err == ""
    assert sh.asked["CreateToken"] == 2
    assert sh("token").code == 0


def test_what_cannot_be_renewed_is_exit_3(sh: Shell) -> None:
    """The session is over, or there is nothing to renew it with."""
    sh.clock.sleep(7200)
    change(sh, refreshToken=None)
    ran = sh("import")
    assert (ran.code, "Log in with `sso-login device my-sso`" in ran.err) == (3, True)
    assert sh("import", "--all").code == 3


def test_a_session_that_has_ended_is_exit_3(sh: Shell) -> None:
    """The issuer has the last word."""
    sh.clock.sleep(7200)
    sh.emulator.service.expire("sessions")
    assert sh("import").code == 3


def test_a_token_without_a_registration_is_good_until_its_end(sh: Shell) -> None:
    """As a legacy profile leaves it."""
    change(sh, refreshToken=None, clientId=None, clientSecret=None, registrationExpiresAt=None)
    ran = sh("import")
    assert (ran.code, "not renewable" in ran.err) == (0, True)
    assert sh("token").code == 0


@pytest.mark.parametrize(
    "members",
    [
        {"startUrl": "https://other.awsapps.com/start"},
        {"region": "eu-west-1"},
        {"accessToken": "two words"},
        {"accessToken": None},
        {"expiresAt": "soon"},
        {"expiresAt": None},
        {"refreshToken": 7},
    ],
)
def test_what_is_of_no_use_is_exit_3(sh: Shell, members: dict[str, object]) -> None:
    """Another instance's, or damaged: nothing of it is taken or shown."""
    change(sh, **members)
    ran = sh("import")
    assert (ran.code, ran.out) == (3, "")
    assert "the AWS CLI has no login of session 'my-sso' that is still good" in ran.err
    assert sh("token").code == 3


def test_nothing_there_is_exit_3(sh: Shell) -> None:
    """With the command that logs in."""
    left(sh).unlink()
    for argv in (["import"], ["import", "--all"], ["import", "my-sso"]):
        ran = sh(*argv)
        assert (ran.code, "sso-login device" in ran.err) == (3, True)


def test_a_login_of_ours_stays(sh: Shell) -> None:
    """It is not replaced by another one."""
    sh("device")
    token = sh("token").out
    ran = sh("import")
    assert (ran.code, sh("token").out) == (0, token)
    assert "Already signed in" in ran.err


def test_unknown_names_are_exit_2(sh: Shell) -> None:
    """With did-you-mean, as everywhere."""
    assert sh("import", "my-ssso").code == 2
    assert sh("import", "--all", "my-sso").code == 2


def test_device_mentions_it(sh: Shell) -> None:
    """To somebody at a terminal."""
    sh.attended = True
    sh.env["BROWSER"] = "true"
    assert "The AWS CLI is logged in there: `sso-login import my-sso` takes that over." in sh("device").err
