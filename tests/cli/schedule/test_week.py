"""A week in a minute: cron, sleep, a network that goes away, a locked keyring, two portals, an SDK, and upgrades."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.service import Service
from tests.support.desk_notices import Desktop, desktop, has_bus
from tests.support.fakes import FakeClock
from tests.support.laptop import LOCKED, MINUTE, Laptop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX")

HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
STEP: Final = 10 * MINUTE
MONDAY: Final = 1_799_913_600  # 00:00 UTC
BEGINS: Final = MONDAY + 9 * HOUR
SHORT, LONG = "day", "week"
LIVES: Final = {SHORT: 8 * HOUR, LONG: 7 * DAY}
AWAY: Final = ((1, 14.0, 17.0), (3, 10.0, 11.5), (5, 7.0, 12.0))  # day, from, to: hours without a network
LOCKED_AT: Final = {2: 7.5, 4: 7.5}  # day and hour of a boot after which nobody unlocks the keyring for 30 minutes
UPGRADED: Final = {2: 10.0, 4: 15.0}  # day and hour at which the card is as an older version leaves it


@dataclass
class Life:
    """What came of it: which logins a human has made, and which portal sessions had ended when one was asked for.

    `mailed` is each mail about an end: of which login and portal session, and whether it came in time.
    """

    logged_in: list[str] = field(default_factory=list)
    mailed: list[tuple[str, float, bool]] = field(default_factory=list)
    ended: set[tuple[str, float]] = field(default_factory=set)


@pytest.fixture
def laptop() -> Iterator[tuple[Laptop, Desktop | None]]:
    """Give a laptop with two portals, of 8 hours and of 7 days, and a desktop where one can be had."""
    with TemporaryDirectory(prefix="sso-login-") as folder, ExitStack() as stack:
        clock, home = FakeClock(wall=BEGINS), Path(folder)
        services = {
            name: Service(Settings(session_lifetime=life), url=f"http://127.0.0.1:{port}", now=clock.now)
            for port, (name, life) in enumerate(LIVES.items(), start=8)
        }
        runtime = home / "run"
        runtime.mkdir(mode=0o700)
        shown = stack.enter_context(desktop(runtime)) if has_bus() else None
        yield Laptop(home, services, clock, {"XDG_RUNTIME_DIR": str(runtime), "TZ": "UTC"}), shown


def hour(now: float) -> tuple[int, float]:
    """Give the day of the week of that instant, from 0, and its hour."""
    since = now - MONDAY
    return int(since // DAY), since % DAY / HOUR


def awake(now: float) -> bool:
    """Tell whether the laptop runs: closed at night, and for lunch."""
    _, at = hour(now)
    return 7.5 <= at < 23 and not 12.2 <= at < 12.9


def disturbed(there: Laptop, now: float) -> None:
    """Let happen what happens at that time."""
    day, at = hour(now)
    there.network.away = any(day == when and start <= at < end for when, start, end in AWAY)
    there.lock(locked=day in LOCKED_AT and LOCKED_AT[day] <= at < LOCKED_AT[day] + 0.5)
    if day in UPGRADED and UPGRADED[day] <= at < UPGRADED[day] + STEP / HOUR:
        _as_before(there)
    if 13 <= at < 13 + STEP / HOUR and not there.network.away:
        there.sdk_renews(LONG)


def _as_before(there: Laptop) -> None:
    """Leave cards and notes as a version leaves them that knew less."""
    for card in (there.home / "state" / "sessions").iterdir():
        known = json.loads(card.read_text())
        card.write_text(
            json.dumps({key: each for key, each in known.items() if key not in {"began", "lasted"}}, indent=1)
        )
    for note in (there.home / "state" / "runs").iterdir():
        note.unlink()


def heard(there: Laptop, shown: Desktop | None, before: tuple[int, int]) -> dict[str, list[str]]:
    """Give the commands that a human has been told since, by the login that they are about; a mail's come last."""
    texts = [text.replace("&amp;", "&") for _, text in shown.shown[before[1] :]] if shown else []
    texts += [line for _, text in there.mails[before[0] :] for line in text.splitlines()]
    told: dict[str, list[str]] = {}
    for text in texts:
        commands = re.findall(r"sso-login ((?:device|logout) [a-z]+(?: --force)?)", text)
        if commands:
            told[commands[0].split()[1]] = commands
    return told


def test_a_week(laptop: tuple[Laptop, Desktop | None]) -> None:
    """No refresh token is lost or sent twice, nothing is said twice, a human is asked when nothing else is left."""
    there, shown = laptop
    life = Life()
    assert there("device", SHORT).code == 0
    assert there("device", LONG, "--sdk-cache").code == 0
    wanted: dict[str, list[str]] = {}
    while there.clock.now() < BEGINS + 7 * DAY + 12 * HOUR:
        there.clock.sleep(STEP - there.clock.now() % STEP)
        now = there.clock.now()
        if not awake(now):
            continue
        disturbed(there, now)
        before = len(there.mails), len(shown.shown) if shown else 0
        there.cron()
        assert there.unharmed(), hour(now)
        for name, commands in heard(there, shown, before).items():
            over = there.portal_ends(name) <= now
            # Told before it is over, it is about half an hour before, and with the command that ends what still lives.
            assert over or (commands[0].startswith("logout") and there.portal_ends(name) - now <= HOUR), hour(now)
            mails = [text for _, text in there.mails[before[0] :] if f"device {name}" in text]
            life.mailed += [(name, there.portal_ends(name), "before" in text) for text in mails]
            if over:
                life.ended.add((name, there.portal_ends(name)))
                wanted[name] = commands
        _human(there, life, wanted)
    _judged(there, shown, life)


def _human(there: Laptop, life: Life, wanted: dict[str, list[str]]) -> None:
    """Do as told about what is over: at once while it is day and the network is there, else later."""
    _, at = hour(there.clock.now())
    if there.network.away or there.keyring.trouble or not 8 <= at < 20:
        return
    for name, commands in list(wanted.items()):
        for command in commands:
            assert there(*command.split(), *(["--sdk-cache"] if name == LONG else [])).code == 0
        life.logged_in.append(name)
        assert there.portal_ends(name) == there.clock.now() + LIVES[name]
        del wanted[name]


def _judged(there: Laptop, shown: Desktop | None, life: Life) -> None:
    ends = [name for name, _ in life.ended]
    assert ends.count(LONG) == life.logged_in.count(LONG) == 1
    assert ends.count(SHORT) == life.logged_in.count(SHORT)
    assert 12 <= ends.count(SHORT) <= 16
    # A mail for each end, in time or after it, each once; one for each boot with a locked keyring; of the network none.
    assert len(set(life.mailed)) == len(life.mailed)
    assert {(name, end) for name, end, _ in life.mailed} == life.ended
    assert len([text for _, text in there.mails if LOCKED in text]) == len(LOCKED_AT)
    assert not [text for _, text in there.mails if "network" in text]
    assert set(there.codes) == {0, 3, 5, 7}
    if shown:  # the same on the desktop, and some time before where that was known
        before = [text for _, text in shown.shown if "about" in text]
        assert len(ends) <= len(shown.shown) <= 2 * len(ends)
        assert 0 < len(before) <= len(ends)
    found = there("status", "--json").json()
    assert [each["state"] for each in found] == ["valid", "valid"]
    assert found[0]["last_refresh"]["exit_code"] == 0
