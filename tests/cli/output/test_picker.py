"""The picker: what is found by typing, what is drawn, and what the keys do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from sso_login.cli.output.picker import Choice, Picker, narrowed, picked
from sso_login.core.errors import Interrupted

ROWS = [
    Choice(("Harbour Production", "111122223333", "Deployer"), also="prod-deploy"),
    Choice(("Harbour Production", "111122223333", "ReadOnlyAccess")),
    Choice(("Harbour Sandbox", "333344445555", "AdministratorAccess")),
    Choice(("Harbour Staging", "222233334444", "ReadOnlyAccess")),
]


def found(typed: str) -> list[int]:
    """Give the places of what is found."""
    return narrowed(ROWS, typed)


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ("", [0, 1, 2, 3]),
        ("   ", [0, 1, 2, 3]),
        ("sand", [2]),
        ("SAND", [2]),
        ("3333", [2, 0, 1, 3]),
        ("prod read", [1]),
        ("read prod", [1]),
        ("hbsbadm", [2]),
        ("hsbx", [2]),
        ("prod-deploy", [0]),
        ("stg ro", [3]),
        ("xyz", []),
        ("[", []),
        (".*", []),
    ],
)
def test_typing_narrows(typed: str, places: list[int]) -> None:
    """By account, id, role and profile; every word, in any order, as it is or letter by letter."""
    assert found(typed) == places


def test_the_best_come_first() -> None:
    """The begin of a word before its middle; scattered letters only where nothing else is found."""
    rows = [Choice(("xr-e-a-d",)), Choice(("thread",)), Choice(("read",)), Choice(("a read",))]
    assert narrowed(rows, "read") == [2, 3, 1]
    assert narrowed(rows[:1], "read") == [0]


@pytest.mark.parametrize("width", [120, 80, 40, 20, 12])
def test_no_line_is_too_long(width: int) -> None:
    """Where there is no room the id goes first, then names are cut in the middle."""
    picker = Picker("Role:", ROWS)
    lines = picker.lines(width, 10)
    assert all(len(line) < width for line in lines)
    assert lines[0].startswith("> H")
    assert ("111122223333" in lines[0]) is (width >= 80)


def test_only_some_are_seen_and_all_are_counted() -> None:
    """The window follows the one that is meant."""
    picker = Picker("Role:", [Choice((f"role {number:04}",)) for number in range(3000)])
    assert picker.lines(80, 10)[-1].strip().startswith("3000")
    for _ in range(25):
        picker.move(1)
    lines = picker.lines(80, 10)
    assert (len(lines), "> role 0025" in lines) == (11, True)
    picker.move(-26, around=True)
    assert "> role 2999" in picker.lines(80, 10)
    picker.type("role 299")
    assert picker.lines(80, 3)[-1].strip().startswith("13 of 3000")


def test_text_from_elsewhere_is_made_safe() -> None:
    """An account's name holds whatever somebody called it."""
    assert "\x1b" not in "".join(Picker("Role:", [Choice(("a\x1b[31m\u202eb", "1", "R"))]).lines(80, 5))


def test_new_rows_leave_the_meant_one_meant() -> None:
    """While a person looks, the list may be brought up to date."""
    picker = Picker("Role:", ROWS)
    picker.type("harb")
    picker.move(2)
    picker.replace([Choice(("Atlas", "1", "Admin")), *ROWS])
    assert picker.current == ROWS[2]
    picker.replace(ROWS[:1])
    assert picker.current == ROWS[0]
    picker.replace([])
    assert picker.current is None
    assert picker.lines(80, 10)


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """Give a keyboard."""
    with create_pipe_input() as made:
        yield made


DOWN, UP, PAGE_DOWN = "\x1b[B", "\x1b[A", "\x1b[6~"


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ("\r", 0),
        (f"{DOWN}\r", 1),
        (f"{UP}\r", 3),
        (f"{PAGE_DOWN}\r", 3),
        ("\x0e\x0e\x10\r", 1),
        ("\t\r", 1),
        ("sand\r", 2),
        ("sandx\x7f\r", 2),
        ("zzz\r\x15\r", 0),
    ],
)
def test_the_keys(keys: PipeInput, typed: str, row: int) -> None:
    """Enter takes, arrows move, letters look; Enter does nothing where nothing is found."""
    keys.send_text(typed)
    assert picked(Picker("Role:", ROWS), keys, DummyOutput()) == ROWS[row]


@pytest.mark.parametrize("typed", ["\x1b", "\x03", "\x04", "sand\x1b"])
def test_leaving(keys: PipeInput, typed: str) -> None:
    """Esc, Ctrl-C and Ctrl-D pick nothing: exit 130."""
    keys.send_text(typed)
    with pytest.raises(Interrupted) as raised:
        picked(Picker("Role:", ROWS), keys, DummyOutput())
    assert raised.value.exit_code == 130


def test_a_terminal_that_goes_away_picks_nothing(keys: PipeInput) -> None:
    """The end of the input is no choice."""
    keys.close()
    with pytest.raises(Interrupted):
        picked(Picker("Role:", ROWS), keys, DummyOutput())


def test_what_comes_meanwhile_is_taken_between_two_keys(keys: PipeInput) -> None:
    """From another thread, or before the first key."""
    picker = Picker("Role:", ROWS[:1])

    def renewed() -> None:
        picker.replace(ROWS)
        keys.send_text("sand\r")

    assert picked(picker, keys, DummyOutput(), started=lambda soon: soon(renewed)) == ROWS[2]
