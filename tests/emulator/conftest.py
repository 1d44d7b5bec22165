"""A running emulator with a clock that stands still, AWS's clients for it, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import boto3
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support import chromium as browsers
from tests.support.modelled import Aws

DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE: Final = "sso:account:access"
CODE: Final = "authorization_code"
CALLBACK: Final = "http://127.0.0.1:4711/oauth/callback"
# RFC 7636 appendix B
VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass
class Clock:
    """A clock that stands until it is pushed."""

    at: float = 1_800_000_000.25

    def __call__(self) -> float:
        """Tell the time."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Push it on."""
        self.at += seconds


class Desk:
    """An emulator and what a test does with it: AWS's clients `oidc` and `portal`, and the steps of a login."""

    def __init__(self, emulator: Emulator, aws: Aws, clock: Clock, session: boto3.Session) -> None:
        """Open both clients."""
        self.emulator, self.aws, self.clock = emulator, aws, clock
        self.service = emulator.service
        self.oidc: Any = aws.client("sso-oidc", session)
        self.portal: Any = aws.client("sso", session)

    def register(self, **asked: Any) -> dict[str, str]:  # noqa: ANN401 - botocore checks them
        """Register a client, with the account scope unless told otherwise; give what names it."""
        reply = self.oidc.register_client(**{"clientName": "test", "clientType": "public", "scopes": [SCOPE], **asked})
        return {"clientId": reply["clientId"], "clientSecret": reply["clientSecret"]}

    def register_for_codes(self, **asked: Any) -> dict[str, str]:  # noqa: ANN401 - botocore checks them
        """Register a client for authorization codes, to be redirected to /oauth/callback on any port of 127.0.0.1."""
        redirects, grants = ["http://127.0.0.1/oauth/callback"], [CODE, "refresh_token"]
        members = {"redirectUris": redirects, "grantTypes": grants, "issuerUrl": self.emulator.start_url}
        return self.register(**{**members, **asked})

    def authorize_url(self, client: dict[str, str], **changed: str | None) -> str:
        """Write the URL that asks for a code; a parameter changed to None is left out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client["clientId"],
            "redirect_uri": CALLBACK,
            "state": "a state",
            "code_challenge_method": "S256",
            "code_challenge": CHALLENGE,
            "scopes": SCOPE,
        }
        kept = {name: value for name, value in {**asked, **changed}.items() if value is not None}
        return f"{self.emulator.url}/authorize?{urlencode(kept)}"

    def exchange(self, client: dict[str, str], code: str, **changed: Any) -> Any:  # noqa: ANN401 - botocore's reply
        """Spend an authorization code."""
        asked = {"grantType": CODE, "code": code, "redirectUri": CALLBACK, "codeVerifier": VERIFIER}
        return self.oidc.create_token(**client, **{**asked, **changed})

    def start(self, client: dict[str, str]) -> Any:  # noqa: ANN401 - botocore's reply
        """Start a device authorization."""
        return self.oidc.start_device_authorization(**client, startUrl=self.emulator.start_url)

    def poll(self, client: dict[str, str], started: Any) -> Any:  # noqa: ANN401 - botocore's replies
        """Ask once for the tokens of a device code."""
        return self.oidc.create_token(**client, grantType=DEVICE, deviceCode=started["deviceCode"])

    def refresh(self, client: dict[str, str], refresh: str) -> Any:  # noqa: ANN401 - botocore's reply
        """Spend a refresh token."""
        return self.oidc.create_token(**client, grantType="refresh_token", refreshToken=refresh)

    def login(self, client: dict[str, str]) -> Any:  # noqa: ANN401 - botocore's reply
        """Log in with an approval from the side."""
        started = self.start(client)
        self.service.decide(started["userCode"], approve=True)
        return self.poll(client, started)


@pytest.fixture(scope="session")
def aws_session() -> boto3.Session:
    """Keep one session, for loading the models is what costs."""
    return boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")


@pytest.fixture
def open_desk(
    aws_session: boto3.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Desk]]:
    """Give a function that starts an emulator with given settings."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with ExitStack() as stack:

        def start(**settings: Any) -> Desk:  # noqa: ANN401 - Settings checks them
            clock = Clock()
            emulator = stack.enter_context(running(Settings(**settings), now=clock))
            desk = Desk(emulator, Aws(emulator.url), clock, aws_session)
            stack.callback(desk.oidc.close)
            stack.callback(desk.portal.close)
            return desk

        yield start


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """Start an emulator with the settings it has by itself."""
    return open_desk()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    """Give a headless browser with an empty profile."""
    if browsers.found() is None:
        pytest.skip(browsers.NEEDS)
    with browsers.chromium(tmp_path / "profile") as driver:
        yield driver
