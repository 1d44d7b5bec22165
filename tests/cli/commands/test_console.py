"""`console` against the emulator: the address signs a browser in, and is shown only where it is asked for."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.shell import Shell
from tests.support.terminal.desk import until
from tests.support.visitor import as_browser

ACCOUNT = "111122223333"
HERE = ("--session", "my-sso", "--account", ACCOUNT, "--role", "ReadOnlyAccess")


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Log in, with a profile that works in another region."""
    sh.env["AWS_ENDPOINT_URL_SIGNIN"] = sh.emulator.url
    sh.config.write_text(
        sh.config.read_text() + f"[profile dev]\nsso_session = my-sso\nsso_account_id = {ACCOUNT}\n"
        "sso_role_name = ReadOnlyAccess\nregion = eu-west-1\nservices = local\n"
    )
    assert sh("device").code == 0
    return sh


def query(url: str) -> dict[str, str]:
    """Read the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def test_the_address_signs_in(sh: Shell) -> None:
    """Once: the emulator's page then says who one is; it is all that is printed."""
    ran = sh("console", *HERE, "--print")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    asked = query(ran.out.strip())
    assert (asked["Action"], asked["Issuer"]) == ("login", sh.emulator.start_url)
    assert asked["Destination"] == "https://console.aws.amazon.com/console/home"
    with urllib.request.urlopen(ran.out.strip()) as page:
        assert f"{ACCOUNT}:assumed-role/AWSReservedSSO_ReadOnlyAccess" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(ran.out.strip())


def test_the_destination_is_where_it_leads(sh: Shell) -> None:
    """As it is given, else the home of the profile's region."""
    wanted = "https://console.aws.amazon.com/s3/buckets?region=eu-west-1#tags"
    assert query(sh("console", *HERE, "--print", "--destination", wanted).out.strip())["Destination"] == wanted
    sh.config.write_text(sh.config.read_text() + f"[services local]\nsignin =\n  endpoint_url = {sh.emulator.url}\n")
    del sh.env["AWS_ENDPOINT_URL_SIGNIN"]
    found = query(sh("console", "--profile", "dev", "--print").out.strip())
    assert found["Destination"] == "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"


@pytest.mark.parametrize(
    "url", ["http://example.com/", "javascript:alert(1)", "x", "", "https://u:p@x/", "https://x y/"]
)
def test_a_destination_is_https_or_loopback(sh: Shell, url: str) -> None:
    """Exit 2 before anything is asked."""
    ran = sh("console", *HERE, "--print", "--destination", url)
    assert (ran.code, ran.out) == (2, "")
    assert "--destination" in ran.err
    assert sh.asked["GetRoleCredentials"] == 0


def test_an_endpoint_that_is_no_url_is_exit_2(sh: Shell) -> None:
    """With the name of the setting."""
    ran = sh("console", *HERE, "--print", AWS_ENDPOINT_URL_SIGNIN="http://example.com")
    assert (ran.code, ran.out) == (2, "")
    assert "AWS_ENDPOINT_URL_SIGNIN" in ran.err


def test_at_a_terminal_a_browser_is_opened(sh: Shell, tmp_path: Path) -> None:
    """It is signed in; the address is neither printed nor logged, nor does it stand in any command line."""
    sh.attended = True
    ran = sh("-vv", "console", *HERE, BROWSER=as_browser(note=tmp_path / "noted"))
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert "The console opens in the browser: ReadOnlyAccess in 111122223333." in ran.err
    given = (tmp_path / "noted").read_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}", given)
    until(lambda: sh.asked["FederatedSignIn"] == 1)
    assert given not in ran.err
    assert "SigninToken=" not in ran.err


def test_where_no_browser_can_be_opened_it_says_how_to_go_on(sh: Shell) -> None:
    """Exit 1, with the command that prints the address."""
    sh.attended = True
    ran = sh("console", *HERE, BROWSER="/nonexistent", PATH="")
    assert (ran.code, ran.out) == (1, "")
    assert "--print" in ran.err


def test_without_a_terminal_nothing_is_opened(sh: Shell) -> None:
    """Exit 2 with the hint; nothing is asked."""
    ran = sh("console", *HERE)
    assert (ran.code, ran.out) == (2, "")
    assert "--print" in ran.err
    assert sh.asked["GetSigninToken"] == 0


def test_an_endpoint_without_post_is_asked_by_get(sh: Shell) -> None:
    """Then, and only then, the credentials stand in a query; never in a log."""
    sh.emulator.service.order(Fault("GetSigninToken", reply=Reply(405, {}, b"")))
    ran = sh("-vv", "console", *HERE, "--print")
    assert ran.code == 0
    assert sh.asked["GetSigninToken"] == 2
    assert "sessionKey" not in ran.err


@pytest.mark.parametrize(
    ("reply", "code"), [(Reply(400, {}, b"<html>no</html>"), 6), (Reply(503, {}, b""), 5), (Reply(200, {}, b"{}"), 6)]
)
def test_a_refusal_is_told(sh: Shell, reply: Reply, code: int) -> None:
    """By its status, without what the page says."""
    sh.emulator.service.order(Fault("GetSigninToken", reply=reply))
    ran = sh("console", *HERE, "--print")
    assert (ran.code, ran.out) == (code, "")
    assert "GetSigninToken" in ran.err
