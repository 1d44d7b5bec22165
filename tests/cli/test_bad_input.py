"""Whatever is wrong with what we are given: one line, one hint, the right exit code, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.shell import Ran, Shell

HTML = b"<html><body>Please sign in to the hotel network</body></html>"
JSON = {"Content-Type": "application/json"}


def said(ran: Ran) -> tuple[int, list[str]]:
    """Give the exit code, and what each line on stderr begins with."""
    assert ran.out == ""
    assert "Traceback" not in ran.err
    return ran.code, [line.split(":")[0] for line in ran.err.splitlines()]


def section(sh: Shell, **keys: str) -> str:
    """Write a sso-session that differs in these keys."""
    whole = {"sso_start_url": sh.emulator.start_url, "sso_region": "us-east-1", **keys}
    return "[sso-session my-sso]\n" + "".join(f"{key} = {value}\n" for key, value in whole.items() if value)


CONFIGS = {
    "no section": (b"sso_region = x\n", "config"),
    "not closed": (b"[sso-session my-sso\n", "config"),
    "not text": (b"\xff\xfe\x00\x01" * 9, "config"),
    "twice": (b"[a]\nx = 1\nx = 2\n", "config"),
}


@pytest.mark.parametrize("text", [content for content, _ in CONFIGS.values()], ids=list(CONFIGS))
def test_a_broken_config(sh: Shell, text: bytes) -> None:
    """Exit 2, naming the file."""
    sh.config.write_bytes(text)
    ran = sh("token", "my-sso")
    assert said(ran) == (2, ["error", "hint"])
    assert str(sh.config) in ran.err


def test_a_config_that_is_a_folder(sh: Shell) -> None:
    """Exit 2: what cannot be read is not taken for an empty config."""
    sh.config.unlink()
    sh.config.mkdir()
    assert said(sh("token")) == (2, ["error", "hint"])


@pytest.mark.parametrize(
    "keys",
    [
        {"sso_start_url": "http://example.com/start"},
        {"sso_start_url": "ftp://example.com"},
        {"sso_start_url": "https://user:password@example.com/start"},
        {"sso_start_url": "not a url"},
        {"sso_start_url": ""},
        {"sso_region": "us-east-1.evil.example/"},
        {"sso_region": "nowhere"},
        {"sso_region": ""},
    ],
)
def test_a_session_that_cannot_be_meant(sh: Shell, keys: dict[str, str]) -> None:
    """Http or nonsense as start URL, a region that is none: exit 2 before anything is sent."""
    sh.config.write_text(section(sh, **keys))
    for command in ("device", "token"):
        ran = sh(command, "my-sso")
        assert said(ran) == (2, ["error", "hint"])
        assert "password" not in ran.err
    assert sum(sh.asked.values()) == 0


def test_an_unknown_session_is_answered_with_the_names_there_are(sh: Shell) -> None:
    """Exit 2 with did-you-mean."""
    ran = sh("token", "my-sos")
    assert said(ran) == (2, ["error", "hint"])
    assert "my-sso" in ran.err


def test_an_unknown_store(sh: Shell) -> None:
    """SSO_LOGIN_STORE=cloud is exit 2."""
    assert said(sh("token", SSO_LOGIN_STORE="cloud")) == (2, ["error", "hint"])


@pytest.mark.parametrize(
    "content", ["", "garbage", "\x00" * 50, '{"access_token": "x"}', "sso-login-record 1\n9\nx\n{}"]
)
def test_a_corrupt_record(sh: Shell, content: str) -> None:
    """Exit 7 with the way out; the record is never touched but by --force or logout."""
    sh("device")
    sh.record().write_text(content)
    for command in ("token", "refresh", "device"):
        ran = sh(command)
        assert (ran.code, sh.record().read_text()) == (7, content)
        assert "--force" in ran.err
    assert sh("device", "--force").code == 0
    assert sh("token").code == 0


def test_a_record_of_a_newer_version(sh: Shell) -> None:
    """Exit 7 and the advice to upgrade; nothing is overwritten."""
    sh("device")
    newer = sh.record().read_text().replace("sso-login-record 2", "sso-login-record 3", 1)
    sh.record().write_text(newer)
    asked = sh.asked["StartDeviceAuthorization"]
    for argv in (["token"], ["refresh"], ["device"], ["device", "--force"]):
        ran = sh(*argv)
        assert (ran.code, "pgrade" in ran.err) == (7, True)
    assert (sh.record().read_text(), sh.asked["StartDeviceAuthorization"]) == (newer, asked)


def test_a_card_of_a_newer_version(sh: Shell) -> None:
    """The same; logout, which somebody asked for by name, removes it."""
    sh("device")
    newer = card(sh).read_text().replace('"version": 1', '"version": 2')
    card(sh).write_text(newer)
    for argv in (["token"], ["refresh"], ["device", "--force"]):
        assert sh(*argv).code == 7
    assert card(sh).read_text() == newer
    assert sh("logout").code == 0
    assert sh("token").code == 3


def test_a_record_that_others_may_read(sh: Shell) -> None:
    """Exit 7 and the command that mends it."""
    sh("device")
    sh.record().chmod(0o644)
    ran = sh("token")
    assert said(ran) == (7, ["error", "hint"])
    assert "chmod 600" in ran.err


def test_a_record_behind_a_link(sh: Shell, tmp_path: Path) -> None:
    """A link in place of a record is refused: exit 7, and what it points to is left alone."""
    sh("device")
    record = sh.record()
    moved = record.rename(tmp_path / "moved")
    record.symlink_to(moved)
    before = moved.read_text()
    for command in ("token", "refresh"):
        assert said(sh(command)) == (7, ["error", "hint"])
    assert moved.read_text() == before


def card(sh: Shell) -> Path:
    """Find the only card."""
    (found,) = Path(sh.env["SSO_LOGIN_HOME"], "sessions").iterdir()
    return found


def test_a_broken_card_is_told_of(sh: Shell) -> None:
    """A card that cannot be read is exit 7 for its session; `device --force` mends it, `logout` removes it."""
    sh("device")
    card(sh).write_text("garbage")
    assert said(sh("token")) == (7, ["error", "hint"])
    assert sh("status").code == 0
    assert sh("device", "--force").code == 0
    card(sh).write_text("garbage")
    assert sh("logout", "--all").code == 0
    assert not list(Path(sh.env["SSO_LOGIN_HOME"], "sessions").iterdir())


def test_a_broken_card_alone_is_not_an_unknown_session(sh: Shell) -> None:
    """Without a config the card is all there is: still exit 7, listed, and to be got rid of by name."""
    sh("device")
    sh.config.unlink()
    card(sh).write_text("garbage")
    assert said(sh("token", "my-sso")) == (7, ["error", "hint"])
    assert sh("status", "--json").json()[0]["state"] == "unreadable"
    assert sh("logout", "my-sso").code == 7
    assert sh("status", "--json").json() == []


def test_a_broken_config_does_not_stop_a_logout(sh: Shell) -> None:
    """What lies here is forgotten; that the portal could not be asked is said."""
    sh("device")
    sh.config.write_text(section(sh, sso_region="nowhere"))
    ran = sh("logout", "my-sso")
    assert (ran.code, "signed out" in ran.err, sh.asked["Logout"]) == (2, True, 0)
    assert "error: the portal session was not ended: " in ran.err
    assert sh("logout", "other").code == 2


def test_a_config_that_cannot_be_read_does_not_stop_a_logout_of_all(sh: Shell) -> None:
    """Everything that has a card is forgotten, and the exit code tells of the config."""
    sh("device")
    sh.config.write_text("garbage")
    ran = sh("logout", "--all")
    assert (ran.code, "my-sso: signed out" in ran.err) == (2, True)
    assert not list(Path(sh.env["SSO_LOGIN_HOME"], "secrets").iterdir())


BODIES = {
    "HTML": (Reply(200, {"Content-Type": "text/html"}, HTML), 5),
    "empty": (Reply(200, JSON, b""), 5),
    "truncated": (Reply(200, JSON, b'{"accessToken": "a'), 5),
    "not an object": (Reply(200, JSON, b"[1]"), 5),
    "NaN": (Reply(200, JSON, b'{"expiresIn": NaN}'), 5),
    "nested": (Reply(200, JSON, b"[" * 100_000), 5),
    "members missing": (Reply(200, JSON, b"{}"), 6),
    "wrong types": (
        Reply(
            200, JSON, json.dumps({"accessToken": 1, "expiresIn": "soon", "clientId": [], "deviceCode": {}}).encode()
        ),
        6,
    ),
    "50 MB": (Reply(200, JSON, b" " * 50_000_000), 5),
    "redirect": (Reply(302, {"Location": "http://127.0.0.1:9/"}, b""), 5),
    "redirect that keeps the body": (Reply(307, {"Location": "http://127.0.0.1:9/"}, b""), 5),
    "busy": (Reply(503, {"Retry-After": "1"}, HTML), 5),
    "too many": (Reply(429, {}, b"{}"), 5),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("operation", ["RegisterClient", "StartDeviceAuthorization"])
def test_no_answer_at_the_start_of_a_login(sh: Shell, operation: str, name: str) -> None:
    """One line, one hint, the code, and nothing is stored."""
    reply, code = BODIES[name]
    sh.emulator.service.order(Fault(operation, reply=reply, times=5))
    assert said(sh("device", "--timeout", "4s")) == (code, ["error", "hint"])  # no time to wait for a busy service
    assert sh("token").code == 3


@pytest.mark.parametrize("name", BODIES)
def test_no_answer_to_a_renewal(sh: Shell, name: str) -> None:
    """The code, and the record as it was."""
    sh("device")
    before = sh.record().read_text()
    sh.clock.sleep(3700)
    reply, code = BODIES[name]
    sh.emulator.service.order(Fault("CreateToken", reply=reply))
    assert said(sh("token")) == (code, ["error", "hint"])
    assert sh.record().read_text() == before
    assert sh("refresh", "--force").code == 0


@pytest.mark.parametrize("name", [name for name, (_, code) in BODIES.items() if code == 5])
def test_no_answer_to_a_poll_is_waited_out(sh: Shell, name: str) -> None:
    """The login goes on: that was not the service speaking."""
    sh.emulator.service.order(Fault("CreateToken", reply=BODIES[name][0]))
    ran = sh("device")
    assert ran.code == 0
    assert "still trying" in ran.err


def test_what_the_service_says_is_safe_on_a_terminal(sh: Shell) -> None:
    """An error description with an escape sequence and rich's markup is shown as harmless text."""
    hostile = {"error": "invalid_request", "error_description": "\x1b[2J[bold]\u202eevil\r\n"}
    sh.emulator.service.order(Fault("RegisterClient", reply=Reply(400, JSON, json.dumps(hostile).encode())))
    ran = sh("device")
    assert said(ran) == (6, ["error", "hint"])
    assert not {"\x1b", "\u202e", "\r"} & set(ran.err)
