"""The service over HTTP on 127.0.0.1: keep-alive, bounded bodies, quiet, and every socket closed at the end."""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sso_login.emulator.core.reply import Reply, json_reply
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BODY: Final = 64 * 1024
_IDLE: Final = 75.0
_DRAIN: Final = 1024 * 1024
_NO_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: the service behind it, its URL and its start URL."""

    service: Service
    url: str
    start_url: str


@contextmanager
def running(
    settings: Settings | None = None, *, port: int = 0, now: Callable[[], float] = time.time
) -> Iterator[Emulator]:
    """Serve on 127.0.0.1 in a thread while the block runs; port 0 takes a free one; OSError where it is taken."""
    server = _Server(port)
    try:
        service = server.service = Service(settings or Settings(), url=f"http://127.0.0.1:{server.port}", now=now)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Emulator(service, service.url, service.start_url)
        finally:
            server.shutdown()
            thread.join()
    finally:
        server.server_close()


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows it would let another program take the port over
    request_queue_size = 128
    service: Service

    def __init__(self, port: int) -> None:
        self.stopping = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.port

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - typeshed's own types
        thread = threading.Thread(target=self._process, args=(request, client_address), daemon=True)
        with self._guard:
            self._open[thread] = request
        thread.start()

    def _process(self, request: socket.socket, client_address: object) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - typeshed's own types
        """Say nothing of clients that went away; anything else is a bug of ours and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Close the listening socket and every connection, and wait for their threads."""
        self.stopping.set()
        super().server_close()
        with self._guard:
            still_open = dict(self._open)
        for connection in still_open.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still_open:
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sso-login-emulator"
    sys_version = ""
    timeout = _IDLE
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: request lines hold user codes, and the service keeps its own log."""

    def _answer(self) -> None:
        body = self._body()
        if isinstance(body, Reply):
            self.close_connection = True
            self._send(body)
            return
        parts = urlsplit(self.path)
        # Repeated headers are joined (RFC 9110 section 5.3), so that none can hide behind another.
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        self._send(self.server.service.handle(self.command, parts.path, query=parts.query, headers=headers, body=body))

    def _body(self) -> bytes | Reply:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return json_reply(HTTPStatus.LENGTH_REQUIRED, {"message": "send a Content-Length"})
        if len(length) > 9 or int(length) > MAX_BODY:
            self.rfile.read(min(int(length[:9]), _DRAIN))  # or the reset that follows would eat our answer
            return json_reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": "the body is too large"})
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        # Here, where no lock is held: every connection has a thread of its own, and waits for itself.
        if reply.delay and self.server.stopping.wait(reply.delay):
            self.close_connection = True
            return
        if reply.delivery in {"close", "hang", "reset"}:
            self.close_connection = True
            if reply.delivery == "hang":
                self.server.stopping.wait()
            if reply.delivery == "reset":
                self._reset()
            return
        raw = self._raw(reply)
        if reply.delivery == "whole":
            self.wfile.write(raw)
            return
        for at in range(len(raw)):
            self.wfile.write(raw[at : at + 1])
            if self.server.stopping.wait(reply.pause):
                return

    def _reset(self) -> None:
        """Break the connection off: a socket closed without lingering sends RST, where it would send FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        socket.close(self.connection.detach())

    def _raw(self, reply: Reply) -> bytes:
        length = {"Content-Length": str(len(reply.body)), "Date": self.date_time_string(self.server.service.now())}
        headers = {**length, **reply.headers}
        self.close_connection |= "Content-Length" in reply.headers  # ordered by a fault: it may well be wrong
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
        head = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(head).encode("latin-1") + reply.body
