"""What AWS Sign-In remembers: requests at its authorize page, codes, logins, and proofs seen; epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from sso_login.emulator.core.family import Family


@dataclass(slots=True)
class ConsoleRequest:
    """What a program asked for at /v1/authorize, until a human decides; `challenge` is PKCE's, of SHA-256."""

    id: str = field(repr=False)
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)
    expires_at: float


@dataclass(slots=True)
class ConsoleLogin(Family):
    """A login by AWS Sign-In; `thumbprint` (RFC 7638) is of the one key its refresh tokens are bound to.

    `outdated` says that the user's password was changed since.
    """

    client_id: str
    thumbprint: str
    expires_at: float
    outdated: bool = False


@dataclass(slots=True)
class ConsoleCode:
    """An authorization code's meaning; `login` is what it was spent for."""

    request: ConsoleRequest
    expires_at: float
    login: ConsoleLogin | None = None


@dataclass(slots=True)
class Console:
    """Everything AWS Sign-In remembers; ids of requests, codes and refresh tokens are keys.

    `proofs` tells of each DPoP proof's jti until when its iat would be good.
    """

    requests: dict[str, ConsoleRequest] = field(default_factory=dict, repr=False)
    codes: dict[str, ConsoleCode] = field(default_factory=dict, repr=False)
    logins: dict[str, ConsoleLogin] = field(default_factory=dict, repr=False)
    proofs: dict[str, float] = field(default_factory=dict, repr=False)

    def remember(self, wanted: ConsoleRequest, now: float) -> None:
        """Keep a request until it is decided, and let go of those that nobody decided in time."""
        waiting = {key: found for key, found in self.requests.items() if now < found.expires_at}
        self.requests = {**waiting, wanted.id: wanted}

    def first_seen(self, jti: str, *, until: float, now: float) -> bool:
        """Tell whether a proof was never seen before, and remember it until its iat is too old anyway."""
        self.proofs = {key: end for key, end in self.proofs.items() if now <= end}
        if jti in self.proofs:
            return False
        self.proofs[jti] = until
        return True
