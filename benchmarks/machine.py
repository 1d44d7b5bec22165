"""On what it was measured."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

from benchmarks import keyring_bus
from benchmarks.installed import ROOT, Installed
from benchmarks.measure import Failed, checked


def facts(installed: Installed) -> list[str]:
    """Give a line each: when, machine, system, Python, installer, program, keyring."""
    pip = checked([installed.python, "-m", "pip", "--version"], os.environ).split()[1]
    python = checked([installed.python, "-I", "-c", "import platform; print(platform.python_version())"], os.environ)
    keyring = "none" if keyring_bus.missing() else f"gnome-keyring {keyring_bus.version()}"
    return [
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        f"{_processor()}, {os.cpu_count()} cores",
        f"{_distribution()}, {platform.system()} {platform.release()}, {platform.machine()}",
        f"CPython {python.strip()} in a venv without setuptools, installed by pip {pip} from a wheel",
        f"sso-login {installed.version('sso-login')}{_commit()}",
        f"keyring {installed.version('keyring')}, {keyring}",
    ]


def load() -> float:
    """Tell the load average of the last minute."""
    if sys.platform == "win32":
        return 0.0
    return os.getloadavg()[0]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)


def _commit() -> str:
    try:
        said = checked(["git", "-C", str(ROOT), "describe", "--always", "--dirty=, with changes"], os.environ)
    except Failed:
        return ""
    return f" (commit {said.strip()})"
