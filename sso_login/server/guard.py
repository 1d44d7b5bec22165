"""Who may have credentials: the head of a request, read strictly, and judged before anything is looked up.

The protocol: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html. A browser cannot be
made to ask here by a page from elsewhere: it would send another Host, an Origin or Sec-Fetch headers, and no token.
"""

from __future__ import annotations

import hmac
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.core.model import Secret

LONGEST_HEAD: Final = 16384  # bytes; what SDKs send has some 300
_END: Final = b"\r\n\r\n"
_LINE: Final = re.compile(rb"([A-Za-z]{1,32}) ([!-~]+) HTTP/1\.([01])")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_PROFILE: Final = "/profile/"


class Refused(Exception):
    """A request that gets nothing; `status` is all that it is told, the text says for a log what is wrong with it."""

    def __init__(self, why: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> None:
        """Keep a few words of our own, nothing of what it held."""
        super().__init__(why)
        self.status = status


class Asked(NamedTuple):
    """What a head says; `keeps` tells whether the connection stays open for another."""

    method: bytes
    target: bytes
    headers: Sequence[tuple[str, bytes]]
    keeps: bool

    def all(self, name: str) -> list[bytes]:
        """Give the values of every header of that name, which is in lower case."""
        return [value for each, value in self.headers if each == name]


def head_in(read: bytes) -> tuple[bytes, bytes] | None:
    """Part the first head from what follows, None while its end is still to come; raise Refused for too long a one."""
    head, end, rest = read.partition(_END)
    if len(head) > LONGEST_HEAD:
        raise Refused("too long")
    return (head, rest) if end else None


def parsed(head: bytes) -> Asked:
    """Read a head; raise Refused for what is not one of HTTP/1, or announces a body."""
    first, *lines = head.split(b"\r\n")
    line = _LINE.fullmatch(first)
    found = [_HEADER.fullmatch(each) for each in lines]
    if line is None or not all(found):
        raise Refused("not a request of HTTP/1")
    headers = [(each[1].decode("ascii").lower(), each[2]) for each in found if each]
    asked = Asked(line[1], line[2], headers, keeps=False)
    if asked.all("transfer-encoding") or set(asked.all("content-length")) - {b"0"}:
        raise Refused("a body")
    said = b",".join(asked.all("connection")).lower()
    return asked._replace(keeps=b"close" not in said and (line[3] == b"1" or b"keep-alive" in said))


class Guard:
    """Knows one door a profile, each with a token of its own: who holds one gets no other profile's credentials."""

    def __init__(self, port: int, tokens: Mapping[str, Secret]) -> None:
        """Guard that port of 127.0.0.1."""
        self._hosts = {b"127.0.0.1:%d" % port, b"localhost:%d" % port}
        self._tokens = {name: token.reveal().encode() for name, token in tokens.items()}
        self._alone = next(iter(tokens)) if len(tokens) == 1 else None

    def admitted(self, asked: Asked) -> str:
        """Name the profile that is asked for, or raise Refused."""
        hosts = asked.all("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            # A name that leads to 127.0.0.1 is how pages from elsewhere get here (DNS rebinding).
            raise Refused("another Host")
        if any(name == "origin" or name.startswith("sec-fetch-") for name, _ in asked.headers):
            raise Refused("from a page in a browser")
        opened = self._opened(asked.all("authorization"))
        if opened is None:
            raise Refused("not the token")
        if asked.method != b"GET":
            raise Refused("not a GET", HTTPStatus.METHOD_NOT_ALLOWED)
        name = self._named(asked.target)
        if name is None:
            raise Refused("another path", HTTPStatus.NOT_FOUND)
        if name != opened:
            raise Refused("the token of another profile")
        return name

    def _opened(self, said: Sequence[bytes]) -> str | None:
        """Name the profile whose token it is; as long whichever, and however much of it, is right."""
        found = None
        for name, token in self._tokens.items():
            if hmac.compare_digest(said[0] if len(said) == 1 else b"", token):
                found = name
        return found

    def _named(self, target: bytes) -> str | None:
        path = target.decode("ascii")
        if path == "/":
            return self._alone
        if not path.startswith(_PROFILE):
            return None
        try:
            name = unquote(path.removeprefix(_PROFILE), errors="strict")
        except UnicodeDecodeError:
            return None
        return name if name in self._tokens and "?" not in path else None


def path_of(name: str) -> str:
    """Write the path at which a profile's credentials are to be had."""
    return _PROFILE + quote(name, safe="")
