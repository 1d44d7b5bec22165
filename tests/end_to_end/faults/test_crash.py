"""kill -9 at any point: the old record or the new one, whole, and the next run goes on.

The program is unmodified: strace ends it at every single call that changes a file or talks to the service.
"""

from __future__ import annotations

import os
import random
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from sso_login.adapters.secrets import files
from sso_login.core.model import Session
from sso_login.emulator.core.settings import Settings
from tests.support.strace import Stop, at_each, needs_strace, signalled, stops
from tests.support.terminal.desk import Desk, desk

if sys.platform == "win32":
    pytest.skip("Windows has no signals to send", allow_module_level=True)

KILLS = int(os.environ.get("SSO_LOGIN_KILLS", "30"))
SEED = int(os.environ.get("SSO_LOGIN_SEED", "0")) or time.time_ns() % 1_000_000
KILLED = -signal.SIGKILL
RENEWAL = ("refresh", "--force")
GRACE, STRICT = Settings(rotation="grace", interval=1), Settings(rotation="strict", interval=1)


def litter(at: Desk) -> None:
    """Leave behind what an earlier killed write of the record did, so that there is something to sweep."""
    stray = at.record.parent / f"{files._orphan_prefix(at.record.name)}0123456789abcdef"
    stray.write_bytes(b"sso-login-record 1\n")
    stray.chmod(0o600)


def renewed(at: Desk, before: Session) -> bool:
    """Check that the record is whole, the old one or a new one the emulator issued; tell which."""
    now, card = at.kept(), at.card
    assert card is not None
    assert not card.refused
    for path in (at.home / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    if now == before:
        return False
    known = at.emulator.service._state
    assert now.token.refresh is not None
    assert now.token.access.reveal() in known.access
    assert now.token.refresh.reveal() in known.logins
    return True


def next_token(at: Desk, *, codes: set[int]) -> int:
    """Let the token be over and ask for one: a new one or exit 3, and the record is as whole as before."""
    at.age()
    aged = at.kept()
    ran = at.run("token")
    assert ran.code in codes, ran
    assert "Traceback" not in ran.err
    now = at.kept()
    if ran.code == 0:
        assert ran.out == now.token.access.reveal() + "\n"
        assert now.token != aged.token
    else:
        assert (ran.out, now) == ("", aged)
    assert at.strays() == []
    return ran.code


@needs_strace
def test_the_renewal_is_traced_whole(tmp_path: Path) -> None:
    """The calls that the program is ended at include both saves of record and card, the lock, and the request."""
    with desk(tmp_path / "dry", GRACE) as dry:
        dry.log_in()
        found = renewal_stops(dry)
    calls = [stop.call for stop in found]
    assert calls.count("flock") == 2, "taken, and let go by name"
    # The record is proved writable, the back-off armed; then the answer is stored, and the back-off taken away.
    assert [call.startswith("rename") for call in calls].count(True) == 4
    assert calls.count("fsync") == 8
    assert {"fchmod", "write", "sendto", "recvfrom"} <= set(calls)
    assert any(call.startswith("unlink") for call in calls)


def renewal_stops(dry: Desk) -> list[Stop]:
    """List the calls of a renewal."""
    litter(dry)
    return stops(*RENEWAL, env=dry.env, log=dry.home / "trace")


@needs_strace
def test_a_renewal_killed_at_any_call_with_grace(tmp_path: Path) -> None:
    """Where the issuer lets the previous refresh token live until the new one is used, nothing is ever lost."""
    with desk(tmp_path / "dry", GRACE) as dry:
        dry.log_in()
        found = renewal_stops(dry)

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), GRACE) as at:
            before = at.log_in()
            litter(at)
            assert signalled(stop, *RENEWAL, env=at.env, log=at.home / "trace") == KILLED
            renewed(at, before)
            next_token(at, codes={0})

    at_each(found, check)


@needs_strace
def test_a_renewal_killed_at_any_call_with_strict_rotation(tmp_path: Path) -> None:
    """Only between sending the refresh and storing its answer can a login be lost: exit 3, and nothing corrupt."""
    with desk(tmp_path / "dry", STRICT) as dry:
        dry.log_in()
        found = renewal_stops(dry)
    lost: list[Stop] = []

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), STRICT) as at:
            before = at.log_in()
            assert signalled(stop, *RENEWAL, env=at.env, log=at.home / "trace") == KILLED
            spent = at.renewals == 1 and not renewed(at, before)
            # While the answer is waited for only the issuer knows.
            code = next_token(at, codes={0, 3} if stop.waits else {3} if spent else {0})
            if code == 3:
                lost.append(stop)

    # Before the request nothing is spent, so that rotation makes no difference.
    first = next(at for at, stop in enumerate(found) if stop.waits)
    at_each(found[first:], check)
    assert lost, "no kill came in the window that this test is about"


@needs_strace
def test_a_first_login_killed_at_any_call(tmp_path: Path) -> None:
    """There is a whole record or none, never one that no card names; the next login works, and logout sweeps all."""
    settings = Settings(interval=1, approve=True)
    login = ("device", "--no-browser")
    with desk(tmp_path / "dry", settings) as dry:
        found = stops(*login, env=dry.env, log=dry.home / "trace")

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), settings) as at:
            assert signalled(stop, *login, env=at.env, log=at.home / "trace") == KILLED
            assert at.stored is None or at.card is not None
            left = at.stored
            assert at.log_in() == (left or at.stored)
            assert at.here("token").out == at.kept().token.access.reveal() + "\n"
            assert at.here("logout").code == 0
            assert (at.stored, at.card, at.strays()) == (None, None, [])

    at_each(found, check, at_once=8)


@needs_strace
def test_a_logout_killed_at_any_call(tmp_path: Path) -> None:
    """What is left is whole, a card at least as long as a record; the next logout leaves nothing."""
    with desk(tmp_path / "dry", STRICT) as dry:
        dry.log_in()
        found = stops("logout", env=dry.env, log=dry.home / "trace")

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), STRICT) as at:
            before = at.log_in()
            assert signalled(stop, "logout", env=at.env, log=at.home / "trace") == KILLED
            assert at.stored in {None, before}
            assert at.stored is None or at.card is not None
            assert at.here("logout").code == 0
            assert (at.stored, at.card, at.strays()) == (None, None, [])

    at_each(found, check)


def test_renewals_killed_at_random_moments(tmp_path: Path) -> None:
    """At whatever moment kill -9 comes, the record is the old or the new one and the next run works."""
    print(f"{KILLS} kills with SSO_LOGIN_SEED={SEED}")  # noqa: T201 - pytest shows it where the test fails
    moments = random.Random(SEED)
    with desk(tmp_path / "home", GRACE) as at:
        at.log_in()
        began = time.monotonic()
        assert at.run(*RENEWAL).code == 0
        whole = time.monotonic() - began
        for number in range(KILLS):
            killed_after(at, whole * moments.uniform(0.2, 1.1), number)


def killed_after(at: Desk, delay: float, number: int) -> None:
    """Kill one renewal after so many seconds, unless it has ended by then, and check what is left."""
    before = at.kept()
    with at.start(*RENEWAL) as child:
        time.sleep(delay)
        child.kill()
        child.communicate()
    assert child.returncode in {0, KILLED}, number
    assert renewed(at, before) or child.returncode == KILLED, number
    next_token(at, codes={0})
