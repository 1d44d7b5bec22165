"""`doctor` against an emulator in each kind of trouble: what it says, how it exits, and that it changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sso_login import layout
from sso_login.adapters.secrets.cards import FileCards
from sso_login.adapters.secrets.file_store import FileEntries
from sso_login.core.model import SIGNIN, Card, Instance, Secret
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.server import running
from sso_login.storage.session_store import SessionStore
from tests.support.fakes import client, session, token
from tests.support.shell import COMMAND, Ran, Shell, clean, environment

CHECKED = ("Unknown", "ListAccounts")  # what it asks for is none of SSO-OIDC's operations, and one of the portal's


def doctor(sh: Shell, **env: str) -> tuple[int, list[dict[str, str]]]:
    """Run it for a machine, and give exit code and findings."""
    ran: Ran = sh("doctor", "--json", **env)
    assert ran.err == ""
    return ran.code, ran.json()


def wrong(sh: Shell, **env: str) -> list[dict[str, str]]:
    """Give what is not ok; the exit code says whether anything failed, and each comes with a remedy."""
    code, found = doctor(sh, **env)
    bad = [finding for finding in found if finding["status"] != "ok"]
    assert code == any(finding["status"] == "fail" for finding in found)
    assert all(finding["remedy"] for finding in bad)
    return bad


def only(findings: list[dict[str, str]], check: str) -> dict[str, str]:
    """Give the one finding there is, of that kind."""
    assert [finding["check"] for finding in findings] == [check], findings
    return findings[0]


def tree(home: Path) -> dict[str, tuple[int, int, bytes]]:
    """Take down every file and folder below home: mode, time and content."""
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in home.rglob("*")
    }


def test_all_is_well_after_a_login(sh: Shell) -> None:
    """Every kind of thing is looked at, nothing is wrong, exit 0; each line begins with how bad it is."""
    sh("device")
    ran = sh("doctor")
    assert (ran.code, ran.err) == (0, "")
    *lines, summary = ran.out.splitlines()
    assert all(re.match(r"ok    [A-Za-z][A-Za-z -]{10}  \S", line) for line in lines), ran.out
    assert summary == f"{len(lines)} ok, 0 warnings, 0 failed"
    checks = {line[6:17].strip() for line in lines}
    assert checks >= {"version", "terminal", "browser", "config", "session", "variables", "store", "keyring", "files"}
    assert checks >= {"aws files", "proxy", "CA bundle", "endpoint", "clock"}
    assert "my-sso (" in ran.out
    assert "is good for 1 h, renewed by itself; kept in the file store (file)" in ran.out


def test_json_is_a_list_of_findings(sh: Shell) -> None:
    """Four members each, all of them text."""
    code, found = doctor(sh)
    assert code == 0
    assert all(list(finding) == ["check", "status", "message", "remedy"] for finding in found)
    assert {finding["status"] for finding in found} == {"ok"}


def test_nothing_is_changed(sh: Shell, home: Path) -> None:
    """Neither before the first login nor after it; only the time of the folder that was proved writable moves on."""
    before = tree(home)
    sh("doctor")
    assert tree(home) == before
    sh("device")
    sh("token")
    before = tree(home)
    asked = dict(sh.asked)
    sh("doctor")
    after = tree(home)
    secrets = str(home / "state" / "secrets")
    del before[secrets], after[secrets]
    assert after == before
    new = {name for name in sh.asked if sh.asked[name] != asked.get(name, 0)}
    assert new == set(CHECKED)


def change(sh: Shell, old: str, new: str) -> None:
    """Change the AWS config file."""
    sh.config.write_text(sh.config.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("mess", "says"),
    [
        (lambda text: text + "what is this SECRET\n", "line 5: neither a section nor `key = value`"),
        (lambda text: text + text, "line 5: this section is there already"),
    ],
)
def test_a_broken_config_is_a_failure_and_hides_nothing_else(sh: Shell, mess: Callable[[str], str], says: str) -> None:
    """The first bad line by its number, never by its words; logins are looked at all the same."""
    sh("device")
    sh.config.write_text(mess(sh.config.read_text()))
    found = only(wrong(sh), "config")
    assert (found["status"], says in found["message"], "SECRET" in str(found)) == ("fail", True, False)
    assert "my-sso (" in sh("doctor").out


def test_a_session_without_a_region_is_a_failure(sh: Shell) -> None:
    """A section that lacks a key is told where sessions are."""
    change(sh, "sso_region = us-east-1\n", "")
    assert {(found["check"], found["status"]) for found in wrong(sh)} == {("session", "fail")}


def test_a_login_of_another_instance_is_a_failure(sh: Shell) -> None:
    """What config and login say differs: both are named, and how to log in."""
    sh("device")
    change(sh, "/start", "/other")
    found = only(wrong(sh), "session")
    assert (found["status"], "/other" in found["message"], "sso-login device" in found["remedy"]) == (
        "fail",
        True,
        True,
    )


def test_a_refused_refresh_token_is_a_failure(sh: Shell) -> None:
    """After the portal session's end a human must log in."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(4000)
    sh("refresh")
    assert only(wrong(sh), "session")["status"] == "fail"


def test_a_card_that_cannot_be_read_is_a_failure(sh: Shell, home: Path) -> None:
    """Corrupt, or in a folder that is not safe."""
    sh("device")
    (home / "state" / "sessions" / "my-sso").write_text("garbage")
    found = only(wrong(sh), "session")
    assert (found["status"], "garbage" in str(found)) == ("fail", False)
    if sys.platform != "win32":
        (home / "state" / "sessions").chmod(0o755)
        assert {(each["check"], each["status"]) for each in wrong(sh)} == {("session", "fail"), ("files", "fail")}


def test_a_login_by_sign_in_counts(sh: Shell, home: Path) -> None:
    """It is looked at as every login is, and so is its endpoint."""
    sh.env["AWS_ENDPOINT_URL_SIGNIN"] = sh.emulator.url
    instance = Instance("https://us-east-1.signin.aws.amazon.com", "us-east-1", sh.emulator.url, kind=SIGNIN)
    keys = {"Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "ST"}
    access = json.dumps(keys, separators=(",", ":"))
    made = session(
        "dev",
        instance=instance,
        client=client(grants=("refresh_token",)),
        token=replace(token(access, left=600), id_token=Secret("id")),
        subject="arn:aws:iam::111122223333:user/me",
    )
    state = str(home / "state")
    SessionStore(FileEntries(state), SIGNIN).save(made)
    entries = (layout.entry(SIGNIN, "dev"),)
    FileCards(state, SIGNIN).write(Card("dev", instance, made.scopes, store="file", backend="file", entries=entries))
    code, found = doctor(sh)
    told = [each["message"] for each in found if each["message"].startswith(("dev (", "AWS Sign-In at"))]
    assert (code, len(told)) == (0, 2), found
    assert "the token is good for 10 min" in told[0]


@pytest.mark.parametrize(("off", "status"), [(0, None), (90, "warn"), (-90, "warn"), (400, "fail"), (-90_000, "fail")])
def test_the_clock_is_compared_with_the_endpoints(sh: Shell, off: int, status: str | None) -> None:
    """By the Date of their answers."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(sh.clock.now() - off))
    for operation in CHECKED:
        sh.emulator.service.order(Fault(operation, reply=Reply(404, {"Date": date}, b"")))
    found = wrong(sh)
    assert [(each["check"], each["status"]) for each in found] == ([("clock", status)] if status else [])


@pytest.mark.parametrize(
    "fault",
    [
        {"delivery": "close"},
        {"delivery": "reset"},
        {"reply": Reply(503, {}, b"")},
        {"reply": Reply(302, {"Location": "https://portal.example/?\x1b[31m"}, b"")},
    ],
    ids=str,
)
def test_an_endpoint_in_trouble_is_a_warning(sh: Shell, fault: dict[str, Any]) -> None:
    """Being offline says nothing about logins, and may be over in a moment; the exit code stays 0."""
    sh.emulator.service.order(Fault("ListAccounts", **fault))
    found = only(wrong(sh), "endpoint")
    assert (found["status"], found["message"].startswith("the access portal")) == ("warn", True)


def test_nobody_there_at_all_is_a_warning(sh: Shell) -> None:
    """A machine without a network is told so, and that its clock was compared with nothing."""
    found = wrong(sh, AWS_ENDPOINT_URL_SSO_OIDC="http://127.0.0.1:9", AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
    assert [(each["check"], each["status"]) for each in found] == [("endpoint", "warn")] * 2 + [("clock", "warn")]


@pytest.mark.parametrize(
    ("env", "check", "status"),
    [
        ({"SSO_LOGIN_STORE": "cloud"}, "store", "fail"),
        ({"SSO_LOGIN_SESSION": "no-such"}, "session", "fail"),
        ({"SSO_LOGIN_HOEM": "/x"}, "variables", "warn"),
        ({"SSO_LOGIN_KEY_FILE": "/nowhere"}, "key file", "fail"),
        ({"AWS_CONFIG_FILE": "/nowhere", "SSO_LOGIN_SESSION": ""}, "config", "warn"),
        ({"HTTPS_PROXY": "socks5://me:MARKED@proxy:1"}, "proxy", "fail"),
        ({"AWS_CA_BUNDLE": "/nowhere"}, "CA bundle", "fail"),
    ],
    ids=str,
)
def test_settings_that_are_wrong(sh: Shell, env: dict[str, str], check: str, status: str) -> None:
    """Each is told under its own name; passwords never."""
    found = wrong(sh, **env)
    assert (check, status) in {(each["check"], each["status"]) for each in found}
    assert "MARKED" not in str(found)


def test_names_of_others_cannot_play_tricks(sh: Shell) -> None:
    """Escape sequences in a session's name, a path or a variable are shown as question marks."""
    change(sh, "[sso-session my-sso]", "[sso-session my\x1b[31m-\u202esso]")
    ran = sh("doctor", AWS_PROFILE="\x1b]0;x\x07", AWS_CA_BUNDLE="/\x1b[2J")
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out


def test_help_is_cheap_and_ends_with_an_example() -> None:
    """It needs none of what looking needs."""
    code = (
        "import sys; from sso_login.cli.app import run; run(['doctor', '--help']); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean({}), capture_output=True, text=True, timeout=60, check=True
    )
    assert "sso-login doctor --json | jq" in done.stdout
    assert not {"requests", "rich", "keyring", "secretstorage", "sso_login.world"} & set(done.stderr.split())


pexpect = pytest.importorskip("pexpect") if sys.platform != "win32" else None


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pexpect on Windows")
@pytest.mark.parametrize("columns", [100, 40])
def test_at_a_terminal_it_fits_and_has_colours(home: Path, columns: int) -> None:
    """No line is longer than the terminal is wide, unless it is one long word; no browser is opened."""
    assert pexpect
    with running() as emulator:
        env = {**environment(home, emulator), "SSO_LOGIN_HOEM": "x", "BROWSER": f"true:{home}/opened %s"}
        command, *words = COMMAND
        whole = {**clean(env), "TERM": "xterm", "AWS_PROFILE": "default"}
        child = pexpect.spawn(
            command, [*words, "doctor"], env=whole, dimensions=(90, columns), encoding="utf-8", timeout=60
        )
        text: str = child.read()
        child.close()
    assert child.exitstatus == 0, text
    assert "\x1b[33mwarn\x1b[0m" in text
    assert "\x1b[32mok\x1b[0m" in text
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text.replace("\r\n", "\n")).splitlines()
    assert all(len(line) <= columns or " " not in line.strip().removeprefix("-> ") for line in lines), lines
    said = " ".join(" ".join(lines).split())
    assert f"{columns} columns, TERM=xterm" in said
    assert "true is opened for a login" in said
    assert "-> Did you mean SSO_LOGIN_HOME? `unset SSO_LOGIN_HOEM`" in said


def test_colours_are_off_where_nobody_wants_them(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere: none into a pipe, unless they are forced, and NO_COLOR goes before that."""
    assert "\x1b" not in sh("doctor").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32mok\x1b[0m    version" in sh("doctor").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in sh("doctor").out


def test_a_login_in_files_needs_no_keyring(sh: Shell) -> None:
    """On a machine without one, a login that lies in the file store is one warning and no failure."""
    assert sh("device").code == 0
    env = {"SSO_LOGIN_STORE": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    found = [each for each in sh("doctor", "--json", **env).json() if each["status"] != "ok"]
    assert [(each["check"], each["status"]) for each in found] == [("keyring", "warn")]
    assert "every login lies in the file store" in found[0]["message"]
    assert sh("doctor", **env).code == 0


def test_what_botocore_refuses_is_a_warning_with_its_line(sh: Shell, home: Path) -> None:
    """Here the login works, but every AWS program would refuse the file; the writers say so, too."""
    sh.config.write_text(sh.config.read_text() + "[profile x]\ns3 =\n  word\n")
    (home / ".aws" / "credentials").write_text("[a]\nx = y\n[a]\n")
    (home / ".aws" / "credentials").chmod(0o600)
    found = [each for each in sh("doctor", "--json").json() if each["status"] == "warn"]
    assert [each["check"] for each in found] == ["aws files", "aws files"]
    assert "config, line 7: a nested line without `=`" in found[0]["message"]
    assert "credentials, line 3: this section is there already" in found[1]["message"]
    wrote = sh("configure", "session", "other", "--start-url", "https://x.awsapps.com/start", "--region", "us-east-1")
    assert (wrote.code, "line 7: a nested line without `=`" in wrote.err) == (0, True)


def test_a_comment_behind_a_value_is_told_once(sh: Shell) -> None:
    """The hint says that a comment needs a line of its own."""
    change(sh, "sso_region = us-east-1", "sso_region = us-east-1 # home")
    sh.config.write_text(sh.config.read_text() + "[profile x]\nsso_session = my-sso\n")
    found = [each for each in sh("doctor", "--json").json() if each["status"] != "ok"]
    told = [each for each in found if "# home" in each["message"]]
    assert [each["remedy"] for each in told] == [
        "A comment needs a line of its own: leave `sso_region = us-east-1` alone on its line."
    ]
