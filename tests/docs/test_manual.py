"""docs/man/sso-login.1 is what the program would say today, and sound to groff and man."""

from __future__ import annotations

import shutil
import subprocess

import click
import pytest

from sso_login import __version__
from sso_login.cli.app import COMMANDS, group
from sso_login.core import errors
from tests.docs.manual import PAGE, page, plain, prose, rows


def needs(program: str) -> pytest.MarkDecorator:
    """Skip by name where that program is missing."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def shown(*command: str) -> str:
    """Give the page as plain text, its lines joined; it must not cause a warning."""
    env = {"PATH": "/usr/bin:/bin", "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": "", "TERM": "dumb"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return " ".join(done.stdout.split())


def test_the_page_is_that_of_the_program() -> None:
    """Byte for byte; `python -m tests.docs.manual > docs/man/sso-login.1` brings it up to date."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_nothing_in_it_changes_by_itself() -> None:
    """Made twice it is the same: it says the version, and no date."""
    assert page() == page()
    assert f'.TH SSO\\-LOGIN 1 "" "sso\\-login {__version__}"' in page()


def test_every_exit_code_and_variable_is_there() -> None:
    """The codes are those of the errors, the variables those of README."""
    found = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {str(each.exit_code) for each in found if issubclass(each, errors.SsoLoginError)}
    assert {row[0] for row in rows("Exit codes")} == {"0", *codes}
    assert all(f"\\fB{plain(names.split('`')[1])}\\fP" in page() for names, _ in rows("Environment"))


def test_roff_obeys_nothing_of_the_text() -> None:
    """Dots and quotes at the start of a line, backslashes, backticks and dashes are what they look like."""
    assert [plain(text) for text in (".PP", "'a", r"a\b", "--x")] == ["\\&.PP", "\\&\\(aqa", "a\\eb", "\\-\\-x"]
    assert prose("see `a-b`,\n  then [c](d.md)") == "see \\fBa\\-b\\fP, then c"


@needs("groff")
def test_groff_formats_it_without_a_warning() -> None:
    """Every command with every option is in the text that comes out."""
    text = shown("groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-o", "-P-u", "-rLL=200n", str(PAGE))
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        assert f"sso-login {name}" in text
        for param in command.params:
            assert not isinstance(param, click.Option) or all(option in text for option in param.opts)


@needs("man")
def test_man_shows_it() -> None:
    """As a person would read it."""
    text = shown("man", "--warnings", "-E", "UTF-8", "-l", str(PAGE))
    assert text.startswith("SSO-LOGIN(1)")
    assert "curl -H @<(sso-login token --header)" in text
    assert "keyring locked or absent" in text
