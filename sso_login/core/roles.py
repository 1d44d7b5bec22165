"""Role credentials as they are asked for and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sso_login.core.model import Secret


class RoleKey(NamedTuple):
    """Whose credentials: a session's name, an account of 12 digits, a role."""

    session: str
    account: str
    role: str


@dataclass(frozen=True, slots=True)
class KeptRole:
    """Credentials as they lie in a store: `output` is the very line to print, `binding` that of the login."""

    key: RoleKey
    binding: tuple[str, str, str]
    output: Secret
    expires_at: int
