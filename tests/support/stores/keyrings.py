"""Keyring backends in memory, as `keyring` would load them: with a size limit, with trouble, or hanging."""

from __future__ import annotations

import threading
from collections.abc import Callable

from keyring.errors import PasswordDeleteError

Contents = dict[tuple[str, str], str]


class FakeBackend:
    """A keyring backend in a dict; beyond `limit` UTF-16 code units it refuses as Windows does.

    `before` runs before every operation with its name and service: to raise, to hang, to stop half-way.
    """

    def __init__(self, contents: Contents | None = None, *, limit: int | None = None) -> None:
        """Start with those contents, which may be shared between backends as one keyring is between processes."""
        self.contents: Contents = {} if contents is None else contents
        self.limit = limit
        self.before: Callable[[str, str], None] = lambda _operation, _service: None

    def get_password(self, service: str, username: str) -> str | None:
        """Give the secret, None where there is none."""
        self.before("get", service)
        return self.contents.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret, or refuse one that is too long with an error that is no KeyringError."""
        self.before("set", service)
        if self.limit is not None and len(password.encode("utf-16-le")) > 2 * self.limit:
            raise error(1783, "CredWrite", "The stub received bad data.")
        self.contents[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret, or say that there is none."""
        self.before("delete", service)
        if self.contents.pop((service, username), None) is None:
            message = "No such password!"
            raise PasswordDeleteError(message)


class error(Exception):  # noqa: N801 - named as pywintypes.error is, which is known by its name only
    """What pywin32 raises."""


class Killed(BaseException):
    """The process ends here."""


def killed_at(step: int) -> Callable[[str, str], None]:
    """Make the `step`th change of a backend, counted from 0, the last moment of its process."""
    left = [step]

    def before(operation: str, _service: str) -> None:
        if operation != "get":
            if left[0] == 0:
                raise Killed
            left[0] -= 1

    return before


def hanging(release: threading.Event) -> Callable[[str, str], None]:
    """Make a backend wait until somebody lets it go on."""

    def before(_operation: str, _service: str) -> None:
        release.wait(120)

    return before
