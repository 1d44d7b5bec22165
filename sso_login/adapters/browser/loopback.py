"""The one-shot redirect listener on 127.0.0.1 (RFC 8252 section 7.3), as the port Receiver."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sso_login.adapters.browser import result_page as landing
from sso_login.adapters.browser.listener import Listener
from sso_login.adapters.browser.request_head import WrongRequest, query_in
from sso_login.core.model import CALLBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Redirected

    Judge = Callable[[str], Redirected | None]

log = logging.getLogger(__name__)


class Loopback(Listener):
    """Listens from the moment it is made until it is closed; a context manager."""

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://{self.host}{CALLBACK}"

    def receive(self, judge: Judge, *, seconds: float) -> Redirected | None:
        """Wait for the one right request, and show its page; all others get 400 and change nothing."""
        found: Redirected | None = None

        def reply(head: bytes) -> tuple[bytes, bool]:
            nonlocal found
            found = judge(query_in(head, host=self.host, path=CALLBACK))
            if found is None:
                raise WrongRequest("not the answer to this login")
            log.info("redirect: %s", "a code" if found.code else "an error")
            return landing.answered(found), True

        return found if self.answer(reply, seconds=seconds) else None
