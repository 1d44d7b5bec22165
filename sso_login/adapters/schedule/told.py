"""What was told of a login's end: each thing once, whatever runs at the same time or is killed."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Final

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.adapters.secrets.lock import FileLocks
from sso_login.core.errors import SsoLoginError

_MOST: Final = 1000  # logins


class Told:
    """Remembers it in a state folder, without a secret: an entry's name, when that login began, what was told."""

    def __init__(self, home: str) -> None:
        """Read nothing yet."""
        self._path = os.path.join(os.path.dirname(layout.history_file(home)), "told")
        self._locks = FileLocks(home, notify=lambda _: None, folder="schedule-locks", wait_seconds=5)

    def first(self, entry: str, *, began: int, what: str, unsure: bool = False) -> bool:
        """Tell whether that was not told yet of that login, and remember that it is now.

        It is written down first: who is killed in between has told nothing, rather than twice. `unsure` is the answer
        where nothing can be written down.
        """
        try:
            with self._locks.hold("told"):
                known = self._read()
                since, said = known.get(entry, (began, ()))
                said = said if since == began else ()
                if what in said:
                    return False
                kept = {**{key: value for key, value in known.items() if key != entry}, entry: (began, (*said, what))}
                whole = json.dumps(dict(list(kept.items())[-_MOST:]))
                files.write(self._path, whole.encode())
                return True
        except SsoLoginError:
            return unsure

    def was(self, entry: str, *, began: int, what: str) -> bool:
        """Tell whether it was told."""
        with contextlib.suppress(SsoLoginError):
            since, said = self._read().get(entry, (began, ()))
            return since == began and what in said
        return False

    def _read(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        try:
            members = json.loads(files.read(self._path) or b"{}")
            return {str(entry): (int(since), tuple(map(str, said))) for entry, (since, said) in members.items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            return {}  # half a file: at worst something is told once more
