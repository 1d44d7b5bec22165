"""The head of an HTTP request to the loopback listener, read strictly: one kind is right, all else is not."""

from __future__ import annotations

import hmac
import re
from typing import Final

LONGEST_LINE: Final = 8192  # bytes of the request line; a code has some 2,000 at most
LONGEST_HEAD: Final = 32768  # bytes of it all: browsers send the cookies of whatever else lives on 127.0.0.1
_END: Final = b"\r\n\r\n"
_LINE: Final = re.compile(rb"([!-~]{1,32}) ([!-~]+) HTTP/1\.[01]")


class WrongRequest(Exception):
    """A request that is not the redirect; says in a few words of our own why, and nothing of what it held."""


def head_in(read: bytes) -> bytes | None:
    """Cut the head out of what was read, None while its end is still to come; raise WrongRequest for too long a one."""
    head, end, _ = read.partition(_END)
    if len(head) > LONGEST_HEAD or len(head.partition(b"\r\n")[0]) > LONGEST_LINE:
        raise WrongRequest("too long")
    return head if end else None


def query_in(head: bytes, *, host: str, path: str) -> str:
    """Give the query of a GET for that path that names this very host and port, or raise WrongRequest."""
    line, *headers = head.split(b"\r\n")
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise WrongRequest("no request line of HTTP/1")
    if matched[1] != b"GET":
        raise WrongRequest("not a GET")
    if _hosts(headers) != [host.encode()]:
        # A name that leads to 127.0.0.1 is how pages from elsewhere get here (DNS rebinding).
        raise WrongRequest("another Host")
    asked, _, query = matched[2].partition(b"?")
    if not hmac.compare_digest(asked, path.encode()):
        raise WrongRequest("another path")
    return query.decode("ascii")


def _hosts(headers: list[bytes]) -> list[bytes]:
    split = (header.partition(b":") for header in headers)
    return [value.strip(b" \t") for name, _, value in split if name.strip().lower() == b"host"]
