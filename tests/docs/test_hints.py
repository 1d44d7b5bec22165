"""Every command that a hint names is a command line that the program takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sso_login.cli.app import group
from sso_login.cli.context import Context
from sso_login.cli.output.render import Render
from sso_login.core.commands import naming

PACKAGE = Path(__file__).parents[2] / "sso_login"
COMMAND = re.compile(r"`((?:[A-Z_]+=\S+ )*(?:sudo (?:-u \S+ )?(?:-H )?)?sso-login(?: [^`]*)?)`")


def texts() -> Iterator[tuple[str, str]]:
    """Give every text of the package that names a command, with its place; what is filled in reads `word`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if id(node) in docstrings:
                continue
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "word" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            for found in COMMAND.findall(text):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", found


CASES = sorted({found: place for place, found in texts()}.items())


def taken(line: str) -> None:
    """Parse a command line as the program does; raise click's own error, or one of ours."""
    words = shlex.split(line.removesuffix("..."))
    words = words[words.index("sso-login") + 1 :]
    if not words or words in (["--help"], ["-h"]):
        return
    context = group.make_context("sso-login", list(words), obj=Context(Render()))
    command: click.Command = group
    rest = [*context._protected_args, *context.args]
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        if rest[:1] in (["--help"], ["-h"]):
            return
        context = command.make_context(name, list(rest), parent=context)
        rest = [*context._protected_args, *context.args]


@pytest.mark.parametrize(("line", "place"), CASES, ids=[place for _, place in CASES])
def test_a_command_in_a_text_is_taken(line: str, place: str) -> None:
    """No flag that is not there, no word too many or too few."""
    taken(line.replace("word-or-nothing", "").replace("URL", "https://x.awsapps.com/start"))
    assert place


def test_there_are_many_of_them() -> None:
    """A change of how hints are written must not leave this test without any."""
    assert len(CASES) > 25


@pytest.mark.parametrize(
    ("hint", "named"),
    [
        ("Start again with `sso-login device`.", "Start again with `sso-login device 'my sso'`."),
        (
            "`sso-login device --force` replaces it, `sso-login logout` removes it.",
            "`sso-login device 'my sso' --force` replaces it, `sso-login logout 'my sso'` removes it.",
        ),
        (
            "`sso-login roles --account 111122223333` lists them.",
            "`sso-login roles 'my sso' --account 111122223333` lists them.",
        ),
        ("Log in with `sso-login device prod`.", "Log in with `sso-login device prod`."),
        ("See `sso-login --help`.", "See `sso-login --help`."),
        (
            "Unlock it, or keep secrets in files: `SSO_LOGIN_STORE=file sso-login device`.",
            "Unlock it, or keep secrets in files: `SSO_LOGIN_STORE=file sso-login device 'my sso'`.",
        ),
    ],
)
def test_a_command_names_the_session_it_is_about(hint: str, named: str) -> None:
    """What would mean the default session is given the name; what has one keeps it; quoted as a shell needs it."""
    assert naming(hint, "my sso") == named


def test_a_login_that_is_pinned_to_a_keyring_moves_by_force() -> None:
    """Without --force the way into files would end with exit 3."""
    hint = "The keyring is gone: unlock it, or keep secrets in files: `SSO_LOGIN_STORE=file sso-login device`."
    assert naming(hint, "prod", in_keyring=True) == (
        "The keyring is gone: unlock it, or log in again into files: "
        "`SSO_LOGIN_STORE=file sso-login device prod --force`."
    )


def test_a_session_that_only_this_command_line_knows_is_started_the_same_way() -> None:
    """It is in no config and has no card yet, so its name would mean nothing."""
    assert naming("Start again with `sso-login device`.", "corp", stored=False) == "Start again with the same command."
