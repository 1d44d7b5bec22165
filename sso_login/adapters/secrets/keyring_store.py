"""The OS keyring through `keyring`: the platform's own backend by name, every operation under a deadline.

Never `keyring.get_keyring()`: it follows PYTHON_KEYRING_BACKEND, keyringrc.cfg and whatever is installed, any
of which can silently mean a plaintext file.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from sso_login import layout, shadow
from sso_login.adapters.secrets import keyring_parts as parts
from sso_login.adapters.secrets.lock import politely
from sso_login.adapters.secrets.platforms.vault import platform_vault
from sso_login.adapters.secrets.platforms.words import translated
from sso_login.adapters.system.deadline import within
from sso_login.core.commands import INTO_FILES
from sso_login.core.errors import SaveUnknown, StorageError, StoreTimeout, StoreUnusable
from sso_login.core.message import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.adapters.secrets.platforms.backend import Backend
    from sso_login.adapters.secrets.platforms.vault import Vault

T = TypeVar("T")

_AGAIN: Final = 0.3  # seconds for a keyring that has let this process down before: ten sessions are no ten deadlines
_DUPLICATES: Final = 100  # items under one name that are deleted before giving up
_PROBE: Final = layout.entry("check")
_MISSING: Final = "PasswordDeleteError"


class KeyringEntries:
    """The port Entries over the OS keyring: service is the entry's name, username is `sso-login`."""

    kind = "keyring"

    def __init__(
        self,
        *,
        env: Mapping[str, str],
        interactive: bool,
        notify: Callable[[Notice], None],
        home: str,
        vault: Vault | None = None,
    ) -> None:
        """Use the platform's keyring, prompting only if `interactive`; take turns by a lock in the folder `home`."""
        self._vault = platform_vault() if vault is None else vault
        self._env = env
        self._interactive = interactive
        self._notify = notify
        self._home = home
        self._backend: Backend | None = None
        self._unknown: set[str] = set()
        self._silent = False

    @property
    def backend(self) -> str:
        """Name the backend: `SecretService`, `macOS` or `WinVault`."""
        return self._vault.label

    def check(self) -> None:
        """Prove that the keyring reads, writes and forgets; a locked one asks its owner first, if interactive."""
        self.read(_PROBE)
        self.write(_PROBE, "written and removed to see that the keyring works")
        self.delete(_PROBE)

    def look(self) -> None:
        """See that the keyring reads, without a prompt and without leaving anything, not even the file of a lock.

        Raises StoreTimeout, StoreUnusable.
        """
        slots = self._translated(self._slots)

        def ready_then_look() -> None:
            self._vault.ready(self._env, interactive=False)
            slots.get(_PROBE)

        within(self._seconds, lambda: self._translated(ready_then_look), on_timeout=self._no_answer)

    def read(self, entry: str) -> str | None:
        """Give the text, None where there is no such entry; raise StoreTimeout, StoreUnusable, BadRecord.

        Unattended the fast reader is asked first; `keyring` costs many times as much, and judges what that left alone.
        """
        found = None if self._interactive or self._silent else self._vault.fast(entry, self._env)
        if found is not None:
            return found
        return self._bounded(lambda slots: parts.read(slots, entry), on_timeout=self._no_answer)

    def write(self, entry: str, text: str) -> None:
        """Keep the text, whole or not at all; raise StoreUnusable, and SaveUnknown after a timeout and ever after."""
        self._changed(entry, lambda slots: parts.write(slots, entry, text))

    def delete(self, entry: str) -> bool:
        """Forget the entry, duplicates and parts included; tell whether there was one; raise as `write` does."""
        return self._changed(entry, lambda slots: parts.delete(slots, entry))

    def found(self, _beginning: str) -> list[str]:
        """List nothing: a keyring cannot be searched by how a name begins."""
        return []

    def _changed(self, entry: str, action: Callable[[parts.Slots], T]) -> T:
        def unknown() -> SaveUnknown:
            self._unknown.add(entry)
            message = f"the {self.backend} keyring did not confirm a change in time; it may still land"
            return SaveUnknown(
                message, hint=f"Unlock or restart the keyring, then see `sso-login status`, {INTO_FILES}"
            )

        if entry in self._unknown:
            raise unknown()
        return self._bounded(action, on_timeout=unknown)

    def _bounded(self, action: Callable[[parts.Slots], T], *, on_timeout: Callable[[], Exception]) -> T:
        # Imports come first: on a busy machine they would use up the deadline, while others wait for their turn.
        slots = self._translated(self._slots)

        def ready_then_act() -> T:
            self._vault.ready(self._env, interactive=self._interactive)
            return action(slots)

        def timed_out() -> Exception:
            error = on_timeout()
            self._silent = True
            return error

        started = time.monotonic()
        with politely(self._home):
            return within(
                self._seconds - (time.monotonic() - started),
                lambda: self._translated(ready_then_act),
                on_timeout=timed_out,
                on_slow=self._say_slow if self._interactive else None,
            )

    def _slots(self) -> _BackendSlots:
        if self._backend is None:
            try:
                self._backend = self._vault.load()
            except Exception as error:
                said = shadow.explained(error)
                if said is None:
                    raise
                raise StoreUnusable(said[0], hint=said[1]) from error
        return _BackendSlots(self._backend, self._vault)

    def _say_slow(self) -> None:
        self._notify(Notice("waiting for the keyring; it may be asking for its password"))

    def _translated(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except StorageError:
            raise
        except Exception as error:
            raise translated(error, self.backend) from error

    @property
    def _seconds(self) -> float:
        seconds = self._vault.attended if self._interactive else self._vault.unattended
        return min(seconds, _AGAIN) if self._silent else seconds

    def _no_answer(self) -> StoreTimeout:
        message = f"the {self.backend} keyring did not answer within {self._seconds:g} s"
        return StoreTimeout(message, hint=f"Unlock or restart it, {INTO_FILES}")


class _BackendSlots:
    """A `keyring` backend as slots; every call is made in the thread that is under the deadline."""

    def __init__(self, backend: Backend, vault: Vault) -> None:
        self._backend = backend
        self._vault = vault
        self.limit = vault.limit

    def get(self, slot: str) -> str | None:
        return self._backend.get_password(slot, layout.USERNAME)

    def put(self, slot: str, text: str) -> None:
        self._backend.set_password(slot, layout.USERNAME, text)
        left = self._vault.leaves(slot)
        if left is not None:  # the secret of before: keyring on Windows keeps it under another name
            self._dropped_one(left)

    def drop(self, slot: str) -> bool:
        found = False
        for _ in range(_DUPLICATES):
            if not self._dropped_one(slot):
                break
            found = True
        found = self._vault.drop_elsewhere(slot) or found
        if self._there(slot):  # macOS calls every failure PasswordDeleteError, not only a missing entry
            message = f"{slot} cannot be deleted from the {self._vault.label} keyring"
            raise StoreUnusable(message, hint="Delete it with the system's own keyring program.")
        return found

    def _dropped_one(self, slot: str) -> bool:
        try:
            self._backend.delete_password(slot, layout.USERNAME)
        except Exception as error:
            if type(error).__name__ != _MISSING:
                raise
            return False
        return True

    def _there(self, slot: str) -> bool:
        try:
            return self.get(slot) is not None
        except UnicodeDecodeError:
            return True
