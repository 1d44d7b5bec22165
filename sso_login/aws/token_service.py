"""AWS STS as the port RoleAssumer: one method, one request, one reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sso_login.aws import sts
from sso_login.oauth.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.credentials import Credentials, RoleStep, TokenService
    from sso_login.core.message import Notice
    from sso_login.core.ports import Clock, Transport


@dataclass(slots=True)
class SecurityTokenService:
    """Speaks to STS at one place."""

    service: TokenService
    transport: Transport
    clock: Clock
    notify: Callable[[Notice], None]
    _line: Line = field(init=False)

    def __post_init__(self) -> None:
        """Lay the line to the service."""
        self._line = Line(self.transport, self.clock, self.notify)

    def assume_role(self, credentials: Credentials, step: RoleStep) -> Credentials:
        """Make an AssumeRole call, signed by those credentials."""
        request = sts.assume_role(self.service, step, credentials, at=self.clock.now())
        return sts.read_assume_role(self._line.sent(request)[0], step)
