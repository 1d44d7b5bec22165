"""`configure session` and `configure profiles`, through the front door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore import configloader

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.shell import Shell

URL = "https://corp.awsapps.com/start"
NEW = ("configure", "session", "corp", "--start-url", URL, "--region", "eu-west-1")
SECRET = "CANARY-0451"
HAND_MADE = f"# mine\n[profile Harbour-Staging-Developer]\nrole_arn = arn:x\naws_secret_access_key = {SECRET}\n"


@pytest.fixture
def signed_in(sh: Shell) -> Shell:
    """Give a shell where my-sso is logged in."""
    assert sh("device").code == 0
    return sh


def loaded(sh: Shell) -> dict[str, Any]:
    """Read the config as botocore does."""
    found: dict[str, Any] = configloader.load_config(str(sh.config))
    return found


def test_a_session_is_written_behind_what_is_there(sh: Shell) -> None:
    """Start URL, region and the scope without which nothing is renewed; the file before it stays as it was."""
    before = sh.config.read_text()
    ran = sh(*NEW)
    assert (ran.code, ran.out) == (0, "")
    assert f"Wrote [sso-session corp] to {sh.config}. Log in with `sso-login device corp`." in ran.err
    assert sh.config.read_text() == (
        f"{before}\n[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
        "sso_registration_scopes = sso:account:access\n"
    )
    assert "corp" in sh("status").out


def test_a_session_written_twice_is_written_once(sh: Shell) -> None:
    """Another spelling of the same start URL is no change; what is not given stays."""
    sh(*NEW, "--scope", "a:b", "--scope", "c:d", "--sdk-cache")
    before = sh.config.read_bytes()
    assert b"sso_registration_scopes = a:b,c:d\nsso_login_sdk_cache = true\n" in before
    ran = sh("configure", "session", "corp", "--start-url", f"{URL}/#/", "--sdk-cache")
    assert (ran.code, sh.config.read_bytes()) == (0, before)
    assert "nothing to change" in ran.err


def test_a_session_gets_another_region_where_it_stands(sh: Shell) -> None:
    """Only that line changes; the section is found by its meaning."""
    sh.config.write_text(f'[sso-session "corp"]  \nsso_region: eu-west-1\n# why\nsso_start_url={URL}\n')
    assert sh("configure", "session", "corp", "--region", "us-east-2", "--scope", "a").code == 0
    assert sh.config.read_text() == (
        f'[sso-session "corp"]  \nsso_region: us-east-2\n# why\nsso_start_url={URL}\nsso_registration_scopes = a\n'
    )


def test_another_start_url_needs_force(sh: Shell) -> None:
    """A login would be lost without a word; --force says that it is meant."""
    other = ("configure", "session", "my-sso", "--start-url", URL)
    before = sh.config.read_bytes()
    ran = sh(*other)
    assert (ran.code, sh.config.read_bytes()) == (2, before)
    assert "is there with another start URL" in ran.err
    assert sh(*other, "--force").code == 0
    assert loaded(sh)["sso_sessions"]["my-sso"]["sso_start_url"] == URL


def test_a_broken_start_url_may_be_mended_by_force(sh: Shell) -> None:
    """What is no URL at all is another one."""
    sh.config.write_text("[sso-session corp]\nsso_start_url = http://[\nsso_region = us-east-1\n")
    assert sh(*NEW).code == 2
    assert sh(*NEW, "--force").code == 0


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("corp",), "needs --start-url"),
        (("corp", "--start-url", URL), "needs --region"),
        (("corp", "--start-url", "ftp://x", "--region", "us-east-1"), "is not a URL"),
        (("corp", "--start-url", URL, "--region", "mars"), "not an AWS region"),
        (("corp", "--start-url", URL, "--region", "us-east-1", "--scope", "a,b"), "cannot be a scope"),
        (("..", "--start-url", URL, "--region", "us-east-1"), "cannot be a session's name"),
        (("a\nb", "--start-url", URL, "--region", "us-east-1"), "cannot be a session's name"),
    ],
)
def test_what_is_no_session_is_not_written(sh: Shell, argv: tuple[str, ...], word: str) -> None:
    """Exit code 2, and the file as it was."""
    before = sh.config.read_bytes()
    ran = sh("configure", "session", *argv)
    assert (ran.code, sh.config.read_bytes()) == (2, before)
    assert word in ran.err


def test_a_dry_run_shows_the_difference_and_writes_nothing(sh: Shell) -> None:
    """A unified diff on stdout; neither secrets in the lines around nor escape sequences are in it."""
    sh.config.write_text(f"[default]\naws_secret_access_key = {SECRET}\n#\t\x1b[2J\n")
    before = sh.config.read_bytes()
    ran = sh(*NEW, "--dry-run")
    assert (ran.code, ran.err, sh.config.read_bytes()) == (0, "", before)
    assert ran.out.startswith(f"--- {sh.config}\n+++ {sh.config}\n@@ -1,3 +1,8 @@\n")
    assert " aws_secret_access_key = ***\n #    ?[2J\n+\n+[sso-session corp]\n" in ran.out
    sh(*NEW)
    assert sh(*NEW, "--dry-run").out == ""


def test_each_role_gets_a_profile_that_runs_our_command(signed_in: Shell) -> None:
    """All six of the emulator's, with a region; the account without a name is called by its id."""
    before = signed_in.config.read_text()
    ran = signed_in("configure", "profiles", "--region", "eu-central-1")
    assert (ran.code, ran.out) == (0, "")
    assert "6 new, 0 that were there" in ran.err
    assert signed_in.config.read_text().startswith(before)
    profiles = loaded(signed_in)["profiles"]
    assert len(profiles) == 6
    assert profiles["444455556666-Auditor"] == {
        "credential_process": "sso-login credentials --session my-sso --account 444455556666 --role Auditor "
        "--format process",
        "region": "eu-central-1",
    }


def test_profiles_written_twice_are_written_once(signed_in: Shell) -> None:
    """Not a byte changes, and a region that was given by hand stays."""
    signed_in("configure", "profiles", "my-sso")
    signed_in.config.write_text(signed_in.config.read_text() + "region = us-west-2\n")
    before = signed_in.config.read_bytes()
    ran = signed_in("configure", "profiles", "my-sso")
    assert (ran.code, signed_in.config.read_bytes()) == (0, before)
    assert "Nothing to change" in ran.err


def test_accounts_and_roles_are_picked_by_patterns(signed_in: Shell) -> None:
    """By id, by name, by role; the template names the rest."""
    chosen = ("--account", "Harbour S*", "--role", "*Access", "--template", "x-{account_id}-{role_name}")
    assert signed_in("configure", "profiles", *chosen).code == 0
    assert set(loaded(signed_in)["profiles"]) == {
        "x-222233334444-ReadOnlyAccess",
        "x-333344445555-AdministratorAccess",
    }
    assert signed_in("configure", "profiles", "--account", "444455556666", "--role", "Nobody").code == 2
    assert signed_in("configure", "profiles", "--account", "Nobody*").code == 2
    assert "where the profile is to work" in signed_in("configure", "profiles", "--region", "mars").err
    signed_in("configure", "profiles", "--account", "444455556666")
    assert len(loaded(signed_in)["profiles"]) == 3


def test_profiles_change_from_one_form_to_the_other(signed_in: Shell) -> None:
    """What was written for the same role may be: the old keys go, the region stays."""
    one = ("configure", "profiles", "--account", "444455556666")
    signed_in(*one, "--region", "eu-west-1")
    assert "0 new, 1 that were there" in signed_in(*one, "--sso-keys").err
    assert loaded(signed_in)["profiles"]["444455556666-Auditor"] == {
        "region": "eu-west-1",
        "sso_session": "my-sso",
        "sso_account_id": "444455556666",
        "sso_role_name": "Auditor",
    }
    signed_in(*one)
    assert set(loaded(signed_in)["profiles"]["444455556666-Auditor"]) == {"region", "credential_process"}


def test_a_profile_of_somebody_elses_is_left_alone(signed_in: Shell) -> None:
    """Warned of, while the others are written; --force takes away what would be in the way."""
    signed_in.config.write_text(signed_in.config.read_text() + HAND_MADE)
    ran = signed_in("configure", "profiles")
    assert ran.code == 0
    assert "warning: profile Harbour-Staging-Developer is there already and not for this role" in ran.err
    assert "5 new, 0 that were there" in ran.err
    assert HAND_MADE in signed_in.config.read_text()
    forced = signed_in("configure", "profiles", "--force", "--dry-run")
    assert "-aws_secret_access_key = ***" in forced.out
    assert SECRET not in forced.out + forced.err
    assert "0 new, 6 that were there" in signed_in("configure", "profiles", "--force").err
    assert set(loaded(signed_in)["profiles"]["Harbour-Staging-Developer"]) == {"credential_process"}


def test_keys_that_the_sdks_take_first_are_warned_of(signed_in: Shell) -> None:
    """A profile of that name in the credentials file; one that cannot be read is not this command's business."""
    credentials = signed_in.config.with_name("credentials")
    credentials.write_text(f"[444455556666-Auditor]\naws_access_key_id = {SECRET}\n[Harbour-Staging-Developer]\n")
    ran = signed_in("configure", "profiles", "--dry-run")
    assert ran.err.count("take before") == 1
    assert f"profile 444455556666-Auditor has keys in {credentials}" in ran.err
    assert SECRET not in ran.err
    credentials.write_bytes(b"\xff")
    assert "take before" not in signed_in("configure", "profiles").err


def test_two_roles_of_one_name_write_nothing(signed_in: Shell) -> None:
    """An error that says what to add to the template."""
    before = signed_in.config.read_bytes()
    ran = signed_in("configure", "profiles", "--template", "{role_name}")
    assert (ran.code, signed_in.config.read_bytes()) == (2, before)
    assert "ReadOnlyAccess (ReadOnlyAccess in 111122223333, ReadOnlyAccess in 222233334444)" in ran.err
    assert "Add {account_id} to --template" in ran.err


def test_what_was_listed_is_written_though_some_was_not(signed_in: Shell) -> None:
    """One account fails: its roles are missing, said, and in the exit code; without any nothing is written."""
    no = Reply(403, {}, b'{"message":"No access"}')
    signed_in.emulator.service.order(Fault("ListAccountRoles", reply=no, times=1))
    ran = signed_in("configure", "profiles")
    assert ran.code == 6
    assert "not everything is listed" in ran.err
    assert 4 <= len(loaded(signed_in)["profiles"]) <= 5
    before = signed_in.config.read_bytes()
    signed_in.emulator.service.order(Fault("ListAccountRoles", reply=no, times=9))
    assert (signed_in("configure", "profiles").code, signed_in.config.read_bytes()) == (6, before)


def test_plain_sso_keys_need_a_session_in_the_config(signed_in: Shell) -> None:
    """An SDK would not find one that only was logged in to; our command does."""
    signed_in.config.write_text("")
    ran = signed_in("configure", "profiles", "--sso-keys")
    assert ran.code == 2
    assert "has no [sso-session]" in ran.err
    assert signed_in("configure", "profiles").code == 0


def test_profiles_of_a_session_without_a_login_need_one(sh: Shell) -> None:
    """Exit code 3; never a prompt."""
    before = sh.config.read_bytes()
    assert (sh("configure", "profiles").code, sh.config.read_bytes()) == (3, before)


def test_a_program_that_the_desktop_would_not_find_is_named_by_its_path(signed_in: Shell, tmp_path: Path) -> None:
    """By default, and it is said; `--program sso-login` writes the name alone, `--absolute` the path in any case."""
    program = tmp_path / "sso-login"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    written = signed_in("configure", "profiles", "--dry-run", PATH=str(tmp_path))
    assert f"{program} credentials" in written.out
    assert "programs started from the desktop" in written.err
    bare = signed_in("configure", "profiles", "--dry-run", "--program", "sso-login", PATH=str(tmp_path))
    assert "= sso-login credentials" in bare.out
    assert "desktop" not in bare.err
    whole = signed_in("configure", "profiles", "--dry-run", "--program", "sso-login", "--absolute", PATH=str(tmp_path))
    assert f"{program} credentials" in whole.out


def test_a_program_that_is_not_there_is_warned_of(signed_in: Shell) -> None:
    """With --program the profile names that very path; a relative one is made absolute."""
    warned = signed_in("configure", "profiles", "--program", "./no such/sso-login", PATH="/nowhere")
    assert "there is no program /" in warned.err
    command = loaded(signed_in)["profiles"]["444455556666-Auditor"]["credential_process"]
    assert command.startswith("'/")
    assert command.split("' ")[0].endswith("/no such/sso-login")


@pytest.mark.parametrize("command", [(), ("session",), ("profiles",)])
def test_help_ends_with_an_example(sh: Shell, command: tuple[str, ...]) -> None:
    """Of the group and of both of its commands."""
    ran = sh("configure", *command, "--help")
    assert ran.code == 0
    assert ran.out.rstrip().rpartition("\n")[2].startswith("  sso-login configure ")


def test_a_legacy_profile_for_the_very_role_is_taken_over(sh: Shell) -> None:
    """Nothing but sso keys changes; one for another role stays, and what differs is said."""
    assert sh("device").code == 0
    keys = f"sso_start_url = {sh.emulator.start_url}\nsso_region = us-east-1\n"
    sh.config.write_text(
        f"{sh.config.read_text()}[profile Harbour-Sandbox-AdministratorAccess]\n{keys}"
        "sso_account_id = 333344445555\nsso_role_name = AdministratorAccess\noutput = json\n"
        f"[profile Harbour-Staging-Developer]\n{keys}sso_account_id = 111122223333\nsso_role_name = Developer\n"
    )
    ran = sh("configure", "profiles", "my-sso", "--account", "*aging*", "--account", "*andbox*")
    assert ran.code == 0
    text = sh.config.read_text()
    taken = text.partition("[profile Harbour-Sandbox-AdministratorAccess]\n")[2].partition("[")[0]
    assert ("credential_process = " in taken, "sso_" in taken, "output = json" in taken) == (True, False, True)
    assert "(its sso_account_id is '111122223333', not '222233334444')" in ran.err


def test_a_config_that_is_full_is_told_before_anything_is_listed(sh: Shell) -> None:
    """16 MiB are the limit: no portal call is made first."""
    assert sh("device").code == 0
    content = sh.config.read_text()
    sh.config.write_text(content + "#" * ((16 << 20) - len(content) - 100) + "\n")
    ran = sh("configure", "profiles", "my-sso")
    assert (ran.code, "nearly 16 MiB" in ran.err, sh.asked["ListAccounts"]) == (2, True, 0)


def test_a_name_for_written_credentials_is_one_that_every_sdk_reads(sh: Shell, home: Path) -> None:
    """The same limit as for profiles; nothing is written."""
    assert sh("device").code == 0
    ran = sh(*("credentials", "--account", "333344445555", "--role", "AdministratorAccess", "--write-profile", "a ; b"))
    assert (ran.code, (home / ".aws" / "credentials").exists()) == (2, False)
