"""The program as a user has it: in this process with a clock that never waits, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.core.ports import Entries
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.world import World
from tests.support.fakes import FakeClock


@dataclass(frozen=True)
class Ran:
    """What a run left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Read stdout as one JSON value."""
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs command lines in this process against an emulator; both live by the same fake clock."""

    emulator: Emulator
    clock: FakeClock
    env: dict[str, str]
    capsys: pytest.CaptureFixture[str]
    entries: dict[str, Entries] = field(default_factory=dict)
    attended: bool = False

    def __call__(self, *argv: str, **env: str) -> Ran:
        """Run one command line, with these variables besides."""

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            del attended
            whole = {**self.env, **env}
            return World(whole, attended=self.attended, notify=notify, clock=self.clock, entries=self.entries)

        self.capsys.readouterr()
        code = run(argv, build=build)
        return Ran(code, *self.capsys.readouterr())

    def approve_while_waiting(self, *, approve: bool = True) -> None:
        """Decide every code at the first sleep, as a human in a browser would."""

        def decide() -> None:
            for code in self.emulator.service.waiting():
                self.emulator.service.decide(code, approve=approve)

        self.clock.asleep = decide

    @property
    def asked(self) -> Mapping[str, int]:
        """How often each operation was asked for."""
        return self.emulator.service.calls

    @property
    def config(self) -> Path:
        """The AWS config file."""
        return Path(self.env["AWS_CONFIG_FILE"])

    def record(self, name: str = "my-sso") -> Path:
        """Where the file store keeps a session."""
        found = [path for path in Path(self.env["SSO_LOGIN_HOME"], "secrets").iterdir() if name in path.name]
        assert len(found) == 1
        return found[0]


@contextmanager
def shell(home: Path, capsys: pytest.CaptureFixture[str], settings: Settings | None = None) -> Iterator[Shell]:
    """Give a shell with an emulator, and a config in `home` that names it as my-sso; the file store."""
    clock = FakeClock()
    with running(settings, now=clock.now) as emulator:
        yield Shell(emulator, clock, environment(home, emulator), capsys)


def environment(home: Path, emulator: Emulator) -> dict[str, str]:
    """Write a config that names the emulator as my-sso, and give the environment that points at it."""
    aws, runtime = home / ".aws", home / "run"
    aws.mkdir(exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    config = aws / "config"
    config.write_text(
        f"[sso-session my-sso]\nsso_start_url = {emulator.start_url}\nsso_region = us-east-1\n"
        "sso_registration_scopes = sso:account:access\n"
    )
    return {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL_SSO_OIDC": emulator.url,
        "AWS_ENDPOINT_URL_SSO": emulator.url,
        "SSO_LOGIN_HOME": str(home / "state"),
        "SSO_LOGIN_STORE": "file",
        "XDG_RUNTIME_DIR": str(runtime),
    }


COMMAND = (sys.executable, "-m", "sso_login")


def clean(env: Mapping[str, str]) -> dict[str, str]:
    """Give a child's whole environment: these variables, PATH, what coverage needs, and nothing else of ours.

    A proxy that nobody listens on stands in for the network: whoever looks beyond loopback fails.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    followed = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    root = str(Path(__file__).parents[2])
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return {**kept, **followed, **nowhere, "PYTHONPATH": root, "LANG": "C.UTF-8", **env}


def process(*argv: str, env: Mapping[str, str], stdin: str | None = None) -> Ran:
    """Run the program as a process of its own, with a clean environment."""
    done = subprocess.run(
        [*COMMAND, *argv], env=clean(env), input=stdin or "", capture_output=True, text=True, timeout=120, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)
