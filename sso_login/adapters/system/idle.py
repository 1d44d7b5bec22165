"""Connections that are open and not in use, by where they lead and how."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

from sso_login.adapters.system.trust import Trust  # noqa: TC001 - a named tuple's field

LONGEST: Final = 45.0  # seconds; the load balancers of AWS close after 60


class Closes(Protocol):
    """What holds a connection."""

    def close(self) -> None:
        """Close it."""


class Route(NamedTuple):
    """What two requests must share to use the same connection; `verify` is whom to trust."""

    scheme: str
    netloc: str
    verify: Trust
    proxy: str | None


Holder = TypeVar("Holder", bound=Closes)


class Idle(Generic[Holder]):
    """Keeps up to `most` of them a route, for any number of threads; none longer than `LONGEST`."""

    def __init__(self, most: int, now: Callable[[], float] = time.time) -> None:
        """Start with none; `now` is a clock that goes on while the machine sleeps."""
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._holders: dict[Route, list[tuple[Holder, float]]] = {}

    def take(self, route: Route) -> Holder | None:
        """Give the one used last, which its server has had the least time to close; None where there is none.

        One that has been idle for longer is closed: a server or a router on the way may have forgotten it without a
        word, above all while the machine slept, and a request would wait for an answer until its deadline.
        """
        with self._lock:
            idle = self._holders.get(route)
            while idle:
                holder, since = idle.pop()
                if 0 <= self._now() - since <= LONGEST:
                    return holder
                holder.close()
            return None

    def keep(self, route: Route, holder: Holder) -> None:
        """Keep it for the next request, or close it where there are enough."""
        with self._lock:
            idle = self._holders.setdefault(route, [])
            if len(idle) < self._most:
                idle.append((holder, self._now()))
                return
        holder.close()
