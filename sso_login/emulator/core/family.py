"""A family of refresh tokens: all that descend from one approved code, and which of them may still be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_login.emulator.core.settings import Rotation


@dataclass(slots=True, kw_only=True)
class Family:
    """Refresh tokens of one login: the `newest`, and the `previous` one that they took the place of."""

    newest: set[str] = field(default_factory=set, repr=False)
    previous: str = field(default="", repr=False)
    revoked: bool = False

    def takes(self, refresh: str, rotation: Rotation) -> bool:
        """Tell whether that refresh token of this login may still be used."""
        return refresh in self.newest or (rotation == "grace" and refresh == self.previous)

    def succeed(self, used: str, fresh: str) -> None:
        """Put a new refresh token in the place of the used one, which stays as the previous."""
        if used in self.newest:
            self.previous, self.newest = used, {fresh}
        else:  # the previous one again: whoever asked first may never have had its answer, so both answers count
            self.newest.add(fresh)
