"""README's tables: what they name is what the program has, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

from sso_login.cli.app import COMMANDS
from sso_login.core import errors
from sso_login.layout import ASKED, KEYS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "sso_login").rglob("*.py")]
OURS = {"HOME"}  # named by no table: everybody has it


def section(heading: str) -> str:
    """Give the text under a heading."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_commands_are_those_of_the_program() -> None:
    """Each has its row, in the order of `--help`."""
    assert re.findall(r"^\| `sso-login (\w+)", section("Use it"), re.MULTILINE) == list(COMMANDS)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    """Code and name, as the docstring of the tree of errors has them; every class is in that tree."""
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", section("Exit codes"), re.MULTILINE))
    told = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", errors.__doc__ or "", re.MULTILINE))
    tree = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.SsoLoginError)}
    assert rows == {"0": "ok", **told}
    assert {str(each.exit_code) for each in tree} == set(told)


def test_the_variables_are_those_that_are_read() -> None:
    """Whatever decides between sessions has its row, and every variable with a row is read somewhere."""
    named = set(re.findall(r"`([A-Z_]{4,})`", section("Environment")))
    assert named >= {*ASKED, *KEYS} - OURS
    assert [name for name in sorted(named) if not any(name in source for source in SOURCES)] == []
