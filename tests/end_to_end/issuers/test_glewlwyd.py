"""Held to Debian's `glewlwyd`: it sends slow_down by itself, and lets a refresh token be used once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.world import World
from tests.end_to_end.issuers import held
from tests.support.fakes import FakeClock
from tests.support.issuers.glewlwyd import INTERVAL, glewlwyd
from tests.support.issuers.real import NAME, Real, age, configured, environment, logged_in
from tests.support.shell import process


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Run one for all tests."""
    with glewlwyd(tmp_path_factory.mktemp("glewlwyd")) as made:
        yield made


def test_never_polls_too_early(real: Real, home: Path) -> None:
    """It would say so: no answer is slow_down."""
    held.never_polls_too_early(real, home, interval=INTERVAL)


def test_one_refresh_for_a_hundred_processes(real: Real, home: Path) -> None:
    """A second use of the refresh token is refused with an empty 400."""
    held.renews_once_for_all(real, home)


def test_a_browser_logs_in(real: Real, home: Path) -> None:
    """PKCE is required here, too."""
    held.logs_in_by_browser(real, home)


def test_a_client_with_a_secret_logs_out(real: Real, home: Path) -> None:
    """Its refresh token is not taken any more."""
    env = environment(home)
    assert configured(real, env, client_id="post").code == 0
    logged_in(real, env)
    assert process("refresh", "--force", env=env).code == 0
    ran = process("logout", env=env)
    assert (ran.code, ran.err) == (0, f"{NAME}: signed out\n")
    assert [call.status for call in real.calls() if call.path.endswith("/revoke")] == [200]


def test_a_client_without_one_is_told_that_it_may_not_revoke(real: Real, home: Path) -> None:
    """Exit 6; here the login is gone all the same."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    ran = process("logout", env=env)
    assert ran.code == 6
    assert "http_401" in ran.err
    assert process("token", NAME, env=env).code == 3


def test_a_used_refresh_token_is_a_login_that_is_needed(real: Real, home: Path) -> None:
    """Its answer is a bare 400."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    record = home / "state" / "secrets" / "oauth+real"
    copy = record.read_bytes()
    assert process("refresh", "--force", env=env).code == 0
    record.write_bytes(copy)
    age(env)
    assert [process("token", env=env).code for _ in range(2)] == [3, 3]
    assert [call.status for call in real.renewals()][-1] == 400


def test_a_poll_that_came_too_early_slows_all_later_ones_down(
    real: Real, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a clock that runs ahead the issuer itself says slow_down: 5 s more each time, and the login goes on."""
    env = environment(home)
    configured(real, env)
    clock = FakeClock()

    def asleep() -> None:
        if len(clock.slept) == 3:
            url = next(line.split()[1] for line in capsys.readouterr().err.splitlines() if "    or:  " in line)
            real.approve(url)
        if len(clock.slept) >= 3:
            time.sleep(INTERVAL + 0.5)  # by now the issuer's own clock counts

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        return World(env, attended=attended, notify=notify, clock=clock)

    clock.asleep = asleep
    assert run(["device", "--no-browser"], build=build) == 0
    assert clock.slept == [INTERVAL, INTERVAL, INTERVAL + 5]
