"""One home for several hosts, as far as one machine shows it: nothing rests on paths, process ids or shared memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.support.shell import COMMAND
from tests.support.terminal.desk import Desk, desk, unwatched

HOSTS: Final = ("one", "two")


def host(at: Desk, name: str, folder: Path) -> tuple[Sequence[str], dict[str, str]]:
    """Give what runs a command where the home is mounted under that name, among processes of its own."""
    mounted = folder / name
    mounted.mkdir(exist_ok=True)
    runtime = folder / f"run-{name}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    env = {key: value.replace(str(at.home), str(mounted)) for key, value in at.env.items()}
    apart = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", name)
    argv = ["bwrap", "--dev-bind", "/", "/", "--bind", str(at.home), str(mounted), *apart, "--proc", "/proc"]
    return argv, {**unwatched(env), "XDG_RUNTIME_DIR": str(runtime)}


@pytest.mark.skipif(sys.platform != "linux", reason="left alone: mount namespaces are Linux's")
def test_two_hosts_with_one_home_make_one_renewal(tmp_path: Path) -> None:
    """Eight processes on both find the token over at once: one refresh, and all print the new token."""
    if shutil.which("bwrap") is None:
        pytest.skip("bwrap is not installed")
    with desk(tmp_path / "shared") as at:
        at.log_in()
        hosts = [host(at, name, tmp_path) for name in HOSTS]
        tried = subprocess.run([*hosts[0][0], "true"], env=hosts[0][1], capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"user namespaces are not allowed here: {tried.stderr.strip()} (left alone)")
        before = at.kept().token
        at.age()

        def token(number: int) -> tuple[int, str, str]:
            argv, env = hosts[number % 2]
            done = subprocess.run(
                [*argv, *COMMAND, "token"], env=env, capture_output=True, text=True, timeout=120, check=False
            )
            return done.returncode, done.stdout, done.stderr

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(token, range(8)))
        now = at.kept().token
        assert {(code, out) for code, out, _ in found} == {(0, now.access.reveal() + "\n")}, found
        assert now.access.reveal() != before.access.reveal()
        assert at.renewals == 1
