"""Listing as it really runs: sixteen connections, each kept; a bar and a table at a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sso_login.adapters.system.http import Http
from sso_login.aws.identity_center import IdentityCenter
from sso_login.core.model import Instance
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from sso_login.flows.list_roles import list_roles
from tests.support.fakes import chosen, session
from tests.support.portal import PortalPorts
from tests.support.shell import COMMAND, clean, environment, process

ACCOUNTS = 64  # four times sixteen


class Counting(BaseHTTPRequestHandler):
    """Answers for roles only when sixteen requests are there at once, and counts what is never to be more."""

    protocol_version = "HTTP/1.1"
    together = threading.Barrier(16)
    lock = threading.Lock()
    flying = most = connections = 0

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        with self.lock:
            Counting.connections += 1

    def do_GET(self) -> None:
        """Answer."""
        if self.path.startswith("/assignment/accounts"):
            self._say({"accountList": [{"accountId": f"{number:012}"} for number in range(ACCOUNTS)]})
            return
        with self.lock:
            Counting.flying += 1
            Counting.most = max(Counting.most, Counting.flying)
        self.together.wait(60)
        with self.lock:
            Counting.flying -= 1
        self._say({"roleList": [{"roleName": "Reader"}]})

    def _say(self, members: object) -> None:
        body = json.dumps(members).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


class Real(PortalPorts):
    """Ports whose portal is asked over HTTP."""

    http = Http({})

    def portal(self, instance: Instance) -> IdentityCenter:  # type: ignore[override]  # the port, not the fake
        """Give the portal behind that endpoint."""
        return IdentityCenter(instance, self.http, self.clock, self.notify)


def test_sixteen_requests_are_in_flight_over_sixteen_connections() -> None:
    """Sixteen at once, or the server would not answer; never one more; and every connection is used again."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        instance = Instance(
            "https://example.awsapps.com/start",
            "us-east-1",
            portal_endpoint=f"http://127.0.0.1:{server.server_address[1]}",
        )
        ports = Real()
        ports.store("keyring").save(session())
        found = list_roles(ports, chosen(instance=instance))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (len(found.roles), found.problems) == (ACCOUNTS, ())
    assert Counting.most == 16
    assert Counting.connections == 16


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pexpect on Windows")
@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_gets_a_table_and_a_bar_that_goes_away(home: Path, *, quiet: bool) -> None:
    """Headings, a dash where there is nothing, and a bar that is erased; --no-input draws none."""
    pexpect = pytest.importorskip("pexpect")
    with running(Settings(interval=1, approve=True)) as emulator:
        env = environment(home, emulator)
        assert process("device", "--no-browser", env=env).code == 0
        command, *words = COMMAND
        argv = [*words, "accounts", *(["--no-input"] if quiet else [])]
        whole = {**clean(env), "TERM": "xterm"}
        child = pexpect.spawn(command, argv, env=whole, dimensions=(40, 100), encoding="utf-8", timeout=60)
        text: str = child.read()
        child.close()
    assert child.exitstatus == 0, text
    assert ("Listing accounts" in text) != quiet
    shown = text[text.index("ACCOUNT") :]
    assert "Harbour Production  111122223333  aws-production@harbour.example" in shown
    assert "-                   444455556666  -" in shown
    assert "Listing accounts" not in shown


def test_help_and_a_pipe_need_no_rich(home: Path) -> None:
    """What draws is loaded only where something is drawn."""
    watch = "import sys; from sso_login.cli.app import run; run(sys.argv[1:]); print('rich' in sys.modules)"
    with running(Settings(interval=1, approve=True)) as emulator:
        env = environment(home, emulator)
        assert process("device", "--no-browser", env=env).code == 0
        for argv in (["roles", "--help"], ["accounts"]):
            done = subprocess.run(
                [sys.executable, "-c", watch, *argv], env=clean(env), capture_output=True, text=True, check=True
            )
            assert done.stdout.splitlines()[-1] == "False"
