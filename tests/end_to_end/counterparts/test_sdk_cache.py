"""boto3 with nothing but the SDKs' own cache: it uses what we wrote, we follow what it renewed, and it follows us."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.terminal.desk import Desk, desk, finished, renewals, started, unwatched

ROLE = (
    "[profile dev]\nsso_session = my-sso\nsso_account_id = 111122223333\nsso_role_name = Deployer\nregion = us-east-1\n"
)
IDENTITY = "import boto3; print(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn'])"
TOKEN = (
    "import botocore.session as s; session = s.Session(profile='dev'); "
    "print(session.get_auth_token().get_frozen_token().token)"
)


def boto3(code: str, at: Desk) -> subprocess.Popen[str]:
    """Start a program of somebody else's."""
    pipe = subprocess.PIPE
    env = {**unwatched(at.env), "AWS_ENDPOINT_URL": at.emulator.url, "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def at(home: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Give a login that the SDKs have, too, and a profile of it; the rotation is strict unless said otherwise."""
    settings = Settings(interval=1, rotation=getattr(request, "param", "strict"))
    with desk(home, settings) as made:
        config = Path(made.env["AWS_CONFIG_FILE"])
        config.write_text(config.read_text() + ROLE)
        ran = made.here("device", "--no-browser", "--sdk-cache")
        assert ran.code == 0, ran
        yield made


def cache(at: Desk) -> Path:
    """Name the SDKs' file of my-sso."""
    return at.home / ".aws/sso/cache" / (hashlib.sha1(b"my-sso").hexdigest() + ".json")


def age(at: Desk) -> None:
    """Let the token be over, in both places."""
    members: dict[str, Any] = json.loads(cache(at).read_text())
    at.age()
    cache(at).write_text(json.dumps({**members, "expiresAt": "2020-01-01T00:00:00Z"}))


def printed(code: str, at: Desk) -> str:
    """Run it, and give what it prints."""
    ran = finished(boto3(code, at))
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_boto3_works_with_it_and_renews_it_and_both_follow(at: Desk) -> None:
    """A profile with sso_session gets credentials; what boto3 renews we take over and renew, and boto3 follows."""
    assert ":assumed-role/" in printed(IDENTITY, at)
    assert renewals(at.emulator) == 0

    age(at)
    theirs = printed(TOKEN, at)
    assert renewals(at.emulator) == 1
    assert at.run("token").out.strip() == theirs
    assert renewals(at.emulator) == 1
    assert at.kept().token.access.reveal() == theirs  # in our own store, too

    age(at)
    ours = at.run("token").out.strip()
    assert renewals(at.emulator) == 2
    assert printed(TOKEN, at) == ours
    assert renewals(at.emulator) == 2
    assert at.strays() == []


def test_it_is_told_and_removed_at_logout(at: Desk) -> None:
    """The login names the file on stderr; logout removes it, whether the record can be read or not."""
    ran = at.here("device", "--no-browser", "--sdk-cache")
    assert f"kept in plaintext: {cache(at)}" in ran.err
    at.record.write_text("garbage")
    assert cache(at).exists()
    at.run("logout", "--local")
    assert not cache(at).exists()


def test_a_login_without_it_takes_it_away(at: Desk) -> None:
    """What was asked for once is not done for ever: a new login without it leaves no tokens of the old one there."""
    assert at.here("device", "--no-browser", "--force").code == 0
    assert not cache(at).exists()


def test_the_config_switches_it_on_for_a_login_that_is_there(at: Desk) -> None:
    """`sso_login_sdk_cache = true` takes effect with the next command that uses the login."""
    at.here("device", "--no-browser", "--force")
    config = Path(at.env["AWS_CONFIG_FILE"])
    config.write_text(config.read_text().replace("sso_region", "sso_login_sdk_cache = true\nsso_region"))
    token = at.run("token").out.strip()
    assert json.loads(cache(at).read_text())["accessToken"] == token


def test_device_switches_it_on_for_a_login_that_is_there(at: Desk) -> None:
    """Without a new code; without the flag a login that has it keeps it."""
    at.here("device", "--no-browser", "--force")
    ran = at.here("device", "--no-browser", "--sdk-cache")
    assert "Already signed in" in ran.err
    assert "kept in plaintext" in ran.err
    assert at.here("device", "--no-browser").err.count("Already signed in") == 1
    assert cache(at).exists()


def test_flags_name_the_file_after_the_session(at: Desk) -> None:
    """A login without any config has its file, too."""
    flags = ("--start-url", at.emulator.start_url, "--region", "us-east-1", "--name", "mine")
    assert at.here("device", "--no-browser", "--sdk-cache", *flags).code == 0
    assert (cache(at).parent / (hashlib.sha1(b"mine").hexdigest() + ".json")).exists()
    assert at.run("logout", "mine").code == 0
    assert not (cache(at).parent / (hashlib.sha1(b"mine").hexdigest() + ".json")).exists()


def test_a_legacy_profile_has_the_file_of_its_start_url(at: Desk) -> None:
    """The SDKs look for that one; boto3 takes its credentials from it."""
    config = Path(at.env["AWS_CONFIG_FILE"])
    config.write_text(
        f"[profile dev]\nsso_start_url = {at.emulator.start_url}\nsso_region = us-east-1\nregion = us-east-1\n"
        "sso_account_id = 111122223333\nsso_role_name = Deployer\nsso_login_sdk_cache = true\n"
    )
    assert at.here("device", "dev", "--no-browser").code == 0
    assert (cache(at).parent / (hashlib.sha1(at.emulator.start_url.encode()).hexdigest() + ".json")).exists()
    assert ":assumed-role/" in printed(IDENTITY, at)


def test_a_refused_token_is_no_end_where_an_sdk_has_another(at: Desk) -> None:
    """An SDK that wrote late, after we were refused: the next command goes on with what it got."""
    age(at)
    old = at.kept()
    theirs = printed(TOKEN, at)
    late = cache(at).read_bytes()
    cache(at).unlink()
    assert at.run("token").code == 3
    card = at.card
    assert card is not None
    assert card.refused
    cache(at).write_bytes(late)
    assert at.run("token").out.strip() == theirs
    card = at.card
    assert card is not None
    assert not card.refused
    assert at.kept().token.refresh != old.token.refresh


def test_one_refresh_for_all_and_boto3_has_it(at: Desk) -> None:
    """Eight of ours find the token over: one renewal; boto3, started when it is done, uses it without another."""
    age(at)
    ran = [finished(child) for child in [started("token", env=at.env) for _ in range(8)]]
    assert {each.code for each in ran} == {0}
    assert len({each.out for each in ran}) == 1
    assert printed(TOKEN, at) == ran[0].out.strip()
    assert renewals(at.emulator) == 1


@pytest.mark.parametrize("at", ["grace"], indirect=True)
def test_boto3_renews_at_the_same_time(at: Desk) -> None:
    """It knows no lock: where the issuer forgives a second use, all come through, and what is kept can be renewed."""
    age(at)
    children = [boto3(TOKEN, at), *(started("token", env=at.env) for _ in range(8))]
    ran = [finished(child) for child in children]
    assert [each for each in ran if each.code] == []
    assert len({each.out for each in ran}) <= 3
    assert at.run("refresh", "--force").code == 0
    assert json.loads(cache(at).read_text())["accessToken"] == at.kept().token.access.reveal()
    assert printed(IDENTITY, at)


def test_boto3_renews_first_and_eight_of_ours_follow(at: Desk) -> None:
    """Strict rotation: whoever comes after it finds its token, and nobody spends the one that is gone."""
    age(at)
    theirs = printed(TOKEN, at)
    ran = [finished(child) for child in [started("token", env=at.env) for _ in range(8)]]
    assert [(each.code, each.out.strip()) for each in ran] == [(0, theirs)] * 8
    assert renewals(at.emulator) == 1
    assert at.run("refresh", "--force").code == 0
