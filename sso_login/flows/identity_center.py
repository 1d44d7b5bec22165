"""AWS IAM Identity Center as an Issuer: one method, one request, one reply."""

from __future__ import annotations

from dataclasses import dataclass

from sso_login.core.model import Client, DeviceCode, Instance, Pending, Secret, Token
from sso_login.core.ports import Clock, Transport
from sso_login.protocol import oidc, portal


@dataclass(frozen=True, slots=True)
class IdentityCenter:
    """Speaks SSO-OIDC and the access portal for one instance; implements the port Issuer."""

    instance: Instance
    transport: Transport
    clock: Clock

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Make a RegisterClient call."""
        asked_at = self.clock.now()
        reply = self.transport.send(oidc.register(self.instance, scopes=scopes, grants=grants))
        return oidc.read_client(reply, asked_at, grants)

    def start(self, client: Client) -> DeviceCode:
        """Make a StartDeviceAuthorization call."""
        asked_at = self.clock.now()
        reply = self.transport.send(oidc.start_device_authorization(self.instance, client))
        return oidc.read_device_code(reply, asked_at)

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Make a CreateToken call with the device code."""
        asked_at = self.clock.now()
        reply = self.transport.send(oidc.poll(self.instance, client, code))
        return oidc.read_poll(reply, asked_at)

    def renew(self, client: Client, refresh: Secret) -> Token:
        """Make a CreateToken call with the refresh token."""
        asked_at = self.clock.now()
        reply = self.transport.send(oidc.renew(self.instance, client, refresh))
        return oidc.read_token(reply, asked_at)

    def end(self, token: Token) -> None:
        """Make a Logout call at the access portal."""
        portal.read_logout(self.transport.send(portal.logout(self.instance, token)))
