"""A user manager of systemd itself, which sees a machine of its own: installed, run, told of, removed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import clean, environment, process

MANAGER: Final = "/lib/systemd/systemd"
BETWEEN: Final = "==="
# systemd takes a machine for its own where that folder is; the mounts are seen by nobody else.
SCRIPT: Final = f"""
mount --make-rprivate / && mount -t tmpfs tmpfs /run/systemd && mkdir -p /run/systemd/system || exit 77
SYSTEMD_LOG_TARGET=null {MANAGER} --user & manager=$!
trap 'kill $manager; wait' EXIT
until systemctl --user show-environment >/dev/null 2>&1; do kill -0 $manager || exit 77; done
sso-login schedule install --every 1m >/dev/null 2>&1 || exit 1
sso-login schedule install --every 1m; echo {BETWEEN}
systemctl --user start sso-login-refresh.service || exit 1
sso-login schedule status --json; echo {BETWEEN}
sso-login schedule remove
systemctl --user list-timers --all --output=json; echo {BETWEEN}
sso-login schedule status --json
"""


def _private() -> bool:
    """Tell whether this user may have mounts of their own."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    command = "mount --make-rprivate / && mount -t tmpfs tmpfs /run"
    done = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = [
    pytest.mark.skipif(not Path(MANAGER).exists(), reason="systemd is not installed"),
    pytest.mark.skipif(not _private(), reason="nobody may mount here: the machine's own systemd is left alone"),
]


@pytest.fixture
def env(home: Path) -> Iterator[dict[str, str]]:
    """Log in, and give the environment of a user whose runtime folder has a short name, as sockets want it."""
    with running(Settings(interval=1, approve=True, token_lifetime=600)) as emulator, TemporaryDirectory() as runtime:
        made = {**environment(home, emulator), "XDG_RUNTIME_DIR": runtime}
        del made["SSO_LOGIN_STORE"]
        assert process("device", env={**made, "SSO_LOGIN_STORE": "file"}).code == 0
        program = home / "b in" / "sso-login"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sso_login "$@"\n')
        program.chmod(0o755)
        whole = clean(made)
        yield {**whole, "PATH": f"{program.parent}:{whole['PATH']}"}


def test_a_real_user_manager_runs_it(env: dict[str, str]) -> None:
    """The timer is there and its next run is known; the service renews; nothing is left of either."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("no user manager can be started here: the machine's own systemd is left alone")
    again, status, timers, gone = done.stdout.split(f"{BETWEEN}\n")
    assert again == "", done.stderr
    found = json.loads(status)
    assert (found["kind"], found["every"], found["last_exit_code"]) == ("systemd", "1m", 0)
    assert found["next"] > found["last"]
    assert found["history"][-1]["sessions"][0]["outcome"] == "renewed"
    assert json.loads(timers) == []
    assert json.loads(gone)["installed"] is False
    folder = Path(env["HOME"], ".config", "systemd", "user")
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []
