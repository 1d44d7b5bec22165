"""For scripts that would rather import than shell out: a token that renews itself, and requests' `auth=` made of it."""

from __future__ import annotations

import logging
import math
import os
import threading
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from sso_login.adapters.system import forks
from sso_login.core.errors import (
    LoginRequired,
    ServiceError,
    SsoLoginError,
    StorageError,
    UnknownSession,
    Unreachable,
    UsageProblem,
)

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from sso_login.core.message import Notice
    from sso_login.core.model import Token
    from sso_login.flows.select.known_cards import EveryCard
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

__all__ = [
    "BearerAuth",
    "LoginRequired",
    "ServiceError",
    "SsoLoginError",
    "StorageError",
    "TokenProvider",
    "Unreachable",
    "UsageProblem",
]

_log: Final = logging.getLogger(__name__)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def _told(notice: Notice) -> None:
    _log.log(logging.WARNING if notice.warning else logging.INFO, "%s", notice.text)


def _real_world(notify: Callable[[Notice], None]) -> World:
    from sso_login.world import World

    return World(dict(os.environ), notify=notify)


class TokenProvider:
    """Gives the bearer token of a login to any number of threads, renewed first if need be; never asks anybody.

    The session is found as `sso-login token` finds it: by `session`, else `profile`, else the environment. Config and
    environment are read at the first token and then kept. What would be a warning is logged as `sso_login.api`.
    """

    def __init__(
        self,
        *,
        session: str | None = None,
        profile: str | None = None,
        build: Callable[[Callable[[Notice], None]], World] = _real_world,
    ) -> None:
        """Read and ask for nothing yet; `build` makes the world, for tests that bring a clock of their own."""
        self._session = session
        self._profile = profile
        self._build = build
        self._lock = threading.Lock()
        self._found: tuple[World, Chosen] | None = None
        self._token: Token | None = None
        self._warned = False
        forks.note(self)

    def renew_in_child(self) -> None:
        """Start afresh in a forked child: another thread may have held the lock, a connection or a half-made world."""
        self._lock = threading.Lock()
        self._found = None

    def __repr__(self) -> str:
        """Name the session, never the token."""
        return f"TokenProvider(session={self._session!r}, profile={self._profile!r})"

    def token(self, min_ttl: float = 60.0) -> str:
        """Give the token, renewed first if less than `min_ttl` seconds are left of it.

        It is kept in memory for so long, so a logout elsewhere is noticed when it would be renewed. One that is still
        valid is given, with a warning, where it cannot be made fresher, and one of the last minute in any case.
        Raises SsoLoginError: UsageProblem, LoginRequired, Unreachable, ServiceError or StorageError, each with a
        `message`, a `hint` and the `exit_code` of the command line; ValueError for a `min_ttl` that is no time.
        """
        if not 0 <= min_ttl < math.inf:
            message = f"min_ttl is a number of seconds, not {min_ttl!r}"
            raise ValueError(message)
        with self._lock:
            world, chosen = self._opened()
            if self._token is None or not self._token.usable(world.clock.now(), min_ttl):
                self._token = None  # whatever happens: what could not be confirmed is not given from memory
                self._token = self._ensured(world, chosen, min_ttl)
            return self._token.access.reveal()

    def _opened(self) -> tuple[World, Chosen]:
        """Find the session once; while there is none, look at config and environment anew each time."""
        if self._found is None:
            world = self._build(_told)
            self._found = world, _chosen(world, session=self._session, profile=self._profile)
        return self._found

    def _ensured(self, world: World, chosen: Chosen, min_ttl: float) -> Token:
        from sso_login.flows.renewal import Want, ensured, stale_notice

        outcome = ensured(world.of(chosen.instance.kind), chosen, Want(min_ttl=min_ttl, keep_young=True))
        notice = stale_notice(outcome)
        if notice and not self._warned:
            world.notify(notice)
        self._warned = notice is not None  # once, until it has gone well again
        return outcome.session.token


def _chosen(world: World, *, session: str | None, profile: str | None) -> Chosen:
    from sso_login.flows.select.session import choose

    try:
        return choose(world.config, _cards(world), world.env, session=session, profile=profile)
    except UnknownSession:
        if session:
            for each in (world, world.oauth):  # one that is known by a card alone, which cannot be read, says so
                each.cards.read(session)
        raise


def _cards(world: World) -> EveryCard:
    from sso_login.core.model import OAUTH, SSO
    from sso_login.flows.select.known_cards import EveryCard, KnownCards

    def passed_over(_name: str, _error: StorageError) -> None:
        """Do nothing: it is in nobody's way but its own session's, whose renewal reads it again."""

    ours, issued = (KnownCards(world.of(kind).cards, kind, passed_over) for kind in (SSO, OAUTH))
    return EveryCard(ours, issued)


class Prepared(Protocol):
    """What is needed of a request that is about to be sent; requests' PreparedRequest is one."""

    @property
    def url(self) -> str | None:
        """Where it goes."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Its headers, to be added to."""


AnyPrepared = TypeVar("AnyPrepared", bound=Prepared)


class BearerAuth:
    """Sets the Authorization header of each request: `requests.get(url, auth=BearerAuth(provider))`."""

    def __init__(self, provider: TokenProvider) -> None:
        """Ask for nothing yet."""
        self._provider = provider

    def __repr__(self) -> str:
        """Name the provider, never the token."""
        return f"BearerAuth({self._provider!r})"

    def __call__(self, request: AnyPrepared) -> AnyPrepared:
        """Add the header; raises UsageProblem where the token would travel without TLS, and what `token` raises."""
        _check(request.url or "")
        request.headers["Authorization"] = f"Bearer {self._provider.token()}"
        return request


def _check(url: str) -> None:
    """Refuse what is neither https nor http to loopback itself; only the host is told, for a query may be a secret."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageProblem("the token is sent to URLs only, and this is none", hint="Write https://HOST/.") from None
    if parts.scheme == "https" and host:
        return
    if parts.scheme != "http" or host not in _LOOPBACK:
        message = f"the token is not sent to {host[:100]!r} without TLS"
        raise UsageProblem(message, hint="Write https://; plain http is for loopback addresses only.")
    if _proxied(host):
        message = f"the token is not sent to {host!r} without TLS through the proxy that the environment names"
        raise UsageProblem(message, hint=f"Add {host} to NO_PROXY.")


def _proxied(host: str) -> bool:
    """Tell whether requests sends plain http to that host through a proxy, which it does for loopback, too."""
    from urllib.request import getproxies, proxy_bypass

    there = getproxies()
    return bool(there.get("http") or there.get("all")) and not proxy_bypass(host)
