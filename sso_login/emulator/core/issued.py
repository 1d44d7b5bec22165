"""What the emulated services issue and remember: credentials, sign-in tokens, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: an ARN, its unique id, and the account."""

    arn: str
    user_id: str
    account: str


@dataclass(slots=True)
class Issued:
    """What an access key's id stands for, until an instant in epoch seconds."""

    principal: Principal
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: float


@dataclass(slots=True)
class SigninToken:
    """What a sign-in token stands for; it is forgotten when it is used."""

    principal: Principal
    expires_at: float


@dataclass(frozen=True, slots=True)
class Assumed:
    """An AssumeRole as it was asked for; `by` is the ARN of who asked, None what was not said."""

    by: str
    role_arn: str
    session_name: str
    duration: str | None
    external_id: str | None
    region: str
