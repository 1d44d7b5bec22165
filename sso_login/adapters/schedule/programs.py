"""Running the schedulers' own programs: in English, with a deadline, and with what they need to find their manager."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.adapters.system.programs import found
from sso_login.core.errors import SchedulerUnusable
from sso_login.core.message import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 30.0
NOTHING: Final[Mapping[str, str]] = {}
_PATH: Final = f"{os.defpath}:/usr/local/bin:/usr/sbin:/sbin" if os.name == "posix" else os.defpath


class Done(NamedTuple):
    """How a program ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        """Give what it said, fit for one line of a message."""
        text = (self.err.strip() or self.out.strip()).decode("utf-8", "replace")
        return shown(text) or f"exit code {self.code}"


class Programs:
    """Finds and runs programs in one environment."""

    def __init__(self, env: Mapping[str, str], *, seconds: float = SECONDS) -> None:
        """Keep the environment; nothing is run yet."""
        self.env = env
        self._seconds = seconds

    def find(self, name: str) -> str | None:
        """Name the program's file, None where there is none."""
        return found(name, {**self.env, "PATH": self.env.get("PATH") or _PATH})

    def run(self, name: str, *words: str, given: bytes = b"", env: Mapping[str, str] = NOTHING) -> Done:
        """Run a program to its end; raise SchedulerUnusable where it cannot be started or does not end."""
        path = self.find(name)
        if path is None:
            raise SchedulerUnusable(f"the program {name} is not installed")
        whole = {"PATH": _PATH, **self.env, "LC_ALL": "C", **env}
        try:
            done = subprocess.run(  # noqa: S603 - a scheduler's own program, and words of ours
                [path, *words], input=given, env=whole, capture_output=True, timeout=self._seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise SchedulerUnusable(f"{name} did not answer within {self._seconds:.0f} s") from None
        except OSError as error:
            raise SchedulerUnusable(f"{name} cannot be run: {error.strerror or type(error).__name__}") from error
        return Done(done.returncode, done.stdout, done.stderr)
