"""The back-off that all processes share after a renewal failed, as whoever calls `token` meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.shell import Ran, Shell

LATER = "It is tried again by itself; `sso-login refresh my-sso --force` tries now."


def down(sh: Shell, *, times: int = 1, status: int = 503, **headers: str) -> None:
    """Let the service answer the next calls of CreateToken with a status that is no answer."""
    reply = Reply(status, {name.replace("_", "-"): value for name, value in headers.items()})
    sh.emulator.service.order(Fault("CreateToken", reply=reply, times=times))


def expired(sh: Shell) -> int:
    """Log in and let the token expire; give how often CreateToken was asked for so far."""
    sh("device")
    sh.clock.sleep(3700)
    return sh.asked["CreateToken"]


def ageing(sh: Shell) -> int:
    """Log in and leave the token 50 s: `token` wants to renew it and may do without; give the count of CreateToken."""
    sh("device")
    sh.clock.sleep(3550)
    return sh.asked["CreateToken"]


def deferred(ran: Ran, seconds: int) -> bool:
    """Tell whether it said, with exit 5, that the next try is in so many seconds."""
    said = f"error: the last renewal of session 'my-sso' failed; the next try is in {seconds} s"
    return (ran.code, ran.out, ran.err.splitlines()) == (5, "", [said, f"hint: {LATER}"])


def test_after_a_failure_no_process_asks_before_the_time_is_up(sh: Shell) -> None:
    """Exit 5 at once and without a request for 15 s, whoever calls; then the first one tries, and all are served."""
    asked = expired(sh)
    down(sh)
    assert sh("token").code == 5
    assert deferred(sh("token"), 15)
    sh.clock.sleep(10)
    assert deferred(sh("refresh"), 5)
    assert deferred(sh("refresh", "--all", "--quiet"), 5)
    assert sh.asked["CreateToken"] == asked + 1
    sh.clock.sleep(5)
    assert {sh("token").code for _ in range(5)} == {0}
    assert sh.asked["CreateToken"] == asked + 2


def test_nobody_waits_for_the_time_to_be_up(sh: Shell) -> None:
    """A deferred renewal answers at once: a script decides for itself whether to wait."""
    expired(sh)
    down(sh)
    sh("token")
    slept = len(sh.clock.slept)
    sh("token")
    assert len(sh.clock.slept) == slept


def test_each_failure_doubles_the_time_and_success_forgets_it(sh: Shell) -> None:
    """15, 30, 60, 120, 240, then 300 s for good; after one success it begins at 15 s again."""
    asked = expired(sh)
    down(sh, times=7)
    for at, wait in enumerate((15, 30, 60, 120, 240, 300, 300), start=1):
        assert sh("token").code == 5
        assert deferred(sh("token"), wait)
        assert sh.asked["CreateToken"] == asked + at
        sh.clock.sleep(wait)
    assert sh("token").code == 0
    sh.clock.sleep(3700)
    down(sh)
    sh("token")
    assert deferred(sh("token"), 15)


def test_a_valid_token_is_served_meanwhile_with_a_warning(sh: Shell) -> None:
    """Exit 0, the token on stdout, one warning line; only the first process has asked the service."""
    asked = ageing(sh)
    down(sh)
    first, second = sh("token"), sh("token")
    assert (first.code, second.code, first.out == second.out) == (0, 0, True)
    assert first.err.startswith("warning: CreateToken got no answer of the service: HTTP 503")
    assert second.err == (
        "warning: the last renewal of session 'my-sso' failed; the next try is in 15 s; "
        f"the token at hand is still valid. {LATER}\n"
    )
    assert sh.asked["CreateToken"] == asked + 1
    assert json.loads(sh("token", "--json").err)["warning"].startswith("the last renewal")
    assert deferred(sh("refresh"), 15)  # for cron that is a failure all the same


def test_the_valid_token_is_not_served_beyond_its_end(sh: Shell) -> None:
    """As soon as it is over the back-off is an error: exit 5, nothing on stdout."""
    ageing(sh)
    down(sh, Retry_After="120")
    assert sh("token").code == 0
    sh.clock.sleep(60)
    assert deferred(sh("token"), 60)


def test_force_tries_now(sh: Shell) -> None:
    """`refresh --force` does not wait for the back-off, and its success is everybody's."""
    asked = expired(sh)
    down(sh, times=2)
    assert sh("token").code == 5
    assert sh("refresh", "--force").code == 5
    assert deferred(sh("token"), 30)
    assert sh("refresh", "--force").code == 0
    assert sh("token").code == 0
    assert sh.asked["CreateToken"] == asked + 3


@pytest.mark.parametrize(
    ("header", "wait"),
    [("100", 100), ("1", 15), ("0", 15), ("-5", 15), ("86400", 300), ("9" * 99, 300), ("soon", 15), ("1e3", 15)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_within_reason(sh: Shell, header: str, wait: int, status: int) -> None:
    """Never less than our own back-off, never more than five minutes; nonsense counts as none."""
    expired(sh)
    down(sh, status=status, Retry_After=header)
    sh("token")
    assert deferred(sh("token"), wait)


def test_retry_after_as_a_date_is_counted_from_the_services_own_clock(sh: Shell) -> None:
    """An HTTP date is compared with the reply's Date header."""
    expired(sh)
    down(sh, Retry_After="Sat, 01 Jan 2000 00:01:40 GMT", Date="Sat, 01 Jan 2000 00:00:00 GMT")
    sh("token")
    assert deferred(sh("token"), 100)


def test_a_login_ends_the_back_off(sh: Shell) -> None:
    """Whoever logs in does not inherit the trouble of before."""
    expired(sh)
    down(sh)
    sh("token")
    assert sh("device", "--force").code == 0
    sh.clock.sleep(3550)
    assert sh("refresh").code == 0


def test_the_back_off_is_no_state_of_the_login(sh: Shell) -> None:
    """`status` calls it renewable all the while, and `--check` is content."""
    expired(sh)
    down(sh)
    sh("token")
    (standing,) = sh("status", "--json").json()
    assert (standing["state"], standing["renewable"]) == ("renewable", True)
    assert sh("status", "--check").code == 0


def test_another_session_is_not_held_back(sh: Shell) -> None:
    """The back-off belongs to one session: `refresh --all` renews the others, and says 5 for this one."""
    with sh.config.open("a") as config:
        config.write(sh.config.read_text().replace("my-sso", "other"))
    sh("device", "my-sso")
    sh("device", "other")
    sh.clock.sleep(3700)
    down(sh)
    assert sh("token", "my-sso").code == 5
    ran = sh("refresh", "--all")
    assert ran.code == 5
    assert "other: renewed" in ran.err
    assert "error: my-sso: the last renewal" in ran.err


def test_a_refused_refresh_token_is_not_tried_again_by_cron(sh: Shell) -> None:
    """Exit 3 without a request, however often; --force asks once more, and a login makes all well."""
    asked = expired(sh)
    sh.emulator.service.expire("sessions")
    assert [sh("refresh").code for _ in range(3)] == [3, 3, 3]
    assert sh.asked["CreateToken"] == asked + 1
    assert sh("refresh", "--force").code == 3
    assert sh.asked["CreateToken"] == asked + 2
    assert (sh("device").code, sh("refresh").code) == (0, 0)


def test_the_back_off_is_kept_without_a_secret(sh: Shell) -> None:
    """It stands in the card, in a file of its own beside the store."""
    expired(sh)
    down(sh)
    sh("token")
    card = json.loads(Path(sh.env["SSO_LOGIN_HOME"], "sessions", "my-sso").read_text())
    assert (card["retry_after"], card["retry_delay"]) == (sh.clock.now() + 15, 15)


INVALID = Reply(400, {"Content-Type": "application/json"}, b'{"error": "invalid_request"}')
GRANT = Reply(400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')
DOWN = Reply(500, {}, b"")


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [(GRANT, DOWN, 3), (GRANT, INVALID, 3), (INVALID, DOWN, 6), (DOWN, INVALID, 6), (DOWN, DOWN, 5), (None, DOWN, 5)],
    ids=["3 and 5", "3 and 6", "6 and 5", "5 and 6", "5 and 5", "0 and 5"],
)
def test_of_two_errors_at_once_the_worse_decides(sh: Shell, first: Reply | None, second: Reply, code: int) -> None:
    """The exit code over several sessions is the first present of 7, 3, 2, 6, 1, 5, whoever failed first."""
    _two(sh)
    for reply in (first, second):
        if reply is not None:
            sh.emulator.service.order(Fault("CreateToken", reply=reply))
    assert sh("refresh", "--force").code == code


def test_a_store_that_fails_and_an_unknown_name_weigh_more_than_the_network(sh: Shell) -> None:
    """7 before 3 before 2 before 5."""
    _two(sh)
    sh.emulator.service.order(Fault("CreateToken", reply=DOWN, times=9))
    assert sh("refresh", "--force", "my-sso", "nobody-knows-it").code == 2
    other = sh.record("other")
    other.chmod(0o644)
    assert sh("refresh", "--force", "my-sso", "other", "nobody-knows-it").code == 7
    other.chmod(0o600)
    assert sh("logout", "other", "--local").code == 0
    assert sh("refresh", "--force", "my-sso", "other", "nobody-knows-it").code == 3
    sh.record("my-sso").chmod(0o644)
    assert sh("refresh", "--force", "other", "my-sso").code == 7


def _two(sh: Shell) -> None:
    section = f"[sso-session other]\nsso_start_url = {sh.emulator.start_url}\nsso_region = us-east-1\n"
    sh.config.write_text(sh.config.read_text() + section)
    for name in ("my-sso", "other"):
        assert sh("device", name).code == 0
