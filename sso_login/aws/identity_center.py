"""AWS IAM Identity Center as an Issuer and the Portal: one method, one request, one reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sso_login.aws import oidc
from sso_login.oauth.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.credentials import Account, Credentials, Page, Role
    from sso_login.core.granting import Authorization, DeviceCode, Granted, Pending
    from sso_login.core.message import Notice, Request, Response
    from sso_login.core.model import Client, Instance, Secret, Session, Token
    from sso_login.core.ports import Clock, Transport


@dataclass(slots=True)
class IdentityCenter:
    """Speaks SSO-OIDC and the access portal for one instance; implements Issuer and Portal.

    What a renewal does not need is imported where it is used: it has a budget.
    Every expiry is counted from the local clock at the moment of asking.
    """

    instance: Instance
    transport: Transport
    clock: Clock
    notify: Callable[[Notice], None]
    _line: Line = field(init=False)

    def __post_init__(self) -> None:
        """Lay the line to the service."""
        self._line = Line(self.transport, self.clock, self.notify)

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

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Granted:
        """Make a CreateToken call with the code that a browser brought back."""
        from sso_login.core.granting import Granted

        request = oidc.exchange(self.instance, client, authorization, code=code)
        return Granted(oidc.read_exchange(*self._sent(request)))

    def renew(self, session: Session) -> Token:
        """Make a CreateToken call with the refresh token; ValueError for a session without one."""
        if session.token.refresh is None:
            raise ValueError("a session without a refresh token is never renewed")
        return oidc.read_token(*self._sent(oidc.renew(self.instance, session.client, session.token.refresh)))

    def end(self, token: Token) -> None:
        """Make a Logout call at the access portal."""
        from sso_login.aws import portal

        portal.read_logout(self._sent(portal.logout(self.instance, token))[0])

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """Make a ListAccounts call."""
        from sso_login.aws import assignments

        return assignments.read_accounts(self._sent(assignments.list_accounts(self.instance, token, after=after))[0])

    def roles(self, token: Token, account: Account, *, after: str | None = None) -> Page[Role]:
        """Make a ListAccountRoles call."""
        from sso_login.aws import assignments

        request = assignments.list_roles(self.instance, token, account.id, after=after)
        return assignments.read_roles(self._sent(request)[0], account)

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Make a GetRoleCredentials call."""
        from sso_login.aws import portal

        request = portal.role_credentials(self.instance, token, account=account, role=role)
        return portal.read_role_credentials(self._sent(request)[0], account=account)

    def _sent(self, request: Request) -> tuple[Response, float]:
        return self._line.sent(request)
