"""Plain HTTP without a client's opinions: every header is the test's own."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """A reply as it came, with its header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)


def ask(url: str, *, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
    """GET a URL, or POST a form to it; `content_type="..."` becomes the header content-type."""
    parts = urlsplit(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if form is not None:
        named = {"content-type": "application/x-www-form-urlencoded"} | named
    with closing(http.client.HTTPConnection(parts.netloc, timeout=30)) as connection:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(
            "GET" if form is None else "POST", path, None if form is None else urlencode(form), headers=named
        )
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode())


def raw(url: str, request: bytes) -> bytes:
    """Send bytes and give all that comes back until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
