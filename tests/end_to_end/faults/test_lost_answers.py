"""What was carried out although its answer was lost, what was certainly not sent, and errors named in odd places."""

from __future__ import annotations

import json
from typing import Final

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Delivery
from sso_login.emulator.core.settings import Rotation, Settings
from tests.end_to_end.faults.test_faults import BROKE, DEADLINE, NETWORK, said, status
from tests.support.scratch import Hurried, Scratch, wired


@pytest.mark.parametrize("sent", ["close", "reset", "hang", "whole"])
@pytest.mark.parametrize(
    ("rotation", "code"),
    [("strict", 3), ("grace", 0), ("none", 0)],
    ids=["strict rotation", "grace", "no rotation"],
)
def test_a_renewal_whose_answer_is_lost(rotation: Rotation, code: int, sent: Delivery) -> None:
    """The issuer has rotated, we do not know: exit 5, the record as it was; only strict rotation costs a login then."""
    with wired(Settings(rotation=rotation)) as sh:
        sh("device")
        sh.clock.sleep(3700)
        before = sh.kept()
        lose(sh, "CreateToken", sent)
        assert (sh("token").code, sh.service.calls["CreateToken"]) == (5, 2)
        assert sh.kept() == before
        sh.clock.sleep(15)
        assert (sh("token").code, sh.service.calls["CreateToken"]) == (code, 3)
        if code:
            assert sh.kept()["record"] == before["record"]
            assert sh("token").code == 3
            assert sh.service.calls["CreateToken"] == 3  # a refused token is not sent again
            assert sh("device").code == 0
        assert sh("token").code == 0


@pytest.mark.parametrize(
    ("operation", "code", "calls"),
    [
        # What starts a login may be asked for again, and a human is waiting.
        ("RegisterClient", 0, {"RegisterClient": 2, "StartDeviceAuthorization": 1, "CreateToken": 1}),
        ("StartDeviceAuthorization", 0, {"RegisterClient": 1, "StartDeviceAuthorization": 2, "CreateToken": 1}),
        # The device code was used up by the poll whose answer got lost, and the next poll is told so.
        ("CreateToken", 6, {"RegisterClient": 1, "StartDeviceAuthorization": 1, "CreateToken": 2}),
    ],
)
def test_a_login_whose_answer_is_lost(operation: str, code: int, calls: dict[str, int]) -> None:
    """A start is made again; a spent code ends the login, and what was there stays, byte for byte."""
    with wired() as sh:
        sh("device")
        before, asked = sh.kept(), sh.service.calls.copy()
        lose(sh, operation, "reset")
        assert sh("device", "--force").code == code
        assert sh.service.calls - asked == calls
        assert (sh.kept() == before) == (code != 0)
        assert sh("token").code == 0
        assert sh("device", "--force").code == 0


def test_a_logout_whose_answer_is_lost() -> None:
    """Exit 5 says that the portal's answer is not known; here everything is forgotten."""
    with wired() as sh:
        sh("device")
        lose(sh, "Logout", "close")
        ran = sh("logout")
        assert (ran.code, sh.kept(), sh.service.calls["Logout"]) == (5, {}, 1)
        assert ran.err.splitlines() == ["my-sso: signed out", f"error: {BROKE}", f"hint: {NETWORK}"]


def lose(sh: Scratch[Hurried], operation: str, sent: Delivery) -> None:
    """Let the next call be carried out and its answer be lost; a whole answer breaks off after its first byte."""
    if sent == "hang":
        sh.transport.hurry[operation] = DEADLINE
    reply = status(200, b"{", Content_Length="900") if sent == "whole" else None
    sh.service.order(Fault(operation, reply=reply, delivery=sent, applied=True))


NAMED: Final = {
    # what CreateToken's error is called: exit codes of a poll and of a renewal
    "AuthorizationPendingException": (0, 6),
    "SlowDownException": (0, 6),
    "AccessDeniedException": (4, 3),
    "ExpiredTokenException": (4, 3),
    "InvalidGrantException": (6, 3),
    "InvalidClientException": (6, 3),
    "UnauthorizedClientException": (6, 3),
    "InvalidScopeException": (6, 6),
    "InternalServerException": (0, 5),
}


@pytest.mark.parametrize("where", ["header", "__type"])
@pytest.mark.parametrize("name", NAMED)
def test_an_error_named_in_one_place_only(name: str, where: str) -> None:
    """The header alone, or `__type` alone, means what `error` in the body means; a refusal never erases anything."""
    body = b"" if where == "header" else json.dumps({"__type": f"com.amazonaws.ssooidc#{name}"}).encode()
    reply = status(400, body, **({"x_amzn_ErrorType": f"{name}:http://x/"} if where == "header" else {}))
    with wired() as sh:
        sh("device")
        before = sh.kept()
        sh.service.order(Fault("CreateToken", reply=reply))
        assert sh("device", "--force").code == NAMED[name][0]
        if NAMED[name][0]:
            assert sh.kept() == before
        sh.clock.sleep(3700)
        before = sh.kept()
        sh.service.order(Fault("CreateToken", reply=reply))
        assert sh("token").code == NAMED[name][1]
        assert sh.kept()["record"] == before["record"]
        assert sh("refresh", "--force").code == 0


def test_nobody_listens() -> None:
    """Nothing can have been sent, so a renewal is tried three times: exit 5, two lines, nothing lost."""
    with wired() as sh:
        sh("device")
        sh.clock.sleep(3700)
        before, slept = sh.kept(), len(sh.clock.slept)
        sh.transport.lost = True
        ran = sh("token")
        assert (ran.code, sh.clock.slept[slept:], sh.kept()) == (5, [0.5, 2.0], before)
        assert said(ran) == ["error: cannot reach 127.0.0.1: connection refused", f"hint: {NETWORK}"]
        sh.transport.lost = False
        assert sh("refresh", "--force").code == 0
