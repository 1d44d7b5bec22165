"""AWS Sign-In as an Issuer: nothing is registered, a key of our own takes that place."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sso_login.aws import signin_api as signin
from sso_login.core import commands
from sso_login.core.errors import BadRecord, ServiceError, UsageProblem
from sso_login.core.model import SIGNIN, Client
from sso_login.oauth import dpop
from sso_login.oauth.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Authorization, DeviceCode, Granted, Pending
    from sso_login.core.message import Notice
    from sso_login.core.model import Instance, Secret, Session, Token
    from sso_login.core.ports import Clock, Transport

NEVER: Final = 4102444800  # 2100-01-01: a key of our own does not expire
WINDOW: Final = 30.0  # seconds that our clock may be off before that is why a proof is refused


@dataclass(slots=True)
class AwsSignIn:
    """Speaks to AWS Sign-In for one region; `remote` says that the browser is on another device.

    A login's `client` is the public client of AWS's that it used; its `secret` the DPoP key that its refresh token is
    bound to (RFC 9449 section 5).
    """

    instance: Instance
    transport: Transport
    clock: Clock
    notify: Callable[[Notice], None]
    remote: bool = False
    _line: Line = field(init=False)

    def __post_init__(self) -> None:
        """Lay the line to the service."""
        self._line = Line(self.transport, self.clock, self.notify)

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Make a key for one login; nothing is asked of AWS."""
        del scopes
        known = signin.CROSS_DEVICE if self.remote else signin.SAME_DEVICE
        return Client(known, dpop.new_key(), issued_at=int(self.clock.now()), expires_at=NEVER, grants=grants)

    def start(self, client: Client) -> DeviceCode:
        """Raise UsageProblem: there is no device code here."""
        del client
        raise _no_device_code()

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Raise UsageProblem: there is no device code here."""
        del client, code
        raise _no_device_code()

    def authorize_url(self, client: Client, authorization: Authorization) -> str:
        """Give the address of the authorize page."""
        return signin.authorize_url(self.instance, client, authorization)

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Granted:
        """Make a CreateOAuth2Token call with the code that a browser brought back."""
        request = signin.exchange(self.instance, client, authorization, code=code, proof=self._proof(client))
        return signin.read_exchange(*self._line.sent(request))

    def renew(self, session: Session) -> Token:
        """Make a CreateOAuth2Token call with the refresh token; ValueError for a session without one.

        BadRecord where its key cannot be read, as after an SDK wrote something else into the login cache.
        """
        if session.token.refresh is None:
            raise ValueError("a session without a refresh token is never renewed")
        try:
            proof = self._proof(session.client)
        except ValueError as error:
            hint = f"Sign in again with `{commands.log_in(session.name, SIGNIN, force=True)}`."
            raise BadRecord(f"the login of profile {session.name!r} cannot be used: {error}", hint=hint) from None
        reply, asked_at = self._line.sent(
            signin.renew(self.instance, session.client, session.token.refresh, proof=proof)
        )
        try:
            token = signin.read_token(reply, asked_at, subject=session.subject)
        except ServiceError as error:
            raise self._understood(error) from error
        return replace(token, id_token=session.token.id_token)  # AWS gives one for a code alone

    def end(self, token: Token) -> None:
        """Do nothing: AWS Sign-In has no way to end a session before its time."""

    def _proof(self, client: Client) -> str:
        # A jti and an iat of its own for every try.
        return dpop.proof(
            client.secret, url=signin.token_url(self.instance), now=self.clock.now(), jti=secrets.token_urlsafe(24)
        )

    def _understood(self, error: ServiceError) -> ServiceError:
        """Tell a login that is over, which AWS calls a request that is not valid, from a clock that is off."""
        if error.code != "invalid_request":
            return error
        if abs(self._line.ahead) > WINDOW:
            hint = "This machine's clock is off, and AWS takes no proof from another time: set it right (NTP)."
            return ServiceError(error.message, code=error.code, request_id=error.request_id, hint=hint)
        hint = signin.HINTS["invalid_grant"]
        return ServiceError(error.message, code="invalid_grant", request_id=error.request_id, hint=hint)


def _no_device_code() -> UsageProblem:
    return UsageProblem("AWS Sign-In has no device code", hint="`sso-login signin` signs in with a browser.")
