"""The fault table: whatever comes back in place of an answer, what is said, the exit code, and that nothing is lost.

Everything is real but the clock: the program in this process, its HTTP client, the emulator with strict rotation.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Delivery, Reply
from tests.support.scratch import Hurried, Scratch, wired
from tests.support.shell import Ran

JSON: Final = {"Content-Type": "application/json"}
HTML: Final = b"<html><body>Please sign in to the hotel network</body></html>"
LARGE: Final = bytes(50_000_000)
BOMB: Final = gzip.compress(LARGE, 1)
DEADLINE: Final = 0.8  # seconds in place of 30: what a call has that is not going to be answered
PAUSE: Final = 0.05  # seconds between two bytes of a drip: far less than the deadline, so that no single read is late

NETWORK: Final = "Check the network, VPN and proxy settings, then try again; the login is kept."
BUSY: Final = "Too many requests at once; try again in a minute, the login is kept."
PROXY: Final = "A proxy or captive portal may be answering in place of AWS; try again later, the login is kept."
ENDPOINT: Final = "Check the region and any AWS_ENDPOINT_URL setting: this may not be an IAM Identity Center endpoint."
SUPPORT: Final = "Quote the request id when asking AWS Support."
REGION: Final = (
    "Often the wrong region: sso_region must be the one the Identity Center lives in; check the start URL too."
)
REFUSED: Final = {
    "RegisterClient": REGION,
    "StartDeviceAuthorization": REGION,
    "CreateToken": "Often the wrong region or start URL, or a key of the Identity Center that is switched off. "
    "Start again with `sso-login device my-sso`.",
    "Logout": "Check the region and any AWS_ENDPOINT_URL_SSO setting.",
}
WRONG: Final = {
    "RegisterClient": "clientSecretExpiresAt is not a number",
    "StartDeviceAuthorization": "deviceCode is not a text",
    "CreateToken": "accessToken is not a text",
    "Logout": "",
}
MISSING: Final = {
    "RegisterClient": "clientSecretExpiresAt is missing",
    "StartDeviceAuthorization": "deviceCode is missing",
    "CreateToken": "accessToken is missing",
    "Logout": "",
}


@dataclass(frozen=True)
class Row:
    """One fault: how it is sent, both lines of its error, and the exit code of each command that meets it.

    `{}` in the error is the operation. `again` are the seconds after which a poll and a renewal are tried again.
    """

    name: str
    reply: Reply
    error: str
    hint: str | Mapping[str, str]
    codes: tuple[int, int, int, int, int]
    again: tuple[int, int] = (10, 15)
    sent: Delivery = "whole"


def status(code: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer with this status, body and headers; underscores stand for hyphens."""
    return Reply(code, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


TYPED: Final = "InvalidRequestException:http://internal.amazon.com/coral/com.amazonaws.ssooidc/"
TYPES: Final = json.dumps(
    {"clientId": [], "clientSecretExpiresAt": "soon", "deviceCode": {}, "accessToken": 1, "expiresIn": 600}
).encode()
NO_ANSWER: Final = "{} got no answer of the service: "
BROKE: Final = "the connection to 127.0.0.1 broke before an answer came"
SILENT: Final = f"127.0.0.1 did not answer within {DEADLINE} s"
ODD: Final = "the answer of 127.0.0.1 to {} "
#                                  device:  register start  poll  refresh logout
UNREACHABLE: Final = (5, 5, 0, 5, 5)  # polling goes on: that was not the service speaking
NO_CONTENT: Final = (5, 5, 0, 5, 0)  # a logout is answered without content anyway
REFUSAL: Final = (6, 6, 6, 6, 6)
MALFORMED: Final = (6, 6, 6, 6, 0)

TABLE: Final = (
    Row("500", status(500), NO_ANSWER + "HTTP 500, trouble on its side", PROXY, UNREACHABLE),
    Row("503", status(503, HTML), NO_ANSWER + "HTTP 503, trouble on its side", PROXY, UNREACHABLE),
    Row(
        "503, Retry-After",
        status(503, Retry_After="40"),
        NO_ANSWER + "HTTP 503, trouble on its side",
        PROXY,
        UNREACHABLE,
        again=(40, 40),
    ),
    Row(
        "429, Retry-After",
        status(429, b"{}", Retry_After="20"),
        NO_ANSWER + "HTTP 429, too many requests",
        BUSY,
        UNREACHABLE,
        again=(20, 20),
    ),
    Row(
        "429, absurd Retry-After",
        status(429, b"{}", Retry_After="99999999"),
        NO_ANSWER + "HTTP 429, too many requests",
        BUSY,
        UNREACHABLE,
        again=(60, 300),
    ),
    Row("closed", status(200), BROKE, NETWORK, UNREACHABLE, sent="close"),
    Row("reset", status(200), BROKE, NETWORK, UNREACHABLE, sent="reset"),
    Row("hang", status(200), SILENT, NETWORK, UNREACHABLE, sent="hang"),
    Row("drip", status(200, b"{}"), SILENT, NETWORK, UNREACHABLE, sent="drip"),
    Row("truncated", status(200, b'{"access', Content_Length="900"), ODD + "broke off", PROXY, UNREACHABLE),
    Row(
        "half of the JSON",
        status(200, b'{"accessToken": "a'),
        NO_ANSWER + "a broken or foreign body in place of JSON",
        PROXY,
        UNREACHABLE,
    ),
    Row("empty", status(200), NO_ANSWER + "an empty body in place of JSON", PROXY, NO_CONTENT),
    Row("HTML", status(200, HTML), NO_ANSWER + "a web page in place of JSON", PROXY, UNREACHABLE),
    Row("HTML, 403", status(403, HTML), NO_ANSWER + "HTTP 403 with a web page in place of JSON", PROXY, UNREACHABLE),
    Row("no object", status(200, b"[1]"), NO_ANSWER + "a broken or foreign body in place of JSON", PROXY, UNREACHABLE),
    Row("50 MB", status(200, LARGE), ODD + "is larger than 1 MiB", PROXY, UNREACHABLE),
    Row(
        "gzip bomb",
        status(200, BOMB, Content_Encoding="gzip"),
        ODD + "is larger than 1 MiB",
        PROXY,
        UNREACHABLE,
    ),
    Row(
        "302",
        status(302, Location="/elsewhere"),
        NO_ANSWER + "HTTP 302, a redirect, which is never followed",
        PROXY,
        UNREACHABLE,
    ),
    Row(
        "307",
        status(307, Location="/elsewhere"),
        NO_ANSWER + "HTTP 307, a redirect, which is never followed",
        PROXY,
        UNREACHABLE,
    ),
    Row(
        "server_error in a 400",
        status(400, b'{"error": "server_error"}'),
        NO_ANSWER + "HTTP 400, server_error",
        PROXY,
        UNREACHABLE,
    ),
    Row("wrong type", status(200, TYPES), "the reply to {} cannot be used: {wrong}", ENDPOINT, MALFORMED),
    Row(
        "members missing",
        status(200, b'{"expiresIn": 600}'),
        "the reply to {} cannot be used: {missing}",
        ENDPOINT,
        MALFORMED,
    ),
    Row("untyped error", status(400, b"{}"), "{} was refused: http_400 (request id ID)", SUPPORT, REFUSAL),
    Row(
        "error in the header only",
        status(400, x_amzn_ErrorType=TYPED),
        "{} was refused: invalid_request (request id ID)",
        REFUSED,
        REFUSAL,
    ),
    Row(
        "error in __type only",
        status(400, b'{"__type": "com.amazonaws.ssooidc#InvalidRequestException"}'),
        "{} was refused: invalid_request (request id ID)",
        REFUSED,
        REFUSAL,
    ),
)
OPERATIONS: Final = {
    "register": "RegisterClient",
    "start": "StartDeviceAuthorization",
    "poll": "CreateToken",
    "refresh": "CreateToken",
    "logout": "Logout",
}
COMMANDS: Final = {
    # No time to try again: what passes by itself is waited out otherwise.
    "register": ("device", "--force", "--timeout", "4s"),
    "start": ("device", "--force", "--timeout", "4s"),
    "poll": ("device", "--force"),
    "refresh": ("token",),
    "logout": ("logout",),
}


@pytest.mark.parametrize("met_by", OPERATIONS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_fault(row: Row, met_by: str) -> None:
    """Two lines, the exit code, one request, nothing lost; and once the fault is gone the next run works."""
    expected = dict(zip(OPERATIONS, row.codes, strict=True))[met_by]
    with wired() as sh:
        sh("device")
        if met_by == "refresh":
            sh.clock.sleep(3700)
        before, asked = sh.kept(), sh.service.calls.copy()
        ran = meet(sh, row, met_by)
        assert ran.code == expected
        assert said(ran) == words(row, met_by, code=expected)
        polled_on = met_by == "poll" and expected == 0
        assert sh.service.calls - asked == requests(met_by, polled_on=polled_on)
        if met_by == "logout":
            assert sh.kept() == {}
        elif not polled_on:
            assert sh.kept() == before
        put_off = met_by == "refresh" and (expected == 5 or row.codes is MALFORMED)
        assert retry_at(sh) == (sh.clock.now() + row.again[1] if put_off else 0)
        if polled_on:
            assert sh.clock.slept[-2:] == [5, row.again[0]]
        goes_on(sh, row, met_by, unchanged=not polled_on)


def retry_at(sh: Scratch[Hurried]) -> float:
    """Give the instant before which no renewal is tried, 0 where there is none."""
    return float(json.loads(sh.card.read_bytes())["retry_after"]) if sh.card.exists() else 0


def meet(sh: Scratch[Hurried], row: Row, met_by: str) -> Ran:
    """Run the command whose request meets the fault."""
    sh.service.order(Fault(OPERATIONS[met_by], reply=row.reply, delivery=row.sent, pause=PAUSE))
    if row.sent in {"hang", "drip"}:
        sh.transport.hurry[OPERATIONS[met_by]] = DEADLINE
    return sh(*COMMANDS[met_by])


def said(ran: Ran) -> list[str]:
    """Give what a person reads of trouble: the error and its hint, or why polling has not come to an end yet."""
    assert ran.out == ""
    text = re.sub(r"request id [0-9a-f-]{36}", "request id ID", ran.err)
    return [line for line in text.splitlines() if re.match(r"(error|hint|warning|Network trouble)", line)]


def words(row: Row, met_by: str, *, code: int) -> list[str]:
    """Give the lines that the table promises."""
    operation = OPERATIONS[met_by]
    error = row.error.format(operation, wrong=WRONG[operation], missing=MISSING[operation])
    if code:
        return [f"error: {error}", f"hint: {row.hint if isinstance(row.hint, str) else row.hint[operation]}"]
    if met_by == "logout":
        return []
    return [f"Network trouble, still trying ({error}); the code is good for another 9 min 55 s."]


def requests(met_by: str, *, polled_on: bool) -> dict[str, int]:
    """Count the requests: one that may have arrived is never sent again by the same process, but for a poll."""
    before = {
        "register": {},
        "start": {"RegisterClient": 1},
        "poll": {"RegisterClient": 1, "StartDeviceAuthorization": 1},
    }.get(met_by, {})
    return {**before, OPERATIONS[met_by]: 2 if polled_on else 1}


def goes_on(sh: Scratch[Hurried], row: Row, met_by: str, *, unchanged: bool) -> None:
    """See that everything works again once the fault is gone, and the login that was there meanwhile."""
    if met_by == "logout":
        assert sh("token").code == 3
        assert sh("device").code == 0
    elif met_by == "refresh":
        sh.clock.sleep(row.again[1])
    elif unchanged:
        assert sh("token").code == 0
        assert sh("device", "--force").code == 0
    asked = sh.service.calls["CreateToken"]
    assert sh("token").code == 0
    assert sh.service.calls["CreateToken"] == asked + (met_by == "refresh")
    sh.clock.sleep(3700)
    assert sh("token").code == 0
    assert "Unknown" not in sh.service.calls  # no redirect was followed
