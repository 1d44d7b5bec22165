"""Profiles that `configure profiles` writes (a credential_process of ours) have a session, as any other."""

from __future__ import annotations

import pytest

from sso_login.core.role_command import RoleCommand, read, written
from tests.support.shell import Shell

OURS = "sso-login credentials --session my-sso --account 111122223333 --role ReadOnlyAccess --format process"
CONFIG = f"""
[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = eu-west-1

[profile ours]
credential_process = {OURS}
region = eu-central-1

[profile by-way]
credential_process = /opt/bin/sso-login credentials --profile ours

[profile chained]
role_arn = arn:aws:iam::222233334444:role/Deploy
source_profile = ours

[profile stray]
credential_process = sso-login credentials --session gone --account 111122223333 --role ReadOnlyAccess

[profile round]
credential_process = sso-login credentials --profile about
[profile about]
credential_process = sso-login credentials round

[profile foreign]
credential_process = some-tool --session my-sso
[profile console]
login_session = arn:aws:iam::111122223333:user/me
"""


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Add them to the config, beside a second session, so that none is the only one."""
    sh.config.write_text(sh.config.read_text() + CONFIG)
    return sh


@pytest.mark.parametrize("profile", ["ours", "by-way", "chained"])
def test_every_command_that_takes_a_session_takes_them(sh: Shell, profile: str) -> None:
    """By --profile, AWS_PROFILE and AWS_DEFAULT_PROFILE alike."""
    assert sh("device", "--profile", profile).code == 0
    token = sh("token", "my-sso").out
    for how in ({"AWS_PROFILE": profile}, {"AWS_DEFAULT_PROFILE": profile}):
        assert sh("token", **how).out == token
        assert sh("accounts", **how).code == 0
    for command in ("token", "refresh", "status", "accounts", "roles", "logout"):
        ran = sh(command, "--profile", profile)
        assert (ran.code, "error" in ran.err) == (0, False), (command, ran)


@pytest.mark.parametrize("profile", ["ours", "by-way"])
def test_credentials_and_console_take_them_as_an_argument(sh: Shell, profile: str) -> None:
    """PROFILE is --profile; both at once must be the same."""
    sh("device", "my-sso")
    given = sh("credentials", profile)
    assert given.code == 0
    assert sh("credentials", "--profile", profile).out == given.out
    assert sh("credentials", AWS_PROFILE=profile).out == given.out
    assert "sa-east-1" not in sh("credentials", profile, "--format", "env").out
    ran = sh("credentials", profile, "--profile", "chained")
    assert (ran.code, "name the profile once" in ran.err) == (2, True)


def test_a_session_that_is_not_there_names_the_profile(sh: Shell) -> None:
    """Exit 2, with the profile that says so."""
    ran = sh("token", "--profile", "stray")
    assert ran.code == 2
    assert "no session `gone` (from profile `stray`)" in ran.err


@pytest.mark.parametrize("command", ["token", "credentials", "status"])
def test_a_circle_is_exit_2(sh: Shell, command: str) -> None:
    """Two profiles that name each other lead nowhere, and say so."""
    ran = sh(command, "--profile", "round")
    assert ran.code == 2
    assert "leads in a circle" in ran.err


def test_a_login_of_the_sdks_counts_as_a_login_that_is_missing(sh: Shell) -> None:
    """A profile with login_session has a session, of AWS Sign-In; nobody has signed in for it here: exit 3."""
    for command in ("credentials", "status", "refresh"):
        ran = sh(command, "--profile", "console", *(["--check"] if command == "status" else []))
        assert ran.code == 3, (command, ran)
    assert "sso-login signin --profile console" in sh("refresh", "--profile", "console").err


def test_hints_and_suggestions_know_them(sh: Shell) -> None:
    """A typo, and a profile where a session is wanted."""
    assert "Did you mean `ours`?" in sh("token", "--profile", "oours").err
    assert "It is a profile of the session `my-sso`" in sh("token", "ours").err
    assert "It is a profile of the session `my-sso`" in sh("token", "chained").err
    assert "has no session" in sh("token", "--profile", "foreign").err


def test_completion_knows_them(sh: Shell) -> None:
    """For --profile of every command, for PROFILE, and the accounts and roles they name."""
    expected = {"by-way", "chained", "console", "ours", "stray"}
    for words in (["token", "--profile"], ["exec", "--profile"], ["exec"], ["credentials"], ["console"]):
        found = set(sh("__complete", "fish", *words, "").out.splitlines()[1:])
        assert expected <= found, words
        assert "foreign" not in found
    assert "111122223333\tas in profile ours" in sh("__complete", "fish", "exec", "--account", "").out
    assert "ReadOnlyAccess" in sh("__complete", "fish", "exec", "--role", "").out
    assert sh("__complete", "fish", "exec", "ours", "--", "").out == "command\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (OURS, RoleCommand("my-sso", None, "111122223333", "ReadOnlyAccess")),
        ("/x/sso-login credentials --role=R --account=1 --session='a b'", RoleCommand("a b", None, "1", "R")),
        (r"C:\bin\sso-login.exe -q credentials --profile dev --no-input", RoleCommand(None, "dev", None, None)),
        ("sso-login credentials dev", RoleCommand(None, "dev", None, None)),
        ("sso-login credentials dev --profile x --session y", None),
        ("sso-login credentials --session my-sso --account 1", None),
        ("sso-login credentials", None),
        ("sso-login credentials --profile", None),
        ("sso-login credentials --profile dev --format env", None),
        ("sso-login token --profile dev", None),
        ("sso-login credentials --profile 'dev", None),
        ("not-sso-login-at-all.sh credentials --profile dev", None),
        ("sh -c 'sso-login credentials --profile dev'", None),
        ("", None),
    ],
)
def test_what_a_command_line_says(line: str, said: RoleCommand | None) -> None:
    """Every form of options; what prints something else, or could mean anything, is none of ours."""
    assert read(line) == said


def test_what_is_written_is_read_back() -> None:
    """On both kinds of system, with blanks and backslashes."""
    command = RoleCommand("my sso", account="111122223333", role="R")
    assert read(written("/opt/my tools/sso-login", command, windows=False)) == command
    assert read(written("C:\\my tools\\sso-login.exe", command, windows=True)) == command
