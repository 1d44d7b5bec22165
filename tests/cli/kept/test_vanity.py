"""A login by a start URL on a company's own host, from the config to the card and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_login.adapters.system.http import Http
from sso_login.cli.app import run
from sso_login.core.message import Request, Response
from sso_login.core.ports import Transport
from sso_login.world import World
from tests.support.shell import Shell, shell

VANITY = "https://sso.company.example/start"
PORTAL = "https://d-1234567890.awsapps.com/start"


class Redirecting:
    """A Transport that leads from the company's host to AWS's, and sends all else to the emulator."""

    def __init__(self, other: Transport, start_url: str) -> None:
        """Let AWS's start URL be the emulator's."""
        self.other, self.start_url = other, start_url
        self.heads: list[str] = []
        self.sent: list[object] = []

    def send(self, request: Request) -> Response:
        """Answer HEAD by a redirect."""
        if request.method == "HEAD":
            self.heads.append(request.url)
            return Response(302, {"location": PORTAL}, b"")
        if request.json and request.json.get("startUrl"):
            self.sent.append(request.json["startUrl"])
            request = Request(
                request.operation,
                request.method,
                request.url,
                headers=request.headers,
                json={**request.json, "startUrl": self.start_url},
                deadline=request.deadline,
                keep_alive=request.keep_alive,
            )
        return self.other.send(request)


def test_the_resolved_url_is_sent_and_bound_and_asked_for_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards token and status know it from the card; what is written in the config stays as it is."""
    with shell(home, capsys) as sh:
        sh.approve_while_waiting()
        sh.config.write_text(sh.config.read_text().replace(sh.emulator.start_url, VANITY))
        wire = Redirecting(Http(sh.env), sh.emulator.start_url)
        assert _ran(sh, wire, "device") == 0
        assert wire.heads == [VANITY]
        assert wire.sent == [PORTAL]
        assert _ran(sh, wire, "token") == 0
        assert _ran(sh, wire, "device") == 0
        assert len(wire.heads) == 1
        assert PORTAL in (home / "state" / "sessions" / "my-sso").read_text()
        assert VANITY in sh.config.read_text()


def _ran(sh: Shell, wire: Transport, *argv: str) -> int:
    def build(**given: object) -> World:
        return World(sh.env, notify=print, clock=sh.clock, transport=wire) if given else World(sh.env, notify=print)

    return run(argv, build=build)
