"""Connections that are open and not in use, by where they lead and how."""

from __future__ import annotations

import threading
from typing import Generic, NamedTuple, Protocol, TypeVar


class Closes(Protocol):
    """What holds a connection."""

    def close(self) -> None:
        """Close it."""


class Route(NamedTuple):
    """What two requests must share to use the same connection; `verify` is the CA bundle, True for the usual one."""

    scheme: str
    netloc: str
    verify: str | bool
    proxy: str | None


Holder = TypeVar("Holder", bound=Closes)


class Idle(Generic[Holder]):
    """Keeps up to `most` of them a route, for any number of threads."""

    def __init__(self, most: int) -> None:
        """Start with none."""
        self._most = most
        self._lock = threading.Lock()
        self._holders: dict[Route, list[Holder]] = {}

    def take(self, route: Route) -> Holder | None:
        """Give the one used last, which its server has had the least time to close; None where there is none."""
        with self._lock:
            idle = self._holders.get(route)
            return idle.pop() if idle else None

    def keep(self, route: Route, holder: Holder) -> None:
        """Keep it for the next request, or close it where there are enough."""
        with self._lock:
            idle = self._holders.setdefault(route, [])
            if len(idle) < self._most:
                idle.append(holder)
                return
        holder.close()
