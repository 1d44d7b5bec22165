"""Credentials as other programs read them: each format is given to the real thing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login.cli.output.credential_formats import (
    CLEARED,
    FORMATS,
    cmd_checked,
    dotenv_quoted,
    fish_quoted,
    posix_quoted,
    powershell_quoted,
)
from sso_login.core.credentials import Credentials
from sso_login.core.errors import UsageProblem
from sso_login.core.model import Secret

GIVEN = Credentials("ASIAEXAMPLE", Secret("se/cr+et"), Secret("to=ken"), 1_893_456_000, "111122223333")
NASTY = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
LISTS = st.lists(NASTY, min_size=1, max_size=20)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "se/cr+et",
    "AWS_SESSION_TOKEN": "to=ken",
    "AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a shell is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def said(command: list[str], script: str) -> str:
    """Give what a shell writes for a script."""
    done = subprocess.run(command, input=script.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


@needs("sh")
@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh"])
@few
@given(LISTS)
def test_sh_reads_any_value_back(shell: str, values: list[str]) -> None:
    """Quotes, backslashes, dollars, line breaks: between single quotes they are what they are."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = "".join(f"export V={posix_quoted(value)}\nprintf '%s\\0' \"$V\"\n" for value in values)
    assert said([shell], script).split("\0")[:-1] == values


@needs("fish")
@few
@given(LISTS)
def test_fish_reads_any_value_back(values: list[str]) -> None:
    """A backslash counts there, before a quote and before itself."""
    script = "".join(f"set -gx V {fish_quoted(value)}\nprintf '%s\\0' $V\n" for value in values)
    assert said(["fish", "--no-config"], script).split("\0")[:-1] == values


def test_powershell_doubles_every_kind_of_quote() -> None:
    """It takes the curly ones for the straight one; about_Quoting_Rules."""
    assert powershell_quoted("a'b\u2018c\u2019d\u201ae\u201bf$`\"") == (
        "'a''b\u2018\u2018c\u2019\u2019d\u201a\u201ae\u201b\u201bf$`\"'"
    )


@pytest.mark.parametrize("value", ['a"b', "a'b", "a$b", "a\\b", "a`b", "a#b", "a b", "a\nb", "\u00e9"])
def test_a_dotenv_file_takes_plain_characters_alone(value: str) -> None:
    """Its parsers disagree about all others, and AWS puts none of them into credentials."""
    with pytest.raises(UsageProblem, match=r"\.env"):
        dotenv_quoted(value)
    assert dotenv_quoted("aZ9+/=:-._") == '"aZ9+/=:-._"'


@needs("sh")
@pytest.mark.parametrize("form", ["env", "dotenv"])
def test_sh_takes_it_as_it_is(form: str, tmp_path: Path) -> None:
    """Every variable is there; a .env file is sourced with allexport."""
    source = tmp_path / "given"
    source.write_text(FORMATS[form](GIVEN, "eu-west-1"))
    lines = said(["sh"], f"set -a; . {source}; env").splitlines()
    assert {f"{name}={value}" for name, value in VARIABLES.items()} <= set(lines)


@needs("fish")
def test_fish_takes_it_as_it_is() -> None:
    """The same, by `| source`."""
    lines = said(["fish", "--no-config"], FORMATS["fish"](GIVEN, "eu-west-1") + "env").splitlines()
    assert {f"{name}={value}" for name, value in VARIABLES.items()} <= set(lines)


def test_powershell_lines_are_assignments() -> None:
    """For `| Invoke-Expression`."""
    lines = FORMATS["powershell"](GIVEN, "eu-west-1").splitlines()
    gone = [f"$Env:{name} = $null" for name in CLEARED if name not in VARIABLES]
    assert lines == [*gone, *(f"$Env:{name} = '{value}'" for name, value in VARIABLES.items())]


@pytest.mark.parametrize("form", ["env", "powershell", "fish", "dotenv"])
def test_without_a_region_none_is_set(form: str) -> None:
    """Then the one that is there stays."""
    assert "REGION" not in FORMATS[form](GIVEN, None)


def test_json_is_one_object_in_snake_case() -> None:
    """What is not known is null."""
    assert json.loads(FORMATS["json"](Credentials("A", Secret("s"), Secret("t"), 0), None)) == {
        "access_key_id": "A",
        "secret_access_key": "s",
        "session_token": "t",
        "expires_at": "1970-01-01T00:00:00Z",
        "account_id": None,
        "region": None,
    }


@pytest.mark.parametrize(
    ("shell", "form", "evaluated"),
    [
        (["sh"], "env", 'eval "$LINES_TO_TAKE"'),
        (["bash", "-eu"], "env", 'eval "$LINES_TO_TAKE"'),
        (["zsh"], "env", 'eval "$LINES_TO_TAKE"'),
        (["fish", "--no-config"], "fish", 'printf %s "$LINES_TO_TAKE" | source'),
    ],
    ids=["sh", "bash", "zsh", "fish"],
)
def test_a_shell_keeps_no_credentials_of_another_kind(shell: list[str], form: str, evaluated: str) -> None:
    """What `exec` takes out of its environment is unset, AWS_PROFILE first of all, whether it was set before or not."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    before = {"AWS_PROFILE": "other", "AWS_DEFAULT_PROFILE": "other", "AWS_ROLE_ARN": "arn", "AWS_CONFIG_FILE": "/kept"}
    env = {"PATH": os.environ["PATH"], "LINES_TO_TAKE": FORMATS[form](GIVEN, "eu-west-1"), **before}
    done = subprocess.run([*shell, "-c", f"{evaluated}; env"], env=env, capture_output=True, text=True, check=True)
    found = dict(line.partition("=")[::2] for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert found == {**VARIABLES, "AWS_CONFIG_FILE": "/kept"}
    assert done.stderr == ""


def test_a_dotenv_file_says_what_it_cannot_do() -> None:
    """Its first line is a comment about AWS_PROFILE; no other line is one."""
    first, *lines = FORMATS["dotenv"](GIVEN, "eu-west-1").splitlines()
    assert first.startswith("# This format cannot unset: take AWS_PROFILE")
    assert lines == [f'{name}="{value}"' for name, value in VARIABLES.items()]


def test_cmd_gets_set_lines() -> None:
    """Each between quotes, after those that take other credentials away; nothing that cmd.exe would expand."""
    lines = FORMATS["cmd"](GIVEN, "eu-west-1").splitlines()
    given = [f'set "{name}={value}"' for name, value in VARIABLES.items()]
    assert lines[-len(given) :] == given
    assert lines[: -len(given)] == [f'set "{name}="' for name in CLEARED if name not in VARIABLES]


@pytest.mark.parametrize("value", ["a%PATH%", 'a"b', "a&b", "a^b", "a b"])
def test_what_cmd_would_expand_is_refused(value: str) -> None:
    """Credentials of AWS hold none of it."""
    with pytest.raises(UsageProblem):
        cmd_checked(value)
