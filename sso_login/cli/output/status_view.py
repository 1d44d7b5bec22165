"""How sessions stand, drawn: a table at a terminal, plain columns for a pipe, JSON for a machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from sso_login import wording
from sso_login.cli.output.colour import coloured, console, forced, painted, terminal, unicode
from sso_login.cli.output.render import columns, out, printable, rfc3339, wrapped
from sso_login.core.commands import log_in, log_in_anew
from sso_login.core.model import OAUTH
from sso_login.flows.status import LOGIN_REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sso_login.adapters.schedule.history import Run
    from sso_login.cli.output.render import Render
    from sso_login.flows.status import Standing

NAMED: Final = 3  # sessions whose command to log in is given
WIDE: Final = 72  # columns that a table needs; on a narrower terminal there are sentences


def show(
    render: Render, standings: Sequence[Standing], *, now: float, runs: Callable[[], Sequence[Run]] = tuple
) -> None:
    """Show how the sessions stand; `now` in epoch seconds, `runs` of `refresh` as far as they are remembered."""
    if render.as_json:
        last = _last(runs())
        facts = [{**_fact(each, now), "last_refresh": last.get((each.kind, each.name))} for each in standings]
        render.fact(facts)
    elif not standings:
        render.line("No sessions yet: none in the AWS config file, and nobody has logged in.")
    else:
        out(_shown(standings, [row(standing, now) for standing in standings], now))


def _shown(standings: Sequence[Standing], rows: Sequence[Sequence[str]], now: float) -> str:
    remarks = [printable(remark) for remark in _remarks(standings, now)]
    if sys.stdout is None or not sys.stdout.isatty():
        return wording.plain(rows) + "".join(f"{remark}\n" for remark in remarks)
    said = _drawn(standings, now) or "".join(f"{wrapped(_sentence(row), sys.stdout)}\n" for row in rows)
    return said + "".join(f"{wrapped(remark, sys.stdout)}\n" for remark in [*remarks, *_logins(standings)])


def _logins(standings: Sequence[Standing]) -> list[str]:
    """Give the commands that log in where that is needed, if they are few."""
    needed = [each for each in standings if each.state == LOGIN_REQUIRED]
    if not 0 < len(needed) <= NAMED:
        return []
    from sso_login.core.commands import log_in

    return [f"Log in with `{printable(log_in(each.name, each.kind))}`." for each in needed]


def _sentence(row: Sequence[str]) -> str:
    said = (
        f"{heading.lower()} {cell}" for heading, cell in zip(wording.HEADINGS[2:], row[2:], strict=True) if cell != "-"
    )
    return f"{row[0]}: {', '.join([row[1], *said])}"


def _drawn(standings: Sequence[Standing], now: float) -> str | None:
    """Draw the table where the terminal has room for it and can be drawn on; else there are sentences."""
    width = columns(sys.stdout)
    if width < WIDE or not terminal(sys.stdout):
        return None
    from sso_login.cli.output.status_table import Look, overview

    look = Look(width, colours=coloured(sys.stdout), unicode=unicode(sys.stdout))
    return overview(standings, wording.STATES, now=now, look=look)


def drawn(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw a table as wide as the terminal that stdout is; cells are text, no markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    drawing = console(sys.stdout, width=columns(sys.stdout))
    with drawing.capture() as capture:
        drawing.print(table)
    return capture.get()


def _fact(standing: Standing, now: float) -> dict[str, object]:
    expires_at, error, instance = standing.expires_at, standing.error, standing.instance
    return {
        "session": standing.name,
        "kind": standing.kind,
        "issuer": (instance.issuer if instance else "") or None,
        "start_url": instance.start_url if instance and instance.kind != OAUTH else None,
        "region": (instance.region if instance else "") or None,
        "state": standing.state,
        "expires_at": rfc3339(expires_at),
        "seconds_left": None if expires_at is None else max(0, int(expires_at - now)),
        "renewable": standing.renewable,
        "registration_expires_at": rfc3339(standing.registration_expires_at),
        "scopes": list(standing.scopes),
        "store": standing.store,
        "backend": standing.backend,
        "rescued": standing.rescued,
        "login_ends_at": rfc3339(standing.portal_ends_at or None),
        "error": error.message if error else None,
    }


def _last(runs: Sequence[Run]) -> dict[tuple[str, str], dict[str, object]]:
    """Find how the last refresh of each login ended."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    for run in runs:
        for ended in run.sessions:
            last: dict[str, object] = {"at": rfc3339(run.at), "outcome": ended.outcome, "exit_code": ended.exit_code}
            found[(ended.kind, ended.session)] = last
    return found


def _remarks(standings: Sequence[Standing], now: float) -> Iterator[str]:
    for standing in standings:
        ends = standing.portal_ends_at or (standing.card and standing.card.refused)
        if standing.session and ends and 0 < standing.ends_at - now <= wording.REMARKED:
            before = wording.clock(standing.ends_at, now, sure=not standing.renewable)
            name, kind = standing.name, standing.kind
            command = log_in_anew(name, kind) if standing.renewable else log_in(name, kind, force=True)
            yield f"{standing.label}: log in again before {before}: `{command}`."
        if standing.trouble:
            yield f"{standing.label}: {standing.trouble.message}. {standing.trouble.hint}"
        if standing.rescued:
            yield f"{standing.label}: its store did not take the newest tokens; they lie in {standing.rescued}."


def row(standing: Standing, now: float) -> list[str]:
    """Give the cells of a standing under the headings of the plain table."""
    instance = standing.instance
    times = wording.remaining(standing.expires_at, now), wording.remaining(standing.registration_expires_at, now)
    where = store(standing), f"{instance.region} {instance.start_url}".lstrip() if instance else "-"
    renewable = {True: "yes", False: "no", None: "-"}[standing.renewable]
    cells = wording.cells(standing.label, standing.state, times, renewable, where)
    return [printable(cell) for cell in cells]


def store(standing: Standing) -> str:
    """Say where a login lies, and in whose keyring."""
    if standing.backend in {standing.store, None}:
        return standing.store or "-"
    return f"keyring ({standing.backend})" if standing.store == "keyring" else f"{standing.backend}"


def brief(standings: Sequence[Standing], *, now: float) -> None:
    """Show how the sessions stand on one line, for a prompt; in colours only where the environment asks for them."""
    pieces = [
        wording.brief(printable(each.label), each.state, (each.expires_at, each.ends_at), now, sure=not each.renewable)
        for each in standings
    ]
    if forced():
        from sso_login.cli.output.status_table import urgency

        pieces = [painted(said, urgency(each, now)) for said, each in zip(pieces, standings, strict=True)]
    out(wording.line(pieces))
