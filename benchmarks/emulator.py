"""The emulator of the installed wheel, as a process of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.home import base
from benchmarks.installed import Installed
from benchmarks.measure import Failed


@contextmanager
def emulator(installed: Installed, folder: Path) -> Iterator[str]:
    """Run it while the block runs, and give its URL; it approves every code by itself; raise Failed."""
    argv = [installed.script("sso-login"), "emulator", "--approve", "--interval", "1"]
    with subprocess.Popen(
        argv, env=base(folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stderr.readline() if process.stderr else ""
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if not found:
                raise Failed(f"the emulator does not serve: {line.strip()}")
            yield found[0]
        finally:
            process.terminate()
