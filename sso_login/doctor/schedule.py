"""Looks at the schedule for `doctor`: whether it runs, whether its program is there, how its last run ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.adapters.schedule.job import environment, spoken_every
from sso_login.adapters.schedule.overview import overview
from sso_login.core.errors import SsoLoginError
from sso_login.core.times import spoken
from sso_login.doctor.finding import Finding, fine, odd, of_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sso_login.adapters.schedule.job import Installed
    from sso_login.adapters.schedule.overview import Overview

SCHEDULE: Final = "schedule"
AGAIN: Final = "Bring it up to date: `sso-login schedule install`."
_TELL: Final = {
    1: "see what `sso-login refresh --all` says",
    2: "see what `sso-login refresh --all` says",
    3: "log in: `sso-login device`",
    6: "see what `sso-login refresh --all` says",
    7: "see what `sso-login refresh --all` says",
}


def schedule_findings(env: Mapping[str, str], home: str, *, now: float) -> Iterator[Finding]:
    """Tell how the schedule stands; that there is none is as good a choice."""
    try:
        found = overview(env, home, now=now)
    except SsoLoginError as error:
        yield of_error(SCHEDULE, error, status="warn")
        return
    there = found.installed
    if there is None:
        yield fine(SCHEDULE, "none is installed; `sso-login schedule install` keeps logins fresh by itself")
        return
    yield _running(found, there, now)
    program = there.mark.program
    if program and not Path(program).exists():
        yield odd(SCHEDULE, f"its program is gone: {program}", AGAIN)
    asleep = "" if found.last else _asleep(env, there)
    if asleep:
        yield odd(SCHEDULE, asleep, "Start it, as root: `systemctl start cron` or `service cron start`.")
    missing = _missing(env, there)
    if missing:
        yield odd(SCHEDULE, f"it does not know {', '.join(missing)} as set here", AGAIN)
    for other in found.others:
        yield odd(SCHEDULE, f"another one lies in {other.where} and does the same", AGAIN)


def _running(found: Overview, there: Installed, now: float) -> Finding:
    name = f"{there.kind}, every {spoken_every(there.mark.every)}"
    last = found.last
    if last is None:
        return fine(SCHEDULE, f"{name}; it has not run yet")
    ago, late = spoken(max(0, now - last.at)), now - last.at > max(3 * there.mark.every, 60) * 60
    if late:
        message = f"{name}; the last run was {ago} ago, which is longer than it should be"
        return odd(SCHEDULE, message, "See `sso-login schedule status`, and whether the machine was asleep.")
    if last.exit_code in _TELL:
        tell = _TELL[last.exit_code]
        return odd(SCHEDULE, f"{name}; the last run, {ago} ago, ended with exit code {last.exit_code}", f"Now {tell}.")
    ended = "AWS could not be reached" if last.exit_code else "all is fresh"
    return fine(SCHEDULE, f"{name}; the last run was {ago} ago: {ended}")


def _asleep(env: Mapping[str, str], there: Installed) -> str:
    """Tell that nobody runs the crontab, where it has not run yet and that can be seen."""
    from sso_login.adapters.schedule.crontab import KIND, Crontab
    from sso_login.adapters.schedule.programs import Programs

    return Crontab(Programs(env), env).remark() if there.kind == KIND else ""


def _missing(env: Mapping[str, str], there: Installed) -> list[str]:
    """Name the variables of this shell that its text does not have with the same value."""
    text = b"".join(there.texts).replace(b"\0", b"")
    try:
        wanted, _ = environment(env)
    except SsoLoginError:
        return []
    # However it is quoted, a plain value stands in it as it is.
    return [
        name
        for name, value in wanted
        if name.encode() not in text or (value.replace("/", "").isalnum() and value.encode() not in text)
    ]
