"""The program with a home and a clock of its own: without sockets, or over HTTP with a client that can be hurried."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from sso_login.adapters.system.http import Http
from sso_login.cli.app import run
from sso_login.core.message import Notice, Request, Response
from sso_login.core.ports import Transport
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from sso_login.emulator.service import Service
from sso_login.world import World
from tests.support.fakes import FakeClock
from tests.support.shell import Ran

URL = "http://127.0.0.1:9"  # of a service without a socket
CONFIG = """[sso-session my-sso]
sso_start_url = {}
sso_region = us-east-1
sso_registration_scopes = sso:account:access
"""


class Direct:
    """The port Transport straight into an emulated service: no socket, no thread, whatever the headers hold."""

    def __init__(self, service: Service) -> None:
        """Send everything to that service."""
        self._service = service

    def send(self, request: Request) -> Response:
        """Carry the request out at once."""
        to = urlsplit(request.url)
        headers = {"host": to.netloc, **{name.lower(): value for name, value in request.headers.items()}}
        body = b"" if request.json is None else json.dumps(request.json).encode()
        reply = self._service.handle(request.method, to.path, headers=headers, query=to.query, body=body)
        return Response(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)


class Hurried:
    """The port Transport over real HTTP; the next call of an operation named in `hurry` has that many seconds.

    While `lost`, everything is sent to a port that nobody listens on.
    """

    def __init__(self) -> None:
        """Hurry nothing yet."""
        self.hurry: dict[str, float] = {}
        self.lost = False

    def send(self, request: Request) -> Response:
        """Send the request, within its own deadline or the one that was set for it."""
        deadline = self.hurry.pop(request.operation, request.deadline)
        url = urlsplit(request.url)._replace(netloc="127.0.0.1:9").geturl() if self.lost else request.url
        return Http({}).send(replace(request, deadline=deadline, url=url))


AnyTransport = TypeVar("AnyTransport", bound=Transport)


@dataclass(frozen=True)
class Scratch(Generic[AnyTransport]):
    """Runs command lines against a service, with everything they keep below `home`."""

    home: Path
    service: Service
    clock: FakeClock
    transport: AnyTransport

    def __post_init__(self) -> None:
        """Configure the service as my-sso, and let a human approve every code at the first wait."""
        self.config.write_text(CONFIG.format(self.service.start_url))
        self.clock.asleep = self.approve

    def approve(self) -> None:
        """Approve every code that waits."""
        for code in self.service.waiting():
            self.service.decide(code, approve=True)

    def __call__(self, *argv: str) -> Ran:
        """Run one command line."""
        env = {
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_ENDPOINT_URL": self.service.url,
            "SSO_LOGIN_HOME": str(self.home / "state"),
            "SSO_LOGIN_STORE": "file",
        }

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            return World(env, attended=attended, notify=notify, clock=self.clock, transport=self.transport)

        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(argv, build=build)
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def config(self) -> Path:
        """The AWS config file."""
        return self.home / "config"

    @property
    def record(self) -> Path:
        """Where the login of my-sso lies."""
        return self.home / "state" / "secrets" / "sso+my-sso"

    @property
    def card(self) -> Path:
        """Where its card lies."""
        return self.home / "state" / "sessions" / "my-sso"

    def kept(self) -> dict[str, object]:
        """Give what is stored: the record byte for byte, and of the card all but when a renewal may be tried again."""
        found: dict[str, object] = {"record": self.record.read_bytes()} if self.record.exists() else {}
        if self.card.exists():
            found["card"] = {**json.loads(self.card.read_bytes()), "retry_after": 0, "retry_delay": 0, "about": ""}
        return found

    def answer(self, operation: str, reply: Reply) -> None:
        """Let the next call of an operation be answered with this instead of being carried out."""
        self.service.order(Fault(operation, reply=reply))


@contextmanager
def scratch(settings: Settings | None = None) -> Iterator[Scratch[Direct]]:
    """Give a new home and a new service without a socket, both by one clock."""
    clock = FakeClock()
    service = Service(settings or Settings(), url=URL, now=clock.now)
    with TemporaryDirectory(prefix="sso-login-test-") as folder:
        yield Scratch(Path(folder), service, clock, Direct(service))


@contextmanager
def wired(settings: Settings | None = None, *, ahead: float = 0.0) -> Iterator[Scratch[Hurried]]:
    """Give a new home and a new emulator on 127.0.0.1, whose clock is `ahead` of this machine's by so many seconds."""
    clock = FakeClock()
    with (
        running(settings, now=lambda: clock.now() + ahead) as emulator,
        TemporaryDirectory(prefix="sso-login-test-") as folder,
    ):
        yield Scratch(Path(folder), emulator.service, clock, Hurried())
