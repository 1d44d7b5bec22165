"""The key login_session in the AWS config file, and what the AWS files have of a profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_login.core.errors import ConfigError
from sso_login.world import World

ARN = "arn:aws:iam::111122223333:user/harbour-master"


@pytest.fixture
def world(home: Path) -> World:
    """Give a world with both AWS files."""
    aws = home / ".aws"
    aws.mkdir()
    (aws / "config").write_text('# mine\n[default]\nregion = eu-west-1\n\n[profile "dev"]\nRegion=us-east-1 ; here\n')
    (aws / "credentials").write_text("[default]\naws_access_key_id = AKIA\n\n[my dev]\nlogin_session = old\n")
    env = {"HOME": str(home), "USERPROFILE": str(home), "SSO_LOGIN_HOME": str(home / "state")}
    return World(env, notify=lambda _: None)


def test_the_keys_of_both_files_are_found(world: World) -> None:
    """Only the value of login_session is: others may be secrets."""
    assert world.profile_keys("default") == {"region": "", "aws_access_key_id": ""}
    assert world.profile_keys("dev") == {"region": ""}
    assert world.profile_keys("my dev") == {"login_session": "old"}
    assert world.profile_keys("none") == {}


@pytest.mark.parametrize("profile", ["default", "dev", "brand new"])
def test_the_login_is_noted_once(world: World, home: Path, profile: str) -> None:
    """Where the profile stands, or in a new one; all else stays as it is, and a second time nothing is written."""
    config = home / ".aws/config"
    before = config.read_text().split("\n\n")
    assert world.note_login_session(profile, ARN)
    assert not world.note_login_session(profile, ARN)
    assert world.profile_keys(profile)["login_session"] == ARN
    assert all(each.strip() in config.read_text() for each in before)


def test_a_file_that_cannot_be_read_is_an_error(world: World, home: Path) -> None:
    """It may hold what the SDKs would take first."""
    (home / ".aws/credentials").write_bytes(b"[default]\nkey = \xff\n")
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        world.profile_keys("default")


def test_each_kind_of_login_has_its_own_cache(world: World, home: Path) -> None:
    """Sessions lie in the SDKs' SSO cache, logins by AWS Sign-In in their login cache."""
    assert Path(world.sdk_cache.path("my-sso")).parent == home / ".aws/sso/cache"
    assert Path(world.signin.sdk_cache.path(ARN)).parent == home / ".aws/login/cache"
