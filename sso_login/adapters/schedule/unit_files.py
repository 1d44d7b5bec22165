"""Files of ours that a scheduler reads: written whole, only over our own, put back where something fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sso_login.adapters.schedule import job as jobs
from sso_login.adapters.schedule.job import Installed, Written
from sso_login.adapters.secrets import files
from sso_login.adapters.secrets.safety import quoted
from sso_login.adapters.system import home as homes
from sso_login.core.errors import SchedulerUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence


class UnitFiles:
    """The files of one schedule, at these paths."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Read nothing yet."""
        self._paths = list(paths)

    def named(self, texts: Sequence[bytes]) -> list[Written]:
        """Give each text with its path."""
        return [Written(path, text) for path, text in zip(self._paths, texts, strict=True)]

    def installed(self, kind: str, where: str) -> Installed | None:
        """Find what is ours; a file of another's counts as none; raise SchedulerUnusable for what cannot be read."""
        texts = [_read(path) for path in self._paths]
        marks = [jobs.read_mark(text) for text in texts if text is not None]
        mark = next((mark for mark in marks if mark), None)
        return Installed(kind, where, mark, tuple(text or b"" for text in texts)) if mark else None

    def put(self, texts: Sequence[bytes]) -> list[bytes | None] | None:
        """Write them, and give what was there before, None where nothing had to be written.

        Raises SchedulerUnusable where a file of that name is not ours, or cannot be written.
        """
        before = [_read(path) for path in self._paths]
        for path, text in zip(self._paths, before, strict=True):
            _ours(path, text)
        if before == list(texts):
            return None
        try:
            for path, text in zip(self._paths, texts, strict=True):
                _make_folder(os.path.dirname(path))
                files.put(path, text)
        except BaseException:
            self.restore(before)
            raise
        return before

    def restore(self, before: Sequence[bytes | None]) -> None:
        """Put back what was there."""
        for path, text in zip(self._paths, before, strict=True):
            if text is None:
                Path(path).unlink(missing_ok=True)
            else:
                files.put(path, text)

    def remove(self) -> None:
        """Take away what is ours; raise SchedulerUnusable for what a newer version wrote."""
        for path in self._paths:
            text = _read(path)
            mark = jobs.read_mark(text or b"")
            if mark:
                jobs.not_newer(mark, path)
                try:
                    os.unlink(path)
                except OSError as error:
                    raise _unusable(path, "remove", error) from error


def _ours(path: str, text: bytes | None) -> None:
    mark = jobs.read_mark(text or b"")
    if text and not mark:
        raise SchedulerUnusable(
            f"{path} is there already and was not written by sso-login",
            hint=f"Give it another name: `mv {quoted(path)} {quoted(path)}.mine`.",
        )
    if mark:
        jobs.not_newer(mark, path)


def _read(path: str) -> bytes | None:
    try:
        with os.fdopen(files.open_plain(path), "rb") as file:
            return file.read(files.LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unusable(path, "read", error) from error


def _make_folder(path: str) -> None:
    homes.refuse_for_root(path)
    try:
        os.makedirs(path, mode=0o755, exist_ok=True)
    except OSError as error:
        raise _unusable(path, "make", error) from error


def _unusable(path: str, doing: str, error: OSError) -> SchedulerUnusable:
    return SchedulerUnusable(f"cannot {doing} {path}: {error.strerror or type(error).__name__}")
