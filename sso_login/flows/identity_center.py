"""AWS IAM Identity Center as an Issuer: one method, one request, one reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sso_login.core.duration import spoken
from sso_login.core.message import Notice, Request, Response
from sso_login.protocol import assignments, oidc, portal
from sso_login.protocol.wire import server_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.message import Page
    from sso_login.core.model import (
        Account,
        Authorization,
        Client,
        Credentials,
        DeviceCode,
        Instance,
        Pending,
        Role,
        Secret,
        Token,
    )
    from sso_login.core.ports import Clock, Transport

SKEW: Final = 300.0  # seconds between this clock and the service's that are worth a word; AWS refuses signatures then


@dataclass(slots=True)
class IdentityCenter:
    """Speaks SSO-OIDC and the access portal for one instance; implements Issuer, CodeIssuer and Assignments.

    Every expiry is counted from the local clock at the moment of asking, so a clock that is off harms nothing as long
    as it runs evenly; that it is off is told once.
    """

    instance: Instance
    transport: Transport
    clock: Clock
    notify: Callable[[Notice], None]
    _told: bool = field(default=False, init=False)

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Make a RegisterClient call."""
        reply, asked_at = self._sent(oidc.register(self.instance, scopes=scopes, grants=grants))
        return oidc.read_client(reply, asked_at, grants)

    def start(self, client: Client) -> DeviceCode:
        """Make a StartDeviceAuthorization call."""
        return oidc.read_device_code(*self._sent(oidc.start_device_authorization(self.instance, client)))

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Make a CreateToken call with the device code."""
        return oidc.read_poll(*self._sent(oidc.poll(self.instance, client, code)))

    def authorize_url(self, client: Client, authorization: Authorization) -> str:
        """Give the address of the authorize page."""
        return oidc.authorize_url(self.instance, client, authorization)

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Token:
        """Make a CreateToken call with the code that a browser brought back."""
        return oidc.read_exchange(*self._sent(oidc.exchange(self.instance, client, authorization, code=code)))

    def renew(self, client: Client, refresh: Secret) -> Token:
        """Make a CreateToken call with the refresh token."""
        return oidc.read_token(*self._sent(oidc.renew(self.instance, client, refresh)))

    def end(self, token: Token) -> None:
        """Make a Logout call at the access portal."""
        portal.read_logout(self._sent(portal.logout(self.instance, token))[0])

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """Make a ListAccounts call."""
        return assignments.read_accounts(self._sent(assignments.list_accounts(self.instance, token, after=after))[0])

    def roles(self, token: Token, account: Account, *, after: str | None = None) -> Page[Role]:
        """Make a ListAccountRoles call."""
        request = assignments.list_roles(self.instance, token, account.id, after=after)
        return assignments.read_roles(self._sent(request)[0], account)

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Make a GetRoleCredentials call."""
        request = portal.role_credentials(self.instance, token, account=account, role=role)
        return portal.read_role_credentials(self._sent(request)[0], account=account)

    def _sent(self, request: Request) -> tuple[Response, float]:
        asked_at = self.clock.now()
        reply = self.transport.send(request)
        self._compare(server_time(reply.headers))
        return reply, asked_at

    def _compare(self, there: float | None) -> None:
        ahead = 0.0 if there is None else self.clock.now() - there
        if self._told or abs(ahead) < SKEW:
            return
        self._told = True
        off = f"{spoken(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
        self.notify(Notice(f"this machine's clock is {off} AWS's; set it right (NTP)", warning=True))
