"""README's tables, and the command lines of all documents: what they name is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import click

from sso_login.cli.app import COMMANDS, group
from sso_login.core import errors
from sso_login.layout import ASKED, KEYS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "sso_login").rglob("*.py")]
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


def lines_of_ours() -> list[list[str]]:
    """Give the words of every command line of ours in the documents, in a block of code or within a sentence."""
    code = [*re.findall(r"^```\w*\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL), *re.findall(r"`([^`\n]+)`", TEXT)]
    lines = "\n".join(code).replace("\\\n", " ").splitlines()
    found = [match[1] for line in lines for match in re.finditer(r"(?:^|[\s(/&\"'])sso-login ([^|&)#;\"']*)", line)]
    return [words.split() for words in found]


def options_of(words: list[str]) -> tuple[set[str], list[str]]:
    """Give the options that these words may have, and those that they do have before any `--`."""
    ctx = click.Context(group, help_option_names=["-h", "--help"])
    command: click.Command = group
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(ctx, word)
        assert found is not None, f"no such command: {words}"
        command = found
    own = words[: words.index("--")] if "--" in words else words
    there = {name for param in command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}
    return there, [word.partition("=")[0] for word in own if word.startswith("-")]


def test_every_command_line_could_be_run() -> None:
    """Commands, subcommands and options that README and docs/*.md show are there."""
    lines = [words for words in lines_of_ours() if words and words[0] not in {"COMMAND", "...", "__complete"}]
    assert len(lines) > 60
    for words in lines:
        there, given = options_of(words)
        assert set(given) <= there, words


def test_every_option_that_is_told_of_is_there() -> None:
    """Whatever stands alone as `--option` is an option of some command."""
    told = set(re.findall(r"`(--[a-z][a-z-]*)", TEXT))
    there = {"--help", "--version"}
    nested = [["configure", "session"], ["configure", "profiles"], ["schedule", "install"]]
    for words in [*([name] for name in COMMANDS), *nested]:
        there |= options_of(words)[0]
    assert told - there == set()


def test_every_link_leads_somewhere() -> None:
    """Each file or folder that a document links to is there."""
    for path in DOCUMENTS:
        found = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        here = [link for link in found if not link.startswith("https://")]
        assert [link for link in here if not (path.parent / link).exists()] == [], path.name
