"""A stdout that cannot be written: exit 1, one error or silence, and no byte twice; hot or not, for every command."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sso_login.emulator.core.settings import ACCOUNTS, Settings
from sso_login.emulator.server import running
from tests.support.shell import COMMAND, clean, environment, process

if sys.platform == "win32":
    pytest.skip("pipes and /dev/full are those of POSIX", allow_module_level=True)

ROLE: Final = ACCOUNTS[0].roles[0]
# Every command that prints a result, hot and not, and click's own pages.
PRINTING: Final = (
    ("token",),
    ("token", "--header"),
    ("token", "--json"),
    ("credentials", "--account", ACCOUNTS[0].id, "--role", ROLE),
    ("credentials", "--account", ACCOUNTS[0].id, "--role", ROLE, "--format", "env"),
    ("status",),
    ("status", "--json"),
    ("accounts",),
    ("roles", "--json"),
    ("device", "--json"),
    ("doctor",),
    ("doctor", "--json"),
    ("console", "--print", "--account", ACCOUNTS[0].id, "--role", ROLE),
    ("completion", "bash"),
    ("emulator",),
    ("--help",),
    ("-h",),
    ("--version",),
    ("token", "--help"),
    ("configure", "--help"),
    ("configure", "profiles", "--help"),
)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give the environment of somebody who is logged in, with everything asked once, so that what can be hot is."""
    home = tmp_path_factory.mktemp("home")
    with running(Settings(approve=True, interval=1)) as emulator:
        made = {**environment(home, emulator), "AWS_ENDPOINT_URL": emulator.url}
        assert process("device", env=made).code == 0
        for argv in PRINTING[:5]:
            assert process(*argv, env=made).code == 0
        yield made


def ran(argv: tuple[str, ...], env: dict[str, str], stdout: int | None, *, closed: bool = False) -> tuple[int, str]:
    """Run the program with that stdout, and give its exit code and what stderr says last."""
    command = ["sh", "-c", 'exec "$0" "$@" >&-', *COMMAND, *argv] if closed else [*COMMAND, *argv]
    done = subprocess.run(
        command, env=clean(env), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "This is a bug" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("argv", PRINTING, ids=" ".join)
def test_a_closed_pipe_is_silence(env: dict[str, str], argv: tuple[str, ...]) -> None:
    """Who reads no more needs no explanation: exit 1 without a word about it."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        code, said = ran(argv, env, writer)
    finally:
        os.close(writer)
    assert (code, "cannot write" in said) == (1, False)


@pytest.mark.parametrize("argv", PRINTING, ids=" ".join)
def test_a_full_disk_is_one_error(env: dict[str, str], argv: tuple[str, ...]) -> None:
    """/dev/full takes nothing: the error says so once."""
    with Path("/dev/full").open("wb") as full:
        code, said = ran(argv, env, full.fileno())
    assert (code, said.count("cannot write to stdout: No space left on device")) == (1, 1)


@pytest.mark.parametrize("argv", PRINTING, ids=" ".join)
def test_a_stdout_that_was_never_open_is_one_error(env: dict[str, str], argv: tuple[str, ...]) -> None:
    """`>&-`: the result goes nowhere, least of all into a file or a socket that got that number since."""
    code, said = ran(argv, env, None, closed=True)
    assert (code, said.count("cannot write to stdout: it is closed")) == (1, 1)


@pytest.mark.parametrize("argv", [*PRINTING[:8], ("--help",), ("completion", "zsh")], ids=" ".join)
def test_a_full_pipe_that_does_not_block_gets_each_byte_once(env: dict[str, str], argv: tuple[str, ...]) -> None:
    """The program waits until somebody reads, writes all of its result, and ends with 0."""
    wanted = subprocess.run([*COMMAND, *argv], env=clean(env), capture_output=True, check=True).stdout
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, fcntl.fcntl(writer, fcntl.F_GETFL) | os.O_NONBLOCK)
    filled = _fill(writer)
    child = subprocess.Popen([*COMMAND, *argv], env=clean(env), stdin=subprocess.DEVNULL, stdout=writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read(filled - 10) == b"x" * (filled - 10)  # leaves less room than a result needs, for a while
        rest = pipe.read()
    assert child.wait() == 0
    assert _timeless(rest.removeprefix(b"x" * 10)) == _timeless(wanted)


def _fill(writer: int) -> int:
    filled = 0
    try:
        while True:
            filled += os.write(writer, b"x" * 4096)
    except BlockingIOError:
        return filled


def _timeless(text: bytes) -> bytes:
    # What tells the time left tells less of it a second later.
    return b"" if b"seconds_left" in text or b" min" in text else text


def test_the_reader_that_goes_while_a_pipe_is_full_ends_the_wait(env: dict[str, str]) -> None:
    """Exit 1, in silence."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, fcntl.fcntl(writer, fcntl.F_GETFL) | os.O_NONBLOCK)
    _fill(writer)
    child = subprocess.Popen([*COMMAND, "token"], env=clean(env), stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    os.close(reader)
    said = child.communicate()[1]
    assert (child.returncode, said) == (1, "")


def test_a_stderr_that_takes_nothing_costs_no_result(env: dict[str, str]) -> None:
    """Warnings and errors are lost, the result and the exit code are not."""
    with Path("/dev/full").open("wb") as full:
        for argv, code in ((("token", "--json"), 0), (("token", "nobody"), 2), (("status",), 0)):
            done = subprocess.run(
                [*COMMAND, *argv], env=clean(env), stdout=subprocess.PIPE, stderr=full.fileno(), check=False
            )
            assert (done.returncode, bool(done.stdout)) == (code, code == 0)
