"""Whose credentials are meant: names and patterns of accounts and roles; nobody is asked without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shell import Shell

SANDBOX = "333344445555"


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Log in."""
    assert sh("device").code == 0
    return sh


@pytest.mark.parametrize(
    ("account", "role"),
    [
        ("Harbour Sandbox", "AdministratorAccess"),
        ("*sandbox", "Admin*"),
        ("33334444????", "AdministratorAccess"),
        (SANDBOX, "*"),
        ("harbour sand*", "*"),
    ],
)
def test_a_name_or_a_pattern_that_fits_one_role_means_it(sh: Shell, account: str, role: str) -> None:
    """In any case; the roles are listed once and patterns are asked again when an hour has gone by."""
    for _ in range(2):
        given = sh("credentials", "--account", account, "--role", role)
        assert (given.code, given.json()["AccountId"]) == (0, SANDBOX), given
    assert sh.asked["ListAccounts"] == 1
    sh.clock.sleep(3700)
    assert sh("credentials", "--account", account, "--role", role).code == 0
    assert sh.asked["ListAccounts"] == 1 + any(mark in account + role for mark in "*?")


def test_what_fits_several_is_exit_2_with_their_names(sh: Shell) -> None:
    """Nobody is there to pick one."""
    ran = sh("credentials", "--account", "Harbour Production", "--role", "*")
    assert (ran.code, ran.out) == (2, "")
    assert "several roles fit: Deployer in Harbour Production, ReadOnlyAccess in Harbour Production" in ran.err
    ran = sh("exec", "--account", "*", "--role", "ReadOnlyAccess", "--", "true")
    assert (ran.code, "several accounts fit: " in ran.err) == (2, True)


def test_what_fits_nothing_is_exit_2(sh: Shell) -> None:
    """After the list was made anew, if it was an old one."""
    ran = sh("exec", "--account", "Nowhere", "--role", "R", "--", "true")
    assert (ran.code, "no account and role fit `Nowhere` and `R`" in ran.err) == (2, True)
    sh("roles")
    sh.clock.sleep(4000)
    before = sh.asked["ListAccounts"]
    assert sh("exec", "--account", "Nowhere", "--role", "R", "--", "true").code == 2
    assert sh.asked["ListAccounts"] == before + 1


def test_a_profiles_role_in_an_account_that_is_named(sh: Shell) -> None:
    """A name goes before the profile's account, and its role stays."""
    sh.config.write_text(
        sh.config.read_text() + "[profile dev]\nsso_session = my-sso\nsso_account_id = 111122223333\n"
        "sso_role_name = ReadOnlyAccess\n"
    )
    given = sh("credentials", "dev", "--account", "Harbour Staging", "--role", "Read*")
    assert (given.code, given.json()["AccountId"]) == (0, "222233334444")


def test_roles_of_accounts_by_name(sh: Shell) -> None:
    """As `configure profiles` takes them."""
    ran = sh("roles", "--account", "Harbour S*", "--account", "111122223333")
    assert {line.split("\t")[1] for line in ran.out.splitlines()} == {"222233334444", SANDBOX, "111122223333"}
    ran = sh("roles", "--account", "Nowhere*")
    assert (ran.code, "no account fits `Nowhere*`" in ran.err) == (2, True)


@pytest.mark.parametrize("command", ["exec", "credentials", "console"])
def test_without_a_role_and_a_terminal_it_is_exit_2(sh: Shell, command: str) -> None:
    """Nothing is listed, nobody is asked."""
    before = sh.asked["ListAccounts"]
    ran = sh(command, *(["--print"] if command == "console" else []), *(["--", "true"] if command == "exec" else []))
    assert (ran.code, ran.out) == (2, "")
    assert "no account and no role is named" in ran.err
    assert sh.asked["ListAccounts"] == before


def test_several_sessions_are_exit_2_with_their_names(sh: Shell) -> None:
    """Say which one."""
    sh.config.write_text(
        sh.config.read_text() + "[sso-session b]\nsso_start_url = https://b.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    ran = sh("exec", "--", "true")
    assert ran.code == 2
    assert ran.err.startswith("error: 2 sessions are configured; say which one\nhint: Name one")
    assert "Known: b, my-sso." in ran.err


@pytest.mark.parametrize("command", ["exec", "accounts", "roles", "console"])
def test_without_a_login_and_a_terminal_it_is_exit_3(sh: Shell, command: str) -> None:
    """Nobody is asked whether to log in."""
    sh("logout")
    target = ["--account", SANDBOX, "--role", "AdministratorAccess"]
    rest = {"exec": [*target, "--", "true"], "console": [*target, "--print"]}.get(command, [])
    ran = sh(command, *rest)
    assert (ran.code, ran.out, "Log in now" in ran.err) == (3, "", False)


def test_a_pick_is_not_kept_for_the_hot_path(sh: Shell) -> None:
    """What a pattern fits may be another role tomorrow: the question is not noted."""
    sh.clock.sleep(5)
    sh("credentials", "--account", "*sandbox", "--role", "*")
    folder = Path(sh.env["SSO_LOGIN_HOME"]) / "questions"
    noted = "".join(path.read_text() for path in folder.iterdir()) if folder.exists() else ""
    assert "*sandbox" not in noted


def test_a_logout_forgets_which_roles_there_are(sh: Shell) -> None:
    """The list and what was used of it are gone from the disk."""
    sh("roles")
    folder = Path(sh.env["SSO_LOGIN_HOME"]) / "picker"
    assert "Harbour" in "".join(path.read_text() for path in folder.iterdir())
    sh("logout")
    assert "Harbour" not in "".join(path.read_text() for path in folder.iterdir())


def test_accounts_and_roles_complete_from_the_last_list(sh: Shell) -> None:
    """Also where no profile names them."""
    assert sh("__complete", "fish", "exec", "--account", "").out == ""
    sh("roles")
    assert "333344445555\tHarbour Sandbox" in sh("__complete", "fish", "exec", "--account", "").out
    assert "AdministratorAccess" in sh("__complete", "fish", "exec", "--account", SANDBOX, "--role", "").out
    assert "Deployer" not in sh("__complete", "fish", "exec", "--account", SANDBOX, "--role", "").out
