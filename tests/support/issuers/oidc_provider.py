"""The certified `oidc-provider` of npm on loopback; installed into pytest's cache where npm can."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.issuers.person import visit
from tests.support.issuers.real import Call, Real

SERVER: Final = Path(__file__).with_name("oidc_provider.mjs")
SECRETS: Final = {"post": "the secret+of/post", "basic": "the secret+of/basic"}
NEEDS: Final = "needs node, npm and its registry, for oidc-provider (Debian: nodejs npm)"
_REAL: Final = dict(os.environ)  # npm's own settings lie in the real home
_ROOT: Final = Path(__file__).parents[3]


@cache
def modules() -> Path | None:
    """Give the folder with the package, installed at the first call; None where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = int(version.lstrip("v").partition(".")[0] or 0)
    wanted = "9" if major >= 20 else "8"
    folder = _ROOT / ".pytest_cache" / "npm" / f"oidc-provider-{wanted}"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        line = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"oidc-provider@{wanted}"]
        ran = subprocess.run(line, env=_REAL, capture_output=True, timeout=300, check=False)
        if ran.returncode:
            return None
        done.touch()
    return folder


@contextmanager
def oidc_provider(*, token_lifetime: int = 3600, only_basic: bool = False) -> Iterator[Real]:
    """Run it; skip by name where it cannot be had."""
    folder = modules()
    if folder is None:
        pytest.skip(NEEDS)
    env = {"PATH": _REAL["PATH"], "ONLY_BASIC": "1" if only_basic else ""}
    line = ["node", str(SERVER), str(folder), str(token_lifetime)]
    with subprocess.Popen(
        line, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        log: list[str] = []
        listener = threading.Thread(target=lambda: log.extend(iter(server.stderr.readline, "")))  # type: ignore[union-attr]
        listener.start()
        try:
            url = server.stdout.readline().strip()
            assert url, log
            yield Real(url, "cli", visit, lambda: _calls(log), f"{url}/me", SECRETS)
        finally:
            server.stdin.close()
            server.wait(60)
            listener.join()


def _calls(log: list[str]) -> list[Call]:
    lines = [json.loads(line) for line in list(log) if line.startswith("{")]
    return [Call(line["at"] / 1000, line["path"], line["grant"] or "", line["status"]) for line in lines]
