"""The program with another deadline for its keyring, or with a keyring daemon that stops at a chosen moment.

`python -m tests.support.program '{"seconds": 60}' ARGV...`; the JSON holds the fields of Settings.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sso_login import layout
from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms.vault import platform_vault
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.world import World


@dataclass(frozen=True)
class Settings:
    """Every deadline in seconds; the process `daemon` stops at the `stop_at`th (from 1) call of `operation`.

    The operation is `set` or `delete`. With `lands` the daemon goes on as soon as the program has given up, and the
    process lives until what it gave up has been carried out.
    """

    seconds: float
    daemon: int = 0
    operation: str = "set"
    stop_at: int = 0
    lands: bool = False


class StoppingAtACall:
    """keyring's own Secret Service backend, but for the daemon that stops in the middle."""

    def __init__(self, settings: Settings) -> None:
        """Count calls from here; `landed` is set once a save has been confirmed that had been stopped."""
        self._real = platform_vault().load()
        self._settings = settings
        self._calls = 0
        self.landed = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        """Give the secret, None where there is none."""
        return self._real.get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret, or stop the daemon first."""
        stopped = self._stops("set")
        self._real.set_password(service, username, password)
        if stopped:
            self.landed.set()

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret, or stop the daemon first."""
        self._stops("delete")
        self._real.delete_password(service, username)

    def _stops(self, operation: str) -> bool:
        self._calls += operation == self._settings.operation
        stops = operation == self._settings.operation and self._calls == self._settings.stop_at
        if stops and sys.platform != "win32":
            os.kill(self._settings.daemon, signal.SIGSTOP)
        return stops


def main(settings: Settings, argv: list[str]) -> int:
    """Run the program with that keyring and give its exit code."""
    vault = replace(platform_vault(), attended=settings.seconds, unattended=settings.seconds)
    backend = StoppingAtACall(settings)
    if settings.stop_at:
        vault = replace(vault, load=lambda: backend)

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        env = dict(os.environ)
        entries = KeyringEntries(env=env, interactive=attended, notify=notify, home=layout.home(env), vault=vault)
        return World(env, attended=attended, notify=notify, entries={"keyring": entries})

    code = run(argv, build=build)
    if settings.lands and sys.platform != "win32":
        os.kill(settings.daemon, signal.SIGCONT)
        backend.landed.wait(60)
    return code


if __name__ == "__main__":
    sys.exit(main(Settings(**json.loads(sys.argv[1])), sys.argv[2:]))
