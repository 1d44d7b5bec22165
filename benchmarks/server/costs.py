"""What the credential server costs: requests, memory, idling, and the fetching of 50 profiles side by side."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from benchmarks.emulator import emulator
from benchmarks.home import PROFILE, Home, make
from benchmarks.installed import Installed
from benchmarks.measure import Failed
from benchmarks.table import table

REQUESTS: Final = 500
IDLE: Final = 20.0  # seconds that it is watched while nobody asks
PROFILES: Final = 50
TICKS: Final = 100.0  # a second, in /proc on every Linux of today
DELAY: Final = 0.1  # seconds that the portal takes for each answer
_SET: Final = re.compile(r"export (AWS_CONTAINER_\w+)='([^']*)'")
_SECTION: Final = "[profile {name}]\nsso_session = {session}\nsso_account_id = {account}\nsso_role_name = {role}\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One number and what it may be at most."""

    name: str
    measured: float
    most: float
    unit: str

    @property
    def cells(self) -> list[str]:
        """Write it with its verdict."""
        verdict = "within" if self.measured <= self.most else "MISSED"
        return [self.name, f"{self.measured:.2f} {self.unit}", f"{self.most:g} {self.unit}", verdict]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, its port and its token."""

    pid: int
    port: int
    path: str
    token: str

    def connection(self) -> http.client.HTTPConnection:
        """Open a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, connection: http.client.HTTPConnection) -> None:
        """Ask once; raise Failed."""
        connection.request("GET", self.path, headers={"Authorization": self.token})
        answer = connection.getresponse()
        if b"SecretAccessKey" not in answer.read():
            raise Failed(f"the credential server answered {answer.status}")

    def cpu(self) -> float:
        """Tell the seconds of CPU that it has had."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self) -> float:
        """Tell the largest resident set it has had."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s*(\d+) kB", text)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def served(home: Home, *profiles: str) -> Iterator[Server]:
    """Run `serve` while the block runs; raise Failed."""
    argv = [home.installed.script("sso-login"), "serve", *profiles]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        argv, env=dict(home.env), stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, text=True
    ) as process:
        try:
            found: dict[str, str] = {}
            for line in process.stdout or ():
                found |= dict(_SET.findall(line))
                if len(found) == 2:
                    break
            else:
                raise Failed("the credential server does not serve")
            uri = urlsplit(found["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
            yield Server(process.pid, uri.port or 0, uri.path, found["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
        finally:
            process.terminate()
            if process.stdout:
                process.stdout.read()


def serving_table(home: Home, installed: Installed, folder: Path, *, say: Callable[[str], None]) -> str:
    """Measure it all, and write the table; raise Failed."""
    rows = [*_requests(home, say=say), _fetched(installed, folder, say=say)]
    return table(["the credential server", "measured", "at most", "verdict"], [row.cells for row in rows])


def _requests(home: Home, *, say: Callable[[str], None]) -> list[Row]:
    say("requests to the credential server")
    with served(home, PROFILE) as server:
        kept = server.connection()
        server.ask(kept)
        on_kept = _times(lambda: server.ask(kept))

        def anew() -> None:
            connection = server.connection()
            server.ask(connection)
            connection.close()

        on_new = _times(anew)
        say("the credential server while nobody asks")
        before = server.cpu()
        time.sleep(IDLE)
        idle = server.cpu() - before
        return [
            Row("a request on a kept connection, median", median(on_kept) * 1000, 3, "ms"),
            Row("a request on a new connection, median", median(on_new) * 1000, 5, "ms"),
            Row("its largest resident set", server.megabytes(), 40, "MB"),
            Row(f"its CPU while nobody asks, over {IDLE:.0f} s", idle / IDLE * 100, 0.1, "%"),
        ]


def _times(ask: Callable[[], None]) -> Sequence[float]:
    found = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        ask()
        found.append(time.perf_counter() - begun)
    return found


def _fetched(installed: Installed, folder: Path, *, say: Callable[[str], None]) -> Row:
    say(f"{PROFILES} profiles side by side")
    with emulator(installed, folder / "many", "--accounts", str(PROFILES), "--portal-delay", str(DELAY)) as url:
        home = make(folder / "many-home", installed, url, names=["many"])
        home.log_in()
        roles = json.loads(home.run("roles", "--json"))
        firsts = {each["account_id"]: each["role_name"] for each in roles}
        sections = [
            _SECTION.format(name=f"p{at}", session="many", account=account, role=role)
            for at, (account, role) in enumerate(firsts.items())
        ]
        with Path(home.env["HOME"], ".aws", "config").open("a", encoding="utf-8") as config:
            config.write("".join(sections))
        begun = time.perf_counter()
        with served(home, *(f"p{at}" for at in range(PROFILES))):
            took = time.perf_counter() - begun
    one_by_one = PROFILES * DELAY
    return Row(
        f"{PROFILES} profiles, of a portal that takes {DELAY * 1000:.0f} ms, to be at hand", took, one_by_one / 2, "s"
    )
