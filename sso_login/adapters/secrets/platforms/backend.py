"""What is asked of a backend of `keyring`."""

from __future__ import annotations

from typing import Protocol


class Backend(Protocol):
    """What is asked of a `keyring` backend."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Give the secret, None where there is none."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Keep the secret."""

    def delete_password(self, service: str, username: str, /) -> None:
        """Forget the secret; raise PasswordDeleteError where there is none."""
