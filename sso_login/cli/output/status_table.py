"""How sessions stand, as a table for a terminal: the time left as a bar and in words, coloured by urgency."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sso_login import wording
from sso_login.cli.output.colour import painted
from sso_login.cli.output.render import printable
from sso_login.flows.status import RENEWABLE, VALID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.flows.status import Standing

# From wide to narrow; the first that has room is drawn. Nothing in a cell is ever folded.
LAYOUTS: Final = (
    ("SESSION", "STATE", "TOKEN", "REGISTRATION", "RENEWABLE", "STORE", "REGION", "START URL"),
    ("SESSION", "STATE", "TOKEN", "RENEWABLE", "STORE", "REGION", "START URL"),
    ("SESSION", "STATE", "TOKEN", "STORE", "REGION", "START URL"),
    ("SESSION", "STATE", "TOKEN", "STORE", "REGION", "PORTAL"),
    ("SESSION", "STATE", "TOKEN", "STORE", "REGION"),
    ("SESSION", "STATE", "TOKEN", "STORE"),
)
GAP: Final = "  "
SHORTEST: Final = 12  # columns that a name is shortened to, at most
BAR: Final = 8  # columns
SOON: Final = 15 * 60  # seconds; what `refresh` renews

Cell = tuple[tuple[str, str], ...]  # text with its looks, piece by piece


@dataclass(frozen=True, slots=True)
class Look:
    """What the terminal can show, and in how many columns."""

    width: int
    colours: bool
    unicode: bool


def overview(standings: Sequence[Standing], states: Mapping[str, str], *, now: float, look: Look) -> str | None:
    """Draw the table; long names are shortened where even the narrowest has no room; None where that is not enough."""
    rows = [_cells(standing, states[standing.state], now=now, look=look) for standing in standings]
    over = 0
    for layout in LAYOUTS:
        table, widths = _laid_out(rows, layout)
        over = sum(widths) + len(GAP) * (len(widths) - 1) - look.width
        if over <= 0:
            return "".join(_line(row, widths, on=look.colours) for row in table)
    table, widths = _laid_out(rows, LAYOUTS[-1])
    longest = widths[0] - over
    if longest < SHORTEST:
        return None
    named = [{**row, "SESSION": _shortened(row["SESSION"], longest)} for row in rows]
    table, widths = _laid_out(named, LAYOUTS[-1])
    return "".join(_line(row, widths, on=look.colours) for row in table)


def _laid_out(rows: Sequence[Mapping[str, Cell]], layout: Sequence[str]) -> tuple[list[list[Cell]], list[int]]:
    """Give the cells of a layout under its headings, and how wide each column is."""
    headings: list[Cell] = [((heading, "bold"),) for heading in layout]
    table = [headings, *(_picked(row, layout) for row in rows)]
    return table, [max(map(_width, column)) for column in zip(*table, strict=True)]


def _shortened(cell: Cell, width: int) -> Cell:
    """Leave out the middle of a name; what is wide is left out as a whole."""
    ((name, looks),) = cell
    if _width(cell) <= width:
        return cell
    tail = (width - 1) // 2
    short = f"{name[: width - 1 - tail]}~{name[len(name) - tail :]}"
    return ((short if _width(((short, ""),)) <= width else name[: width // 2], looks),)


def _picked(row: Mapping[str, Cell], layout: Sequence[str]) -> list[Cell]:
    """Take the cells of a layout; what its missing column would say goes to the token, where it matters."""
    cells = [row[heading] for heading in layout]
    if "RENEWABLE" not in layout:
        cells[layout.index("TOKEN")] = (*row["TOKEN"], *row["THE LAST"])
    return cells


def _line(row: Sequence[Cell], widths: Sequence[int], *, on: bool) -> str:
    cells = ["".join(painted(text, looks, on=on) for text, looks in cell) for cell in row]
    pads = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
    return GAP.join(cell + pad for cell, pad in zip(cells, [*pads[:-1], ""], strict=True)) + "\n"


def _width(cell: Cell) -> int:
    """Count columns: two for a wide character, none for one that is put on the one before."""
    text = "".join(piece for piece, _ in cell)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def _cells(standing: Standing, state: str, *, now: float, look: Look) -> dict[str, Cell]:
    """Give the cells of a row by their headings."""
    instance, urgent = standing.instance, urgency(standing, now)
    start = printable(instance.start_url) if instance else "-"
    return {
        "SESSION": ((printable(standing.label), "bold"),),
        "STATE": ((state, urgent),),
        "TOKEN": _token(standing, urgent, now=now, look=look),
        "THE LAST": ((", not renewable", "yellow"),) if standing.state == VALID and not standing.renewable else (),
        "REGISTRATION": ((wording.rounded(standing.registration_expires_at, now), ""),),
        "RENEWABLE": (({True: "yes", False: "no", None: "-"}[standing.renewable], ""),),
        "STORE": ((standing.store or "-", ""),),
        "REGION": (((instance.region if instance else "") or "-", ""),),
        "START URL": ((start, ""),),
        "PORTAL": ((urlsplit(start).netloc or start, ""),),
    }


def urgency(standing: Standing, now: float) -> str:
    """Name the colour of how a login stands."""
    left = (standing.expires_at or 0) - now
    if standing.state not in {VALID, RENEWABLE}:
        return "red"
    if standing.state == VALID and (left > SOON or standing.renewable):
        return "green"
    return "yellow"


def _token(standing: Standing, urgent: str, *, now: float, look: Look) -> Cell:
    """Draw the share of the token's life that is left, and say how long that is."""
    if standing.expires_at is None:
        return (("-", ""),)
    words, left = wording.rounded(standing.expires_at, now), max(0.0, standing.expires_at - now)
    life = standing.expires_at - (standing.issued_at or now)
    full = min(BAR, round(BAR * left / life + 0.5)) if left and life > 0 else 0
    done, rest = ("\u2501", "\u2500") if look.unicode else ("#", "-")
    return ((done * full, urgent), (rest * (BAR - full), "dim"), (f" {words}", ""))
