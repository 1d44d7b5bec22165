"""The rig: a folder with wine and a Windows CPython in it, made from Debian's and PyPI's packages, and commands in it.

`python -m tests.windows.rig PYTHON-ARGUMENTS...` runs that Python, for a look by hand. Needs root, debootstrap and the
two registries, each by its ordinary client; SSO_LOGIN_WINDOWS_RIG_FOLDER names another folder than the usual one. What
is there already is kept. wine emulates access lists, consoles and file sharing: it finds regressions and proves nothing
about Windows itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parents[2]
USUAL: Final = "/var/tmp/sso-login-windows-rig"
SUITE: Final = "trixie"  # wine 10; wine 8, of the release before, cannot load cryptography
PYTHON: Final = "QEnvPython312"  # holds python.org's own embeddable distribution
MORE: Final = ("pytest", "pytest-timeout", "hypothesis", "boto3", "greenlet", "pywin32-ctypes", "colorama", "tzdata")
SEARCHED: Final = "python312.zip\n.\nLib\\site-packages\nZ:\\rig\\source\nimport site\n"

# Mounts end with the name space, so that nothing is left behind, whatever ends first.
_INSIDE: Final = """
mount -t proc proc "$1/proc"
mount --bind -o ro "$2" "$1/rig/source"
shift 2
exec chroot "$ROOT" env -i HOME=/root PATH=/usr/bin:/bin LANG=C.UTF-8 WINEPREFIX=/rig/prefix WINEDEBUG=-all \
  XDG_RUNTIME_DIR=/rig/run WINEDLLOVERRIDES="mscoree,mshtml=" sh -c 'cd /rig && exec /usr/lib/wine/wine64 "$@"' - "$@"
"""


@dataclass(frozen=True)
class Rig:
    """A folder that is a small Debian with wine, and in `rig/` a Windows CPython with what the tests need."""

    root: Path

    @property
    def prepared(self) -> bool:
        """Tell whether all of it is there."""
        return (self.root / "rig" / "prefix" / "system.reg").exists()

    def prepare(self) -> None:
        """Make what is missing; minutes the first time."""
        if not (self.root / "usr" / "lib" / "wine" / "wine64").exists():
            shutil.rmtree(self.root, ignore_errors=True)
            _run("debootstrap", "--variant=minbase", "--include=wine,wine64", SUITE, str(self.root))
        for name in ("source", "run"):
            (self.root / "rig" / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._python()
        self._packages()
        if not self.prepared:
            self.wine("wineboot", "-i")

    def _python(self) -> None:
        python = self.root / "rig" / "python"
        if (python / "python.exe").exists():
            return
        found = self.root / "rig" / "found"
        _pip("download", "--platform", "win_amd64", "--only-binary=:all:", "--no-deps", "-d", str(found), PYTHON)
        for wheel in found.glob("*.whl"):
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(found)
        (whole,) = found.rglob("python312.dll")
        shutil.copytree(whole.parent, python)
        (python / "_wmi.pyd").unlink(missing_ok=True)  # asks what wine does not answer
        shutil.rmtree(python / "Lib", ignore_errors=True)
        (python / "python312._pth").write_text(SEARCHED)
        shutil.rmtree(found)

    def _packages(self) -> None:
        asked = [*_dependencies(), *MORE]
        stamp = self.root / "rig" / "packages"
        if stamp.exists() and stamp.read_text() == "\n".join(asked):
            return
        site = self.root / "rig" / "python" / "Lib" / "site-packages"
        shutil.rmtree(site, ignore_errors=True)
        target = ("--platform", "win_amd64", "--python-version", "3.12", "--only-binary=:all:", "--target", str(site))
        _pip("install", *target, *asked)
        stamp.write_text("\n".join(asked))

    def wine(self, *argv: str, seconds: float = 3600) -> subprocess.CompletedProcess[bytes]:
        """Run a Windows command line under wine, the project read-only in rig/source; no terminal, no stdin."""
        words = ["unshare", "--mount", "sh", "-euc", _INSIDE, "-", str(self.root), str(HERE), *argv]
        return subprocess.run(
            words,
            env={**os.environ, "ROOT": str(self.root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )

    def python(self, *argv: str, seconds: float = 3600) -> subprocess.CompletedProcess[bytes]:
        """Run the Windows CPython with those arguments."""
        return self.wine(r"Z:\rig\python\python.exe", *argv, seconds=seconds)

    def tests(self, *places: str, seconds: float = 3600) -> subprocess.CompletedProcess[bytes]:
        """Run tests of this project there, by their paths from its root."""
        paths = ["Z:\\rig\\source\\" + place.replace("/", "\\") for place in places]
        options = ("-q", "-p", "no:cacheprovider", "--rootdir", r"Z:\rig\source")
        return self.python("-B", "-m", "pytest", *options, *paths, seconds=seconds)


def rig() -> Rig:
    """Give the rig of this machine, prepared or not."""
    return Rig(Path(os.environ.get("SSO_LOGIN_WINDOWS_RIG_FOLDER") or USUAL))


def _dependencies() -> list[str]:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    # pip judges markers by the Python that it runs with, so what is for Linux alone is left out here.
    needed = (each.partition(";") for each in project["project"]["dependencies"])
    return [name for name, _, marker in needed if "linux" not in marker]


def _pip(*argv: str) -> None:
    _run(sys.executable, "-m", "pip", "--disable-pip-version-check", argv[0], "-q", *argv[1:])


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def main(argv: Sequence[str]) -> int:
    """Prepare the rig and run its Python; give what came of it."""
    made = rig()
    made.prepare()
    done = made.python(*argv)
    sys.stdout.buffer.write(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
