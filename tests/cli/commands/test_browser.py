"""`sso-login browser` through the front door: a listener, a program that stands in for a browser, the emulator."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from tests.support.shell import Shell, shell
from tests.support.visitor import as_browser


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell at a terminal, with a browser in which everything is approved at once."""
    with shell(home, capsys, Settings(approve=True)) as made:
        made.attended = True
        made.env["BROWSER"] = as_browser(note=home / "opened")
        made.approve_while_waiting()
        yield made


def refused(code: str, name: str) -> Reply:
    """Make the service's refusal."""
    body = json.dumps({"error": code, "error_description": "ordered"}).encode()
    return Reply(400, {"Content-Type": "application/json", "x-amzn-ErrorType": name}, body)


def dead(sh: Shell) -> None:
    """Let the login be over, so that only another one helps."""
    sh.emulator.service.expire("sessions", "tokens")
    sh.clock.sleep(4000)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_browser_opens_the_address_and_keeps_the_login(sh: Shell, home: Path) -> None:
    """The address is on stderr and in the browser, stdout stays empty, and no code is asked for."""
    ran = sh("browser")
    assert (ran.code, ran.out) == (0, ""), ran.err
    address = re.search(r"    Open:  (\S+)\n", ran.err)
    assert address
    assert (home / "opened").read_text() == address[1]
    assert "Waiting for the browser, 5 min at most.\n" in ran.err
    assert f"{sh.emulator.start_url} (us-east-1, {sh.emulator.url}), scopes: sso:account:access" in ran.err
    assert "Signed in: session my-sso, token good for 1 h (renewed by itself after that)" in ran.err
    assert (sh.asked["RegisterClient"], sh.asked["CreateToken"], sh.asked["StartDeviceAuthorization"]) == (1, 1, 0)
    assert sh("token").code == 0


def test_the_address_asks_for_what_it_should(sh: Shell, home: Path) -> None:
    """S256, the scopes of the config, 127.0.0.1 with the port that is listened on, and a state."""
    sh("browser")
    url = urlsplit((home / "opened").read_text())
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{sh.emulator.url}/authorize"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scopes"] == "sso:account:access"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/oauth/callback", asked["redirect_uri"])
    assert len(asked["state"]) == len(asked["code_challenge"]) == 43


def test_browser_twice_is_one_login(sh: Shell) -> None:
    """Already logged in, by whichever way: said, exit 0, no browser."""
    sh("browser")
    for way in ("browser", "device"):
        ran = sh(way, "my-sso", BROWSER="no-such-program")
        assert (ran.code, "Already signed in" in ran.err) == (0, True)
    assert (sh.asked["Authorize"], sh.asked["StartDeviceAuthorization"]) == (1, 0)


def test_browser_renews_silently_instead_of_asking_a_human(sh: Shell) -> None:
    """A login that has less than 15 min left is renewed with the registration it was made with."""
    sh("browser")
    sh.clock.sleep(3000)
    assert "Already signed in" in sh("browser").err
    assert (sh.asked["Authorize"], sh.asked["CreateToken"]) == (1, 2)


def test_browser_json_tells_its_events(sh: Shell, home: Path) -> None:
    """One object a line on stdout; the address stays readable for a human on stderr."""
    ran = sh("browser", "--json")
    authorize, done = (json.loads(line) for line in ran.out.splitlines())
    assert authorize == {"event": "authorize", "url": (home / "opened").read_text()}
    assert authorize["url"] in ran.err
    assert done == {"event": "signed_in", "session": "my-sso", "expires_at": "2027-01-15T09:00:00Z", "store": "file"}


def test_the_registration_is_reused_by_the_next_login_of_the_same_way(sh: Shell) -> None:
    """RegisterClient is made once for the browser, once for the device: the two never mix."""
    for way, registrations in (("browser", 1), ("browser", 1), ("device", 2), ("device", 2), ("browser", 3)):
        assert sh(way).code == 0
        assert sh.asked["RegisterClient"] == registrations
        dead(sh)


def test_a_registration_that_the_service_forgot_is_made_anew(sh: Shell) -> None:
    """InvalidClient for the code: registered once more, and the browser is sent off a second time."""
    sh("browser")
    dead(sh)
    reply = refused("invalid_client", "InvalidClientException")
    sh.emulator.service.order(Fault("CreateToken", reply=reply, times=2))  # the old refresh token, then the new code
    ran = sh("browser")
    assert (ran.code, sh.asked["RegisterClient"], sh.asked["Authorize"]) == (0, 2, 3), ran.err
    assert "A new one is made" in ran.err


def test_a_registration_just_made_that_is_refused_is_an_error(sh: Shell) -> None:
    """It is not made again and again: exit 6."""
    reply = refused("invalid_client", "InvalidClientException")
    sh.emulator.service.order(Fault("CreateToken", reply=reply, times=9))
    assert (sh("browser").code, sh.asked["RegisterClient"]) == (6, 1)


def test_denied_in_the_browser_is_exit_4(sh: Shell) -> None:
    """Said in two lines, and nothing is kept; the way back is `sso-login browser`."""
    sh.env["BROWSER"] = as_browser("error=access_denied&error_description=no&state={state}")
    ran = sh("browser")
    assert (ran.code, sh("status", "--json").json()[0]["state"]) == (4, "login_required")
    assert ran.err.endswith(
        "error: the request was denied in the browser\nhint: Start again with `sso-login browser my-sso`.\n"
    )


def test_a_failed_login_keeps_the_old_one(sh: Shell) -> None:
    """`browser --force` replaces what is there only after success."""
    sh("browser")
    before = sh("token").out
    assert sh("browser", "--force", BROWSER=as_browser("error=access_denied&state={state}")).code == 4
    assert sh("token").out == before
    assert sh("browser", "--force").code == 0
    assert sh("token").out != before


def test_what_the_service_says_is_safe_on_a_terminal(sh: Shell) -> None:
    """An error description with escape sequences, markup and a script is one harmless line."""
    said = "%1B%5B2J%5Bbold%5D%E2%80%AEevil%0D%0A%3Cscript%3E"
    ran = sh("browser", BROWSER=as_browser(f"error=invalid_scope&error_description={said}&state={{state}}"))
    assert ran.code == 4
    assert "error: the login was refused in the browser: invalid_scope: [2J[bold] evil <script>\n" in ran.err
    assert not {"\x1b", "\u202e", "\r"} & set(ran.err)


def test_wrong_answers_are_passed_over(sh: Shell) -> None:
    """Answers with a wrong state, or none, change nothing: whoever waits for the right one still gets it."""
    wrong = "code=theirs&state=theirs error=server_error&state=theirs code=theirs"
    ran = sh("browser", BROWSER=as_browser(wrong + " error=access_denied&state={state}"))
    assert (ran.code, sh.asked["CreateToken"]) == (4, 0)
    assert "error: the request was denied in the browser\n" in ran.err


def test_a_code_that_is_not_good_is_the_services_word(sh: Shell) -> None:
    """A made-up code with the right state is refused by the service: exit 6 and the way back."""
    ran = sh("browser", BROWSER=as_browser("code=made-up&state={state}"))
    assert (ran.code, "invalid_grant" in ran.err, "`sso-login browser my-sso`" in ran.err) == (6, True, True)


def test_without_a_browser_the_way_on_is_told(sh: Shell, home: Path) -> None:
    """--no-browser opens none; where none can be opened that is said; both wait all the same."""
    ran = sh("browser", "--no-browser", "--timeout", "0")
    assert (ran.code, "Open it in a browser on this machine." in ran.err) == (4, True)
    ran = sh("browser", "--timeout", "0", BROWSER="no-such-program")
    assert (ran.code, "No browser could be opened here." in ran.err) == (4, True)
    assert "error: no answer came from the browser within 0 s\n" in ran.err
    sh.attended = False
    ran = sh("browser", "--timeout", "0")
    assert (ran.code, "Open it in a browser on this machine." in ran.err) == (4, True)
    assert not (home / "opened").exists()


def test_a_port_of_ones_own(sh: Shell, home: Path) -> None:
    """--port is where the browser is sent back to."""
    port = free_port()
    assert sh("browser", "--port", str(port)).code == 0
    assert f"127.0.0.1%3A{port}%2Foauth%2Fcallback" in (home / "opened").read_text()


def test_a_port_that_is_taken(sh: Shell, home: Path) -> None:
    """Exit 1 in two lines before anything is sent or opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = sh("browser", "--port", str(taken.getsockname()[1]))
    assert (ran.code, sum(sh.asked.values()), (home / "opened").exists()) == (1, 0, False)
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["error", "hint"]


def test_paste_needs_a_terminal(sh: Shell) -> None:
    """Exit 2 before anything is sent: nobody could paste."""
    sh.attended = False
    ran = sh("browser", "--paste")
    assert (ran.code, sum(sh.asked.values())) == (2, 0)
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["error", "hint"]


def test_the_network_fails_while_the_code_is_spent(sh: Shell) -> None:
    """Exit 5, nothing kept: the code may be spent, so it is not sent again."""
    sh.emulator.service.order(Fault("CreateToken", reply=Reply(503, {}, b"")))
    ran = sh("browser")
    assert (ran.code, sh.asked["CreateToken"], sh("token").code) == (5, 1, 3)


def test_nothing_is_opened_where_registering_fails(sh: Shell, home: Path) -> None:
    """No answer to RegisterClient: exit 5 and no browser."""
    sh.emulator.service.order(Fault("RegisterClient", reply=Reply(200, {}, b"<html>")))
    assert (sh("browser").code, (home / "opened").exists()) == (5, False)


def test_the_log_says_what_happens_and_no_secret(sh: Shell, home: Path) -> None:
    """-vv: one line for the redirect, statuses of the calls; no state, no code, no challenge but in the address."""
    how = "code=theirs&state=theirs code=made-up&state={state}"
    ran = sh("browser", "-vv", BROWSER=as_browser(how, note=home / "opened"))
    asked = parse_qs(urlsplit((home / "opened").read_text()).query)
    rest = re.sub(r"    Open:  \S+\n", "", ran.err)
    assert "redirect: refused a request: not the answer to this login" in rest
    assert "redirect: a code\n" in rest
    assert "made-up" not in rest
    assert not [name for name in ("state", "code_challenge", "client_id") if asked[name][0] in rest]


def test_browser_without_config_by_flags(sh: Shell) -> None:
    """--start-url and --region make a session that is known from then on; --scope asks for more."""
    sh.config.unlink()
    scopes = ("--scope", "sso:account:access", "--scope", "codewhisperer:completions")
    flags = ("--start-url", sh.emulator.start_url, "--region", "us-east-1", "--name", "mine")
    assert sh("browser", *flags, *scopes).code == 0
    found = sh("status", "--json").json()[0]
    assert (found["session"], found["scopes"]) == ("mine", ["sso:account:access", "codewhisperer:completions"])
    assert sh("token", "mine").code == 0
