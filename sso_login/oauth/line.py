"""The way to one service: one request, one reply, and a word when that service's clock is another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.message import Notice, Request, Response
from sso_login.core.times import spoken
from sso_login.oauth.reply import server_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.ports import Clock, Transport

SKEW: Final = 300.0  # seconds between this clock and the service's that are worth a word; AWS refuses signatures then


class Line:
    """Sends requests as they are; `ahead` is by how many seconds our clock was ahead of the last reply's."""

    def __init__(
        self, transport: Transport, clock: Clock, notify: Callable[[Notice], None], *, whose: str = "AWS"
    ) -> None:
        """Lay it; that a clock is off is told by `notify`, and compared with `whose` it was."""
        self.ahead = 0.0
        self._transport = transport
        self._clock = clock
        self._notify = notify
        self._whose = whose
        self._told = False

    def sent(self, request: Request) -> tuple[Response, float]:
        """Give the reply, and when it was asked for by our clock, from which every expiry is counted.

        So a clock that is off harms nothing as long as it runs evenly; that it is off is told once.
        """
        asked_at = self._clock.now()
        reply = self._transport.send(request)
        there = server_time(reply.headers)
        self.ahead = 0.0 if there is None else self._clock.now() - there
        if not self._told and abs(self.ahead) >= SKEW:
            self._told = True
            off = f"{spoken(abs(self.ahead))} {'ahead of' if self.ahead > 0 else 'behind'}"
            self._notify(Notice(f"this machine's clock is {off} {self._whose}'s; set it right (NTP)", warning=True))
        return reply, asked_at
