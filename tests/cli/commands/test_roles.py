"""`sso-login roles`: the roles of all accounts, of some, and of those that answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.organization import accounts as organization
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from tests.support.shell import Shell, shell

PIPED = """\
Harbour Production\t111122223333\tDeployer
Harbour Production\t111122223333\tReadOnlyAccess
Harbour Sandbox\t333344445555\tAdministratorAccess
Harbour Staging\t222233334444\tDeveloper
Harbour Staging\t222233334444\tReadOnlyAccess
\t444455556666\tAuditor
"""
DENIED = Reply(403, {"x-amzn-ErrorType": "ForbiddenException"}, b'{"message":"No access"}')


def test_all_roles_of_all_accounts_in_order(sh: Shell) -> None:
    """A line a role with tabs, by account name, then role."""
    sh("device")
    ran = sh("roles")
    assert (ran.code, ran.out, ran.err) == (0, PIPED, "")


def test_json_has_the_accounts_name_where_there_is_one(sh: Shell) -> None:
    """The keys are those of the contract."""
    sh("device")
    listed = sh("roles", "--json").json()
    first = {"account_id": "111122223333", "account_name": "Harbour Production", "role_name": "Deployer"}
    assert (listed[0], len(listed)) == (first, 6)
    assert listed[-1] == {"account_id": "444455556666", "account_name": None, "role_name": "Auditor"}


def test_some_accounts_only(sh: Shell) -> None:
    """--account may be repeated; the others are not asked for; one that is not there is exit 2."""
    sh("device")
    ran = sh("roles", "--account", "444455556666", "--account", "333344445555")
    assert [line.split("\t")[1] for line in ran.out.splitlines()] == ["333344445555", "444455556666"]
    assert sh.asked["ListAccountRoles"] == 2
    ran = sh("roles", "--account", "999999999999")
    assert (ran.code, ran.out) == (2, "")
    assert "account '999999999999' is not among those that session 'my-sso' may use" in ran.err


def test_nobody_logged_in_is_exit_3(sh: Shell) -> None:
    """Nothing is asked of the portal."""
    assert (sh("roles").code, sh.asked["ListAccounts"]) == (3, 0)


def test_no_roles_are_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is no error."""
    with shell(home, capsys, Settings(accounts=(), approve=True)) as sh:
        sh("device")
        ran = sh("roles")
        assert (ran.code, ran.out, ran.err) == (0, "", "Session my-sso may take no roles.\n")


def test_what_could_not_be_listed_is_said_once_for_all_alike(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are printed; one warning for the seven that were refused, exit 6; with --json a line of JSON."""
    with shell(home, capsys, Settings(accounts=organization(10), approve=True)) as sh:
        sh("device")
        sh.emulator.service.order(Fault("ListAccountRoles", reply=DENIED, times=7))
        ran = sh("roles")
        assert ran.code == 6
        assert len({line.split("\t")[1] for line in ran.out.splitlines()}) == 3
        warnings = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
        assert len(warnings) == 1
        assert " and 2 more are missing: ListAccountRoles was refused: forbidden: No access (request id " in warnings[0]
        sh.emulator.service.order(Fault("ListAccountRoles", reply=DENIED))
        ran = sh("roles", "--json")
        assert (ran.code, len({role["account_id"] for role in ran.json()})) == (6, 9)
        assert "not everything is listed: roles of account " in json.loads(ran.err)["warning"]


def test_a_connection_that_breaks_is_asked_again(sh: Shell) -> None:
    """Lists may be asked for again: nobody notices."""
    sh("device")
    for delivery in ("close", "reset"):
        sh.emulator.service.order(Fault("ListAccountRoles", delivery=delivery))
    assert sh("roles").out == PIPED


def test_an_account_that_never_answers_is_a_problem_of_the_network(sh: Shell) -> None:
    """Four tries, then exit 5, and the others are printed."""
    sh("device")
    sh.emulator.service.order(Fault("ListAccountRoles", times=4))
    ran = sh("roles", "--account", "333344445555")
    assert (ran.code, ran.out, sh.asked["ListAccountRoles"]) == (5, "", 4)
    assert "roles of account 333344445555 are missing: ListAccountRoles got no answer of the service" in ran.err


@pytest.mark.parametrize("retry_after", [None, 2])
def test_seven_hundred_accounts_with_429s(
    home: Path, capsys: pytest.CaptureFixture[str], retry_after: int | None
) -> None:
    """At twenty requests a second everything is listed, without a word; the token is renewed where it must be."""
    whole = organization(700)
    settings = Settings(accounts=whole, portal_rate=20, retry_after=retry_after, approve=True, token_lifetime=90)
    with shell(home, capsys, settings) as sh:
        sh("device")
        ran = sh("roles")
        assert (ran.code, ran.err) == (0, "")
        listed = {tuple(line.split("\t")[1:]) for line in ran.out.splitlines()}
        assert listed == {(account.id, role) for account in whole for role in account.roles}
        refused = sum(call.status == 429 for call in sh.emulator.service.log)
        assert 0 < refused < 700
