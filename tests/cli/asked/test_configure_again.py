"""`configure profiles` run again: it does the same as before, and removes with --prune what is no longer assigned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.shell import Shell

OURS = "sso-login credentials --session {} --account {} --role {} --format process"


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Log in."""
    assert sh("device").code == 0
    return sh


def profiles(sh: Shell) -> list[str]:
    """Name the profiles of the config."""
    return re.findall(r"^\[profile (.*)\]", sh.config.read_text(), re.MULTILINE)


def add(sh: Shell, text: str) -> None:
    """Append to the config."""
    sh.config.write_text(sh.config.read_text() + text)


def test_it_does_the_same_again(sh: Shell) -> None:
    """Without options those of the last time are taken, and said; with any, only those count, from then on."""
    flags = ["--account", "*Sandbox", "--region", "eu-west-1", "--template", "{account_id}.{role_name}"]
    assert sh("configure", "profiles", *flags).code == 0
    before = sh.config.read_text()
    ran = sh("configure", "profiles")
    assert (ran.code, sh.config.read_text()) == (0, before)
    assert "As last time: '--template={account_id}.{role_name}' '--account=*Sandbox' --region=eu-west-1" in ran.err
    assert profiles(sh) == ["333344445555.AdministratorAccess"]
    assert sh("configure", "profiles", "--role", "Deployer").code == 0
    ran = sh("configure", "profiles")
    assert "As last time: --role=Deployer" in ran.err
    assert profiles(sh)[1:] == ["Harbour-Production-Deployer"]


def test_a_dry_run_is_not_kept(sh: Shell) -> None:
    """Nothing is written, nowhere."""
    sh("configure", "profiles", "--role", "Deployer", "--dry-run")
    assert "As last time" not in sh("configure", "profiles").err


def test_options_are_kept_for_each_session(sh: Shell) -> None:
    """In sso-login's own config file, beside what else is there."""
    own = Path(sh.env["HOME"], "own")
    own.write_text("# mine\n")
    sh("configure", "profiles", "--sso-keys", "--role", "Deployer", SSO_LOGIN_CONFIG_FILE=str(own))
    text = own.read_text()
    assert text == "# mine\n\n[configure-profiles my-sso]\nflags = --role=Deployer --sso-keys\n"
    own.write_text(text.replace("--sso-keys", "--nonsense"))
    ran = sh("configure", "profiles", SSO_LOGIN_CONFIG_FILE=str(own))
    assert (ran.code, "has options that cannot be meant" in ran.err) == (0, True)


def test_prune_removes_what_is_no_longer_assigned_and_nothing_else(sh: Shell) -> None:
    """Only profiles of ours for that very session; comments between sections stay."""
    gone = OURS.format("my-sso", "999999999999", "Gone")
    add(sh, f"[profile gone]\ncredential_process = {gone}\nregion = eu-west-1\n\n# about the next one\n")
    add(sh, "[profile hand]\nregion = eu-west-1\n")
    add(sh, f"[profile other]\ncredential_process = {OURS.format('other', '999999999999', 'Gone')}\n")
    add(sh, f"[profile both]\ncredential_process = {gone}\nrole_arn = arn:aws:iam::111122223333:role/R\n")
    add(sh, f"[profile start]\ncredential_process = {gone}\n")
    add(sh, "[profile chain]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = start\n")
    add(sh, "[profile keys]\nsso_session = my-sso\nsso_account_id = 999999999999\nsso_role_name = Gone\n")
    dry = sh("configure", "profiles", "--prune", "--role", "Deployer", "--dry-run")
    assert "-[profile gone]" in dry.out
    ran = sh("configure", "profiles", "--prune", "--role", "Deployer")
    assert ran.code == 0
    assert "Removed, since the role is no longer assigned: gone." in ran.err
    assert profiles(sh) == ["hand", "other", "both", "start", "chain", "keys", "Harbour-Production-Deployer"]
    assert "# about the next one\n[profile hand]" in sh.config.read_text()
    assert sh("configure", "profiles").code == 0
    assert profiles(sh)[-1] == "Harbour-Production-Deployer"


def test_roles_that_are_left_out_are_not_removed(sh: Shell) -> None:
    """--account and --role choose what is written, not what is assigned."""
    sh("configure", "profiles", "--role", "*")
    before = profiles(sh)
    assert sh("configure", "profiles", "--prune", "--account", "*Sandbox").code == 0
    assert profiles(sh) == before


def test_nothing_is_removed_where_not_everything_could_be_listed(sh: Shell) -> None:
    """What is missing may be the portal's trouble."""
    add(sh, f"[profile gone]\ncredential_process = {OURS.format('my-sso', '999999999999', 'Gone')}\n")
    denied = Reply(403, {"x-amzn-ErrorType": "ForbiddenException"}, b'{"message":"No access"}')
    sh.emulator.service.order(Fault("ListAccountRoles", reply=denied))
    ran = sh("configure", "profiles", "--prune")
    assert (ran.code, "gone" in profiles(sh)) == (6, True)
    assert "no profile is removed, since not everything could be listed" in ran.err
