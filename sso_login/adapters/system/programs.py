r"""Which program a name means and the command line that starts it: on Windows by PATH, PATHEXT and for batch files.

CreateProcess starts .exe alone and looks in the current folder first; `npm`, `cdk` and `az` are .cmd files there. So
the file is found here, never in the current folder unless the name says so (`.\tool`), and a batch file is started by
cmd.exe with a command line in which no argument can become a command.
"""

from __future__ import annotations

import errno
import ntpath
import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_BATCH: Final = (".bat", ".cmd")
_STARTABLE: Final = (".com", ".exe", *_BATCH)
_PATHEXT: Final = ".COM;.EXE;.BAT;.CMD"
# What launchd and systemd give to the programs of a desktop session, where nobody has set more.
_DESKTOPS: Final = {
    "darwin": ("/usr/bin", "/bin", "/usr/sbin", "/sbin"),
    "linux": ("/usr/local/bin", "/usr/bin", "/bin"),
}
_LONGEST_LINE: Final = 8191  # characters that cmd.exe takes
# Any other ASCII character may mean something to cmd.exe, and stands between quotes.
_PLAIN: Final = frozenset("#$*+-./:?@\\_")
_PERCENT: Final = "%%cd:~,%"  # expands to nothing and a percent sign: cmd.exe has no other way to write one


def startable(command: Sequence[str], env: Mapping[str, str]) -> list[str] | str:
    """Give the command as subprocess takes it on this platform; raise OSError for one that cannot be started."""
    return windows_command(command, env) if sys.platform == "win32" else list(command)


def found(name: str, env: Mapping[str, str]) -> str | None:
    """Find the file that a program's name means, None where there is none."""
    if sys.platform == "win32":
        return windows_program(name, env)
    return shutil.which(name, path=env.get("PATH", os.defpath))


def on_every_path(program: str, *, platform: str = sys.platform) -> bool:
    """Tell whether programs that a desktop starts find it, too; Windows gives them the PATH that shells have."""
    return platform == "win32" or program.rpartition("/")[0] in _DESKTOPS.get(platform, _DESKTOPS["linux"])


def windows_command(
    command: Sequence[str], env: Mapping[str, str], *, there: Callable[[str], bool] = os.path.isfile
) -> list[str] | str:
    """Give the command with its program found, a batch file's as one line for cmd.exe; raise OSError."""
    program = windows_program(command[0], env, there=there)
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "not found", command[0])
    if not program.lower().endswith(_BATCH):
        return [program, *command[1:]]
    root = env.get("SYSTEMROOT") or r"C:\Windows"
    line = batch_line(ntpath.join(root, "System32", "cmd.exe"), program, command[1:])
    if len(line) > _LONGEST_LINE:
        raise OSError(errno.E2BIG, "its command line is too long for a batch file", program)
    return line


def windows_program(name: str, env: Mapping[str, str], *, there: Callable[[str], bool] = os.path.isfile) -> str | None:
    """Find what Windows could start under that name, None where there is nothing."""
    return next(filter(there, _candidates(name, env)), None)


def _candidates(name: str, env: Mapping[str, str]) -> Iterator[str]:
    if not name or "\0" in name:
        return
    listed = [ext.strip().lower() for ext in (env.get("PATHEXT") or _PATHEXT).split(";")]
    endings = [ext for ext in listed if ext in _STARTABLE] or list(_STARTABLE)
    whole = ntpath.splitext(name)[1].lower() in _STARTABLE
    for folder in [""] if ntpath.basename(name) != name or ":" in name else _folders(env):
        path = ntpath.normpath(ntpath.join(folder, name))
        if whole:
            yield path
        yield from (path + ending for ending in endings)


def _folders(env: Mapping[str, str]) -> Iterator[str]:
    """List the folders of PATH; a relative one is the current folder by another name, and passed over."""
    for entry in env.get("PATH", "").split(";"):
        folder = entry.strip().strip('"')
        if ntpath.isabs(folder) and ntpath.splitdrive(folder)[0]:
            yield folder


def batch_line(shell: str, script: str, arguments: Sequence[str]) -> str:
    """Write the command line that runs a batch file with exactly these arguments; raise OSError where none can.

    The rules are those of Rust's standard library (1.77.2, after CVE-2024-24576): no autorun, no delayed expansion,
    everything between quotes that is not known to be harmless, percent signs written so that nothing is expanded.
    """
    if any(char in word for word in arguments for char in "\0\r\n"):
        raise OSError(errno.EINVAL, "a batch file takes no argument with a line break", script)
    if '"' in script or "%" in script:
        raise OSError(errno.EINVAL, "cmd.exe cannot be given a file of that name", script)
    words = "".join(f" {_batch_word(word)}" for word in arguments)
    return f'"{shell}" /e:ON /v:OFF /d /c ""{script}"{words}"'


def _batch_word(word: str) -> str:
    plain = word.replace("%", _PERCENT)
    if word and not word.endswith("\\") and all(_harmless(char) for char in word):
        return plain
    quoted, backslashes = "", 0
    for char in plain:
        if char == '"':  # doubled, and so are the backslashes before it
            quoted += "\\" * backslashes + '"'
        backslashes = backslashes + 1 if char == "\\" else 0
        quoted += char
    return f'"{quoted}{chr(92) * backslashes}"'


def _harmless(char: str) -> bool:
    return char.isalnum() or char in _PLAIN if char.isascii() else char.isprintable()


def exit_code(status: int) -> int:
    """Turn a Windows exit status, 32 bits without a sign (0xC000013A after Ctrl-C), into what exit() takes."""
    return status - (1 << 32) if status >= 1 << 31 else status
