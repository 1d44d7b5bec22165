"""A login at an OAuth issuer lives as one of AWS does: token, refresh, status, logout, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_login.api import TokenProvider
from sso_login.core.message import Notice
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply, json_reply
from sso_login.world import World
from tests.cli.issuers.conftest import issuers
from tests.support.shell import Shell
from tests.support.terminal.plain import ask
from tests.support.visitor import as_browser

FRESH = {"access_token": "fresh-token", "token_type": "bearer", "refresh_token": "fresh-refresh"}


def served(sh: Shell, content: dict[str, object], *, status: int = 200, operation: str = "Token") -> None:
    """Let the next call of an operation be answered so."""
    sh.emulator.service.order(Fault(operation, reply=json_reply(status, content)))


def user(sh: Shell, access: str) -> int:
    """Ask the issuer who the user is; the status."""
    return ask(f"{sh.emulator.url}/userinfo", authorization=f"Bearer {access}").status


def test_a_device_login_gives_a_token_that_the_issuer_takes(corp: Shell) -> None:
    """Discovered each time, by the one issuer there is; the token and nothing else on stdout."""
    ran = corp("device")
    assert (ran.code, ran.out) == (0, "")
    assert (
        f"Logging in to session corp: {corp.emulator.url} (client sso-login), scopes: openid, offline_access" in ran.err
    )
    assert "Signed in: session corp" in ran.err
    token = corp("token", "corp").out
    assert user(corp, token.strip()) == 200
    assert corp("device").err.startswith("Already signed in: session corp")
    assert corp.asked["DeviceAuthorization"] == 1


def test_events_are_those_of_every_login(corp: Shell) -> None:
    """`--json`: a code, then signed_in."""
    events = [json.loads(line) for line in corp("device", "--json").out.splitlines()]
    assert [event["event"] for event in events] == ["code", "signed_in"]
    assert events[1]["session"] == "corp"


def test_a_browser_login_brings_the_same(opened: Callable[..., Shell], home: Path) -> None:
    """Authorization code and PKCE, with the scopes of the config in the address."""
    sh = opened(approve=True)
    sh.attended = True
    sh.env["BROWSER"] = as_browser(note=home / "opened")
    ran = sh("browser")
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert "scope=openid%20offline_access" in (home / "opened").read_text()
    assert user(sh, sh("token").out.strip()) == 200


def test_a_token_that_is_over_is_renewed_and_rotated(corp: Shell) -> None:
    """Once for all who ask; each refresh token is used once, or this strict issuer would end the login."""
    corp("device")
    first = corp("token").out
    for _ in range(3):
        corp.clock.sleep(3700)
        second = corp("token").out
        assert second not in {"", first}
        assert corp("refresh", "--all").err.startswith("corp: fresh enough, good for ")
    assert corp("refresh", "corp", "--force").err.startswith("corp: renewed, good for ")
    assert corp.asked["Token"] == 5


def test_an_issuer_that_does_not_rotate_keeps_its_refresh_token(opened: Callable[..., Shell]) -> None:
    """RFC 6749 section 6."""
    sh = opened(rotation="none")
    sh("device")
    for _ in range(2):
        sh.clock.sleep(3700)
        assert sh("token").code == 0


def test_status_tells_kind_and_issuer(corp: Shell) -> None:
    """Before, while and after; no region and no start URL, which are AWS's."""
    assert corp("status", "--json").json()[0]["state"] == "login_required"
    corp("device")
    (fact,) = corp("status", "--json").json()
    assert (fact["session"], fact["kind"], fact["issuer"]) == ("corp", "oauth", corp.emulator.url)
    assert (fact["start_url"], fact["region"], fact["registration_expires_at"]) == (None, None, None)
    assert (fact["state"], fact["renewable"], fact["scopes"]) == ("valid", True, ["openid", "offline_access"])
    assert corp("status", "--check").code == 0
    corp.clock.sleep(3700)
    assert corp("status", "--json").json()[0]["state"] == "renewable"
    assert corp.emulator.url in corp("status").out


def test_logout_revokes_at_the_issuer(corp: Shell) -> None:
    """Here the entry is gone, there the login is over; the next one asks for a login."""
    corp("device")
    token = corp("token").out.strip()
    ran = corp("logout", "corp")
    assert (ran.code, ran.out) == (0, "")
    assert user(corp, token) == 401
    assert corp.asked["Revoke"] == 1
    again = corp("token")
    assert (again.code, again.out) == (3, "")
    assert "`sso-login device corp`" in again.err
    assert corp("logout", "corp").code == 0


def test_logout_says_what_it_could_not_do(corp: Shell) -> None:
    """Refused: exit 6; unreachable: exit 5; no endpoint: exit 0. The tokens here are gone each time."""
    for reply, code in ((json_reply(401, {"error": "invalid_client"}), 6), (Reply(503), 5)):
        corp("device", "--force")
        corp.emulator.service.order(Fault("Revoke", reply=reply))
        assert corp("logout").code == code
        assert corp("token").code == 3
    found = json.loads(ask(f"{corp.emulator.url}/.well-known/openid-configuration").text)
    del found["revocation_endpoint"]
    served(corp, found, operation="Discover")
    corp("device")
    ran = corp("logout")
    assert ran.code == 0
    assert "has no revocation endpoint" in ran.err


def test_a_refresh_token_that_is_refused_asks_for_a_login(corp: Shell) -> None:
    """Exit 3, and no second try."""
    corp("device")
    corp.clock.sleep(3700)
    corp.emulator.service.expire("sessions")
    ran = corp("token")
    assert (ran.code, ran.out) == (3, "")
    asked = corp.asked["Token"]
    assert corp("token").code == 3
    assert corp.asked["Token"] == asked


@pytest.mark.parametrize(
    "reply", [Reply(503), Reply(302, {"Location": "http://127.0.0.1:9/"}), Reply(200, {}, b"<html>")]
)
def test_an_issuer_in_trouble_is_exit_code_5_and_costs_no_login(corp: Shell, reply: Reply) -> None:
    """What is valid is still served; the next try is after the back-off."""
    corp("device")
    corp.clock.sleep(3550)
    corp.emulator.service.order(Fault("Token", reply=reply))
    ran = corp("token")
    assert (ran.code, ran.err.startswith("warning: ")) == (0, True)
    corp.clock.sleep(60)
    assert corp("token").code == 0


def test_an_endless_answer_is_cut_off(corp: Shell) -> None:
    """50 MB: exit 5, and the login is kept."""
    corp("device")
    corp.clock.sleep(3700)
    corp.emulator.service.order(Fault("Token", reply=Reply(200, {}, b" " * 50_000_000)))
    assert corp("token").code == 5
    corp.clock.sleep(60)
    assert corp("token").code == 0


def test_a_token_without_a_lifetime_is_good_as_long_as_it_is_accepted(corp: Shell) -> None:
    """`--min-ttl` cannot be met, which is said; null in JSON; nothing is renewed on its own."""
    corp.emulator.service.order(Fault("Token", reply=json_reply(200, {**FRESH}), applied=True))
    ran = corp("device")
    assert "token good for as long as it is accepted" in ran.err
    corp.clock.sleep(10 * 86_400)
    ran = corp("token")
    assert (ran.out, ran.err) == ("fresh-token\n", "")
    ran = corp("token", "--min-ttl", "1h")
    assert ran.out == "fresh-token\n"
    assert ran.err == "warning: the issuer of corp does not say when its token ends, so --min-ttl cannot be met\n"
    assert corp("token", "--json").json()["expires_at"] is None
    (fact,) = corp("status", "--json").json()
    assert (fact["state"], fact["expires_at"], fact["seconds_left"]) == ("valid", None, None)
    assert corp("refresh").err == "corp: fresh enough, good for as long as it is accepted\n"
    assert corp("status").code == corp("doctor").code == 0


def test_another_client_is_another_login(corp: Shell) -> None:
    """What is bound to one client, audience or resource is not sent for another: exit 3, naming both."""
    corp("device")
    text = issuers(corp).read_text()
    for change in ("audience = https://api.example", "resource = https://api.example"):
        issuers(corp).write_text(f"{text}{change}\n")
        ran = corp("token")
        assert (ran.code, ran.out) == (3, "")
        assert "client sso-login" in ran.err
        assert "https://api.example" in ran.err
    issuers(corp).write_text(text)
    assert corp("token").code == 0


def test_scopes_that_are_given_are_those_asked_for(corp: Shell) -> None:
    """By flag or by config; without offline_access there is nothing to renew with."""
    ran = corp("device", "--scope", "profile")
    assert "scopes: profile" in ran.err
    (fact,) = corp("status", "--json").json()
    assert (fact["renewable"], fact["scopes"]) == (False, ["profile"])
    corp.clock.sleep(3700)
    assert corp("token").code == 3


def test_a_login_outlives_its_section(corp: Shell) -> None:
    """Its card knows where it was made; logout needs no config either."""
    corp("device")
    issuers(corp).write_text("")
    assert corp("token", "corp").code == corp("refresh", "--force").code == 0
    assert corp("logout", "corp").code == 0
    assert corp.asked["Revoke"] == 1
    assert corp("token", "corp").code == 2


@pytest.mark.parametrize(
    "argv",
    [
        ("accounts", "corp"),
        ("roles", "corp"),
        ("credentials", "--session", "corp", "--account", "111122223333", "--role", "Admin"),
        ("exec", "--session", "corp", "--account", "111122223333", "--role", "Admin", "--", "true"),
        ("console", "--print", "--session", "corp", "--account", "111122223333", "--role", "Admin"),
        ("configure", "profiles", "corp"),
        ("configure", "session", "corp", "--start-url", "https://x.awsapps.com/start", "--region", "us-east-1"),
        ("device", "--name", "corp", "--start-url", "https://x.awsapps.com/start", "--region", "us-east-1"),
        ("device", "corp", "--sdk-cache"),
    ],
)
def test_what_is_of_aws_alone_is_a_usage_error(corp: Shell, argv: tuple[str, ...]) -> None:
    """Exit 2, whether somebody has logged in or not."""
    for _ in range(2):
        ran = corp(*argv)
        assert (ran.code, ran.out) == (2, ""), ran.err
        assert "issuer" in ran.err or "No such option" in ran.err
        corp("device")


def test_a_name_of_both_kinds_is_refused(corp: Shell) -> None:
    """Exit 2, naming both places."""
    corp.config.write_text("[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n")
    ran = corp("token", "corp")
    assert ran.code == 2
    assert f"[issuer corp] of {issuers(corp)}" in ran.err
    assert f"[sso-session corp] of {corp.config}" in ran.err


def test_an_issuer_and_a_session_live_side_by_side(corp: Shell) -> None:
    """Neither is meant alone; AWS's commands mean the session; typos are told apart."""
    corp.config.write_text("[sso-session prod]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n")
    assert corp("device", "corp").code == 0
    assert corp("token").code == 2
    assert "Did you mean `corp`?" in corp("token", "corpp").err
    assert corp("accounts").code == 3
    names = {fact["session"]: fact["kind"] for fact in corp("status", "--json").json()}
    assert names == {"corp": "oauth", "prod": "sso"}


def test_doctor_looks_at_the_issuer(corp: Shell) -> None:
    """Its discovery, its clock, its login."""
    corp("device")
    ran = corp("doctor")
    assert ran.code == 0
    assert "the issuer at 127.0.0.1" in ran.out
    assert f"corp ({corp.emulator.url})" in ran.out


def test_nothing_secret_is_in_what_is_said(corp: Shell) -> None:
    """The emulator's marker stands in every secret."""
    said = [corp("-vvv", *argv).err for argv in (["device"], ["refresh", "--force"], ["status"], ["logout"])]
    assert all("EMULATED" not in text for text in said)


def test_the_python_api_gives_the_same_token(corp: Shell) -> None:
    """TokenProvider knows issuers by name, and renews."""
    corp("device")

    def build(notify: Callable[[Notice], None]) -> World:
        return World(dict(corp.env), notify=notify, clock=corp.clock)

    provider = TokenProvider(session="corp", build=build)
    assert provider.token() == corp("token").out.strip()
    corp.clock.sleep(3700)
    assert provider.token() == corp("token").out.strip()
    assert corp.asked["Token"] == 2
