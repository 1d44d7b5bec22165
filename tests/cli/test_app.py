"""The gate: how a command line begins and how every run ends."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from sso_login import __version__
from sso_login.cli.app import COMMANDS, group, module_of, run
from sso_login.cli.output.render import printable
from sso_login.core.message import Notice
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from sso_login.world import World
from tests.support.shell import COMMAND, Shell, clean, environment, process


def test_version(sh: Shell) -> None:
    """One line, from a constant."""
    assert sh("--version").out == f"sso-login {__version__}\n"


def test_the_table_says_of_a_command_what_the_command_says_of_itself() -> None:
    """`--help` lists commands without importing them, so the table must be true."""
    for name in COMMANDS:
        command = getattr(importlib.import_module(module_of(name)), name)
        assert isinstance(command, click.Command)
        assert command.name == name


def test_every_help_ends_with_an_example(sh: Shell) -> None:
    """A reader sees how the command is typed."""
    for name in COMMANDS:
        ran = sh(name, "--help")
        assert ran.code == 0
        assert f"sso-login {name}" in ran.out.split("\nExample:\n")[1]  # the line of usage names it anyway


def test_a_typo_is_answered_with_the_nearest_name(sh: Shell) -> None:
    """Two lines on stderr, exit 2."""
    assert sh("tokn").err == "error: there is no command 'tokn'\nhint: Did you mean `sso-login token`?\n"
    assert "lists the commands" in sh("zzzzzz").err


@pytest.mark.parametrize(
    "argv",
    [
        ["token", "--min-ttl", "soon"],
        ["token", "--min-ttl", "-5"],
        ["token", "a", "b"],
        ["device", "--timeout"],
        ["refresh", "--all", "my-sso"],
        ["refresh", "--profile", "p", "my-sso"],
        ["--nonsense"],
        ["token", "--header", "--nonsense"],
    ],
)
def test_bad_flags_are_exit_2_in_two_lines(sh: Shell, argv: list[str]) -> None:
    """An error and a hint, never a usage dump or a traceback."""
    ran = sh(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["error", "hint"]


def test_no_arguments_show_the_help(sh: Shell) -> None:
    """Somebody who types the bare name is shown what there is; it is no success."""
    ran = sh()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == sh("--help").out


def test_flags_work_before_and_after_the_command(sh: Shell) -> None:
    """`-v` and `--no-input` stand in either place; -v tells operations, statuses and timings."""
    sh("device")
    for argv in (["-v", "refresh", "--force"], ["refresh", "--force", "-v"]):
        assert "sso_login.adapters.system.http: CreateToken: 200 in " in sh(*argv).err
    assert sh("--no-input", "status").code == sh("status", "--no-input").code == 0
    assert "CreateToken: 200" not in sh("refresh", "--force").err


def test_an_unexpected_exception_shows_where_but_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, a traceback without the exception's text (it may hold anything), and a request to report it."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended, notify
        raise RuntimeError("secret-of-the-error") from KeyError("secret-of-the-cause")

    assert run(["status"], build=build) == 1
    err = capsys.readouterr().err
    assert "RuntimeError" in err
    assert "KeyError" in err
    assert "test_app.py" in err
    assert "please report" in err
    # The line of source is shown, as it stands in the file; what the exception says at run time is not.
    assert err.count("secret-of") == err.count('raise RuntimeError("secret-of-the-error") from') * 2


def test_ctrl_c_is_130_with_a_clean_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended, notify
        raise KeyboardInterrupt

    assert run(["status"], build=build) == 130
    assert capsys.readouterr().err == "\nerror: interrupted\n"  # the first newline ends the line on which ^C stands


def test_text_from_elsewhere_is_made_safe() -> None:
    """Escape sequences, bidi controls, line breaks and surrogates never reach the terminal."""
    assert printable("a\x1b[31mb\u202ec\nd\udc80\u200be\u00e9\u4e2d") == "a?[31mb?c?d??e\u00e9\u4e2d"


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["status"], ["status", "--json"], ["token", "--help"]])
def test_what_is_not_needed_is_not_imported(home: Path, argv: list[str]) -> None:
    """No HTTP, no keyring, no lock, no drawing for a pipe, whatever the command is about."""
    code = f"import sys; from sso_login.cli.app import run; run({argv!r}); print(*sys.modules, file=sys.stderr)"
    with running(Settings()) as emulator:
        env = clean(environment(home, emulator))
        assert process("refresh", env=env).code == 0
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    imported = set(done.stderr.splitlines()[-1].split())
    assert "click" in imported
    slow = {
        "requests",
        "urllib3",
        "http",
        "ssl",
        "keyring",
        "secretstorage",
        "jeepney",
        "rich",
        "filelock",
        "cryptography",
    }
    assert not imported & slow


def test_a_closed_pipe_ends_silently(home: Path) -> None:
    """`sso-login ... | head -0`: exit 1 without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    with running(Settings()) as emulator:
        child = subprocess.Popen(
            [*COMMAND, "status", "--json"],
            env=clean(environment(home, emulator)),
            stdout=writer,
            stderr=subprocess.PIPE,
        )
        os.close(writer)
        assert child.communicate(timeout=60)[1] == b""
    assert child.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(home: Path) -> None:
    """Stdout cannot be written: exit 1 and an error that says so."""
    with running(Settings()) as emulator, Path("/dev/full").open("wb") as full:
        child = subprocess.run(
            [*COMMAND, "--version"],
            env=clean(environment(home, emulator)),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert child.returncode == 1
    assert child.stderr.startswith("error: cannot write to stdout: No space left on device\n")


def test_a_closed_stdout_is_one_line(home: Path) -> None:
    """Nowhere to write a result: exit 1, said on stderr."""
    with running(Settings()) as emulator:
        line = f"{' '.join(COMMAND)} status --json >&-"
        env = clean(environment(home, emulator))
        done = subprocess.run(["sh", "-c", line], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot write to stdout" in done.stderr) == (1, True)


def test_a_closed_stderr_takes_nothing_away(home: Path) -> None:
    """What cannot be told is not told; the exit code stands."""
    with running(Settings()) as emulator:
        line = f"{' '.join(COMMAND)} token 2>&-"
        done = subprocess.run(["sh", "-c", line], env=clean(environment(home, emulator)), check=False)
    assert done.returncode == 3


def test_names_that_the_terminal_cannot_show_end_nothing(home: Path) -> None:
    """An ASCII terminal gets escapes, not a traceback."""
    with running(Settings()) as emulator:
        env = environment(home, emulator)
        Path(env["AWS_CONFIG_FILE"]).write_text(
            f"[sso-session gr\u00fcn]\nsso_start_url = {emulator.start_url}\nsso_region = us-east-1\n", encoding="utf-8"
        )
        ran = process("status", env={**env, "PYTHONIOENCODING": "ascii"})
    assert ran.code == 0
    assert "gr\\xfcn" in ran.out


def test_group_is_a_click_group() -> None:
    """Completion scripts are made from the group, so it must list all commands."""
    assert group.list_commands(click.Context(group)) == list(COMMANDS)
