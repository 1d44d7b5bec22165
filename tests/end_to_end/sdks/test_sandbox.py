"""The recipe of docs/server.md: an agent in a sandbox gets one role, and reaches neither login nor home."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.shell import COMMAND, clean
from tests.support.terminal.desk import Desk, desk

GUIDE: Final = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
ALLOWED: Final = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-user", "--unshare-pid", "--proc", "/proc")
PROFILE: Final = """
[profile dev]
sso_session = my-sso
sso_account_id = 111122223333
sso_role_name = ReadOnlyAccess
"""
AGENT: Final = """#!/bin/sh
curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"
echo
echo "home: $(ls -A "$HOME") runtime: $(ls -A /run) others: $(ls /proc | grep -c '^[0-9]')"
touch made && echo "wrote here"
touch /usr/made 2>/dev/null || echo "not there"
cat "$STORE"/* 2>/dev/null || echo "no login"
"""


@pytest.fixture
def at(home: Path) -> Iterator[Desk]:
    """Log in, with a profile; skip by name where this machine has no sandbox."""
    if sys.platform != "linux":
        pytest.skip("left alone: bubblewrap is for Linux")
    for program in ("bwrap", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    tried = subprocess.run([*ALLOWED, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"user namespaces are not allowed here: {tried.stderr.strip()} (left alone)")
    with desk(home, Settings(interval=1)) as made:
        config = Path(made.env["AWS_CONFIG_FILE"])
        config.write_text(config.read_text() + PROFILE)
        store = str(home / "state" / "secrets")
        at = replace(made, env={**made.env, "STORE": store, "NO_PROXY": "127.0.0.1"})
        at.log_in()
        yield at


def test_the_recipe_gives_an_agent_a_role_and_nothing_else(at: Desk, tmp_path: Path) -> None:
    """Word for word as it is written there."""
    found = re.search(r"^sso-login exec dev .* bwrap .*$", GUIDE, re.MULTILINE)
    assert found
    work, programs = tmp_path / "work", tmp_path / "bin"
    for folder in (work, programs):
        folder.mkdir()
    ours = f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n'
    for path, text in ((work / "agent", AGENT), (programs / "sso-login", ours)):
        path.write_text(text)
        path.chmod(0o755)
    env = clean(at.env)
    env["PATH"] = f"{programs}:{env['PATH']}"
    done = subprocess.run(
        ["bash", "-c", found[0]], cwd=work, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer, *said = done.stdout.splitlines()
    assert '"AccountId": "111122223333"' in answer
    assert re.fullmatch(r"home:  runtime:  others: [1-6]", said[0])
    assert said[1:] == ["wrote here", "not there", "no login"]
    assert (work / "made").exists()
