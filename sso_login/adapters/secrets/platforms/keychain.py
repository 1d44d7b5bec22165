"""macOS's keychain: a save updates the item in place, and nobody is asked where nobody is there.

`keyring` deletes an item before it adds the new one, so a kill in between loses the only copy, and each save makes a
new item that no other program was ever allowed to read. Sources: SecItemUpdate, SecKeychainSetUserInteractionAllowed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.adapters.secrets.platforms.backend import Backend

DONE: Final = 0
NOT_FOUND: Final = -25300
DUPLICATE: Final = -25299


class Status(Exception):
    """The keychain answered with a status that is not zero, the only argument."""


class Security(Protocol):
    """The functions of macOS's Security framework that `keyring` does not offer; each gives its OSStatus."""

    def update(self, service: str, account: str, secret: bytes) -> int:
        """Put a secret in the place of the one that an item has; NOT_FOUND where there is no such item."""

    def add(self, service: str, account: str, secret: bytes) -> int:
        """Make an item; DUPLICATE where there is one."""

    def allow_interaction(self, *, allowed: bool) -> int:
        """Let the keychain ask its owner, or let what needs to be asked fail with -25308."""


class Keychain:
    """A `keyring` backend whose saves leave, at every moment, the old secret or the new one."""

    def __init__(self, backend: Backend, security: Callable[[], Security]) -> None:
        """Read and delete through keyring's own backend; the framework is loaded when it is needed."""
        self.backend = backend
        self._security = security

    def get_password(self, service: str, username: str, /) -> str | None:
        """Give the secret, None where there is none."""
        return self.backend.get_password(service, username)

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Update the item in place, or add one where there is none; raise Status."""
        security, secret = self._security(), password.encode()
        status = security.update(service, username, secret)
        if status == NOT_FOUND:
            status = security.add(service, username, secret)
            if status == DUPLICATE:  # another process was faster
                status = security.update(service, username, secret)
        if status != DONE:
            raise Status(status)

    def delete_password(self, service: str, username: str, /) -> None:
        """Forget the secret; raise PasswordDeleteError where there is none."""
        self.backend.delete_password(service, username)


def ready(_env: Mapping[str, str], *, interactive: bool, load: Callable[[], Security] | None = None) -> None:
    """Switch the keychain's questions off unless somebody is there to answer them; for this process alone."""
    status = (load or framework)().allow_interaction(allowed=interactive)
    if status != DONE and not interactive:
        raise Status(status)


def framework() -> Security:
    """Load the framework; raise RuntimeError on any other platform."""
    if sys.platform == "darwin":
        return _Framework()
    raise RuntimeError


if sys.platform == "darwin":
    import ctypes
    import importlib
    from typing import Any

    class _Framework:
        """The framework itself, by way of the marshalling that `keyring` has; run by nobody here yet."""

        def __init__(self) -> None:
            self._api: Any = importlib.import_module("keyring.backends.macOS.api")
            sec, found = self._api._sec, self._api._found  # noqa: SLF001 - the libraries that keyring has loaded
            self._update = sec.SecItemUpdate
            self._update.restype, self._update.argtypes = ctypes.c_int32, (ctypes.c_void_p, ctypes.c_void_p)
            self._allow = sec.SecKeychainSetUserInteractionAllowed
            self._allow.restype, self._allow.argtypes = ctypes.c_int32, (ctypes.c_ubyte,)
            self._data = found.CFDataCreate
            self._data.restype = ctypes.c_void_p
            self._data.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long)

        def update(self, service: str, account: str, secret: bytes) -> int:
            changes = self._api.create_query(kSecValueData=self._bytes(secret))
            return int(self._update(self._item(service, account), changes))

        def add(self, service: str, account: str, secret: bytes) -> int:
            item = self._item(service, account, kSecValueData=self._bytes(secret))
            return int(self._api.SecItemAdd(item, None))

        def allow_interaction(self, *, allowed: bool) -> int:
            return int(self._allow(1 if allowed else 0))

        def _bytes(self, secret: bytes) -> object:
            # An int would become a CFNumber, and a CFString is no secret that an update takes.
            return ctypes.c_void_p(self._data(None, secret, len(secret)))

        def _item(self, service: str, account: str, **more: object) -> Any:  # noqa: ANN401 - a CFDictionary
            kind = self._api.k_("kSecClassGenericPassword")
            return self._api.create_query(kSecClass=kind, kSecAttrService=service, kSecAttrAccount=account, **more)
