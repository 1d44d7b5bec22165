"""Opening a URL in a graphical browser, without waiting for it and without lending it our stdout.

The standard library's webbrowser does neither: it waits for some browsers, gives the terminal to text
browsers, and puts the URL inside other words of a command.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import UsageProblem
from sso_login.core.model import checked_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# They would take over the terminal, or print the page over it.
TEXT_BROWSERS: Final = frozenset({"www-browser", "lynx", "w3m", "links", "links2", "elinks", "browsh"})
_ODD: Final = frozenset("\"'<>\\^`{|}")  # no part of a URL (RFC 3986, but for '), and trouble in a shell script
_STDERR: Final = 2


class OpenUrl:
    """Opens URLs with what the environment names: BROWSER, else the platform's own opener."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Keep the environment; the browser gets it, too."""
        self._env = env

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
        if Path(command[0]).name in TEXT_BROWSERS:
            return None
        return shutil.which(command[0], path=self._env.get("PATH", os.defpath))

    def _commands(self, url: str) -> Iterator[list[str]]:
        if self._env.get("BROWSER"):
            yield from _chosen(self._env["BROWSER"], url)
        elif sys.platform == "darwin":
            yield ["/usr/bin/open", url]
        else:
            if self._env.get("DISPLAY") or self._env.get("WAYLAND_DISPLAY"):
                yield ["xdg-open", url]
            yield ["wslview", url]  # there on Windows' Linux only, which needs no display of its own

    def _started(self, command: list[str]) -> bool:
        program = self._found(command)
        if program is None:
            return False
        try:
            child = subprocess.Popen(  # noqa: S603 - a program the user chose, and one word that was checked
                [program, *command[1:]],
                env=dict(self._env),
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,
                stderr=_STDERR,
                start_new_session=True,  # so that Ctrl-C at our prompt leaves the browser alone
            )
        except OSError:
            return False
        threading.Thread(target=child.wait, name="browser", daemon=True).start()
        return True


def _fits(url: str) -> bool:
    try:
        return not _ODD.intersection(checked_url(url, what="URL"))
    except UsageProblem:
        return False


def _chosen(browser: str, url: str) -> Iterator[list[str]]:
    """Read BROWSER: commands between path separators, with `%s` or without.

    Only a word that is `%s` as a whole is replaced: the URL stays one word and never becomes part of a shell's line.
    """
    for entry in browser.split(os.pathsep):
        try:
            words = [word for word in shlex.split(entry, posix=sys.platform != "win32") if word != "&"]
        except ValueError:
            continue
        if words:
            yield [url if word == "%s" else word for word in words] + ([] if "%s" in words[1:] else [url])


if sys.platform == "win32":

    def _started_by_windows(url: str) -> bool:
        try:
            os.startfile(url)  # noqa: S606 - the platform's way; the URL was checked
        except OSError:
            return False
        return True
