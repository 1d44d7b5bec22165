"""Files for a child's eyes that are gone when this process is, even by SIGKILL: in memory, where the system can.

On Linux they are memory of this process, which others of the same user reach by its folder in /proc. Elsewhere they
lie in a folder for temporary files, whose name tells whose they were, so that the next run takes stale ones away.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from sso_login.core.errors import StoreUnusable

if TYPE_CHECKING:
    from types import TracebackType

_PREFIX: Final = "sso-login-serve-"


class PrivateFiles:
    """Holds any number of files until it is closed; a context manager."""

    def __init__(self, *, in_memory: bool = True) -> None:
        """Hold none yet; `in_memory` where that can be had."""
        self._in_memory = in_memory
        self._open: list[int] = []
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        """Give it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let them be gone."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def put(self, name: str, content: bytes) -> str:
        """Keep a file of mode 0600 with that content, and give its path; raise StoreUnusable."""
        try:
            return (self._memory(name, content) if self._in_memory else None) or self._written(name, content)
        except OSError as error:
            message = f"no private file can be written for the command: {error.strerror or error}"
            raise StoreUnusable(message, hint="Name a folder of your own in TMPDIR.") from error

    if sys.platform == "linux":

        def _memory(self, name: str, content: bytes) -> str | None:
            """Keep it in memory that nobody can change; None where the system has no such thing."""
            import fcntl

            try:
                descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            except OSError:
                return None
            path = f"/proc/{os.getpid()}/fd/{descriptor}"
            try:
                os.fchmod(descriptor, 0o600)
                with open(descriptor, "wb", closefd=False) as file:
                    file.write(content)
                fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
                found = Path(path).stat()
            except OSError:  # no /proc
                os.close(descriptor)
                return None
            if found.st_ino != os.fstat(descriptor).st_ino:  # that of another PID namespace
                os.close(descriptor)
                return None
            self._open.append(descriptor)
            return path

    else:

        def _memory(self, name: str, content: bytes) -> str | None:
            """Nothing of the kind is known elsewhere."""
            del name, content
            return None

    def _written(self, name: str, content: bytes) -> str:
        if self._folder is None:
            above = Path(tempfile.gettempdir())
            _sweep(above)
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=above))  # 0700
        path = self._folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return str(path)


if sys.platform == "win32":

    def _sweep(above: Path) -> None:
        """Nothing tells there whether a process lives without ending it."""
        del above

else:

    def _sweep(above: Path) -> None:
        """Take away what a run left that was killed."""
        for folder in above.glob(f"{_PREFIX}*"):
            pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
            with suppress(OSError):
                if pid.isdigit() and folder.lstat().st_uid == os.geteuid() and not _lives(int(pid)):
                    shutil.rmtree(folder, ignore_errors=True)

    def _lives(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            return True
        return True
