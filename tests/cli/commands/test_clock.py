"""Clocks that jump, stand still or are wrong, and lifetimes that are none: what a user sees of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest

from sso_login import layout
from sso_login.emulator.core.reply import Reply
from sso_login.storage import record
from tests.support.fakes import NOW
from tests.support.scratch import Direct, Hurried, Scratch, scratch, wired

DAY: Final = 86400
WRONG_LIFETIMES: Final = {
    "negative": -3600,
    "zero": 0,
    "less than a second": 0.5,
    "string": "3600",
    "true": True,
    "false": False,
    "null": None,
    "list": [3600],
    "missing": ...,
}
LIFETIMES: Final = {
    "float": (3600.9, 3600),
    "huge": (10**30, 100 * DAY),
    "huge float": (1e300, 100 * DAY),
    "100 days": (100 * DAY, 100 * DAY),
    "a second": (1, 1),
}


def reply(members: dict[str, object]) -> Reply:
    """Answer with these members; one that is `...` is left out."""
    given = {name: value for name, value in members.items() if value is not ...}
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(given).encode())


def tokens(lifetime: object, number: int = 1) -> Reply:
    """Answer CreateToken."""
    named = {"accessToken": f"access-{number}", "refreshToken": f"refresh-{number}", "tokenType": "Bearer"}
    return reply({**named, "expiresIn": lifetime})


def stored_refresh(sh: Scratch[Direct]) -> str:
    """Read the refresh token that is kept."""
    refresh = record.unpacked(sh.record.read_text(), name="my-sso", where="the file store").token.refresh
    assert refresh
    return refresh.reveal()


@pytest.mark.parametrize("lifetime", WRONG_LIFETIMES.values(), ids=list(WRONG_LIFETIMES))
def test_a_login_whose_lifetime_is_none(lifetime: object) -> None:
    """Exit 6, naming the member; the login that was there stays."""
    with scratch() as sh:
        sh("device")
        before = sh.kept()
        sh.answer("CreateToken", tokens(lifetime))
        ran = sh("device", "--force")
        assert (ran.code, sh.kept()) == (6, before)
        assert "error: the reply to CreateToken cannot be used: expiresIn " in ran.err


@pytest.mark.parametrize("lifetime", WRONG_LIFETIMES.values(), ids=list(WRONG_LIFETIMES))
def test_a_renewal_whose_lifetime_is_none(lifetime: object) -> None:
    """Exit 6, but the new refresh token is kept, for the old one is spent; it is tried again after the back-off."""
    with scratch() as sh:
        sh("device")
        sh.clock.sleep(3700)
        sh.answer("CreateToken", tokens(lifetime))
        ran = sh("token")
        assert (ran.code, ran.out, stored_refresh(sh)) == (6, "", "refresh-1")
        assert ran.err.splitlines()[0] == (
            "error: the service renewed session 'my-sso' with a token that is already over"
        )
        assert sh("token").code == 5
        assert sh.service.calls["CreateToken"] == 2
        sh.clock.sleep(16)
        sh.answer("CreateToken", tokens(3600, 2))
        ran = sh("token")
        assert (ran.code, ran.out, stored_refresh(sh)) == (0, "access-2\n", "refresh-2")


@pytest.mark.parametrize(("said", "counted"), LIFETIMES.values(), ids=list(LIFETIMES))
def test_an_odd_lifetime_that_is_one(said: float, counted: int) -> None:
    """Whole seconds, 100 days at most: no portal session lives longer."""
    with scratch() as sh:
        sh.answer("CreateToken", tokens(said))
        assert sh("device").code == 0
        assert sh("token", "--min-ttl", "0").out == "access-1\n"
        assert standing(sh)["seconds_left"] == counted


def standing(sh: Scratch[Direct] | Scratch[Hurried]) -> dict[str, object]:
    """Give the one session's standing."""
    (found,) = sh("status", "--json").json()
    assert isinstance(found, dict)
    return found


def code(lifetime: object, interval: object = 5) -> Reply:
    """Answer StartDeviceAuthorization."""
    named = {"deviceCode": "device-code", "userCode": "ABCD-EFGH", "verificationUri": "https://device.example/"}
    return reply({**named, "expiresIn": lifetime, "interval": interval})


PENDING: Final = Reply(400, {}, b'{"error": "authorization_pending"}')


@pytest.mark.parametrize("lifetime", WRONG_LIFETIMES.values(), ids=list(WRONG_LIFETIMES))
def test_a_code_whose_lifetime_is_none(lifetime: object) -> None:
    """Exit 6 before anybody is asked to approve anything, and no poll."""
    with scratch() as sh:
        sh.answer("StartDeviceAuthorization", code(lifetime))
        ran = sh("device")
        assert (ran.code, "ABCD-EFGH" in ran.err, sh.service.calls["CreateToken"]) == (6, False, 0)
        assert "error: the reply to StartDeviceAuthorization cannot be used: expiresIn " in ran.err


@pytest.mark.parametrize(("said", "polled"), [(7.9, 7), (10**30, 3600), (1e300, 3600)])
def test_a_code_of_an_odd_lifetime(said: float, polled: int) -> None:
    """Fractions are cut off, and no code is waited for longer than an hour."""
    with scratch() as sh:
        sh.answer("StartDeviceAuthorization", code(said))
        for _ in range(3600 // 5):
            sh.answer("CreateToken", PENDING)
        ran = sh("device")
        assert (ran.code, sum(sh.clock.slept)) == (4, polled)
        assert "error: the code expired before it was approved" in ran.err


@pytest.mark.parametrize(
    ("interval", "waited"),
    [(0, 5), (-5, 5), ("1", 5), (None, 5), (True, 5), (0.01, 5), (..., 5), ([1], 5), (7, 7), (1.5, 1.5), (1e300, 60)],
)
def test_an_interval_that_is_none_is_five_seconds(interval: object, waited: float) -> None:
    """Zero, negative, a string, absent: never a busy loop; no interval is longer than a minute."""
    with scratch() as sh:
        sh.answer("StartDeviceAuthorization", code(600, interval))
        sh.answer("CreateToken", tokens(3600))
        assert (sh("device").code, sh.clock.slept) == (0, [waited])


def jump(sh: Scratch[Direct], *, wall: float = 0, mono: float = 0, after: int = 3) -> None:
    """Let nobody approve, and the clocks jump at one of the waits between polls."""

    def jumping() -> None:
        if len(sh.clock.slept) == after:
            sh.clock.wall += wall
            sh.clock.mono += mono

    sh.clock.asleep = jumping


def test_a_laptop_that_slept_while_it_polled() -> None:
    """The wall clock has gone on, the other stood still: the code is over, exit 4, and not one poll more."""
    with scratch() as sh:
        jump(sh, wall=8 * 3600)
        ran = sh("device")
        assert (ran.code, sh.service.calls["CreateToken"]) == (4, 2)
        assert "error: the code expired before it was approved" in ran.err


def test_a_short_sleep_is_slept_through() -> None:
    """Less than the code's life: polling goes on, and an approval from meanwhile is found."""
    with scratch() as sh:
        sh.clock.asleep = suspended(sh, 300)
        assert sh("device").code == 0
        assert standing(sh)["seconds_left"] == 3600


def suspended(sh: Scratch[Direct], seconds: float) -> Callable[[], None]:
    """Make the laptop sleep once, while a human approves elsewhere."""

    def away() -> None:
        if len(sh.clock.slept) == 1:
            sh.clock.wall += seconds
            sh.approve()

    return away


def test_a_wall_clock_that_is_set_back_while_it_polls() -> None:
    """The other clock ends the wait after the code's ten minutes: exit 4, not a day later."""
    with scratch() as sh:
        jump(sh, wall=-DAY)
        assert (sh("device").code, sum(sh.clock.slept)) == (4, 600)


def test_a_wall_clock_that_is_set_right_while_it_polls_counts_the_token_right() -> None:
    """The token's life is counted from the clock as it is when the token is asked for."""
    with scratch() as sh:

        def set_back() -> None:
            if len(sh.clock.slept) == 1:
                sh.clock.wall -= DAY
                sh.approve()

        sh.clock.asleep = set_back
        assert sh("device").code == 0
        assert standing(sh)["expires_at"] == "2027-01-14T09:00:05Z"
        assert standing(sh)["seconds_left"] == 3600
        assert sh.clock.now() == NOW - DAY + 5


def test_a_clock_set_back_after_the_login() -> None:
    """What was issued tomorrow is not valid for a day: it is said to be renewable, and the next command renews it."""
    with scratch() as sh:
        sh("device")
        sh.clock.wall -= DAY
        assert standing(sh)["state"] == "renewable"
        assert sh("token").code == 0
        assert sh.service.calls["CreateToken"] == 2
        assert (standing(sh)["state"], standing(sh)["seconds_left"]) == ("valid", 3600)


def test_a_clock_set_forward_after_the_login() -> None:
    """What seems over is renewed."""
    with scratch() as sh:
        sh("device")
        sh.clock.wall += 7 * 3600
        assert sh("token").code == 0
        assert sh.service.calls["CreateToken"] == 2


@pytest.mark.parametrize(("ahead", "word"), [(-DAY, "ahead of"), (DAY, "behind")])
def test_a_clock_a_day_off_is_told_of_and_does_no_harm(ahead: float, word: str) -> None:
    """One warning a command that speaks to AWS; every expiry is counted by the local clock, from asking on."""
    warning = f"warning: this machine's clock is 1 d {word} AWS's; set it right (NTP)"
    with wired(ahead=ahead) as sh:
        ran = sh("device")
        assert (ran.code, ran.err.splitlines().count(warning)) == (0, 1)
        assert standing(sh)["seconds_left"] == 3600
        sh.clock.sleep(3539)
        quiet = sh("token")
        assert (quiet.code, quiet.err, sh.service.calls["CreateToken"]) == (0, "", 1)
        sh.clock.sleep(1)
        renewed = sh("token")
        assert (renewed.code, renewed.err, sh.service.calls["CreateToken"]) == (0, warning + "\n", 2)
        assert standing(sh)["seconds_left"] == 3600
        assert warning in sh("logout").err.splitlines()


def test_a_clock_that_is_right_is_not_told_of() -> None:
    """Four minutes are within what AWS itself bears."""
    for ahead in (0, -240, 240):
        with wired(ahead=ahead) as sh:
            assert "clock" not in sh("device").err + sh("token").err + sh("logout").err


def test_the_warning_is_json_where_json_is_asked() -> None:
    """Under --json a warning is a line of its own."""
    with wired(ahead=DAY) as sh:
        lines = [json.loads(line) for line in sh("device", "--json").err.splitlines() if line.startswith("{")]
        assert lines == [{"warning": "this machine's clock is 1 d behind AWS's; set it right (NTP)"}]


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Foo 2026 25:61:61 GMT", "0", "Fri, 31 Dec 9999 23:59:59"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    """A service or proxy that sends nonsense as Date is not believed, and not an error."""
    with wired() as sh:
        sh("device")
        sh.answer("Logout", Reply(200, {"Date": date}))
        ran = sh("logout")
        assert (ran.code, ran.err) == (0, "my-sso: signed out\n")


def test_the_back_off_outlives_no_clock_that_was_wrong() -> None:
    """A retry_after set by a clock a day ahead does not stop renewals once the clock is right."""
    with scratch() as sh:
        sh("device")
        sh.clock.wall += DAY
        sh.answer("CreateToken", Reply(503))
        assert sh("token").code == 5
        sh.clock.wall -= DAY
        assert sh("refresh", "--min-ttl", "2h").code == 0
        assert sh.service.calls["CreateToken"] == 3


@pytest.mark.parametrize("where", ["token", "client"])
def test_a_record_of_an_instant_that_no_calendar_has(where: str) -> None:
    """Beyond the year 3000 a record is damaged: exit 7 for all that read it, in JSON too; nothing is written."""
    with scratch() as sh:
        sh("device")
        _, entry, times, access, body = sh.record.read_text().split("\n")
        members = json.loads(body)
        if where == "client":
            members["client"]["expires_at"] = 10**14
        expires_at, issued_at, _ = times.split(" ")
        end = int(expires_at) if where == "client" else int("9" * 14)
        body = json.dumps(members)
        sh.record.write_text(layout.pack(entry, issued_at=int(issued_at), expires_at=end, output=access, body=body))
        before = sh.kept()
        for command in ("token", "refresh", "device"):
            assert sh(command).code == 7
        assert (standing(sh)["state"], sh.kept()) == ("unreadable", before)


def test_quiet_is_quiet_about_notices_too() -> None:
    """A clock that is a day off is worth a word to a person, and a mail every five minutes to nobody."""
    with wired(ahead=DAY) as sh:
        sh("device")
        for argv, told in ((("refresh", "--force"), True), (("refresh", "--force", "--quiet"), False)):
            ran = sh(*argv)
            assert (ran.code, "clock" in ran.err, ran.err == "") == (0, told, not told), ran.err
