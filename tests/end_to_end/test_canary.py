"""Marked secrets: every command at -vv, succeeding and failing, must not show one where it is not its job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from tests.support.shell import Ran, Shell, shell
from tests.support.visitor import as_browser

MARKER = "CANARY-IN-THE-MINE"
PRINTS_SECRETS = ("token", "credentials", "console")
ROLE = ("--account", "111122223333", "--role", "ReadOnlyAccess")
REGION = ("--region", "us-east-1")
COMMANDS = (
    ("device",),
    ("device", "--json"),
    ("device", "--force"),
    ("device", "--sdk-cache"),
    ("browser",),
    ("browser", "--force", "--json"),
    ("signin", *REGION, "--json", "--sdk-cache"),
    ("token",),
    ("token", "--json"),
    ("token", "--header"),
    ("refresh",),
    ("refresh", "--force"),
    ("refresh", "--all", "--quiet"),
    ("status",),
    ("status", "--json"),
    ("status", "--check"),
    ("accounts",),
    ("roles", "--json"),
    ("credentials", *ROLE),
    ("credentials", *ROLE, "--format", "env"),
    ("credentials", *ROLE, "--write-profile", "x"),
    ("exec", *ROLE, "--", "/nonexistent"),
    ("console", *ROLE, "--print"),
    ("doctor",),
    ("doctor", "--json"),
    ("configure", "profiles", "--dry-run"),
    ("logout", "--local"),
    ("logout",),
    ("logout", "--all"),
)
ECHO = f"{MARKER} came back"
WRONG = ("accessToken", "clientId", "deviceCode", "roleCredentials", "SigninToken")
FAULTS = {
    "none": None,
    "500 with a secret": Reply(500, {}, ECHO.encode()),
    "not JSON": Reply(200, {}, ECHO.encode()),
    "wrong types": Reply(200, {}, json.dumps({name: [ECHO] for name in WRONG}).encode()),
    "a line break in the token": Reply(
        200, {}, json.dumps({"accessToken": f"{MARKER}\nx", "tokenType": "Bearer", "expiresIn": 9}).encode()
    ),
    "a redirect with a secret": Reply(302, {"Location": f"http://127.0.0.1:9/?{MARKER}"}, b""),
}
OPERATIONS = (
    "RegisterClient",
    "StartDeviceAuthorization",
    "CreateToken",
    "CreateOAuth2Token",
    "ListAccounts",
    "ListAccountRoles",
    "GetRoleCredentials",
    "GetSigninToken",
    "Logout",
)


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell against an emulator that marks every secret."""
    with shell(home, capsys, Settings(marker=MARKER, approve=True)) as made:
        made.env["BROWSER"] = as_browser()
        made.env["AWS_ENDPOINT_URL_SIGNIN"] = made.emulator.url
        made.approve_while_waiting()
        yield made


@pytest.mark.parametrize("way", ["device", "browser"])
def test_the_marker_is_in_every_secret(sh: Shell, way: str) -> None:
    """Without this the search below would find nothing, whatever leaked."""
    sh.attended = True
    assert sh(way).code == 0
    record = sh.record().read_text()
    assert record.count(MARKER) >= 3  # access token, refresh token, client secret
    assert MARKER in sh("token").out
    assert sh("credentials", *ROLE).out.count(MARKER) >= 2  # secret and session token
    assert MARKER in sh("console", *ROLE, "--print").out


def test_the_marker_is_in_every_secret_of_a_sign_in(sh: Shell) -> None:
    """The same for AWS Sign-In: secret key, session token and refresh token."""
    sh.attended = True
    assert sh("signin", *REGION).code == 0
    assert sh.record("signin").read_text().count(MARKER) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("state", ["logged in", "expired", "corrupt", "nothing"])
def test_no_secret_is_shown(
    sh: Shell, command: tuple[str, ...], fault: str, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Stdout (but of those whose job it is), stderr, logs and tracebacks are free of the marker, whatever happens."""
    sh.attended = signs_in = command[0] == "signin"
    if state != "nothing":
        sh("signin", *REGION) if signs_in else sh("device")
    if state == "expired":
        sh.clock.sleep(4000)
    if state == "corrupt":
        sh.record("signin" if signs_in else "my-sso").write_text(f"garbage {ECHO}")
    reply = FAULTS[fault]
    if reply:
        for operation in OPERATIONS:
            sh.emulator.service.order(Fault(operation, reply=reply, times=200))
    sh.attended = signs_in or command[0] == "browser"  # or else none is opened
    ran: Ran = sh("-vv", *command)
    assert MARKER not in ran.err
    assert MARKER not in caplog.text
    if command[0] not in PRINTS_SECRETS or ran.code:
        assert MARKER not in ran.out
    assert "PRIVATE KEY" not in ran.out + ran.err
    assert "unexpected" not in ran.err
