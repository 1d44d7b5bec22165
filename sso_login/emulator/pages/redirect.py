"""Redirect URIs: which a public client may register, which then fit, and the replies that lead there or nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import SplitResult, urlencode, urlsplit

from sso_login.emulator.core.reply import Refusal, Reply
from sso_login.emulator.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")  # a name or IPv4, harmless in a CSP
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9:/?\[\]@!$&'()*+,;=._~%-]{1,2048}")  # RFC 3986, but no fragment


class Wanted(Protocol):
    """A request for a code, of which only this matters here: where its answer is sent, and with which state."""

    redirect_uri: str
    state: str


def allowed(uri: str) -> bool:
    """Tell whether a public client may register it: https, or http to loopback; no user, no fragment."""
    parts = _parts(uri)
    if parts is None:
        return False
    return parts.hostname in _LOOPBACK if parts.scheme == "http" else parts.scheme == "https"


def fits(uri: str, registered: Iterable[str]) -> bool:
    """Tell whether it is one of those registered; on loopback any port will do (RFC 8252 section 7.3)."""
    return allowed(uri) and any(_portless(uri) == _portless(known) for known in registered)


def source(uri: str) -> str:
    """Give the CSP source of an allowed redirect URI; the grammar has no IPv6 addresses, so those are all of http."""
    parts = urlsplit(uri)
    if parts.hostname == "::1":
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def on_this_computer(uri: str) -> bool:
    """Tell whether an allowed redirect URI is one of loopback."""
    return urlsplit(uri).hostname in _LOOPBACK


def leading(uri: str, members: Mapping[str, str]) -> Reply:
    """Lead the browser there with those members in the query, by GET (RFC 9700 section 4.12) and without a referrer."""
    joint = "&" if "?" in uri else "?"
    headers = {
        "Location": f"{uri}{joint}{urlencode({name: value for name, value in members.items() if value})}",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Reply(303, headers)


def denied(wanted: Wanted, error: str, description: str) -> Refusal:
    """Refuse by telling the client, with the state it gave."""
    members = {"error": error, "error_description": description, "state": wanted.state}
    return Refusal(error, leading(wanted.redirect_uri, members))


def shown(error: str, why: str) -> Refusal:
    """Refuse by telling the human, since nobody else may be trusted with it."""
    return Refusal(error, stop(400, why))


def stop(status: int, why: str) -> Reply:
    """Show why a sign-in cannot go on."""
    return Reply(status, page.HEADERS, page.stopped(why).encode())


def _parts(uri: str) -> SplitResult | None:
    if not _CHARACTERS.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:  # a port out of range, or brackets that hold no address
        return None
    host = parts.hostname or ""
    usable = port != 0 and "@" not in parts.netloc and (host == "::1" or _HOST.fullmatch(host))
    return parts if usable else None


def _portless(uri: str) -> tuple[str, ...]:
    parts = urlsplit(uri)
    if parts.scheme != "http":  # not loopback: equal or not
        return (uri,)
    return (parts.hostname or "", parts.path, parts.query)
