"""What the renderer asks of whatever draws a login; a file of its own, since types alone need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sso_login.core.granting import DeviceCode
    from sso_login.core.message import Waiting
    from sso_login.flows.select.session import Chosen


class Panel(Protocol):
    """What draws a login where the terminal can be drawn on; as lines of plain text it stands in Render."""

    def code(self, chosen: Chosen, code: DeviceCode) -> None:
        """Show the code and where to approve it, and what is being approved."""

    def authorize(self, chosen: Chosen, url: str) -> None:
        """Show the address that a browser is sent to, and what is going to be approved there."""

    def waiting(self, step: Waiting, *, expires_in: float) -> None:
        """Count down, until `end`."""

    def above(self, text: str) -> None:
        """Write whole lines, above what is drawn."""

    def end(self) -> None:
        """Draw no more."""

    def done(self, text: str) -> None:
        """Say that it is done."""
