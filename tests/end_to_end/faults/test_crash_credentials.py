"""kill -9 at any point of fetching role credentials: no secret is ever unlisted, and the next run goes on."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from sso_login.adapters.secrets.file_store import secret_path
from sso_login.emulator.core.settings import Settings
from tests.support.strace import Stop, at_each, needs_strace, signalled, stops
from tests.support.terminal.desk import Desk, desk

if sys.platform == "win32":
    pytest.skip("Windows has no signals to send", allow_module_level=True)

CREDENTIALS = ("credentials", "--account", "111122223333", "--role", "ReadOnlyAccess")
SETTINGS = Settings(interval=1)


def secrets(at: Desk) -> set[Path]:
    """List the files of the store but for what writes that did not end have left behind."""
    return {path for path in (Path(at.state) / "secrets").iterdir() if not path.name.startswith(".tmp-")}


@needs_strace
def test_fetching_killed_at_any_call(tmp_path: Path) -> None:
    """The card lists whatever is there; the next run gives credentials; logout leaves nothing, not even half a file."""
    with desk(tmp_path / "dry", SETTINGS) as dry:
        dry.log_in()
        found = stops(*CREDENTIALS, env=dry.env, log=dry.home / "trace")

    def check(number: int, stop: Stop) -> None:
        with desk(tmp_path / str(number), SETTINGS) as at:
            at.log_in()
            assert signalled(stop, *CREDENTIALS, env=at.env, log=at.home / "trace") == -signal.SIGKILL
            card = at.card
            assert card is not None
            assert secrets(at) <= {Path(secret_path(at.state, entry)) for entry in card.entries}
            ran = at.here(*CREDENTIALS)
            assert (ran.code, ran.err) == (0, "")
            assert at.here("logout").code == 0
            assert secrets(at) == set()
            assert [stray for stray in at.strays() if "secrets" in stray] == []

    at_each(found, check)
