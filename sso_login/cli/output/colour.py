"""Which stream gets colours, and which may be drawn on: decided here for everything that is shown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def coloured(stream: TextIO | None, env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a stream gets colours.

    NO_COLOR says no, then CLICOLOR_FORCE or FORCE_COLOR yes, then CLICOLOR=0 no; else it is a terminal's.
    https://no-color.org, https://bixense.com/clicolors and https://force-color.org say so; "0" forces nothing.
    """
    if stream is None or env.get("NO_COLOR"):
        return False
    if forced(env):
        return True
    return env.get("CLICOLOR") != "0" and terminal(stream, env)


def forced(env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the environment asks for colours in any case."""
    asked = any(env.get(name, "") not in {"", "0"} for name in ("CLICOLOR_FORCE", "FORCE_COLOR"))
    return asked and not env.get("NO_COLOR")


def terminal(stream: TextIO | None, env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a stream is a terminal that understands escape sequences."""
    if stream is None or not stream.isatty() or env.get("TERM", "").lower() in {"dumb", "unknown"}:
        return False
    if sys.platform == "win32":
        from rich.console import detect_legacy_windows

        return not detect_legacy_windows()
    return bool(env.get("TERM"))


def lively(stream: TextIO | None, env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether something may be drawn on a stream that moves; everything else gets plain lines."""
    return terminal(stream, env) and coloured(stream, env) and unicode(stream) and not env.get("CI")


def unicode(stream: TextIO | None) -> bool:
    """Tell whether a stream takes box drawing and block characters."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def painted(text: str, looks: str, *, on: bool = True) -> str:
    """Give text its looks, such as `bold red`; where colours are off, or nothing is asked for, as it is."""
    codes = ";".join(_CODES[look] for look in looks.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if on and codes and text else text


def console(stream: TextIO | None, *, width: int | None = None, env: Mapping[str, str] = os.environ) -> Console:
    """Make rich's console for a stream; rich asks the environment nothing that is decided here."""
    from rich.console import Console

    on = coloured(stream, env)
    return Console(
        file=stream,
        force_terminal=on,
        color_system="auto" if on else None,
        no_color=not on,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )
