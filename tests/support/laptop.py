"""A laptop for weeks in memory time: cron, sleep, a network, a keyring, an SDK, and a human who acts when told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from sso_login.adapters.schedule.job import Job
from sso_login.cli.app import run
from sso_login.core.errors import StoreUnusable, Unreachable
from sso_login.core.message import Notice, Request, Response
from sso_login.emulator.service import Service
from sso_login.world import World
from tests.support.fakes import FakeClock
from tests.support.scratch import Direct
from tests.support.shell import Ran
from tests.support.stores.memory import MemoryEntries

MINUTE = 60
JOB = Job(("sso-login",), (), 10).words[1:]
LOCKED = "the keyring is locked"


class Network:
    """The port Transport to several services; while it is `away` nothing leaves the machine."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        """Route by the address of each."""
        self._ways = {urlsplit(service.url).netloc: Direct(service) for service in services.values()}
        self.away = False

    def send(self, request: Request) -> Response:
        """Carry the request out, or fail before anything is sent."""
        if self.away:
            raise Unreachable("the network is away", sent=False)
        return self._ways[urlsplit(request.url).netloc].send(request)


@dataclass
class Laptop:
    """The machine: `mails` are what cron's job printed, with their times; `codes` its exit codes."""

    home: Path
    services: dict[str, Service]
    clock: FakeClock
    env: dict[str, str]
    keyring: MemoryEntries = field(default_factory=lambda: MemoryEntries(backend="SecretService"))
    mails: list[tuple[float, str]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Configure every service as a profile of its name; a human approves each code at once."""
        self.network = Network(self.services)
        (self.home / "config").write_text("".join(map(self._profile, self.services)))
        self.clock.asleep = self._approve
        self.env |= {"HOME": str(self.home), "AWS_CONFIG_FILE": str(self.home / "config")}
        self.env |= {"SSO_LOGIN_HOME": str(self.home / "state")}

    def _profile(self, name: str) -> str:
        service = self.services[name]
        where = f"sso_start_url = {service.start_url}\nsso_region = us-east-1\nendpoint_url = {service.url}\n"
        return f"[profile {name}]\n{where}"

    def _approve(self) -> None:
        for service in self.services.values():
            for code in service.waiting():
                service.decide(code, approve=True)

    def __call__(self, *argv: str) -> Ran:
        """Run one command line."""

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            entries = {"keyring": self.keyring}
            return World(
                self.env, attended=attended, notify=notify, clock=self.clock, transport=self.network, entries=entries
            )

        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(argv, build=build)
        return Ran(code, out.getvalue(), err.getvalue())

    def cron(self) -> Ran:
        """Run the job; what it prints is mailed."""
        ran = self(*JOB)
        self.codes.append(ran.code)
        if ran.out or ran.err:
            self.mails.append((self.clock.now(), ran.out + ran.err))
        return ran

    def lock(self, *, locked: bool) -> None:
        """Lock or unlock the keyring."""
        self.keyring.trouble = StoreUnusable(LOCKED) if locked else None

    def portal_ends(self, name: str) -> float:
        """Tell when the portal session of that service ends."""
        return self.services[name]._state.sign_in.expires_at

    def unharmed(self) -> bool:
        """Tell whether every login ever made has its record, with a refresh token, and none was sent twice."""
        records = [text.split("\n", 4)[-1] for text in self.keyring.texts.values()]
        return all(json.loads(record)["refresh"] for record in records) and not any(
            login.revoked for service in self.services.values() for login in service._state.logins.values()
        )

    def sdk_renews(self, name: str) -> bool:
        """Renew the login as an AWS SDK does, in its own cache; tell whether there was one to renew."""
        for path in (self.home / ".aws" / "sso" / "cache").glob("*.json"):
            members = json.loads(path.read_bytes())
            if members.get("startUrl") != self.services[name].start_url or "refreshToken" not in members:
                continue
            asked = {key: members[key] for key in ("clientId", "clientSecret", "refreshToken")}
            request = Request(
                "CreateToken", "POST", f"{self.services[name].url}/token", json={**asked, "grantType": "refresh_token"}
            )
            reply = self.network.send(request)
            if reply.status != 200:
                return False
            came = json.loads(reply.body)
            ends = self.clock.now() + came["expiresIn"]
            members |= {"accessToken": came["accessToken"], "refreshToken": came["refreshToken"]}
            members["expiresAt"] = _instant(ends)
            path.write_text(json.dumps(members))
            return True
        return False


def _instant(at: float) -> str:
    from sso_login.core.times import rfc3339  # noqa: PLC0415 - one place needs it

    return rfc3339(at)
