"""`sso-login accounts`: a table, tabs or JSON; whatever is missing is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.organization import accounts as organization
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import ACCOUNTS, Account, Settings
from tests.support.shell import Shell, shell

PIPED = """\
Harbour Production\t111122223333\taws-production@harbour.example
Harbour Sandbox\t333344445555\taws-sandbox@harbour.example
Harbour Staging\t222233334444\taws-staging@harbour.example
\t444455556666\t
"""


@contextmanager
def logged_in(home: Path, capsys: pytest.CaptureFixture[str], settings: Settings) -> Iterator[Shell]:
    """Give a shell against an emulator with these settings, logged in."""
    with shell(home, capsys, settings) as made:
        made.approve_while_waiting()
        assert made("device").code == 0
        yield made


def test_a_pipe_gets_lines_with_tabs_sorted_by_name(sh: Shell) -> None:
    """Name, id and e-mail address, nothing where there is none; nothing on stderr."""
    sh("device")
    for argv in ((), ("my-sso",)):
        ran = sh("accounts", *argv)
        assert (ran.code, ran.out, ran.err) == (0, PIPED, "")


def test_a_profile_names_its_session(sh: Shell) -> None:
    """As in every command that takes a session."""
    sh.config.write_text(sh.config.read_text() + "[profile work]\nsso_session = my-sso\n")
    sh("device")
    assert sh("accounts", "--profile", "work").out == PIPED
    assert sh("accounts", "--profile", "none").code == 2


def test_json_is_a_list_with_null_where_nothing_is_known(sh: Shell) -> None:
    """The keys are those of the contract."""
    sh("device")
    listed = sh("accounts", "--json").json()
    assert listed[0] == {
        "account_id": "111122223333",
        "account_name": "Harbour Production",
        "email_address": "aws-production@harbour.example",
    }
    assert listed[-1] == {"account_id": "444455556666", "account_name": None, "email_address": None}
    assert len(listed) == len(ACCOUNTS)


def test_nobody_logged_in_is_exit_3(sh: Shell) -> None:
    """A human is needed; nothing is asked of the portal."""
    ran = sh("accounts")
    assert (ran.code, ran.out) == (3, "")
    assert "hint: Log in with `sso-login device my-sso`." in ran.err
    assert sh.asked["ListAccounts"] == 0


def test_an_expired_token_is_renewed_first(sh: Shell) -> None:
    """Silently, as `token` does."""
    sh("device")
    sh.clock.sleep(4000)
    assert sh("accounts").out == PIPED
    assert sh.asked["CreateToken"] == 3 - 1


def test_a_token_that_the_portal_refuses_is_renewed_once(sh: Shell) -> None:
    """Then it is exit 3."""
    sh("device")
    refusal = Reply(401, {"x-amzn-ErrorType": "UnauthorizedException"}, b'{"message":"no"}')
    sh.emulator.service.order(Fault("ListAccounts", reply=refusal))
    assert sh("accounts").out == PIPED
    sh.emulator.service.order(Fault("ListAccounts", reply=refusal, times=9))
    ran = sh("accounts")
    assert (ran.code, ran.out) == (3, "")
    assert "error: the access portal does not take the token of session 'my-sso', not even a new one" in ran.err


def test_what_people_wrote_is_made_safe(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences, line breaks, tabs and bidi controls do not reach the terminal; JSON escapes them."""
    odd = "a\x1b[31m\tb\n\u202e[bold]"
    with logged_in(home, capsys, Settings(accounts=(Account("111122223333", odd, odd, ("A",)),))) as sh:
        assert sh("accounts").out == "a?[31m?b??[bold]\t111122223333\ta?[31m?b??[bold]\n"
        ran = sh("accounts", "--json")
        assert ran.out.isascii()
        assert "\x1b" not in ran.out
        assert json.loads(ran.out)[0]["account_name"] == odd


def test_no_accounts_are_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is no error: a word on stderr, or an empty JSON list."""
    with logged_in(home, capsys, Settings(accounts=())) as sh:
        ran = sh("accounts")
        assert (ran.code, ran.out, ran.err) == (0, "", "Session my-sso may use no accounts.\n")
        assert sh("accounts", "--json").json() == []


def test_an_error_on_the_second_page_keeps_the_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known is printed, the warning says what is missing, and the exit code is that of the error."""
    with logged_in(home, capsys, Settings(accounts=organization(5), page_size=2)) as sh:
        sh.emulator.service.order(Fault("ListAccounts", applied=True))
        sh.emulator.service.order(Fault("ListAccounts", reply=Reply(400, {}, b"{}"), times=9))
        ran = sh("accounts")
        assert (ran.code, len(ran.out.splitlines())) == (6, 2)
        assert ran.err.startswith("warning: not everything is listed: further accounts are missing: ListAccounts was ")
