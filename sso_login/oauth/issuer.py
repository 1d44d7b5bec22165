"""Any OAuth server as an Issuer: one method, one request, one reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError
from sso_login.core.granting import Granted
from sso_login.core.message import Notice
from sso_login.core.model import Application, Client, Secret
from sso_login.oauth import discovery, grants, token_reply
from sso_login.oauth.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.granting import Authorization, DeviceCode, Pending
    from sso_login.core.message import Request, Response
    from sso_login.core.model import Instance, Session, Token
    from sso_login.core.ports import Clock, Transport

Read = TypeVar("Read")

NEVER: Final = 4102444800  # 2100-01-01: a client that somebody registered by hand does not expire
_ODD: Final = "The issuer answers in a way that no OAuth server should; check its URL and endpoints."


@dataclass(slots=True)
class OAuthIssuer:
    """Speaks to one OAuth server as one application of it; `scopes` are those a device code is asked for with.

    `secret` looks the client secret up; it is asked once, when the first request needs it.
    """

    instance: Instance
    transport: Transport
    clock: Clock
    notify: Callable[[Notice], None]
    secret: Callable[[], Secret | None]
    scopes: tuple[str, ...] = ()
    _app: Application = field(init=False)
    _line: Line = field(init=False)
    _secret: list[Secret | None] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the line to the server."""
        if self.instance.application is None:
            raise ValueError("an instance without an application is no OAuth issuer")
        self._app = self.instance.application
        self._line = Line(self.transport, self.clock, self.notify, whose="the issuer")

    def discovered(self) -> tuple[Instance, tuple[str, ...]]:
        """Ask the issuer where it is spoken to; the instance with that, and the scopes to ask for by default.

        One whose endpoints were configured by hand is not asked. Raises Unreachable, ServiceError.
        """
        if not self.instance.issuer:
            return self.instance, ()
        found = self._metadata(self.instance.issuer)
        whole = replace(self.instance, application=discovery.completed(self._app, found))
        return whole, discovery.default_scopes(found)

    def _metadata(self, issuer: str) -> discovery.Metadata:
        trouble: NotAnAnswer | MalformedReply | None = None
        for request in discovery.requests(issuer):
            try:
                found = discovery.read_metadata(self._line.sent(request)[0], issuer)
            except (NotAnAnswer, MalformedReply) as error:  # another place may have what is right
                trouble = trouble or error
                continue
            if found:
                return found
        raise trouble or discovery.no_metadata(issuer)

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Give the client that was registered by hand; nothing is asked, and its secret stays where it is."""
        del scopes
        now = int(self.clock.now())
        return Client(self._app.client_id, Secret(""), issued_at=now, expires_at=NEVER, grants=grants)

    def start(self, client: Client) -> DeviceCode:
        """Make a device authorization request."""
        del client
        if not self._app.device:
            raise self._without("device codes", "Use `sso-login browser`, or give its device endpoint.")
        request = grants.start(self._app, self._known(), scopes=self.scopes)
        return self._read(request, token_reply.read_device_code)

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Make a token request with the device code."""
        del client
        return self._read(grants.poll(self._app, self._known(), code), token_reply.read_poll)

    def authorize_url(self, client: Client, authorization: Authorization) -> str:
        """Give the address of the authorize page."""
        del client
        if not self._app.authorize:
            raise self._without("logins in a browser", "Use `sso-login device`, or give its authorize endpoint.")
        return grants.authorize_url(self._app, authorization)

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Granted:
        """Make a token request with the code that a browser brought back."""
        del client
        request = grants.exchange(self._app, self._known(), authorization, code=code)
        token = self._read(request, token_reply.read_exchange)
        if "openid" in authorization.scopes:
            token_reply.check_nonce(token, grants.nonce(authorization))
        return Granted(token)

    def renew(self, session: Session) -> Token:
        """Make a token request with the refresh token; the ID token stays where no new one comes.

        ValueError for a session without a refresh token.
        """
        if session.token.refresh is None:
            raise ValueError("a session without a refresh token is never renewed")
        request = grants.renew(self._app, self._known(), session.token.refresh)
        token = self._read(request, token_reply.read_renewed)
        return token if token.id_token else replace(token, id_token=session.token.id_token)

    def end(self, token: Token) -> None:
        """Revoke the refresh token, and with it what came of it; that there is no way to is said."""
        if not self._app.revocation:
            text = f"{self.instance.start_url} has no revocation endpoint: what it issued ends by itself in time"
            self.notify(Notice(text))
            return
        token_reply.read_revoked(self._line.sent(grants.revoke(self._app, self._known(), token))[0])

    def _known(self) -> Secret | None:
        if not self._secret:
            self._secret.append(self.secret())
        return self._secret[0]

    def _without(self, what: str, hint: str) -> ServiceError:
        return ServiceError(f"{self.instance.start_url} offers no {what}", code="no_endpoint", hint=hint)

    def _read(self, request: Request, reader: Callable[[Response, float], Read]) -> Read:
        """Send the request and read its answer; every expiry is counted from the moment of asking."""
        try:
            return reader(*self._line.sent(request))
        except MalformedReply as error:
            raise MalformedReply(error.message, hint=_ODD) from error
