"""Hands an address over to a browser without its ever standing in a command line, which every user here can read.

The browser is started with an address on 127.0.0.1 that is good once, and is sent on from there.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self

from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from types import TracebackType

    from sso_login.core.model import Secret

SILENCE: Final = 5.0  # seconds that a connection may say nothing; browsers open some that they may need later


class Handover:
    """Waits on 127.0.0.1 from the moment it is made until it is closed; a context manager."""

    def __init__(self, target: Secret) -> None:
        """Listen on a free port; raise SsoLoginError where that cannot be done."""
        self._taken = threading.Event()
        path, once = f"/{secrets.token_urlsafe(32)}", threading.Lock()
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(path, target, once=once, taken=self._taken))
        except OSError as error:
            message = f"no port of 127.0.0.1 can be listened on ({error.strerror})"
            raise SsoLoginError(message) from error
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{path}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def __enter__(self) -> Self:
        """Give the handover."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def taken(self, seconds: float) -> bool:
        """Wait until a browser has come for it; tell whether one has in that time."""
        return self._taken.wait(seconds)


def _handler(
    path: str, target: Secret, *, once: threading.Lock, taken: threading.Event
) -> type[BaseHTTPRequestHandler]:
    class Once(BaseHTTPRequestHandler):
        timeout = SILENCE
        server_version, sys_version = "sso-login", ""

        def do_GET(self) -> None:
            host = f"127.0.0.1:{self.connection.getsockname()[1]}"
            right = self.headers.get_all("Host") == [host] and hmac.compare_digest(
                self.path.removesuffix("?").encode(), path.encode()
            )
            # Taken by the first who comes with the right path, and never given back.
            if not right or not once.acquire(blocking=False):
                self.send_error(400)
                return
            self.send_response(303)
            self.send_header("Location", target.reveal())
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()
            taken.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            del format, args  # what was asked for is a secret

    return Once
