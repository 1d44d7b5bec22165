"""The wheel of this checkout in a throwaway venv."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import checked

ROOT: Final = Path(__file__).resolve().parent.parent

_VERSION: Final = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


@dataclass(frozen=True, slots=True)
class Installed:
    """A venv with the program in it."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def script(self, name: str) -> str:
        """Name a console script in it."""
        return str(self.folder / "bin" / name)

    def version(self, package: str) -> str:
        """Tell the version of a package in it."""
        return checked([self.python, "-I", "-c", _VERSION, package], os.environ).strip()


def install(folder: Path, say: Callable[[str], None]) -> Installed:
    """Make the venv in `folder`, build the wheel and install it, with the newest pip; raise Failed."""
    made = Installed(folder / "venv")
    wheels = folder / "wheels"
    pip = [made.python, "-m", "pip"]
    say("making a venv")
    checked([sys.executable, "-m", "venv", str(made.folder)], os.environ)
    checked([*pip, "install", "-q", "--upgrade", "pip"], os.environ)
    # Python 3.11's venv has setuptools, whose .pth file costs every start a little, the floor's too: away with it.
    checked([*pip, "uninstall", "-q", "-y", "setuptools"], os.environ)
    say("building the wheel, installing it")
    checked([*pip, "wheel", "-q", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)], os.environ)
    checked([*pip, "install", "-q", *map(str, wheels.glob("sso_login-*.whl"))], os.environ)
    return made
