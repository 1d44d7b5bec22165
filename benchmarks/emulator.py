"""The emulator of the installed wheel, as a process of its own, and what may stand before it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.home import base
from benchmarks.installed import Installed
from benchmarks.measure import Failed, checked

DELAY: Final = 1.5  # seconds that CreateToken takes where a crowd waits for it


@contextmanager
def emulator(installed: Installed, folder: Path, *options: str) -> Iterator[str]:
    """Run it while the block runs, and give its URL; it approves every code by itself; raise Failed."""
    argv = [installed.script("sso-login"), "emulator", "--approve", "--interval", "1", *options]
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


def renewals(url: str) -> int:
    """Ask the emulator how many times it was asked for a token."""
    with urllib.request.urlopen(f"{url}/emulator/calls") as reply:  # noqa: S310 - 127.0.0.1
        return int(json.load(reply)["calls"].get("CreateToken", 0))


@contextmanager
def relayed(url: str, *, delay: float = 0.0, certificate: Sequence[Path] = ()) -> Iterator[str]:
    """Run a relay before the emulator while the block runs, and give its URL; raise Failed."""
    program = Path(__file__).parent / "programs" / "relay.py"
    argv = [sys.executable, "-I", "-S", str(program), url.rpartition(":")[2], str(delay), *map(str, certificate)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port.isdigit():
                raise Failed("the relay of the benchmark does not serve")
            yield f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def certificate(folder: Path) -> tuple[Path, Path] | None:
    """Make a CA of our own, which is localhost's certificate at once, and its key; None where openssl is missing."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    made, key = folder / "ca.pem", folder / "ca.key"
    what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    checked([openssl, "req", "-x509", "-nodes", *what, *names], base(folder))
    return made, key
