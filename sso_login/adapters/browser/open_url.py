"""Opening a URL in a graphical browser, without waiting for it and without lending it our stdout.

The standard library's webbrowser does neither: it waits for some browsers, gives the terminal to text
browsers, and puts the URL inside other words of a command.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.adapters.system.programs import found, startable
from sso_login.core.errors import UsageProblem
from sso_login.core.model import checked_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# They would take over the terminal, or print the page over it.
TEXT_BROWSERS: Final = frozenset({"www-browser", "lynx", "w3m", "links", "links2", "elinks", "browsh"})
_GRAPHICAL: Final = "x-www-browser:firefox:chromium:chromium-browser:google-chrome:konqueror:epiphany"
_ODD: Final = frozenset("\"'<>\\^`{|}")  # no part of a URL (RFC 3986, but for '), and trouble in a shell script
_STDERR: Final = 2
_MEANINGLESS: Final = "explorer.exe"  # ends with 1 whether it opened something or not
_WINDOWS_WORD: Final = re.compile(r'(?:"[^"]*"|[^\s"])+')


class OpenUrl:
    """Opens URLs with what the environment names: BROWSER, else the platform's own opener.

    An opener that ends with an error within `patience` seconds has failed, and the next one is tried.
    """

    def __init__(self, env: Mapping[str, str], *, patience: float = 2.0) -> None:
        """Keep the environment; the browser gets it, too."""
        self._env = env
        self._patience = patience

    def __call__(self, url: str) -> bool:
        """Start a browser on an https (or loopback) URL; False where there is none, or the URL is not fit."""
        if not _fits(url):
            return False
        if sys.platform == "win32":
            if not self._env.get("BROWSER"):
                return _started_by_windows(url)
        return any(self._started(command) for command in self._commands(url))

    def program(self) -> str | None:
        """Name the program that would be started, None where there is none; starts nothing."""
        if sys.platform == "win32":
            if not self._env.get("BROWSER"):
                return "the default browser"
        return next(filter(None, (self._found(command) for command in self._commands("https://localhost"))), None)

    def _found(self, command: list[str]) -> str | None:
        if Path(command[0]).stem in TEXT_BROWSERS:
            return None
        return found(command[0], self._env)

    def _commands(self, url: str) -> Iterator[list[str]]:
        if self._env.get("BROWSER"):
            yield from chosen(self._env["BROWSER"], url)
        elif sys.platform == "darwin":
            yield ["/usr/bin/open", url]
        else:
            yield from desktop_openers(self._env, url)

    def _started(self, command: list[str]) -> bool:
        program = self._found(command)
        if program is None:
            return False
        env = dict(self._env)
        if Path(program).name == "xdg-open":
            env.setdefault("BROWSER", _GRAPHICAL)  # its own list ends with text browsers
        output = _output()
        try:
            child = subprocess.Popen(  # noqa: S603 - a program the user chose, and one word that was checked
                startable([program, *command[1:]], env),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=sys.platform != "win32",  # so that Ctrl-C at our prompt leaves the browser alone
            )
        except (OSError, ValueError):
            return False
        threading.Thread(target=child.wait, name="browser", daemon=True).start()
        try:
            return child.wait(self._patience) == 0 or Path(program).name == _MEANINGLESS
        except subprocess.TimeoutExpired:
            return True


def desktop_openers(
    env: Mapping[str, str], url: str, *, in_wsl: Callable[[Mapping[str, str]], bool] | None = None
) -> Iterator[list[str]]:
    """List Linux's openers: those of the Windows around it first, and xdg-open only with a display.

    Over SSH without a display nobody sits before either desktop.
    """
    display = bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
    if display or not (env.get("SSH_CONNECTION") or env.get("SSH_TTY")):
        yield ["wslview", url]  # there in WSL only
        if (in_wsl or within_wsl)(env):
            yield [_MEANINGLESS, url]
    if display:
        yield ["xdg-open", url]


def within_wsl(env: Mapping[str, str], *, release: str = "/proc/sys/kernel/osrelease") -> bool:
    """Tell whether this Linux runs inside Windows, by its variables or its kernel's name."""
    if env.get("WSL_DISTRO_NAME") or env.get("WSL_INTEROP"):
        return True
    try:
        return "microsoft" in Path(release).read_text(encoding="utf-8").lower()
    except (OSError, ValueError):
        return False


def _output() -> int:
    """Give the browser our stderr, but never a terminal: its noise would be drawn over the login."""
    try:
        return subprocess.DEVNULL if os.isatty(_STDERR) else _STDERR
    except OSError:
        return subprocess.DEVNULL


def _fits(url: str) -> bool:
    try:
        return not _ODD.intersection(checked_url(url, what="URL"))
    except UsageProblem:
        return False


def chosen(browser: str, url: str, *, windows: bool = sys.platform == "win32") -> Iterator[list[str]]:
    """Read BROWSER: commands between path separators, with `%s` or without; in quotes where a name has blanks.

    Only a word that is `%s` as a whole is replaced: the URL stays one word and never becomes part of a shell's line.
    """
    split = _windows_entries if windows else _posix_entries
    for entry in split(browser):
        words = [word for word in entry if word != "&"]
        if words:
            yield [url if word == "%s" else word for word in words] + ([] if "%s" in words[1:] else [url])


def _posix_entries(browser: str) -> Iterator[list[str]]:
    for entry in browser.split(":"):
        try:
            yield shlex.split(entry)
        except ValueError:
            continue


def _windows_entries(browser: str) -> Iterator[list[str]]:
    """Split as Windows does, where a backslash is a backslash; a path may have blanks without quotes, too."""
    for entry in re.findall(r'(?:"[^"]*"|[^;"])+', browser):
        plain = entry.strip()
        if os.path.isfile(plain):  # noqa: PTH113 - a string that may hold anything
            yield [plain]
        else:
            yield [word.replace('"', "") for word in _WINDOWS_WORD.findall(plain)]


if sys.platform == "win32":

    def _started_by_windows(url: str) -> bool:
        try:
            os.startfile(url)  # noqa: S606 - the platform's way; the URL was checked
        except OSError:
            return False
        return True
