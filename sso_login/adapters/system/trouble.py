"""What keeps a request from leaving, in words: read from how requests and urllib3 nest their exceptions."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, ReadTimeoutError

from sso_login.core.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REFUSED: Final = re.compile(r"Tunnel connection failed: (\d{3})")
_DIRECTLY: Final = "name the host in NO_PROXY to go without it"


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Walk an exception's causes, in the three ways requests and urllib3 nest them."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__context__, cause.__cause__, getattr(cause, "reason", None), *cause.args]


def is_timeout(cause: BaseException) -> bool:
    """Tell a timeout; a refused connection is one, too, in urllib3's family tree."""
    return isinstance(cause, ConnectTimeoutError | ReadTimeoutError) and not isinstance(cause, NewConnectionError)


def obstacle(causes: Sequence[BaseException]) -> str:
    """Say in the words of the system, never of an exception, why nothing could be sent."""
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "name not resolved"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "the TLS handshake failed"
    said = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.errno), None)
    return (said or "no answer").lower()


def at_proxy(causes: Sequence[BaseException], host: str, proxy: str) -> Unreachable | None:
    """Say what a proxy refused, or that it is not there; None where it is not to blame. Nothing was sent to AWS."""
    if not any(isinstance(cause, ProxyError) for cause in causes):
        return None
    parts = urlsplit(proxy)
    # A proxy's user and password stand before an @.
    name = f"the proxy {parts.netloc.rpartition('@')[2]} (HTTPS_PROXY)"
    status = next((found[1] for cause in causes if (found := _REFUSED.search(str(cause)))), "")
    if not status:
        why = obstacle(causes)
        hint = f"Check HTTPS_PROXY and the VPN, or {_DIRECTLY}."
        return Unreachable(f"cannot reach {host}: {name} does not answer ({why})", hint=hint, sent=False)
    what, hint = _said(status, asked="@" in parts.netloc)
    message = f"cannot reach {host}: {name} {what} (HTTP {status})"
    return Unreachable(message, hint=hint, sent=False, passes=status >= "500")


def _said(status: str, *, asked: bool) -> tuple[str, str]:
    if status == "407":
        helper = "for NTLM or Kerberos name a local helper such as px or cntlm in it"
        if asked:
            return (
                "does not take this user and password",
                f"Write DOMAIN\\user as DOMAIN%5Cuser, special characters percent-encoded; {helper}.",
            )
        return "wants a user and password", f"Write HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT; {helper}."
    if status == "403":
        return "does not allow it", f"Ask its administrator to allow that host, or {_DIRECTLY}."
    if status >= "500":
        return "cannot reach it", f"Try again later; where it never can, {_DIRECTLY}."
    return "refused", f"Ask its administrator, or {_DIRECTLY}."
