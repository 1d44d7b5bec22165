"""A word in time: a login that ends soon is told of, once, with the command; and once when it is over."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk_notices import Desktop, desktop, needs_bus
from tests.support.shell import Ran, Shell

HOUR = 3600
JOB = ("refresh", "--all", "--quiet", "--scheduled")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the desktop of these tests is Linux's")


@pytest.fixture
def shown(sh: Shell) -> Iterator[Desktop]:
    """Give a desktop that shows notices."""
    with desktop(Path(sh.env["XDG_RUNTIME_DIR"])) as made:
        yield made


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the time as UTC does."""
    monkeypatch.setenv("TZ", "UTC")
    if sys.platform != "win32":
        time.tzset()


def day(sh: Shell, *, hours: float) -> list[Ran]:
    """Let the job run every five minutes."""
    runs = list[Ran]()
    for _ in range(int(hours * 12)):
        sh.clock.sleep(300)
        runs.append(sh(*JOB))
    return runs


def card(sh: Shell) -> dict[str, object]:
    """Read the card."""
    found = json.loads(Path(sh.env["SSO_LOGIN_HOME"], "sessions", "my-sso").read_text())
    assert isinstance(found, dict)
    return found


@needs_bus
def test_a_first_login_is_told_of_when_it_ends_and_the_next_ones_before(sh: Shell, shown: Desktop) -> None:
    """Nothing is known of the first, so the refusal is the word in time; then its length is known."""
    sh("device")
    first = day(sh, hours=9)
    said = [ran.err for ran in first if ran.err]
    assert len(said) == 2
    assert "Log in again before 16:" in said[0]
    assert "is over" in said[1]
    assert [text for _, text in shown.shown] == [
        "The login my-sso ends at 16:30. Log in again before: sso-login device my-sso --force",
        "The login my-sso is over. Log in again: sso-login device my-sso",
    ]
    shown.shown.clear()
    sh("device")
    day(sh, hours=7)
    assert shown.shown == []
    day(sh, hours=2)
    assert [text.partition(" at ")[0] for _, text in shown.shown] == [
        "The login my-sso ends",
        "The login my-sso is over. Log in again: sso-login device my-sso",
    ]


@needs_bus
def test_who_logs_in_in_time_hears_nothing_of_an_end(sh: Shell, shown: Desktop) -> None:
    """The notice of the new login is one of its own."""
    sh("device")
    day(sh, hours=9)
    sh("device")
    shown.shown.clear()
    day(sh, hours=7.75)
    assert len(shown.shown) == 1
    sh("logout")
    sh("device")
    day(sh, hours=7)
    assert len(shown.shown) == 1


@needs_bus
def test_the_switch_in_the_config_turns_notices_off(sh: Shell, shown: Desktop) -> None:
    """What is printed stays."""
    sh.env["SSO_LOGIN_CONFIG_FILE"] = str(sh.config.with_name("ours"))
    Path(sh.env["SSO_LOGIN_CONFIG_FILE"]).write_text("[notices]\ndesktop = off\n")
    sh("device")
    runs = day(sh, hours=9)
    assert shown.shown == []
    assert len([ran for ran in runs if ran.err]) == 2


@needs_bus
def test_where_nobody_takes_notices_nothing_is_waited_for(sh: Shell) -> None:
    """A bus without a desktop, as on a server."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(3700)
    with desktop(Path(sh.env["XDG_RUNTIME_DIR"]), daemon=False):
        assert sh(*JOB).code == 3


def test_status_tells_about_when(sh: Shell) -> None:
    """As a line below the table, in JSON, in a prompt and for --within; of the first login nothing is known."""
    sh("device")
    assert sh("status", "--json").json()[0]["login_ends_at"] is None
    day(sh, hours=9)
    sh("device")
    assert sh("status", "--json").json()[0]["login_ends_at"] == "2027-01-16T01:00:10Z"
    assert (
        "my-sso: log in again before about Sat 01:00: `sso-login logout my-sso && sso-login device my-sso`.\n"
        in sh("status").out
    )
    assert sh("status", "--short").out == "my-sso 1 h\n"
    assert sh("status", "--check", "--within", "7h").code == 0
    assert sh("status", "--check", "--within", "9h").code == 3
    sh.clock.sleep(7.2 * HOUR)
    sh("refresh")
    sh.clock.sleep(0.6 * HOUR)
    assert sh("status", "--short").out == "my-sso 24 min (log in again before about 01:12)\n"
    assert "lasted" in card(sh)


def test_a_token_that_can_no_longer_be_renewed_has_a_sure_end(sh: Shell) -> None:
    """Its own; `refresh` says until when, and the prompt, too."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(3000)
    ran = sh("refresh")
    assert (ran.code, ran.err.splitlines()[1]) == (
        3,
        "hint: Log in again before 09:00: `sso-login device my-sso --force`.",
    )
    assert sh("status", "--short").out == "my-sso 10 min (log in again before 09:00)\n"
    assert "my-sso: log in again before 09:00: `sso-login device my-sso --force`." in sh("status").out


@pytest.mark.parametrize("lasted", [["5"], ["a-b"], [5], "5-6", ["-1-2"]])
def test_nonsense_in_the_card_is_a_card_that_cannot_be_used(sh: Shell, lasted: object) -> None:
    """Exit 7 with the way out, never a traceback."""
    sh("device")
    path = Path(sh.env["SSO_LOGIN_HOME"], "sessions", "my-sso")
    path.write_text(json.dumps({**card(sh), "lasted": lasted}))
    ran = sh("token")
    assert (ran.code, ran.err.startswith("error: the card ")) == (7, True)
