"""Every byte a human reads; results go to stdout, all else to stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from sso_login import layout, stdout
from sso_login.core import times
from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sso_login.cli.output.drawn import Panel
    from sso_login.core.granting import DeviceCode
    from sso_login.core.message import Notice, Waiting
    from sso_login.core.model import Session
    from sso_login.core.ports import Store
    from sso_login.flows.select.session import Chosen

NARROW: Final = 20  # columns; no terminal that anybody reads on is narrower
HEADS: Final = {"error:": "bold red", "hint:": "cyan", "warning:": "yellow"}  # by what a message begins with
PHISHING: Final = "Approve only a code you asked for yourself, and only if the page shows this very code."


class StdoutClosed(Exception):
    """The reader of stdout went away: end without a word."""


def printable(text: str) -> str:
    """Make text safe for a terminal: escape sequences, bidi controls and line breaks become a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)


def wrapped(line: str, stream: TextIO) -> str:
    """Break a line between words where a terminal would break it anywhere; a long word (a URL) stays whole."""
    if len(line) < NARROW or not stream.isatty():
        return line
    import textwrap

    whole = textwrap.wrap(line, columns(stream), break_long_words=False, break_on_hyphens=False)
    return "\n".join(whole) or line


def with_head(line: str, stream: TextIO) -> str:
    """Paint what a message begins with, where that stream has colours."""
    from sso_login.cli.output.colour import coloured, painted

    head = line[: line.find(":") + 1]
    return painted(head, HEADS[head], on=coloured(stream)) + line[len(head) :] if head in HEADS else line


def columns(stream: TextIO) -> int:
    """Tell how wide a terminal is: COLUMNS, else stdout's width, else (where that is a pipe) the stream's own."""
    import shutil

    from sso_login.cli.output.live import window

    return max(NARROW, shutil.get_terminal_size(window(stream)).columns)


def counted(number: int, noun: str) -> str:
    """Say how many there are: `1 role`, `2 roles`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def rfc3339(instant: float | None) -> str | None:
    """Write an instant as the JSON shapes have it: UTC, whole seconds."""
    return None if instant is None else times.rfc3339(instant)


def written(value: object) -> str:
    """Write a value as JSON on one line."""
    import json

    return json.dumps(value)


def out(text: str) -> None:
    """Write a result to stdout, raw, and see it leave; raises StdoutClosed or an SsoLoginError."""
    stream: TextIO | None = sys.stdout  # None where it was closed before we began
    if stream is None:
        raise SsoLoginError(stdout.CLOSED, hint=stdout.HINT)
    try:
        _put(text, stream)
    except OSError as error:
        said = stdout.explained(error)
        if said is None:
            raise StdoutClosed from None
        raise SsoLoginError(said, hint=stdout.HINT) from error


def _put(text: str, stream: TextIO) -> None:
    """Write past the stream's buffer, so that nothing of it is left to be flushed later, or written twice."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        descriptor = -1  # no file: a test's, or that of a program that has us inside
    if descriptor < 0 or (sys.platform == "win32" and stream.isatty()):  # a console there takes no bytes
        stream.write(text)
        stream.flush()
        return
    stream.flush()
    stdout.write(text.encode(stream.encoding or "utf-8", stream.errors or "backslashreplace"), descriptor)


@dataclass
class Render:
    """Writes to the human, or as JSON lines to a machine when `as_json`; no word on success when `quiet`.

    A login is drawn by the `panel`, where there is one.
    """

    as_json: bool = False
    quiet: bool = False
    panel: Panel | None = None
    about: Chosen | None = None  # the session that this run is about, for the commands in hints
    shell: str = "sh"  # that reads those commands
    _waited_for: str = ""

    def line(self, text: str = "") -> None:
        """Write one line on stderr."""
        self._write([text])

    def say(self, text: str) -> None:
        """Write one line on stderr that nobody misses who asked for quiet."""
        if not self.quiet:
            self._write([text])

    def picture(self, lines: Sequence[str]) -> None:
        """Write lines on stderr that are not to be wrapped, whatever the width."""
        self._write(lines, fold=False)

    def _write(self, lines: Sequence[str], *, fold: bool = True) -> None:
        """Write to stderr; that it is gone is no reason to fail."""
        stream: TextIO | None = sys.stderr
        if stream is None:
            return
        shown = [printable(line) for line in lines]
        with suppress(OSError, ValueError):
            # An object a line, whoever reads: a program may well have given itself a terminal.
            told = fold and not self.as_json
            whole = [with_head(wrapped(line, stream), stream) for line in shown] if told else shown
            text = "".join(f"{line}\n" for line in whole)
            if self.panel:
                self.panel.above(text)
                return
            _put(text, stream)

    def fact(self, value: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
        """Write one JSON value on a line of stdout."""
        out(written(value) + "\n")

    def notice(self, notice: Notice) -> None:
        """Tell something meanwhile."""
        if self.quiet:
            return
        text = self.fitting(_named(notice.text, self.about))
        if self.as_json and notice.warning:
            self.line(written({"warning": text}))
        else:
            self.line(f"warning: {text}" if notice.warning else text)

    def error(self, error: SsoLoginError, *, prefix: str = "", about: Chosen | None = None) -> None:
        """Tell what went wrong and what to do next, with that session."""
        hint = self.fitting(_named(error.hint, about or self.about))
        if self.as_json:
            shape = {"error": type(error).__name__, "message": prefix + error.message, "hint": hint}
            self.line(written({**shape, "exit_code": error.exit_code}))
            return
        lines = [f"error: {prefix}{error.message}", *([f"hint: {hint}"] if hint else [])]
        self._write(lines)  # in one piece: other threads have something to say, too

    def fitting(self, text: str) -> str:
        """Let the commands in a text be those of the shell that is there."""
        if self.shell == "sh":
            return text
        from sso_login.core.shells import fitting

        return fitting(text, self.shell)

    def code(self, chosen: Chosen, code: DeviceCode) -> None:
        """Show the code and where to approve it, and what is being approved."""
        if self.as_json:
            self.fact(
                {
                    "event": "code",
                    "user_code": code.user_code,
                    "verification_uri": code.url,
                    "verification_uri_complete": code.url_complete,
                    "expires_at": rfc3339(code.expires_at),
                }
            )
        self._waited_for = ""
        if self.panel:
            self.panel.code(chosen, code)
            return
        self._logging_in(chosen)
        self.line(f"    Code:  {code.user_code}")
        self.line(f"    Open:  {code.url}")
        if code.url_complete and code.url_complete != code.url:
            self.line(f"    or:    {code.url_complete}")
        self.line()
        self.line(PHISHING)

    def authorize(self, chosen: Chosen, url: str) -> None:
        """Show the address that a browser is sent to, and what is going to be approved there."""
        if self.as_json:
            self.fact({"event": "authorize", "url": url})
        if self.panel:
            self.panel.authorize(chosen, url)
            return
        self._logging_in(chosen)
        self.line(f"    Open:  {url}")
        self.line()

    def _logging_in(self, chosen: Chosen) -> None:
        scopes = ", ".join(chosen.scopes) or "none"
        kind = "profile" if chosen.instance.kind == layout.SIGNIN else "session"
        self.line(f"Logging in to {kind} {chosen.name}: {chosen.instance.described()}, scopes: {scopes}")
        self.line()

    def waiting(self, step: Waiting, *, expires_in: float) -> None:
        """Say what is waited for: once, or as long as it lasts where it is drawn."""
        if self.panel:
            self.panel.waiting(step, expires_in=expires_in)
        elif step.reason != self._waited_for:
            from sso_login.core.times import spoken

            self._waited_for = step.reason
            reason = f"{step.reason[:1].upper()}{step.reason[1:]}"
            self.line(f"{reason}; the code is good for another {spoken(expires_in)}.")

    def browsing(self, seconds: float, *, said: str) -> None:
        """Say that a browser is waited for, so long at most: in these words, or as a line that counts down."""
        if self.panel:
            from sso_login.core.message import Waiting

            self.line()
            self.panel.waiting(Waiting(until=0, reason="waiting for the browser"), expires_in=seconds)
        else:
            self.line(said)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let what is drawn end with the block, however that ends."""
        try:
            yield
        finally:
            if self.panel:
                self.panel.end()

    def signed_in(self, session: Session, store: Store, *, now: float, already: bool = False) -> None:
        """Say that a login is there: name, time left and where it is kept, nothing else."""
        expires_at = session.token.expires_at
        if self.as_json:
            self.fact(
                {
                    "event": "signed_in",
                    "session": session.name,
                    "expires_at": None if session.token.endless else rfc3339(expires_at),
                    "store": store.kind,
                }
            )
        from sso_login.core.times import about

        if self.quiet:
            return
        word = "Already signed in" if already else "Signed in"
        left, place = "as long as it is accepted" if session.token.endless else about(expires_at - now), kept(store)
        if self.panel:
            then = "then renewed by itself" if session.token.refresh else "not renewable"
            who = f"as {session.subject}" if session.instance.kind == layout.SIGNIN else f"to {session.name}"
            self.panel.done(f"{word} {printable(who)} for {left}, {then}; kept in {place}.")
            return
        how = "renewed by itself after that" if session.token.refresh else "not renewable"
        if session.instance.kind == layout.SIGNIN:
            self.line(f"{word}: {session.subject} as profile {session.name}, credentials good for {left} ({how}).")
            self.line(f"Kept in {place}; `sso-login credentials --profile {session.name}` gives them.")
            return
        self.line(f"{word}: session {session.name}, token good for {left} ({how}), kept in {place}.")


def _named(hint: str, about: Chosen | None) -> str:
    """Let the commands in a hint name the session."""
    if about is None or "`" not in hint:
        return hint
    from sso_login.core.commands import naming

    stored = about.card is not None or about.source != "flags"
    pinned = about.card is not None and about.card.store == "keyring"
    return naming(hint, about.name, about.instance.kind, stored=stored, in_keyring=pinned)


def kept(store: Store) -> str:
    """Name a store for a person."""
    if store.kind == "keyring":
        return f"the OS keyring ({store.backend})"
    return "the file store" if store.backend == store.kind else f"the file store ({store.backend})"
