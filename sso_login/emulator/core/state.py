"""What the service remembers, and what an operation is given to work with; every instant in epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from sso_login.emulator.core.console import Console
from sso_login.emulator.core.family import Family
from sso_login.emulator.core.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.issued import Assumed, Issued, SigninToken
    from sso_login.emulator.core.mint import Mint
    from sso_login.emulator.core.settings import Settings

Decision = Literal["pending", "approved", "denied", "spent"]
_SLOWER: Final = 5.0  # RFC 8628 section 3.5
_JITTER: Final = 0.01  # the client counts its wait on another clock than ours
_MOMENT: Final = 1.0  # so that a waiting client is seen to wait before --approve answers


class Expiring(Protocol):
    """Whatever is over at an instant, which can be brought forward."""

    expires_at: float


@dataclass(slots=True)
class Registration:
    """A client made by RegisterClient; its scopes and grants never change."""

    id: str
    secret: str = field(repr=False)
    name: str
    scopes: tuple[str, ...]
    grants: tuple[str, ...]
    redirects: tuple[str, ...]
    expires_at: float


@dataclass(slots=True)
class SignIn:
    """A portal session: the emulated user's own sign-in, which all logins approved in it share.

    Past `expires_at` nothing in it can be refreshed; `ended` (by logout) kills access tokens as well.
    """

    expires_at: float
    ended: bool = False


@dataclass(slots=True)
class Authorization:
    """A device authorization from its start until its code is spent; `interval` grows with every SlowDown."""

    device_code: str = field(repr=False)
    user_code: str
    client: Registration
    started_at: float
    expires_at: float
    interval: float
    polled_at: float | None = None
    decision: Decision = "pending"
    sign_in: SignIn | None = None

    def too_early(self, now: float) -> bool:
        """Note a poll; tell whether it came before the interval was over, which is 5 s longer from then on.

        The interval is the time between polls (RFC 8628 section 3.2), so the first one is never too early.
        """
        last, self.polled_at = self.polled_at, now
        if last is None or now - last >= self.interval - _JITTER:
            return False
        self.interval += _SLOWER
        return True


@dataclass(slots=True)
class AuthorizationRequest:
    """What a client asked for at the authorization endpoint, until a human decides; `challenge` is PKCE's S256."""

    id: str = field(repr=False)
    client: Registration
    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: float
    nonce: str = ""


@dataclass(slots=True)
class AuthorizationCode:
    """An authorization code's meaning; `login` is what it was spent for."""

    request: AuthorizationRequest
    sign_in: SignIn
    expires_at: float
    login: Login | None = None


@dataclass(slots=True)
class Login(Family):
    """All tokens that descend from one approved code."""

    client: Registration
    sign_in: SignIn

    @property
    def dead(self) -> bool:
        """Tell whether every token of this login was revoked, by reuse or by logout."""
        return self.revoked or self.sign_in.ended


@dataclass(slots=True)
class Access:
    """An access token's meaning."""

    login: Login
    expires_at: float


@dataclass(slots=True)
class State:
    """Everything the service remembers; codes, tokens, and ids of requests and access keys are keys."""

    clients: dict[str, Registration] = field(default_factory=dict, repr=False)
    codes: dict[str, Authorization] = field(default_factory=dict, repr=False)
    requests: dict[str, AuthorizationRequest] = field(default_factory=dict, repr=False)
    authorizations: dict[str, AuthorizationCode] = field(default_factory=dict, repr=False)
    logins: dict[str, Login] = field(default_factory=dict, repr=False)
    access: dict[str, Access] = field(default_factory=dict, repr=False)
    sign_in: SignIn = field(default_factory=lambda: SignIn(0))
    console: Console = field(default_factory=Console)
    credentials: dict[str, Issued] = field(default_factory=dict, repr=False)
    signin_tokens: dict[str, SigninToken] = field(default_factory=dict, repr=False)
    assumed: list[Assumed] = field(default_factory=list, repr=False)
    portal: Throttle = field(default_factory=Throttle)

    def by_user_code(self, user_code: str) -> Authorization | None:
        """Find the authorization of a user code as it was issued."""
        return next((found for found in self.codes.values() if found.user_code == user_code), None)


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request as an operation sees it; header names in lower case, the query's first values.

    `repeated` are the names that the query holds more than once.
    """

    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """What an operation works with: settings, memory, new ids, the service's URL, the time, the request's id."""

    settings: Settings
    state: State
    mint: Mint
    url: str
    key: bytes = field(repr=False)
    now: float
    request_id: str = ""

    @property
    def start_url(self) -> str:
        """The start URL of the emulated instance; an issuer's own URL."""
        return self.url + self.settings.path

    @property
    def called(self) -> str:
        """What that URL is called on a page."""
        return "Issuer" if self.settings.issuer else "Start URL"

    def decide(self, authorization: Authorization, *, approve: bool) -> None:
        """Approve or deny a code, once; approval signs the user in, or joins the sign-in that lives."""
        if authorization.decision != "pending":
            return
        authorization.decision = "approved" if approve else "denied"
        if approve:
            authorization.sign_in = self.signed_in()

    def settle(self, authorization: Authorization) -> None:
        """Approve a pending code by itself where the settings say so and its moment has passed."""
        ripe = authorization.decision == "pending" and self.now >= authorization.started_at + _MOMENT
        if self.settings.approve and ripe:
            self.decide(authorization, approve=True)

    def remember(self, wanted: AuthorizationRequest) -> None:
        """Keep a request until it is decided, and let go of those that nobody decided in time."""
        waiting = {key: found for key, found in self.state.requests.items() if self.now < found.expires_at}
        self.state.requests = {**waiting, wanted.id: wanted}

    def signed_in(self) -> SignIn:
        """Sign the user in, or join the sign-in that lives: its expiry is inherited, only logout restarts the clock."""
        if self.now >= self.state.sign_in.expires_at:
            self.state.sign_in = SignIn(self.now + self.settings.session_lifetime)
        return self.state.sign_in
