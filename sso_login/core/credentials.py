"""Accounts, roles and their credentials, as they are listed, asked for and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from sso_login.core.model import Secret


Item = TypeVar("Item")


class RoleKey(NamedTuple):
    """Whose credentials: a session's name, an account of 12 digits, a role."""

    session: str
    account: str
    role: str


@dataclass(frozen=True, slots=True)
class KeptRole:
    """Credentials as they lie in a store: `output` is the very line to print, `binding` that of the login.

    `issued_at` is when they were fetched, 0 where an older version kept them.
    """

    key: RoleKey
    binding: tuple[str, str, str]
    output: Secret
    expires_at: int
    issued_at: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account that a session may use; the portal leaves name and e-mail out where there is none."""

    id: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role (permission set) that a session may take in an account."""

    account: Account
    name: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """Short-lived AWS credentials; `expires_at` in epoch seconds, `account_id` empty where not known."""

    key_id: str
    secret: Secret
    token: Secret
    expires_at: int
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and the token that asks for the next part, None where this was the last."""

    items: tuple[Item, ...]
    next_token: str | None = None


class TokenService(NamedTuple):
    """Where AWS STS is asked: its URL, and the region that requests to it are signed for."""

    url: str
    region: str


@dataclass(frozen=True, slots=True)
class RoleStep:
    """One role of a chain: what AssumeRole is asked for; `duration` in seconds, None for the role's own."""

    arn: str
    session_name: str
    external_id: str | None = None
    duration: int | None = None

    @property
    def account(self) -> str:
        """Give the account that the role is in."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """Give the role's name, without its path."""
        return self.arn.rpartition("/")[2]
