"""The token of a long piece of work: renewed when it is about to expire, and once where the service refuses it."""

from __future__ import annotations

import shlex
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core.errors import LoginRequired, ServiceError, SsoLoginError
from sso_login.flows.renewal import Want, ensured, stale_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.model import Token
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen

Answer = TypeVar("Answer")
MARGIN: Final = 60.0  # seconds that must be left of a token which is sent


class Bearer:
    """Gives a session's token to calls from any number of threads."""

    def __init__(self, ports: Ports, chosen: Chosen) -> None:
        """Ask for nothing yet."""
        self._ports = ports
        self._chosen = chosen
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._over: SsoLoginError | None = None  # why there is no other token, once one was refused
        self._told = False

    def used(self, call: Callable[[Token], Answer]) -> Answer:
        """Make the call with the token; where that is refused, once more with another one.

        Raises what `ensured` raises, and LoginRequired where a second token was refused.
        """
        token = self._current()
        while True:
            try:
                return call(token)
            except ServiceError as error:
                if error.code != "unauthorized":
                    raise
                token = self._another(token, error)

    def _current(self) -> Token:
        with self._lock:
            if self._token is None or not self._token.usable(self._ports.clock.now(), MARGIN):
                self._token = self._ensured()
            return self._token

    def _ensured(self) -> Token:
        outcome = ensured(self._ports, self._chosen, Want(min_ttl=MARGIN, keep_young=True))
        notice = stale_notice(outcome)
        if notice and not self._told:
            self._told = True
            self._ports.notify(notice)
        return outcome.session.token

    def _another(self, refused: Token, error: ServiceError) -> Token:
        """Give a token that is not the refused one: another thread's or process's, or a new one."""
        with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            if self._over:
                raise self._over from error
            self._token = self._ensured()
            if self._token == refused:
                self._token = self._renewed(refused)
            self._over = self._not_even_new()  # from now on
            return self._token

    def _renewed(self, refused: Token) -> Token:
        """Ask for a new token whatever is left of the old one; where that fails it is not tried again."""
        try:
            outcome = ensured(self._ports, self._chosen, Want(min_ttl=MARGIN, force=True))
            if outcome.session.token == refused:
                raise outcome.problem or self._not_even_new()
        except SsoLoginError as error:
            self._over = error
            raise
        return outcome.session.token

    def _not_even_new(self) -> LoginRequired:
        name = self._chosen.name
        return LoginRequired(
            f"the access portal does not take the token of session {name!r}, not even a new one",
            hint=f"Log in with `sso-login device {shlex.quote(name)} --force`.",
        )
