"""Every byte a human reads; results go to stdout, all else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TextIO

from sso_login.core.duration import spoken
from sso_login.core.errors import SsoLoginError
from sso_login.core.message import Notice, Waiting
from sso_login.core.model import DeviceCode, Session
from sso_login.core.ports import Store
from sso_login.flows.choose import Chosen
from sso_login.flows.survey import LOGIN_REQUIRED, RENEWABLE, UNREADABLE, VALID, Standing

PHISHING: Final = "Approve only a code you asked for yourself, and only if the page shows this very code."
STATES: Final = {
    VALID: "valid",
    RENEWABLE: "renewable",
    LOGIN_REQUIRED: "login required",
    UNREADABLE: "unreadable",
}


class StdoutClosed(Exception):
    """The reader of stdout went away: end without a word."""


def printable(text: str) -> str:
    """Make text safe for a terminal: escape sequences, bidi controls and line breaks become a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)


def rfc3339(instant: float | None) -> str | None:
    """Write an instant as the JSON shapes have it: UTC, whole seconds."""
    return None if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def out(text: str) -> None:
    """Write a result to stdout, raw, and see it leave; raises StdoutClosed or an SsoLoginError."""
    stream: TextIO | None = sys.stdout  # None where it was closed before we began
    if stream is None:
        raise SsoLoginError("cannot write to stdout: it is closed", hint="Send the output somewhere.")
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _mute_stdout()
        raise StdoutClosed from None
    except OSError as error:
        _mute_stdout()
        raise SsoLoginError(
            f"cannot write to stdout: {error.strerror}", hint="Make room, or send the output elsewhere."
        ) from error


def _mute_stdout() -> None:
    # What is still in the buffer must not fail a second time when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@dataclass
class Render:
    """Writes to the human, or as JSON lines to a machine when `as_json`."""

    as_json: bool = False

    def line(self, text: str = "") -> None:
        """Write one line on stderr."""
        self._write([text])

    def _write(self, lines: Sequence[str]) -> None:
        """Write to stderr; that it is gone is no reason to fail."""
        stream: TextIO | None = sys.stderr
        if stream is None:
            return
        with suppress(OSError, ValueError):
            stream.write("".join(f"{printable(line)}\n" for line in lines))
            stream.flush()

    def fact(self, value: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
        """Write one JSON value on a line of stdout."""
        out(json.dumps(value) + "\n")

    def notice(self, notice: Notice) -> None:
        """Tell something meanwhile."""
        if self.as_json and notice.warning:
            self.line(json.dumps({"warning": notice.text}))
        else:
            self.line(f"warning: {notice.text}" if notice.warning else notice.text)

    def error(self, error: SsoLoginError, *, prefix: str = "") -> None:
        """Tell what went wrong and what to do next."""
        if self.as_json:
            shape = {"error": type(error).__name__, "message": prefix + error.message, "hint": error.hint}
            self.line(json.dumps({**shape, "exit_code": error.exit_code}))
            return
        lines = [f"error: {prefix}{error.message}", *([f"hint: {error.hint}"] if error.hint else [])]
        self._write(lines)  # in one piece: other threads have something to say, too

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
        scopes = ", ".join(chosen.scopes) or "none"
        self.line(f"Logging in to session {chosen.name}: {chosen.instance.described()}, scopes: {scopes}")
        self.line()
        self.line(f"    Code:  {code.user_code}")
        self.line(f"    Open:  {code.url}")
        if code.url_complete and code.url_complete != code.url:
            self.line(f"    or:    {code.url_complete}")
        self.line()
        self.line(PHISHING)

    def waiting(self, step: Waiting, *, expires_in: float) -> None:
        """Say what is waited for."""
        self.line(f"{step.reason[:1].upper()}{step.reason[1:]}; the code is good for another {spoken(expires_in)}.")

    def signed_in(self, session: Session, store: Store, *, now: float, already: bool = False) -> None:
        """Say that a login is there: name, time left and where it is kept, nothing else."""
        expires_at = session.token.expires_at
        if self.as_json:
            self.fact(
                {
                    "event": "signed_in",
                    "session": session.name,
                    "expires_at": rfc3339(expires_at),
                    "store": store.kind,
                }
            )
        word = "Already signed in" if already else "Signed in"
        how = "renewed by itself after that" if session.token.refresh else "not renewable"
        left = spoken(expires_at - now)
        self.line(f"{word}: session {session.name}, token good for {left} ({how}), kept in {kept(store)}.")

    def standings(self, standings: Sequence[Standing], *, now: float) -> None:
        """Draw how the sessions stand."""
        if self.as_json:
            self.fact([_standing_fact(standing, now) for standing in standings])
            return
        if not standings:
            self.line("No sessions yet: none in the AWS config file, and nobody has logged in.")
            return
        out(_table(standings, now))


def kept(store: Store) -> str:
    """Name a store for a person."""
    if store.kind == "keyring":
        return f"the OS keyring ({store.backend})"
    return "the file store" if store.backend == store.kind else f"the file store ({store.backend})"


def _standing_fact(standing: Standing, now: float) -> dict[str, object]:
    expires_at, error = standing.expires_at, standing.error
    return {
        "session": standing.name,
        "start_url": standing.instance.start_url if standing.instance else None,
        "region": standing.instance.region if standing.instance else None,
        "state": standing.state,
        "expires_at": rfc3339(expires_at),
        "seconds_left": None if expires_at is None else max(0, int(expires_at - now)),
        "renewable": standing.renewable,
        "registration_expires_at": rfc3339(standing.registration_expires_at),
        "scopes": list(standing.scopes),
        "store": standing.store,
        "backend": standing.backend,
        "rescued": standing.rescued,
        "error": error.message if error else None,
    }


def _table(standings: Sequence[Standing], now: float) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("SESSION", "STATE", "TOKEN", "REGISTRATION", "RENEWABLE", "STORE", "INSTANCE"):
        table.add_column(heading, overflow="fold")
    for standing in standings:
        table.add_row(*(Text(printable(cell), style=style) for cell, style in _cells(standing, now)))
    console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    with console.capture() as capture:
        console.print(table)
        for remark in _remarks(standings):
            console.print(Text(printable(remark)))
    return capture.get()


def _remarks(standings: Sequence[Standing]) -> Iterator[str]:
    for standing in standings:
        if standing.error and standing.ever_logged_in:
            yield f"{standing.name}: {standing.error.message}. {standing.error.hint}"
        if standing.rescued:
            yield f"{standing.name}: its store did not take the newest tokens; they lie in {standing.rescued}."


def _cells(standing: Standing, now: float) -> list[tuple[str, str]]:
    colour = {VALID: "green", RENEWABLE: "yellow"}.get(standing.state, "red")
    store = standing.store or "-"
    if standing.backend not in {standing.store, None}:
        store = f"keyring ({standing.backend})" if standing.store == "keyring" else f"{standing.backend}"
    instance = standing.instance
    return [
        (standing.name, "bold"),
        (STATES[standing.state], colour),
        (_left(standing.expires_at, now), ""),
        (_left(standing.registration_expires_at, now), ""),
        ({True: "yes", False: "no", None: "-"}[standing.renewable], ""),
        (store, ""),
        (f"{instance.region} {instance.start_url}" if instance else "-", ""),
    ]


def _left(expires_at: int | None, now: float) -> str:
    if expires_at is None:
        return "-"
    return spoken(expires_at - now) if expires_at > now else "expired"
