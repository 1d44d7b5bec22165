"""An OAuth server with a script: a Transport that answers each request with the next reply, and remembers it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sso_login.core.message import Notice, Request, Response
from sso_login.core.model import Application, Instance, Secret
from sso_login.oauth.issuer import OAuthIssuer
from tests.support.fakes import FakeClock

ISSUER = "https://issuer.example/realms/acme"
APP = Application(
    "client-1",
    device=f"{ISSUER}/device",
    token=f"{ISSUER}/token",
    authorize=f"{ISSUER}/authorize",
    revocation=f"{ISSUER}/revoke",
)
JSON = {"content-type": "application/json"}


def said(members: object, status: int = 200) -> Response:
    """Answer in JSON."""
    return Response(status, JSON, json.dumps(members).encode())


def formed(members: Mapping[str, str], status: int = 200) -> Response:
    """Answer with a form, as GitHub does unless asked for JSON."""
    return Response(
        status, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(members).encode()
    )


def bare(status: int, body: bytes = b"") -> Response:
    """Answer without JSON."""
    return Response(status, {}, body)


@dataclass
class OAuthServer:
    """Answers in the order of the script; an exception in it is raised."""

    script: Sequence[Response | Exception] = ()
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """Give the next answer."""
        self.requests.append(request)
        reply, *self.script = self.script
        if isinstance(reply, Exception):
            raise reply
        return reply


def issuer(
    server: OAuthServer,
    *,
    app: Application = APP,
    secret: str | None = None,
    notices: list[Notice] | None = None,
    clock: FakeClock | None = None,
) -> OAuthIssuer:
    """Speak to that server as that application."""
    told = [] if notices is None else notices
    instance = Instance(ISSUER, "", kind="oauth", application=app)
    return OAuthIssuer(
        instance,
        server,
        clock or FakeClock(),
        told.append,
        lambda: Secret(secret) if secret else None,
        scopes=("openid", "offline_access"),
    )
