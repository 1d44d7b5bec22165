"""Programs as Windows finds and starts them, on any platform: only the look at the disk is made up."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import pytest

from sso_login.adapters.system.programs import (
    batch_line,
    exit_code,
    found,
    on_every_path,
    startable,
    windows_command,
    windows_program,
)

ENV: Mapping[str, str] = {
    "PATH": r';C:\Windows\System32;"C:\Program Files\nodejs";.;tools;\rooted;C:\Users\me\npm',
    "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.JS;.PY",
    "SYSTEMROOT": r"C:\Windows",
}
DISK = {
    r"c:\windows\system32\cmd.exe",
    r"c:\program files\nodejs\node.exe",
    r"c:\program files\nodejs\npm.cmd",
    r"c:\program files\nodejs\npm",
    r"c:\users\me\npm\npm.exe",
    r"c:\users\me\npm\cdk.cmd",
    r"c:\users\me\npm\cdk.js",
    r"c:\users\me\npm\python3.11.exe",
    "evil.exe",
    r"tools\evil.exe",
    r"\rooted\evil.exe",
    r"bin\here.bat",
    "c:odd.exe",
}
CMD = r'"C:\Windows\System32\cmd.exe" /e:ON /v:OFF /d /c '


def there(path: str) -> bool:
    """Tell whether the made-up disk, which folds case, has the file."""
    return path.lower() in DISK


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("node", r"C:\Program Files\nodejs\node.exe"),
        ("NODE.EXE", r"C:\Program Files\nodejs\NODE.EXE"),
        ("npm", r"C:\Program Files\nodejs\npm.cmd"),
        ("cdk", r"C:\Users\me\npm\cdk.cmd"),
        ("cdk.cmd", r"C:\Users\me\npm\cdk.cmd"),
        ("cdk.js", None),
        ("python3.11", r"C:\Users\me\npm\python3.11.exe"),
        ("evil", None),
        ("evil.exe", None),
        (r".\evil", "evil.exe"),
        ("bin/here", r"bin\here.bat"),
        (r"C:odd", "C:odd.exe"),
        (r"c:\windows\system32\cmd.exe", r"c:\windows\system32\cmd.exe"),
        ("", None),
        ("a\0b", None),
        ("no-such", None),
    ],
)
def test_a_program_is_found_by_path_and_pathext(name: str, program: str | None) -> None:
    """In PATH's order, then PATHEXT's; never in the current folder, however PATH names it, unless the name does."""
    assert windows_program(name, ENV, there=there) == program


def test_without_pathext_the_four_that_can_be_started_are_tried() -> None:
    """An empty PATHEXT is none, and one without anything startable is as good as none."""
    for pathext in ("", ".PY;.JS"):
        assert windows_program("npm", {**ENV, "PATHEXT": pathext}, there=there) == r"C:\Program Files\nodejs\npm.cmd"
    assert windows_program("npm", {}, there=there) is None


def test_a_program_keeps_its_arguments_and_a_batch_file_becomes_one_line() -> None:
    """As subprocess takes them: a list is quoted by its rules, a line is left alone."""
    assert windows_command(["node", "a b", "%X%"], ENV, there=there) == [
        r"C:\Program Files\nodejs\node.exe",
        "a b",
        "%X%",
    ]
    assert windows_command(["npm", "run", "a b"], ENV, there=there) == (
        CMD + r'""C:\Program Files\nodejs\npm.cmd" run "a b""'
    )
    with pytest.raises(FileNotFoundError):
        windows_command(["no-such"], ENV, there=there)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain-1.0_x:/@+*#$?", "plain-1.0_x:/@+*#$?"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a&calc.exe", '"a&calc.exe"'),
        ('" & calc.exe & "', '""" & calc.exe & """'),
        (r"ends\ "[:-1], r'"ends\\"'),
        (r"back\"slash", r'"back\\""slash"'),
        ("100%", '"100%%cd:~,%"'),
        ("%PATH%", '"%%cd:~,%PATH%%cd:~,%"'),
        ("^|<>()!", '"^|<>()!"'),
        ("grün", "grün"),
        ("\x7f", '"\x7f"'),
    ],
)
def test_no_argument_of_a_batch_file_can_become_a_command(word: str, written: str) -> None:
    """What is not known to be harmless stands in quotes, and percent signs expand nothing (CVE-2024-24576)."""
    assert batch_line("cmd", "x.cmd", [word]) == f'"cmd" /e:ON /v:OFF /d /c ""x.cmd" {written}"'


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b"])
def test_a_line_break_for_a_batch_file_is_refused(word: str) -> None:
    """A batch file would see half of it, or another command."""
    with pytest.raises(OSError, match="line break"):
        batch_line("cmd", "x.cmd", [word])


def test_what_cmd_cannot_take_is_refused() -> None:
    """A name with a percent sign or a quote, and a line of more than 8191 characters."""
    for script in ("a%b.cmd", 'a"b.cmd'):
        with pytest.raises(OSError, match="name"):
            batch_line("cmd", script, [])
    with pytest.raises(OSError, match="too long") as caught:
        windows_command(["npm", "x" * 9000], ENV, there=there)
    assert caught.value.errno == errno.E2BIG


@pytest.mark.parametrize(
    ("status", "code"), [(0, 0), (1, 1), (255, 255), (0xC000013A, -1073741510), (1 << 31, -(1 << 31))]
)
def test_an_exit_status_of_32_bits_is_one_that_exit_takes(status: int, code: int) -> None:
    """The same bits, with a sign."""
    assert exit_code(status) == code


def test_elsewhere_a_command_is_left_alone() -> None:
    """POSIX's own exec looks it up."""
    assert startable(["x", "%y%"], {}) == ["x", "%y%"]
    assert found("no-such-program", {"PATH": "/nowhere"}) is None


@pytest.mark.parametrize(
    ("platform", "program", "everywhere"),
    [
        ("linux", "/usr/local/bin/sso-login", True),
        ("linux", "/home/me/.local/bin/sso-login", False),
        ("darwin", "/opt/homebrew/bin/sso-login", False),
        ("darwin", "/usr/local/bin/sso-login", False),
        ("freebsd14", "/usr/bin/sso-login", True),
        ("win32", r"C:\Users\me\sso-login.exe", True),
    ],
)
def test_the_desktop_has_a_path_of_its_own(platform: str, program: str, *, everywhere: bool) -> None:
    """What a user installs is often not on it."""
    assert on_every_path(program, platform=platform) == everywhere
