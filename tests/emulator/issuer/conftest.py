"""An emulated issuer with a clock that stands still, and the steps of a login at it over plain HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.emulator.conftest import CALLBACK, CHALLENGE, CODE, DEVICE, VERIFIER, Clock
from tests.support.terminal.plain import Answer, ask

PUBLIC: Final = {"client_id": "sso-login"}
ALL: Final = "openid offline_access"


@dataclass
class Counter:
    """Where one client logs in; each step gives the JSON that came, refused or not."""

    emulator: Emulator
    clock: Clock

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        """Send a form."""
        return ask(self.emulator.url + path, form=form, **headers)

    def start(self, **form: str) -> Any:  # noqa: ANN401 - any JSON
        """Ask for a device code."""
        return json.loads(self.post("/device_authorization", {**PUBLIC, "scope": ALL, **form}).text)

    def poll(self, code: str, **form: str) -> Any:  # noqa: ANN401 - any JSON
        """Ask for the tokens of a device code."""
        return json.loads(self.post("/token", {**PUBLIC, "grant_type": DEVICE, "device_code": code, **form}).text)

    def login(self, **form: str) -> Any:  # noqa: ANN401 - any JSON
        """Log in with an approval from the side."""
        started = self.start(**form)
        self.emulator.service.decide(started["user_code"], approve=True)
        return self.poll(started["device_code"])

    def refresh(self, token: str, **form: str) -> Any:  # noqa: ANN401 - any JSON
        """Spend a refresh token."""
        asked = {**PUBLIC, "grant_type": "refresh_token", "refresh_token": token, **form}
        return json.loads(self.post("/token", asked).text)

    def code(self, **changed: str) -> dict[str, str]:
        """Ask for an authorization code at an issuer that approves by itself; what came back."""
        asked = {
            **PUBLIC,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "state": "a state",
            "code_challenge_method": "S256",
            "code_challenge": CHALLENGE,
            "scope": ALL,
            **changed,
        }
        reply = ask(f"{self.emulator.url}/authorize?{urlencode(asked)}")
        return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}

    def exchange(self, code: str, **form: str) -> Any:  # noqa: ANN401 - any JSON
        """Spend an authorization code."""
        asked = {"grant_type": CODE, "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return json.loads(self.post("/token", {**PUBLIC, **asked, **form}).text)

    def user(self, access: str) -> int:
        """Ask who the user is; the status."""
        return ask(f"{self.emulator.url}/userinfo", authorization=f"Bearer {access}").status


def claims(token: str) -> Any:  # noqa: ANN401 - any JSON
    """Read the payload of a JWT."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def opened() -> Iterator[Callable[..., Counter]]:
    """Give a function that starts an issuer with given settings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Counter:  # noqa: ANN401 - Settings checks them
            clock = Clock()
            return Counter(stack.enter_context(running(Settings(issuer=True, **settings), now=clock)), clock)

        yield start


@pytest.fixture
def counter(opened: Callable[..., Counter]) -> Counter:
    """Start an issuer with the settings it has by itself."""
    return opened()
