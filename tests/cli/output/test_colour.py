"""Colours: who decides, for each stream by itself, and what may be drawn on."""

from __future__ import annotations

import pytest

from sso_login.cli.output.colour import coloured, console, lively, painted, terminal, unicode
from tests.support.terminal.screen import Screen

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("env", "at_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": ""}, True, False),
        ({"CLICOLOR_FORCE": "1"}, True, True),
        ({"CLICOLOR_FORCE": "0"}, True, False),
        ({"CLICOLOR": "0"}, False, False),
        ({"CLICOLOR": "1"}, True, False),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ({"TERM": ""}, False, False),
    ],
)
def test_the_usual_precedence(env: dict[str, str], *, at_terminal: bool, in_pipe: bool) -> None:
    """NO_COLOR, then the two that force, then CLICOLOR, then whether it is a terminal."""
    whole = {**XTERM, **env}
    assert coloured(Screen(), whole) is at_terminal
    assert coloured(Screen(terminal=False), whole) is in_pipe
    assert not coloured(None, whole)


@pytest.mark.parametrize(
    "env",
    [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "dumb", "FORCE_COLOR": "1"}, {"CI": "true"}, {"CLICOLOR": "0"}],
)
def test_nothing_moves_where_lines_are_asked_for(env: dict[str, str]) -> None:
    """A log of a build, an editor's shell and whoever wants no colours get plain lines."""
    assert lively(Screen(), XTERM)
    assert not lively(Screen(), {**XTERM, **env})


def test_nothing_moves_without_a_terminal_or_unicode() -> None:
    """Forced colours make no terminal; box drawing needs an encoding that has it."""
    assert not lively(Screen(terminal=False), {**XTERM, "FORCE_COLOR": "1"})
    assert not lively(Screen(encoding="latin-1"), XTERM)
    assert not lively(None, XTERM)
    assert (unicode(Screen()), unicode(Screen(encoding="ascii")), unicode(None)) == (True, False, False)
    assert not terminal(None, XTERM)


def test_what_is_painted_ends_painted() -> None:
    """Every colour is put back; without colours, or without any asked for, text is as it was."""
    assert painted("text", "bold red") == "\x1b[1;31mtext\x1b[0m"
    assert painted("text", "bold red", on=False) == painted("text", "") == "text"


@pytest.mark.parametrize(("env", "painted_too"), [({}, True), ({"NO_COLOR": "1"}, False), ({"CLICOLOR": "0"}, False)])
def test_rich_decides_nothing(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, painted_too: bool) -> None:
    """Neither colours nor bold nor links where none are wanted, whatever rich reads in the environment."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Screen()
    console(screen, width=40, env={**XTERM, **env}).print("text", style="bold red link https://example.com")
    assert ("\x1b" in screen.raw) is painted_too
    assert screen.text == "text\n"
