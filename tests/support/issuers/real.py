"""What the tests need of an issuer that nobody here wrote: where it is, who approves, and what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.shell import COMMAND, Ran, clean, process
from tests.support.terminal.desk import finished, started

DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
NAME: Final = "real"

# Makes the stored token end at the epoch, through the program's own store.
_AGE: Final = """
import os
from dataclasses import replace
from sso_login.world import World
world = World(dict(os.environ), notify=print).oauth
store = world.store(world.cards.read("real").store)
session = store.load("real")
store.save(replace(session, token=replace(session.token, expires_at=1, issued_at=0)))
"""


@dataclass(frozen=True)
class Call:
    """A request that the issuer answered: when (epoch seconds), which grant, and with which status."""

    at: float
    path: str
    grant: str
    status: int


@dataclass(frozen=True)
class Real:
    """A running issuer: its URL, a client without a secret, and how a person approves at its pages.

    `browser` is what `sso-login browser` needs to be told for it.
    """

    url: str
    client_id: str
    approve: Callable[[str], object]
    calls: Callable[[], list[Call]]
    userinfo: str
    secrets: Mapping[str, str]
    browser: tuple[str, ...] = ()

    def polls(self) -> list[Call]:
        """List the requests with a device code."""
        return [call for call in self.calls() if call.grant == DEVICE]

    def renewals(self) -> list[Call]:
        """List the requests with a refresh token."""
        return [call for call in self.calls() if call.grant == "refresh_token"]


def environment(home: Path) -> dict[str, str]:
    """Give the environment of a user with the file store and no session of AWS."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "no-aws-config"),
        "SSO_LOGIN_CONFIG_FILE": str(home / "issuers"),
        "SSO_LOGIN_HOME": str(home / "state"),
        "SSO_LOGIN_STORE": "file",
        "XDG_RUNTIME_DIR": str(runtime),
    }


def configured(real: Real, env: Mapping[str, str], *argv: str, client_id: str = "") -> Ran:
    """Configure the issuer, with a client secret where that client has one."""
    name = client_id or real.client_id
    secret = real.secrets.get(name)
    more = ("--client-secret-stdin",) if secret else ()
    line = ("configure", "issuer", NAME, "--issuer", real.url, "--client-id", name, *more, *argv)
    return process(*line, env=env, stdin=secret)


@contextmanager
def waiting(env: Mapping[str, str], *argv: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a device login as a process; it and the address to approve at; killed if it still runs at the end."""
    with subprocess.Popen(
        [*COMMAND, "device", "--json", *argv],
        env=clean(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout
            event = json.loads(child.stdout.readline())
            yield child, event["verification_uri_complete"] or event["verification_uri"]
        finally:
            if child.poll() is None:
                child.kill()


def logged_in(real: Real, env: Mapping[str, str], *argv: str) -> None:
    """Log in by a browser, which waits for no interval."""
    with started("browser", *real.browser, *argv, env=env) as child:
        try:
            assert child.stderr
            line = next(line for line in child.stderr if "    Open:  " in line)
            real.approve(line.split()[1])
            ran = finished(child)
        finally:
            child.kill()
    assert ran.code == 0, ran.err


def age(env: Mapping[str, str]) -> None:
    """Let the stored token be over."""
    subprocess.run([sys.executable, "-c", _AGE], env=clean(env), check=True, timeout=120)
