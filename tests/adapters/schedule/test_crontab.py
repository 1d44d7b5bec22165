"""The crontab: one line between two comments, and every other byte as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.adapters.schedule import crontab as module
from sso_login.adapters.schedule.crontab import Crontab
from sso_login.adapters.schedule.job import Job
from sso_login.adapters.schedule.programs import Programs
from sso_login.core.errors import SchedulerUnusable
from tests.support.schedulers import Desk, with_crontab

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no crontab")

JOB: Final = Job(("/home/me/.local/bin/sso-login",), (), 5)
ODD: Final = b"# caf\xe9 \x01\x00 odd\r\nMAILTO=\"\"\n\n  0 9 * * 1 echo 'a\\%b'\n#\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a system with a crontab command."""
    return with_crontab(tmp_path)


def table(desk: Desk) -> Crontab:
    """Give the crontab of that system."""
    env = {"PATH": desk.path, "HOME": "/home/me"}
    return Crontab(Programs(env), env)


@pytest.mark.parametrize("before", [ODD, b"0 0 * * * x\n", b"\n", b"# BEGIN of mine\n"])
def test_the_rest_stays_byte_for_byte(desk: Desk, before: bytes) -> None:
    """Installed, installed again, changed and removed."""
    desk.tab = before
    assert table(desk).install(JOB)
    assert desk.tab is not None
    assert desk.tab.startswith(before)
    assert not table(desk).install(JOB)
    assert table(desk).install(JOB._replace(every=10))
    assert desk.tab.count(b"# BEGIN sso-login schedule") == desk.tab.count(b" refresh --all --quiet") == 1
    assert table(desk).remove()
    assert desk.tab == before
    assert not table(desk).remove()


def test_where_there_was_no_crontab_there_is_none_again(desk: Desk) -> None:
    """An empty one is not left behind."""
    assert table(desk).install(JOB)
    assert table(desk).remove()
    assert desk.tab is None


@pytest.mark.parametrize("lenient", [False, True])
def test_a_last_line_without_an_end_gets_it_back(desk: Desk, lenient: bool) -> None:  # noqa: FBT001 - a case
    """Unless the crontab command takes none without: then the end of that line stays."""
    desk.tab = b"0 0 * * * x"
    if lenient:
        desk.mark("lenient")
    assert table(desk).install(JOB)
    assert not table(desk).install(JOB)
    assert table(desk).install(JOB._replace(every=10))
    assert table(desk).remove()
    assert desk.tab == (b"0 0 * * * x" if lenient else b"0 0 * * * x\n")


def test_what_was_added_around_our_lines_stays(desk: Desk) -> None:
    """Before, behind and between; no two lines become one."""
    desk.tab = b"first"
    table(desk).install(JOB)
    begin, job, end = (desk.tab or b"").splitlines(keepends=True)[1:]
    desk.tab = b"first\n" + begin + b"between\n" + job + end + b"behind\n"
    assert table(desk).remove()
    assert desk.tab == b"first\nbetween\nbehind\n"


def test_an_older_line_is_brought_up_to_date(desk: Desk) -> None:
    """In its place; of several only one is left."""
    old = b"# BEGIN sso-login schedule\n*/5 * * * * /old/sso-login refresh --all --quiet\n# END sso-login schedule\n"
    desk.tab = b"a\n" + old + b"b\n" + old + b"c\n"
    assert table(desk).install(JOB)
    lines = (desk.tab or b"").splitlines()
    assert [lines[0], *lines[4:]] == [b"a", b"b", b"c"]
    assert b"/old/" not in (desk.tab or b"")
    assert table(desk).remove()
    assert desk.tab == b"a\nb\nc\n"


def test_where_the_second_comment_is_gone_only_our_line_goes(desk: Desk) -> None:
    """What stands below it may be anybody's."""
    table(desk).install(JOB)
    begin, job, _ = (desk.tab or b"").splitlines(keepends=True)
    desk.tab = begin + job + b"mine\n"
    assert table(desk).remove()
    assert desk.tab == b"mine\n"
    desk.tab = begin + b"mine\nmine too\n"
    assert table(desk).remove()
    assert desk.tab == b"mine\nmine too\n"


@pytest.mark.parametrize("said", ["you (me) are not allowed to use this program (crontab)", "crontabs/me: fopen: EIO"])
def test_one_that_cannot_be_read_is_exit_7_and_stays(desk: Desk, said: str) -> None:
    """Whatever it does, nothing is written."""
    desk.tab = ODD
    desk.mark("refuse", said)
    acts: list[Callable[[], object]] = [lambda: table(desk).install(JOB), table(desk).remove, table(desk).installed]
    for act in acts:
        with pytest.raises(SchedulerUnusable) as caught:
            act()
        assert caught.value.exit_code == 7
        assert said.split(maxsplit=1)[0] in caught.value.message
    assert desk.tab == ODD


def test_what_a_newer_version_wrote_is_left_alone(desk: Desk) -> None:
    """It may mean what this version does not know."""
    table(desk).install(JOB)
    desk.tab = newer = (desk.tab or b"").replace(b"schedule 1 ", b"schedule 2 ")
    acts: list[Callable[[], object]] = [lambda: table(desk).install(JOB), table(desk).remove]
    for act in acts:
        with pytest.raises(SchedulerUnusable, match="newer sso-login"):
            act()
    assert desk.tab == newer


def test_a_line_of_somebodys_own_is_found(desk: Desk) -> None:
    """It does the same; a comment does not."""
    desk.tab = b"*/5 * * * * sso-login refresh --all --quiet\n# 1 * * * * sso-login refresh\n"
    table(desk).install(JOB)
    assert table(desk).strangers() == ["*/5 * * * * sso-login refresh --all --quiet"]


def as_cron(line: str) -> str:
    """Give the command that cron hands to the shell: up to the first %, a backslash before one taken away."""
    command, out, at = line.split(" ", 5)[5], "", 0
    while at < len(command):
        if command[at] == "\\" and command[at + 1 : at + 2] in {"%", "\\"}:
            at += 1
        elif command[at] == "%":
            break
        out += command[at]
        at += 1
    return out


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=3))
def test_every_word_arrives_as_it_is(words: list[str]) -> None:
    """Through cron's reading, which takes % and backslashes for its own, and through the shell's."""
    quoted = " ".join(map(module._quoted, words))
    command = as_cron(f"* * * * * {quoted}")
    done = subprocess.run(
        ["/bin/sh", "-c", f"for word in {command}; do printf '%s\\n' \"$word\"; done"],
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split("\n")[:-1] == words


@pytest.mark.parametrize(("every", "count"), [(1, 60), (5, 12), (30, 2), (60, 1)])
def test_the_minutes_are_this_machines_own(every: int, count: int) -> None:
    """As many in an hour as asked for, evenly, and always the same ones."""
    fields = module._times(JOB._replace(every=every), {"HOME": "/x"}).split()
    assert fields == module._times(JOB._replace(every=every), {"HOME": "/x"}).split()
    first, _, step = fields[0].partition("-59/")
    minutes = range(60) if fields[0] == "*" else range(int(first), 60, int(step or 60))
    assert len(minutes) == count


@pytest.mark.skipif(shutil.which("crontab") is None, reason="crontab is not installed")
class TestRealCrontab:
    """The system's own crontab command, where this user has no crontab."""

    @pytest.fixture
    def real(self) -> Crontab:
        """Give the user's own crontab, which is taken away afterwards."""
        env = {"PATH": os.environ["PATH"], "HOME": "/home/a b"}
        done = subprocess.run(["crontab", "-l"], capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
        if done.returncode == 0 or b"no crontab" not in done.stderr:
            pytest.skip("there is a crontab of somebody's own, which is left alone")
        return Crontab(Programs(env), env)

    @staticmethod
    def read() -> bytes:
        """Give what it holds."""
        return subprocess.run(["crontab", "-l"], capture_output=True, check=False).stdout

    @pytest.mark.parametrize("before", [b"", b"# caf\xe9 \x01 odd\n\nMAILTO=\"\"\n0 9 * * 1 echo 'a\\%b'\n"])
    def test_it_takes_our_line_and_gives_every_other_byte_back(self, real: Crontab, before: bytes) -> None:
        """Paths with spaces, quotes and % included."""
        job = Job(("/home/a b/50% 'x'/sso-login",), (("AWS_CONFIG_FILE", "/a\\b%c"),), 5)
        try:
            if before:
                subprocess.run(["crontab", "-"], input=before, check=True)
            assert real.install(job)
            assert not real.install(job)
            assert real.installed()
            assert self.read().startswith(before)
            assert real.remove()
            assert self.read() == before
        finally:
            subprocess.run(["crontab", "-r"], capture_output=True, check=False)
