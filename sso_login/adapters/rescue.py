"""The one place where a record may go that its own store did not take: the user's runtime folder, which is memory."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from sso_login.adapters.file_store import FileEntries


class RescueEntries(FileEntries):
    """The port Entries over files in memory; `backend` is the folder, since that is what a person must know of it."""

    def __init__(self, folder: str) -> None:
        """Keep secrets below that folder, never encrypted: they are gone with the next restart."""
        super().__init__(folder)
        self._folder = folder

    @property
    def backend(self) -> str:
        """Name the folder."""
        return self._folder


def rescue_entries(env: Mapping[str, str]) -> RescueEntries | None:
    """Give private files in `$XDG_RUNTIME_DIR/sso-login`, None where there is no runtime folder of ours.

    cron names none, but the system has made it all the same: /run/user/UID.
    """
    if sys.platform == "win32":
        return None
    named = env.get("XDG_RUNTIME_DIR", "")
    folder = Path(named if os.path.isabs(named) else f"/run/user/{os.getuid()}")  # noqa: PTH117 - "" is no path
    return RescueEntries(str(folder / "sso-login")) if _ours(folder) else None


def _ours(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    private = stat.S_IMODE(found.st_mode) & 0o077 == 0
    return sys.platform != "win32" and stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private
