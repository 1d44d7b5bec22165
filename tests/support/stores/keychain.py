"""macOS's keychain in memory, as its documents say it behaves: statuses, access by program, questions, a lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from sso_login.adapters.secrets.platforms.keychain import DONE, DUPLICATE, NOT_FOUND

NO_INTERACTION = -25308
CANCELLED = -128


class ApiError(Exception):
    """keyring.backends.macOS.api.Error: status first, then words."""


ApiError.__module__ = "keyring.backends.macOS.api"


@dataclass
class FakeKeychain:
    """One keychain: both the framework's functions and `keyring`'s backend over it.

    `locked` needs a question to its owner, who cancels it; `before` runs before every call, to end the process there.
    """

    items: dict[tuple[str, str], bytes] = field(default_factory=dict)
    locked: bool = False
    questions: bool = True  # whether it may ask
    asked: int = 0
    before: Callable[[str], None] = lambda _call: None

    def _refused(self, call: str) -> int:
        self.before(call)
        if not self.locked:
            return DONE
        if not self.questions:
            return NO_INTERACTION
        self.asked += 1
        return CANCELLED

    def update(self, service: str, account: str, secret: bytes) -> int:
        """Put a secret into an item that is there."""
        refused = self._refused("update")
        if refused:
            return refused
        if (service, account) not in self.items:
            return NOT_FOUND
        self.items[service, account] = secret
        return DONE

    def add(self, service: str, account: str, secret: bytes) -> int:
        """Make an item."""
        refused = self._refused("add")
        if refused:
            return refused
        if (service, account) in self.items:
            return DUPLICATE
        self.items[service, account] = secret
        return DONE

    def allow_interaction(self, *, allowed: bool) -> int:
        """Switch questions on or off."""
        self.questions = allowed
        return DONE

    def get_password(self, service: str, username: str) -> str | None:
        """Read as keyring does, with its classes of errors."""
        status = self._refused("get")
        if status == CANCELLED:
            raise KeyringLocked("marked") from ApiError(status, "Keychain Access Denied")
        if status:
            raise KeyringError("marked") from ApiError(status, "Unknown Error")
        found = self.items.get((service, username))
        return None if found is None else found.decode()

    def set_password(self, service: str, username: str, password: str) -> None:
        """Is not to be used: it deletes before it adds."""
        raise AssertionError(service, username, len(password))

    def delete_password(self, service: str, username: str) -> None:
        """Delete as keyring does: every failure is the same class."""
        status = self._refused("delete") or (DONE if (service, username) in self.items else NOT_FOUND)
        if status:
            raise PasswordDeleteError("marked") from ApiError(status, "x")
        del self.items[service, username]
