"""Hands an address over to a browser without its ever standing in a command line, which every user here can read.

The browser is started with an address on 127.0.0.1 that is good once, and is sent on from there.
"""

from __future__ import annotations

import math
import secrets
import threading
from typing import TYPE_CHECKING, Self

from sso_login.adapters.browser import result_page as landing
from sso_login.adapters.browser.listener import Listener
from sso_login.adapters.browser.request_head import query_in

if TYPE_CHECKING:
    from types import TracebackType

    from sso_login.core.model import Secret


class Handover:
    """Waits on 127.0.0.1 from the moment it is made until it is closed; a context manager."""

    def __init__(self, target: Secret) -> None:
        """Listen on a free port; raise SsoLoginError where that cannot be done."""
        self._target = target
        self._taken, self._closed = threading.Event(), threading.Event()
        self._path = f"/{secrets.token_urlsafe(32)}"
        self._listener = Listener()
        self.url = f"http://{self._listener.host}{self._path}"
        self._thread = threading.Thread(target=self._serve, name="handover", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Give the handover."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Listen no more."""
        self._closed.set()
        self._thread.join()
        self._listener.__exit__(kind, error, at)

    def taken(self, seconds: float) -> bool:
        """Wait until a browser has come for it; tell whether one has in that time."""
        return self._taken.wait(seconds)

    def _serve(self) -> None:
        self._listener.answer(self._reply, seconds=math.inf, on=lambda: not self._closed.is_set())

    def _reply(self, head: bytes) -> tuple[bytes, bool]:
        query_in(head, host=self._listener.host, path=self._path)
        if self._taken.is_set():  # by the first who came, and never given back
            return landing.used(), False
        self._taken.set()
        return landing.sent_on(self._target.reveal()), False
