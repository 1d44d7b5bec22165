"""The port Receiver without a listener: what a browser elsewhere ended with is pasted by hand."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import LoginFailed
from sso_login.core.message import Notice
from sso_login.core.model import CALLBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Redirected

_REMOTE: Final = "Start again with `sso-login signin --remote`, and paste the code that this login's own page shows."
_AGAIN: Final = "Start again with `sso-login browser --paste`, and paste what the browser shows in the end."


class Pasted:
    """Takes the address at a terminal.

    The port is one that nobody needs to listen on: on the machine with the browser the address is meant to lead
    nowhere, so that it stays in the address bar.
    """

    def __init__(self, port: int = 0, *, ask: Callable[[float], str | None], notify: Callable[[Notice], None]) -> None:
        """Name that port, or one by chance for 0; `ask` reads a line within so many seconds, None where none comes."""
        self._host = f"127.0.0.1:{port or 49152 + secrets.randbelow(16384)}"
        self._ask = ask
        self._notify = notify

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://{self._host}{CALLBACK}"

    def receive(self, judge: Callable[[str], Redirected | None], *, seconds: float) -> Redirected | None:
        """Ask until an address like ours comes; raise LoginFailed for one that is the end of another login."""
        end = time.monotonic() + seconds
        while (line := self._ask(max(0.0, end - time.monotonic()))) is not None:
            host, query = _split(line)
            if host == self._host:
                answer = judge(query)
                if answer is not None:
                    return answer
            if host:
                raise LoginFailed("the address that was pasted is the end of another login", hint=_AGAIN)
            if line.strip():
                self._notify(Notice(f"that is not the address: it begins with {self.redirect_uri}?", warning=True))
        return None


class PastedCode:
    """Takes the code that a page of AWS shows: base64 of the query `code=...&state=...`."""

    def __init__(
        self, redirect_uri: str, *, ask: Callable[[float], str | None], notify: Callable[[Notice], None]
    ) -> None:
        """Name that page; `ask` reads a line within so many seconds, None where none comes."""
        self.redirect_uri = redirect_uri
        self._ask = ask
        self._notify = notify

    def receive(self, judge: Callable[[str], Redirected | None], *, seconds: float) -> Redirected | None:
        """Ask until a code comes; raise LoginFailed for one that is the end of another login."""
        end = time.monotonic() + seconds
        while (line := self._ask(max(0.0, end - time.monotonic()))) is not None:
            query = _decoded(line)
            if query:
                answer = judge(query)
                if answer is not None:
                    return answer
                raise LoginFailed("the code that was pasted is the end of another login", hint=_REMOTE)
            if line.strip():
                self._notify(Notice("that is not the code: copy all of it from the page", warning=True))
        return None


def _decoded(line: str) -> str:
    """Read the query out of a code, empty for what is none; line breaks of a copy do not matter."""
    try:
        plain = "".join(line.split()).replace("-", "+").replace("_", "/")
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except ValueError:
        return ""
    return text if "=" in text and text.isascii() and text.isprintable() else ""


def _split(line: str) -> tuple[str, str]:
    """Give the host and port, and the query, of an address that is the end of a login, else nothing."""
    # Some browsers show and copy an address without its scheme.
    address, mark, query = line.strip().removeprefix("http://").partition("?")
    host, slash, path = address.partition("/")
    right = mark and host and slash + path == CALLBACK and len(line.split()) == 1
    return (host, query.partition("#")[0]) if right else ("", "")
