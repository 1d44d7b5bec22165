"""The one place where a record may go that its own store did not take: the user's runtime folder, which is memory."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from sso_login import layout
from sso_login.adapters.secrets.file_store import FileEntries

if TYPE_CHECKING:
    from collections.abc import Mapping


class RescueEntries(FileEntries):
    """The port Entries over files in memory; `backend` is the folder, since that is what a person must know of it."""

    def __init__(self, folder: str) -> None:
        """Keep secrets below that folder, never under a key: they are gone with the next restart, or sealed."""
        super().__init__(folder)
        self._folder = folder

    @property
    def backend(self) -> str:
        """Name the folder."""
        return self._folder

    def delete(self, entry: str) -> bool:
        """Forget the entry, and the folder with the last one: while it is there, the hot path steps aside."""
        found = super().delete(entry)
        with suppress(OSError):
            os.rmdir(os.path.join(self._folder, "secrets"))
            os.rmdir(self._folder)
        return found


def rescue_entries(env: Mapping[str, str]) -> RescueEntries | None:
    """Give private files in `$XDG_RUNTIME_DIR/sso-login`, None where there is no runtime folder of ours.

    On Windows they are sealed for their user and lie in the state folder, since it has no such place in memory.
    """
    folder = layout.rescue_home(env)
    if sys.platform == "win32":
        return RescueEntries(folder)
    return RescueEntries(folder) if folder and _ours(os.path.dirname(folder)) else None


def _ours(folder: str) -> bool:
    try:
        found = os.stat(folder)
    except OSError:
        return False
    private = stat.S_IMODE(found.st_mode) & 0o077 == 0
    return sys.platform != "win32" and stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private
