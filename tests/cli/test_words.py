"""Words that people try lead to the right place, and what is said has its colours where there are any."""

from __future__ import annotations

import sys

import pytest

from sso_login.cli.app import COMMANDS
from sso_login.cli.output.render import Render
from sso_login.cli.synonyms import COMMANDS as SYNONYMS
from sso_login.core.errors import UsageProblem
from sso_login.core.message import Notice
from sso_login.core.times import about
from tests.support.shell import Shell
from tests.support.terminal.screen import Screen, capable


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("login", "sso-login device"),
        ("signout", "sso-login logout"),
        ("whoami", "sso-login status"),
        ("list", "sso-login roles"),
        ("ls", "sso-login roles"),
        ("init", "sso-login device"),
        ("setup", "sso-login device"),
        ("profiles", "sso-login configure profiles"),
        ("assume", "sso-login exec"),
        ("switch", "sso-login exec"),
        ("LOGIN", "sso-login device"),
    ],
)
def test_a_word_of_another_tool_leads_to_ours(sh: Shell, word: str, command: str) -> None:
    """Exit 2, and the hint is the command that does it here."""
    ran = sh(word)
    assert (ran.code, ran.out) == (2, "")
    assert f"`{command}" in ran.err.splitlines()[1]


def test_no_synonym_hides_a_command() -> None:
    """What is a command is never taken for another word."""
    assert not SYNONYMS.keys() & {*COMMANDS, "help"}


@pytest.mark.parametrize("word", ["sing", "xyzzy", "qwerty"])
def test_what_is_like_nothing_suggests_nothing(sh: Shell, word: str) -> None:
    """A wrong suggestion is worse than none."""
    assert "`sso-login --help` lists the commands." in sh(word).err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["status", "--output", "json"], "Did you mean --json?"),
        (["credentials", "--output", "env"], "Did you mean --format?"),
        (["token", "--sso-session", "x"], "Name the session without an option: `sso-login token NAME`."),
        (["credentials", "--sso-session", "x"], "Did you mean --session?"),
        (["device", "--sso-start-url", "x"], "Did you mean --start-url?"),
        (["exec", "--role-name", "x"], "Did you mean --role?"),
        (["doctor", "--sso-session", "x"], "See `sso-login doctor --help`."),
    ],
)
def test_an_option_of_another_tool_leads_to_ours(sh: Shell, argv: list[str], said: str) -> None:
    """Exit 2, and the hint is the option that this very command has."""
    ran = sh(*argv)
    assert ran.code == 2
    assert said in ran.err.splitlines()[1]


def test_help_is_a_command_and_an_option(sh: Shell) -> None:
    """`help`, `help COMMAND` and `help GROUP COMMAND` are `--help` of the same; -h and -V are short."""
    assert sh("help").out == sh("--help").out == sh("-h").out
    assert sh("help", "token").out == sh("token", "-h").out != ""
    assert sh("help", "configure", "session").out == sh("configure", "session", "--help").out != ""
    assert sh("-V").out == sh("--version").out
    assert "no command 'tokn'" in sh("help", "tokn").err


def test_quiet_leaves_no_word_on_success_and_hides_no_question_code_or_error(sh: Shell) -> None:
    """-q works before and after every command."""
    ran = sh("device", "-q")
    assert "Code:" in ran.err
    assert "Signed in" not in ran.err
    assert sh("-q", "device").err == ""
    assert sh("device").err != ""
    assert sh("refresh", "-q").err == ""
    assert sh("logout", "-q").err == ""
    assert "error: " in sh("token", "-q").err


def test_what_a_message_begins_with_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """error: bold red, hint: cyan, warning: yellow; nothing where NO_COLOR is set, nor in a pipe."""
    capable(monkeypatch)
    for terminal, env, painted in ((True, "", True), (True, "1", False), (False, "", False)):
        monkeypatch.setenv("NO_COLOR", env)
        screen = Screen(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", screen)
        render = Render()
        render.error(UsageProblem("no such thing", hint="Take another."))
        render.notice(Notice("the clock is off", warning=True))
        assert ("\x1b[1;31merror:\x1b[0m no such thing" in screen.raw) is painted
        assert ("\x1b[36mhint:\x1b[0m Take another." in screen.raw) is painted
        assert ("\x1b[33mwarning:\x1b[0m the clock" in screen.raw) is painted
        assert screen.text == "error: no such thing\nhint: Take another.\nwarning: the clock is off\n"


def test_headings_of_help_are_bold(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout has colours; a pipe gets none, and the help that nobody asked for (on stderr) neither."""
    plain = sh("token", "--help").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1mOptions:\x1b[0m\n" in sh("token", "--help").out
    assert "Options:\n" in sh().err
    monkeypatch.delenv("FORCE_COLOR")
    assert sh("token", "--help").out == plain
    assert "\x1b" not in sh("token", "--help").out


@pytest.mark.parametrize(
    ("seconds", "said"), [(3599.2, "1 h"), (3540, "59 min"), (599.9, "9 min 59 s"), (28_799, "8 h"), (59, "59 s")]
)
def test_people_are_told_whole_minutes(seconds: float, said: str) -> None:
    """To the nearest, from ten minutes on."""
    assert about(seconds) == said
