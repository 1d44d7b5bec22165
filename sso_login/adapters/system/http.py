"""urllib3 as the port Transport: one whole call under one deadline, nothing trusted and nothing repeated.

requests' Session would bring netrc, cookies, redirects and proxies found by themselves, and cost half a renewal to
import. A connection is closed after its one request, but for requests that allow to keep it: neither listing hundreds
of accounts nor the polls of a login must cost a TLS handshake for each.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
import time
import zlib
from base64 import b64encode
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlencode

from urllib3 import ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from sso_login import __version__
from sso_login.adapters.system.deadline import within
from sso_login.adapters.system.idle import Idle, Route
from sso_login.adapters.system.network import proxy_for, target_of
from sso_login.adapters.system.trouble import at_proxy, causes_of, is_timeout, obstacle
from sso_login.adapters.system.trust import Trust, trust_for
from sso_login.core.errors import CertificateRefused, NotAnAnswer, SsoLoginError, Unreachable
from sso_login.core.message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3 import BaseHTTPResponse

log = logging.getLogger(__name__)
# urllib3 logs URLs with their queries, some of them as warnings: no handler may ever see them.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)

LONGEST_BODY: Final = 1 << 20  # bytes, on the wire and unpacked
CHUNK: Final = 1 << 16
HEADERS: Final = {
    "User-Agent": f"sso-login/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}
MOST_IDLE: Final = 16  # connections kept to one host


class Http:
    """Implements the port Transport for the environment given: AWS_CA_BUNDLE, HTTPS_PROXY and the like."""

    def __init__(self, env: Mapping[str, str], *, bundle: Callable[[], tuple[str, str]] | None = None) -> None:
        """Keep the environment; it is read at each call, since a broken setting is that call's error.

        `bundle` gives the place and value of the profile's `ca_bundle`.
        """
        self._env = env
        self._bundle = bundle
        self._idle = Idle[HTTPConnectionPool](MOST_IDLE)
        self._trusted: Trust | None = None
        self.certificates: dict[str, bytes] | None = None  # by host, as DER, for whoever puts a dict here to see them

    def send(self, request: Request) -> Response:
        """Send the request once; raise Unreachable, CertificateRefused, NotAnAnswer, or ConfigError for a setting."""
        target = target_of(request.url)
        if self._trusted is None:
            self._trusted = trust_for(
                self._env, profile=self._bundle
            )  # reading it takes as long as a request, so once is enough
        route = Route(target.scheme, target.netloc, self._trusted, proxy_for(self._env, request.url))
        attempt = _Attempt(request, target.hostname or "", route=route, idle=self._idle)
        attempt.certificates = self.certificates
        began = time.monotonic()
        try:
            response = within(request.deadline, attempt.run, on_timeout=attempt.late)
        except Unreachable as error:
            log.info("%s: %s after %d ms", request.operation, type(error).__name__, 1000 * (time.monotonic() - began))
            raise
        took = 1000 * (time.monotonic() - began)
        log.info("%s: %d in %d ms, request id %s", request.operation, response.status, took, _request_id(response))
        return response


def _request_id(response: Response) -> str:
    said = response.headers.get("x-amzn-requestid", "")
    return said if said.isascii() and said.replace("-", "").isalnum() and len(said) <= 64 else "none"


class _Attempt:
    """One try of one request: knows whether it left this machine, and can be called off."""

    def __init__(self, request: Request, host: str, *, route: Route, idle: Idle[HTTPConnectionPool]) -> None:
        self.host = host
        self._request = request
        self._prepared = _prepared(request)
        self._route = route
        self._idle = idle
        self._lock = threading.Lock()
        self._sent = self._hooked = False
        self._called_off = False
        self._socket: object = None
        self.certificates: dict[str, bytes] | None = None

    def run(self) -> Response:
        """Send and read the whole reply; runs in a thread of its own."""
        _current.set(self)
        used = self._idle.take(self._route) if self._request.keep_alive else None
        try:
            pool = _pool(self._request.url, self._route) if used is None else used
        except (HTTPError, OSError, ValueError):
            raise self._lost() from None
        whole = False
        try:
            response = self._answer(pool)
            whole = True
        except SsoLoginError:
            raise
        except Exception:  # noqa: BLE001 - the bytes of an answer are anybody's: none of them may end the program
            raise self._odd("cannot be read") if self._left else self._lost() from None
        finally:
            self._done(pool, whole=whole)
        return response

    def _answer(self, pool: HTTPConnectionPool) -> Response:
        reply = self._asked(pool)
        try:
            return Response(reply.status, _lowered(reply.headers), self._body(reply))
        finally:
            reply.close()

    def _done(self, pool: HTTPConnectionPool, *, whole: bool) -> None:
        """Keep the connection after a whole answer where that is allowed, else close it for good."""
        with self._lock:
            kept = whole and self._request.keep_alive and not self._called_off
            connection = self._socket
            if kept:
                self._socket = None  # from now on another attempt's: not to be cut by this one
        if kept:
            self._idle.keep(self._route, pool)
            return
        pool.close()
        if isinstance(connection, socket.socket):
            _drop(connection)

    @property
    def _left(self) -> bool:
        """Tell whether the request may have left: only a hook that is known to stand proves that it has not."""
        return self._sent or not self._hooked

    def _hook(self) -> None:
        """Note that the connection about to be used will tell when the request leaves."""
        self._hooked = True

    def leave(self, connection: object) -> None:
        """Note that the request leaves now, by that socket; raise OSError when it was called off before."""
        if self.certificates is not None and isinstance(connection, ssl.SSLSocket):
            self.certificates[self.host] = connection.getpeercert(binary_form=True) or b""
        with self._lock:
            if self._called_off:
                raise OSError("called off")
            self._sent, self._socket = True, connection

    def late(self) -> Unreachable:
        """Call the try off and say so: what has not left by now never will, so `sent` is certain."""
        with self._lock:
            self._called_off = True
            sent, connection = self._left, self._socket
        if isinstance(connection, socket.socket):
            _cut(connection)
        return self._silence(sent=sent)

    def _silence(self, *, sent: bool) -> Unreachable:
        what = f"{self.host} did not answer" if sent else f"cannot reach {self.host}"
        return Unreachable(f"{what} within {self._request.deadline:g} s", sent=sent, passes=sent)

    def _asked(self, pool: HTTPConnectionPool) -> BaseHTTPResponse:
        self._hook()
        method, url, headers, body = self._prepared
        try:
            return pool.urlopen(
                method,
                url,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._request.deadline,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            # Their texts carry the URL with its query, so they go no further.
            raise self._trouble(list(causes_of(error))) from None

    def _trouble(self, causes: list[BaseException]) -> Unreachable:
        refused = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
        if refused:
            return CertificateRefused(
                f"the certificate of {self.host} is not trusted: {refused.verify_message}", sent=self._left
            )
        if any(is_timeout(cause) for cause in causes):
            return self._silence(sent=self._left)
        if self._left:
            return Unreachable(f"the connection to {self.host} broke before an answer came", sent=True, passes=True)
        return at_proxy(causes, self.host, self._route.proxy or "") or self._lost(obstacle(causes))

    def _lost(self, why: str = "no answer") -> Unreachable:
        return Unreachable(f"cannot reach {self.host}: {why}", sent=False)

    def _body(self, reply: BaseHTTPResponse) -> bytes:
        body = bytearray()
        try:
            for chunk in reply.stream(CHUNK, decode_content=False):
                body += chunk
                if len(body) > LONGEST_BODY:
                    raise self._odd("is larger than 1 MiB")
        except (HTTPError, OSError):
            raise self._odd("broke off") from None
        return self._unpacked(bytes(body), reply.headers.get("content-encoding", "").strip().lower())

    def _unpacked(self, body: bytes, encoding: str) -> bytes:
        """Unpack gzip, which was not asked for but is sent by some proxies; bounded, whatever it unpacks to."""
        if not body or encoding in {"", "identity"}:
            return body
        if encoding not in {"gzip", "x-gzip"}:
            raise self._odd("is packed in a way that was not asked for")
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            plain = unpacker.decompress(body, LONGEST_BODY + 1)
        except zlib.error:
            raise self._odd("is packed wrongly") from None
        if len(plain) > LONGEST_BODY:
            raise self._odd("is larger than 1 MiB")
        if not unpacker.eof:
            raise self._odd("broke off")
        return plain

    def _odd(self, what: str) -> NotAnAnswer:
        return NotAnAnswer(f"the answer of {self.host} to {self._request.operation} {what}", sent=True)


_current: ContextVar[_Attempt] = ContextVar("_current")  # set in the thread that makes the call


class _Plain(HTTPConnection):
    """A connection that tells its attempt when the request is about to leave."""

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own signature, passed on
        _leave(self)
        super().request(*args, **kwargs)


class _Tls(HTTPSConnection):
    """The same over TLS, where connecting includes the proxy's tunnel and the handshake."""

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own signature, passed on
        _leave(self)
        super().request(*args, **kwargs)


def _leave(connection: HTTPConnection) -> None:
    if connection.sock is None:
        connection.connect()
    _current.get().leave(connection.sock)


def _pool(url: str, route: Route) -> HTTPConnectionPool:
    """Make what holds one connection to the URL's host, by the route's proxy; its connections know their attempt."""
    target = parse_url(url)
    trust: dict[str, Any] = {}
    if target.scheme == "https":
        trust = {"cert_reqs": "CERT_REQUIRED", "ssl_context": route.verify.context()}
    pool: HTTPConnectionPool
    if route.proxy:
        manager = ProxyManager(route.proxy, num_pools=1, maxsize=1, proxy_headers=_known_to(route.proxy), **trust)
        pool = manager.connection_from_host(target.host, target.port, target.scheme)
    elif target.scheme == "https":
        pool = HTTPSConnectionPool(target.host or "", target.port, maxsize=1, **trust)
    else:
        pool = HTTPConnectionPool(target.host or "", target.port, maxsize=1)
    pool.ConnectionCls = _Tls if isinstance(pool, HTTPSConnectionPool) else _Plain
    return pool


def _known_to(proxy: str) -> dict[str, str]:
    """Say to a proxy who we are, where its URL does."""
    user, colon, password = (parse_url(proxy).auth or "").partition(":")
    if not user and not colon:
        return {}
    known = f"{unquote(user)}:{unquote(password)}".encode()
    return {"Proxy-Authorization": f"Basic {b64encode(known).decode()}"}


def _prepared(request: Request) -> tuple[str, str, dict[str, str], bytes | None]:
    """Give method, path with query, headers and body as they are sent."""
    closing = {} if request.keep_alive else {"Connection": "close"}
    headers = {**HEADERS, **closing, **request.headers}
    body = None
    if request.json is not None:
        body, headers["Content-Type"] = json.dumps(request.json, allow_nan=False).encode(), "application/json"
    elif request.form is not None:
        body = urlencode(request.form, doseq=True).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return request.method, parse_url(request.url).request_uri, headers, body


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _cut(connection: socket.socket) -> None:
    """Wake the thread that reads from this socket, so that it ends and closes everything itself."""
    with contextlib.suppress(OSError):  # it may be closed already
        # Not the method of SSLSocket, which takes the TLS object away from under the other thread.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _drop(connection: socket.socket) -> None:
    """Close the socket itself, which urllib3 leaves open after an answer that it can make nothing of."""
    with contextlib.suppress(OSError):  # as a rule it is closed already
        socket.close(connection.detach())
