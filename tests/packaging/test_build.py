"""A wheel and an sdist: what is in them, whether they install and run, and whether anybody gets the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, Final

import pytest

from sso_login import __version__
from tests.support.shell import clean

pytest.importorskip("build", reason="build is not installed (pip install --group test)")
pytest.importorskip("hatchling", reason="hatchling is not installed (pip install --group test)")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what is built here is installed as on POSIX")
ROOT: Final = Path(__file__).parents[2]
SHARED: Final = {
    "share/bash-completion/completions/sso-login": "completions/sso-login.bash",
    "share/zsh/site-functions/_sso-login": "completions/_sso-login",
    "share/fish/vendor_completions.d/sso-login.fish": "completions/sso-login.fish",
    "share/man/man1/sso-login.1": "docs/man/sso-login.1",
}


@dataclass(frozen=True)
class Built:
    """The two files of one build, and the folder they lie in."""

    folder: Path

    @property
    def wheel(self) -> Path:
        """The one wheel."""
        (found,) = self.folder.glob("*.whl")
        return found

    @property
    def sdist(self) -> Path:
        """The one source distribution."""
        (found,) = self.folder.glob("*.tar.gz")
        return found

    def bytes(self) -> dict[str, bytes]:
        """Give both, by name."""
        return {path.name: path.read_bytes() for path in (self.wheel, self.sdist)}

    def metadata(self) -> Message:
        """Read what the wheel says of itself."""
        with zipfile.ZipFile(self.wheel) as wheel:
            return Parser().parsestr(wheel.read(f"sso_login-{__version__}.dist-info/METADATA").decode())


def ran(*command: str | Path, env: Mapping[str, str], cwd: Path, umask: int = 0o022) -> str:
    """Run a command that must succeed, away from the network, and give its stdout."""
    done = subprocess.run(
        [str(word) for word in command], env=env, cwd=cwd, umask=umask, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outside(home: Path) -> dict[str, str]:
    """Give an environment in which our working tree is not importable."""
    env = {name: value for name, value in clean({"HOME": str(home)}).items() if name != "PYTHONPATH"}
    return {**env, "SOURCE_DATE_EPOCH": "1700000000", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def build(source: Path, into: Path, *, umask: int = 0o022) -> Built:
    """Build an sdist, and a wheel of that, as `python -m build` does, but without fetching hatchling."""
    into.mkdir()
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", into, source)
    ran(*command, env=outside(into), cwd=into, umask=umask)
    return Built(into)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build what lies here once."""
    return build(ROOT, tmp_path_factory.mktemp("build") / "dist")


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Make a virtual environment with our dependencies, read from this one, and nothing of ours."""
    made = tmp_path / "venv"
    ran(sys.executable, "-m", "venv", "--without-pip", made, env=outside(tmp_path), cwd=tmp_path)
    where = {"base": str(made), "platbase": str(made)}
    # A path in a .pth file is searched, but the .pth files there (an editable install of ours) are not followed.
    Path(sysconfig.get_path("purelib", vars=where), "theirs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def program(venv: Path, name: str) -> Path:
    """Give the path of a program in a virtual environment."""
    return Path(sysconfig.get_path("scripts", vars={"base": str(venv)}), name)


def settings() -> dict[str, Any]:
    """Read [project] of pyproject.toml."""
    whole: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project: dict[str, Any] = whole["project"]
    return project


def unspaced(requirement: str) -> str:
    """Write a requirement without spaces, and with one kind of quotes."""
    return requirement.replace(" ", "").replace('"', "'")


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    """Every module and py.typed, the license, completions and manual page; no test, benchmark or cache."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
        shared = {place: wheel.read(f"sso_login-{__version__}.data/data/{place}") for place in SHARED}
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "sso_login").rglob("*.py")} | {"sso_login/py.typed"}
    ours |= {f"sso_login/cli/completion/data/{path.name}" for path in (ROOT / "completions").iterdir()}
    info = {f"sso_login-{__version__}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    licenses = {f"sso_login-{__version__}.dist-info/licenses/LICENSE"}
    assert names == ours | info | licenses | {f"sso_login-{__version__}.data/data/{place}" for place in SHARED}
    assert shared == {place: (ROOT / path).read_bytes() for place, path in SHARED.items()}


def test_the_sdist_holds_what_its_tests_need(built: Built) -> None:
    """Package, tests, documents, completions and benchmarks, so that packagers can run the tests; no caches."""
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"PKG-INFO", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "tests/conftest.py"} <= names
    assert {"docs/architecture.md", "docs/man/sso-login.1", "completions/_sso-login", "benchmarks/run.py"} <= names
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_the_metadata_is_complete(built: Built) -> None:
    """Name, version, summary, README, license, authors, keywords, classifiers, Python and every dependency."""
    said, project = built.metadata(), settings()
    assert (said["Name"], said["Version"], said["Summary"]) == ("sso-login", __version__, project["description"])
    assert (said["License-Expression"], said["License-File"]) == ("MIT", "LICENSE")
    assert (said["Requires-Python"], said["Description-Content-Type"]) == (">=3.11", "text/markdown")
    assert said["Author"] == "The sso-login developers"
    assert said["Keywords"].split(",") == sorted(project["keywords"])
    assert said.get_all("Classifier") == project["classifiers"]
    assert sorted(map(unspaced, said.get_all("Requires-Dist", []))) == sorted(map(unspaced, project["dependencies"]))
    assert said.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_installs_and_works(built: Built, venv: Path, tmp_path: Path, kind: str) -> None:
    """In a clean virtual environment: a login and a token of the emulator; completions and manual page in place."""
    env = outside(tmp_path)
    pip = (sys.executable, "-m", "pip", "--python", program(venv, "python"), "install", "--quiet")
    ran(*pip, "--no-deps", "--no-build-isolation", getattr(built, kind), env=env, cwd=tmp_path)
    script = program(venv, "sso-login")
    assert ran(script, "--version", env=env, cwd=tmp_path).strip() == f"sso-login {__version__}"
    here = ran(program(venv, "python"), "-c", "import sso_login; print(sso_login.__file__)", env=env, cwd=tmp_path)
    assert here.startswith(str(venv))
    emulator = (script, "emulator", "--approve", "--interval", "1", "--", "sh", "-c")
    token = ran(*emulator, '"$0" device && "$0" token', script, env=env, cwd=tmp_path)
    assert len(token.split()) == 1
    assert all((venv / place).read_bytes() == (ROOT / path).read_bytes() for place, path in SHARED.items())


def test_anybody_gets_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """Built again from the sdist, in another folder, from newer files, with another umask: byte for byte the same."""
    with tarfile.open(built.sdist) as sdist:
        # Python 3.11.2, Debian's, knows no filters; our own sdist needs none.
        sdist.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]  # see above
    source = tmp_path / f"sso_login-{__version__}"
    for path in source.rglob("*"):
        os.utime(path)
    assert build(source, tmp_path / "again", umask=0o077).bytes() == built.bytes()
