"""What goes to and fro until a login is granted; apart from the model, since what comes after a login needs none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_login.core.model import Secret, Token


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The answer of StartDeviceAuthorization (RFC 8628 section 3.2); interval in seconds."""

    code: Secret
    user_code: str
    url: str
    url_complete: str | None
    interval: float
    expires_at: int


@dataclass(frozen=True, slots=True)
class Authorization:
    """One authorization request (RFC 6749 section 4.1.1, RFC 7636): where its answer goes, and what proves it ours."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: Secret
    verifier: Secret


@dataclass(frozen=True, slots=True)
class Redirected:
    """What a browser brought back to the redirect URI: a code, or the error code that stands in its place."""

    code: Secret | None = None
    error: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """One poll's answer while nobody has approved yet; `slow_down` asks for 5 s more between polls from now on.

    `interval` is the least number of seconds between polls from now on, where the answer names one.
    """

    slow_down: bool = False
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Granted:
    """What an authorization code was exchanged for; AWS Sign-In also says who signed in, as `subject`."""

    token: Token
    subject: str = ""
