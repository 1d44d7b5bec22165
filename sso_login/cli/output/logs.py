"""What -v shows: our own log lines on stderr, and nobody else's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_login.cli.output.render import Render

_ours = logging.getLogger("sso_login")  # ours alone: the HTTP libraries log URLs with their queries


class _Lines(logging.Handler):
    def __init__(self, render: Render) -> None:
        super().__init__()
        self.render = render

    def emit(self, record: logging.LogRecord) -> None:
        self.render.line(f"{record.name}: {record.getMessage()}")


def start(render: Render, *, debug: bool) -> None:
    """Show log lines until `stop`."""
    stop()
    _ours.addHandler(_Lines(render))
    _ours.setLevel(logging.DEBUG if debug else logging.INFO)


def stop() -> None:
    """Show no log lines any more."""
    for handler in [handler for handler in _ours.handlers if isinstance(handler, _Lines)]:
        _ours.removeHandler(handler)
    _ours.setLevel(logging.NOTSET)
