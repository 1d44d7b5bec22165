"""How the schedule stands, in words for a person and as JSON for a machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sso_login.adapters.schedule.job import spoken_every
from sso_login.cli.output.render import printable, rfc3339
from sso_login.core.model import labelled
from sso_login.core.times import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.adapters.schedule.history import Ended, Run
    from sso_login.adapters.schedule.overview import Overview

SHOWN: Final = 5  # runs that a person is shown
WORDS: Final = {
    "fresh": "fresh",
    "renewed": "renewed",
    "login_required": "login required",
    "unreachable": "unreachable",
    "service_error": "refused by the service",
    "storage": "store not usable",
    "usage": "config not usable",
    "error": "error",
}


def fact(found: Overview) -> dict[str, object]:
    """Give the members of `schedule status --json`."""
    there, last = found.installed, found.last
    return {
        "installed": there is not None,
        "kind": there.kind if there else None,
        "every": spoken_every(there.mark.every) if there else None,
        "every_seconds": there.mark.every * 60 if there else None,
        "program": (there.mark.program or None) if there else None,
        "last": rfc3339(last.at) if last else None,
        "last_exit_code": last.exit_code if last else None,
        "next": rfc3339(found.next),
        "history": [run_fact(run) for run in found.history],
    }


def run_fact(run: Run) -> dict[str, object]:
    """Give a run as JSON has it."""
    return {
        "at": rfc3339(run.at),
        "exit_code": run.exit_code,
        "scheduled": run.scheduled,
        "sessions": [ended._asdict() for ended in run.sessions],
    }


def text(found: Overview, name: str, *, now: float) -> str:
    """Say how it stands, then how the last runs went."""
    there, last = found.installed, found.last
    every = spoken_every(there.mark.every) if there else "-"
    lines = [f"Installed: {name}, every {every}"]
    if last is None:
        lines.append("Last run:  none yet")
    else:
        ago = f"{spoken(now - last.at)} ago" if last.at <= now else "at a time that is still to come"
        lines.append(f"Last run:  {_clock(last.at)}, {ago}: {_how(last)}")
    lines.append(f"Next run:  {_next(found.next, now)}")
    clears = "`sso-login schedule install` clears it"
    lines += [f"Besides:   {other.kind} in {other.where}; {clears}" for other in found.others]
    return "".join(f"{printable(line)}\n" for line in lines) + (f"\n{runs(found.history)}" if found.history else "")


def runs(history: Sequence[Run]) -> str:
    """List the last runs, the newest first."""
    lines = [
        f"{_clock(run.at)}  exit {run.exit_code}  {'schedule' if run.scheduled else 'by hand '}  {_how(run)}"
        for run in reversed(history[-SHOWN:])
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def _how(run: Run) -> str:
    if not run.sessions:
        return "nothing to refresh" if run.exit_code == 0 else f"exit {run.exit_code}"
    words: dict[str, list[str]] = {}
    for ended in run.sessions:
        words.setdefault(WORDS.get(ended.outcome, ended.outcome), []).append(_name(ended))
    return "; ".join(f"{', '.join(names)} {word}" for word, names in words.items())


def _name(ended: Ended) -> str:
    return labelled(ended.session, ended.kind)


def _next(at: float | None, now: float) -> str:
    if at is None:
        return "not known"
    return f"{_clock(at)}, in {spoken(at - now)}" if at > now else "now"


def _clock(at: float) -> str:
    return time.strftime("%a %H:%M", time.localtime(at))
