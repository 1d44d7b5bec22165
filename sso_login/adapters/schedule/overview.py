"""How the schedule stands: what is installed, when it ran last and how that ended, when it runs next."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.adapters.schedule import crontab, systemd
from sso_login.adapters.schedule.history import History, Run, last_of
from sso_login.adapters.schedule.schedulers import Schedulers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.adapters.schedule.job import Installed

MINUTE: Final = 60
# The first two fields of our line in the crontab: a minute of its own and how often, or at which hours.
_FIELDS: Final = re.compile(rb"^(?:(\d+)-59/(\d+)|(\d+)|\*) (?:\*(?:/(\d+))?|(\d+)) \* \* \* ", re.MULTILINE)


class Overview(NamedTuple):
    """What there is of ours; instants in epoch seconds, None where not known. `last` is the schedule's own run.

    `others` are schedules besides the one that counts.
    """

    installed: Installed | None
    others: tuple[Installed, ...]
    last: Run | None
    next: float | None
    history: tuple[Run, ...]


def overview(env: Mapping[str, str], home: str, *, now: float) -> Overview:
    """Look at schedulers and history; raise SchedulerUnusable where no scheduler can be read."""
    schedulers = Schedulers(env)
    there = [installed for _, installed in schedulers.found()]
    runs = tuple(History(home).runs())
    last = last_of(runs, lambda run: run.scheduled)
    first = there[0] if there else None
    return Overview(first, tuple(there[1:]), last, _next(schedulers, first, last, now) if first else None, runs)


def _next(schedulers: Schedulers, found: Installed, last: Run | None, now: float) -> float | None:
    if found.kind == systemd.KIND:
        return schedulers.systemd.next_run()
    if found.kind == crontab.KIND:
        return next_minute(found.texts[0], now)
    then = last.at + found.mark.every * MINUTE if last else 0
    return float(then) if then > now else None


def next_minute(block: bytes, now: float) -> float | None:
    """Find the next full minute at which cron runs our line, by local time; None where another wrote the line."""
    fields = _FIELDS.search(block)
    if fields is None:
        return None
    start, step, minute, hours, hour = (None if part is None else int(part) for part in fields.groups())
    at = int(now // MINUTE) * MINUTE
    for _ in range(24 * 60 + 61):  # an hour more, for the day on which clocks are set back
        at += MINUTE
        then = time.localtime(at)
        if step is not None and (then.tm_min < (start or 0) or (then.tm_min - (start or 0)) % step):
            continue
        if minute is not None and then.tm_min != minute:
            continue
        if (hours and then.tm_hour % hours) or (hour is not None and then.tm_hour != hour):
            continue
        return float(at)
    return None
