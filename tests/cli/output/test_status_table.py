"""The table of sessions for a terminal: what it shows at which width, the bar, and the colours of urgency."""

from __future__ import annotations

import sys

import pytest

from sso_login.cli.output.colour import painted
from sso_login.cli.output.render import Render
from sso_login.cli.output.status_table import Look, overview
from sso_login.cli.output.status_view import show
from sso_login.core.model import Instance
from sso_login.flows.status import LOGIN_REQUIRED, RENEWABLE, UNREADABLE, VALID, Standing
from sso_login.wording import STATES
from tests.support.fakes import NOW
from tests.support.terminal.screen import Screen, capable

INSTANCE = Instance("https://d-1234567890.awsapps.com/start", "us-east-1")
ENDING = ("us-east-1", INSTANCE.start_url)
DAY = 86_400


def standing(
    name: str = "corp", state: str = VALID, *, left: int | None = 3300, renewable: bool | None = True
) -> Standing:
    """Make a login with a token of an hour."""
    over = None if left is None else NOW + left
    return Standing(
        name,
        state,
        INSTANCE,
        expires_at=over,
        issued_at=None if over is None else over - 3600,
        registration_expires_at=None if over is None else NOW + 80 * DAY,
        renewable=renewable,
        store="keyring",
    )


def drawn(*standings: Standing, width: int = 140, colours: bool = False, unicode: bool = True) -> list[str]:
    """Draw the table and give its lines."""
    table = overview(standings, STATES, now=NOW, look=Look(width, colours=colours, unicode=unicode))
    assert table is not None
    return table.splitlines()


def test_everything_where_there_is_room() -> None:
    """Columns are aligned, and nothing is folded."""
    heading, corp, new = drawn(standing(), standing("new", LOGIN_REQUIRED, left=None, renewable=None))
    assert heading.split("  ")[0] == "SESSION"
    assert corp.split() == [*("corp", "valid"), "\u2501" * 8, *("55", "min", "80", "d", "yes"), "keyring", *ENDING]
    assert new.split() == ["new", "login", "required", "-", "-", "-", "keyring", *ENDING]
    assert heading.index("REGION") == corp.index("us-east-1") == new.index("us-east-1")


@pytest.mark.parametrize(
    ("width", "last"),
    [(120, INSTANCE.start_url), (104, INSTANCE.start_url), (80, "d-1234567890.awsapps.com"), (72, "us-east-1")],
)
def test_a_narrower_window_shows_less(width: int, last: str) -> None:
    """Columns go before any cell is folded: the start URL shrinks to its host, then there is none."""
    lines = drawn(standing(), width=width)
    assert max(map(len, lines)) <= width
    assert lines[1].split()[-1] == last


def test_no_room_at_all_is_said() -> None:
    """A narrow window leaves the sentences."""
    assert overview([standing("x" * 70)], STATES, now=NOW, look=Look(40, colours=False, unicode=True)) is None


def test_a_long_name_is_shortened_in_the_middle() -> None:
    """Both ends are seen, and the table fits."""
    shown = overview([standing("a" * 40 + "z" * 40)], STATES, now=NOW, look=Look(80, colours=False, unicode=True))
    assert shown is not None
    assert max(map(len, shown.splitlines())) <= 80
    assert "aaa~zzz" in shown


@pytest.mark.parametrize(
    ("left", "bar", "words"),
    [
        (3600, 8, "1 h"),
        (1800, 4, "30 min"),
        (1799, 4, "29 min"),
        (90, 1, "1 min 30 s"),
        (1, 1, "1 s"),
        (0, 0, "expired"),
    ],
)
def test_the_bar_is_the_share_of_the_tokens_life(left: int, bar: int, words: str) -> None:
    """Full when it is new, never quite empty before it is over; the words are exact when they begin to matter."""
    line = drawn(standing(left=left))[1]
    assert "\u2501" * bar + "\u2500" * (8 - bar) + f" {words}  " in line


def test_a_bar_without_unicode() -> None:
    """Plain characters where the terminal has no others."""
    assert "####---- 30 min" in drawn(standing(left=1800), unicode=False)[1]


@pytest.mark.parametrize(
    ("row", "looks"),
    [
        (standing(), "green"),
        (standing(left=600), "green"),
        (standing(left=600, renewable=False), "yellow"),
        (standing(state=RENEWABLE, left=-10), "yellow"),
        (standing(state=LOGIN_REQUIRED, left=-10, renewable=False), "red"),
        (standing(state=UNREADABLE, left=None), "red"),
    ],
)
def test_colours_say_how_urgent_it_is(row: Standing, looks: str) -> None:
    """Green needs nobody, yellow soon does something about it, red needs a human."""
    assert painted(STATES[row.state], looks) in drawn(row, colours=True)[1]


def test_colours_change_no_width() -> None:
    """What is painted is what is there without colours, and so are names of wide characters."""
    rows = standing("\u4e2d\u6587"), standing("cafe\u0301"), standing("a\x1b[31m")
    plain, coloured = drawn(*rows), "\n".join(drawn(*rows, colours=True))
    for code in ("1", "2", "32", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured.splitlines() == plain
    assert plain[1].index("valid") + 2 == plain[2].index("valid") - 1 == plain[3].index("valid")
    assert plain[3].startswith("a?[31m ")


def test_a_token_that_is_the_last_is_told_without_its_column() -> None:
    """It matters more than where the login lies."""
    assert "55 min, not renewable  " in drawn(standing(renewable=False), width=80)[1]


@pytest.mark.parametrize(
    ("columns", "term", "drawn_as"), [(80, "xterm", "TOKEN"), (71, "xterm", ": valid,"), (80, "dumb", ": valid,")]
)
def test_sentences_for_narrow_and_dumb_terminals(
    monkeypatch: pytest.MonkeyPatch, columns: int, term: str, drawn_as: str
) -> None:
    """A screen reader gets sentences, too."""
    capable(monkeypatch, columns=columns)
    monkeypatch.setenv("TERM", term)
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    show(Render(), [standing()], now=NOW)
    assert drawn_as in screen.text


def test_a_pipe_is_plain_whatever_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts read it: colours for people do not get between."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    pipe = Screen(terminal=False)
    monkeypatch.setattr(sys, "stdout", pipe)
    show(Render(), [standing()], now=NOW)
    assert "\x1b" not in pipe.raw
    assert "\u2501" not in pipe.raw
