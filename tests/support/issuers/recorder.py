"""Stands before an issuer that keeps no log of its own: hands every request on, and remembers which it was."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs

from tests.support.issuers.real import Call

_HOPS: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass
class Recorder:
    """Where clients ask, and what was asked; `behind` is the port of the issuer itself."""

    port: int
    behind: int = 0
    calls: list[Call] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address that clients know."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Listen on a free port, in threads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._hand_on(None)

        def do_POST(self) -> None:
            self._hand_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _hand_on(self, body: bytes | None) -> None:
            at = time.time()
            behind = http.client.HTTPConnection("127.0.0.1", made.behind, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOPS}
            behind.request(self.command, self.path, body, headers)
            reply = behind.getresponse()
            content = reply.read()
            behind.close()
            grant = parse_qs((body or b"").decode()).get("grant_type", [""])[0]
            made.calls.append(Call(at, self.path.partition("?")[0], grant, reply.status))
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in _HOPS:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Recorder(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
