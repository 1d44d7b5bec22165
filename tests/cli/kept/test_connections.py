"""How many connections a command makes: a login needs one, and what would be spent by asking twice has its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from sso_login.aws import oidc
from sso_login.core.granting import Authorization
from sso_login.core.model import DEVICE_GRANT, Application, Instance, Secret
from sso_login.oauth import grants
from tests.support.fakes import client, code
from tests.support.shell import Shell

_made: list[object] = []
_watching: list[bool] = []  # a hook cannot be taken away again


def _note(event: str, args: tuple[object, ...]) -> None:
    if _watching and event == "socket.connect":
        _made.append(args[1])


sys.addaudithook(_note)


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    _made.clear()
    _watching.append(True)
    yield
    _watching.clear()


def test_a_login_needs_one_connection(sh: Shell) -> None:
    """RegisterClient, StartDeviceAuthorization and every poll, however many."""
    left = [None] * 4

    def decide_late() -> None:
        if left:
            left.pop()
            return
        for waiting in sh.emulator.service.waiting():
            sh.emulator.service.decide(waiting, approve=True)

    sh.clock.asleep = decide_late
    assert sh("device").code == 0
    assert (sh.asked["CreateToken"], len(_made)) == (5, 1)


def test_a_renewal_has_a_connection_of_its_own(sh: Shell) -> None:
    """It is closed after it."""
    sh("device")
    _made.clear()
    for _ in range(2):
        assert sh("refresh", "--force").code == 0
    assert len(_made) == 2


def test_what_a_request_spends_is_never_asked_for_over_a_connection_that_may_be_gone() -> None:
    """A refresh token or a code goes out once, over a connection of its own; a login's other requests share theirs."""
    instance, app = Instance("https://example.awsapps.com/start", "us-east-1"), Application("an-app")
    code_of_browser = Authorization("http://127.0.0.1:1/oauth/callback", (), Secret("s"), Secret("v" * 43))
    spending = [
        oidc.renew(instance, client(), Secret("refresh")),
        oidc.exchange(instance, client(), code_of_browser, code=Secret("code")),
        grants.renew(app, None, Secret("refresh")),
        grants.exchange(app, None, code_of_browser, code=Secret("code")),
    ]
    sharing = [
        oidc.register(instance, scopes=(), grants=(DEVICE_GRANT,)),
        oidc.start_device_authorization(instance, client()),
        oidc.poll(instance, client(), code()),
        grants.start(app, None, scopes=()),
        grants.poll(app, None, code()),
    ]
    assert [request.keep_alive for request in spending + sharing] == [False] * 4 + [True] * 5
