"""`sso-login signin` through the front door: a listener, a program that stands in for a browser, the emulator."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_login.adapters.secrets.file_store import secret_path
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply, sign_in_refusal
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import Ran, Shell, shell
from tests.support.visitor import as_browser

ARN = "arn:aws:iam::111122223333:user/harbour-master"
OTHER = "arn:aws:iam::444455556666:user/somebody"
WORK = ("signin", "--region", "us-east-1", "--profile", "work")
CREATE = "CreateOAuth2Token"


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell at a terminal, with a browser in which everything is approved at once."""
    with shell(home, capsys, Settings(approve=True)) as made:
        made.attended = True
        made.env["BROWSER"] = as_browser(note=home / "opened")
        made.env["AWS_ENDPOINT_URL_SIGNIN"] = made.emulator.url
        yield made


def cache(home: Path, arn: str = ARN) -> Path:
    """Name the SDKs' file of a login."""
    return home / ".aws/login/cache" / f"{hashlib.sha256(arn.encode()).hexdigest()}.json"


def record(sh: Shell) -> Path:
    """Name where the login for the profile work is kept."""
    return Path(secret_path(sh.env["SSO_LOGIN_HOME"], "sso-login:signin:work"))


def add(sh: Shell, text: str) -> None:
    """Write more into the AWS config file."""
    sh.config.write_text(sh.config.read_text() + text)


def two_lines(ran: Ran) -> bool:
    """Tell whether an error is all that was said."""
    return [line.split(":")[0] for line in ran.err.splitlines()] == ["error", "hint"]


def test_signin_opens_the_address_and_keeps_the_login(sh: Shell, home: Path) -> None:
    """The address is on stderr and in the browser, stdout stays empty; what is kept lies apart from sessions."""
    ran = sh(*WORK)
    assert (ran.code, ran.out) == (0, ""), ran.err
    address = re.search(r"    Open:  (\S+)\n", ran.err)
    assert address
    assert (home / "opened").read_text() == address[1]
    assert "Waiting for the browser, 5 min at most.\n" in ran.err
    assert "work" in ran.err
    assert "15 min" in ran.err
    assert (sh.asked[CREATE], sh.asked["RegisterClient"]) == (1, 0)
    assert record(sh).exists()
    assert sh("token", "my-sso").code == 3


def test_the_address_asks_for_what_it_should(sh: Shell, home: Path) -> None:
    """SHA-256, openid, the client of this device, 127.0.0.1 with the port that is listened on, and a state."""
    sh(*WORK)
    url = urlsplit((home / "opened").read_text())
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{sh.emulator.url}/v1/authorize"
    assert (asked["code_challenge_method"], asked["scope"]) == ("SHA-256", "openid")
    assert asked["client_id"] == "arn:aws:signin:::devtools/same-device"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/oauth/callback", asked["redirect_uri"])
    assert len(asked["state"]) == len(asked["code_challenge"]) == 43


def test_signin_twice_is_one_login(sh: Shell) -> None:
    """Already signed in: said, exit 0, no browser; it is renewed silently when little is left; --force asks again."""
    sh(*WORK)
    ran = sh(*WORK, BROWSER="no-such-program")
    assert (ran.code, "Already signed in" in ran.err) == (0, True)
    assert sh.asked[CREATE] == 1
    sh.clock.sleep(700)
    ran = sh("signin", "--profile", "work", BROWSER="no-such-program")  # the region is that of the login
    assert (ran.code, "Already signed in" in ran.err, sh.asked[CREATE]) == (0, True, 2)
    ran = sh(*WORK, "--force")
    assert (ran.code, "Already signed in" in ran.err, sh.asked[CREATE]) == (0, False, 3)


def test_another_region_is_another_login(sh: Shell) -> None:
    """What is there belongs to its region: a browser is asked for."""
    sh(*WORK)
    ran = sh("signin", "--region", "eu-west-1", "--profile", "work")
    assert (ran.code, "Already signed in" in ran.err, sh.asked[CREATE]) == (0, False, 2)


def test_a_login_that_is_over_is_made_anew(sh: Shell) -> None:
    """A refresh token that is refused is no reason to stop: a human is there."""
    sh(*WORK)
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(1000)
    ran = sh(*WORK)
    assert (ran.code, sh.asked[CREATE]) == (0, 3), ran.err


@pytest.mark.parametrize(
    ("argv", "env", "name"),
    [((), {}, "default"), ((), {"AWS_PROFILE": "mine"}, "mine"), (("--profile", "x y"), {"AWS_PROFILE": "m"}, "x y")],
)
def test_what_it_is_called(sh: Shell, argv: tuple[str, ...], env: dict[str, str], name: str) -> None:
    """The profile that is said, else AWS_PROFILE, else default."""
    ran = sh("signin", "--region", "us-east-1", "--json", *argv, **env)
    assert json.loads(ran.out.splitlines()[-1])["session"] == name


def test_signin_json_tells_its_events(sh: Shell, home: Path) -> None:
    """One object a line on stdout; the address stays readable for a human on stderr."""
    ran = sh(*WORK, "--json")
    authorize, done = (json.loads(line) for line in ran.out.splitlines())
    assert authorize == {"event": "authorize", "url": (home / "opened").read_text()}
    assert done == {"event": "signed_in", "session": "work", "expires_at": "2027-01-15T08:15:00Z", "store": "file"}


@pytest.mark.parametrize(
    ("env", "host"),
    [
        ({}, "eu-central-1.signin.aws.amazon.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "signin-fips.eu-central-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "signin.eu-central-1.api.aws"),
    ],
)
def test_the_host_of_a_region(sh: Shell, env: dict[str, str], host: str) -> None:
    """Without an endpoint of one's own it is AWS's, of the kind that is asked for; nothing is sent before the code."""
    del sh.env["AWS_ENDPOINT_URL_SIGNIN"]
    ran = sh("signin", "--region", "eu-central-1", "--no-browser", "--timeout", "0", **env)
    assert (ran.code, f"    Open:  https://{host}/v1/authorize?" in ran.err) == (4, True), ran.err


def test_without_a_region(sh: Shell, home: Path) -> None:
    """Exit 2 with the flag; AWS_REGION and the profile's own are as good."""
    ran = sh("signin", "--profile", "work")
    assert (ran.code, "--region" in ran.err, (home / "opened").exists()) == (2, True, False)
    assert sh("signin", "--profile", "work", AWS_REGION="us-east-1").code == 0
    add(sh, "[profile own]\nregion = us-east-1\n")
    assert sh("signin", "--profile", "own").code == 0


def test_a_profile_of_a_session_is_refused(sh: Shell, home: Path) -> None:
    """Exit 2, with the command that is meant for it; nobody is asked for anything."""
    add(sh, "[profile work]\nsso_session = my-sso\n")
    ran = sh(*WORK)
    assert (ran.code, "sso-login device --profile work" in ran.err, (home / "opened").exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config", "[profile work]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = default\n"),
        ("config", "[profile work]\ncredential_process = x\n"),
        ("credentials", "[work]\naws_access_key_id = AKIA\naws_secret_access_key = x\n"),
    ],
)
def test_a_profile_with_other_credentials_is_refused_before_anybody_is_asked(
    sh: Shell, home: Path, file: str, text: str
) -> None:
    """With --sdk-cache alone: the SDKs would never look at the login; --force does not overrule it."""
    path = sh.config.with_name(file)
    path.write_text((path.read_text() if path.exists() else "") + text)
    for more in ((), ("--force",)):
        ran = sh(*WORK, "--sdk-cache", *more)
        assert (ran.code, "already has other credentials" in ran.err, two_lines(ran)) == (2, True, True)
    assert not (home / "opened").exists()
    assert sh(*WORK).code == 0


def test_sdk_cache_writes_file_and_profile(sh: Shell, home: Path) -> None:
    """Where both lie is said; all else of the config stays; a second time nothing new is noted."""
    add(sh, "# mine\n[profile work]\nregion = us-east-1\n")
    ran = sh("signin", "--profile", "work", "--sdk-cache")
    assert ran.code == 0, ran.err
    assert f"kept in plaintext: {cache(home)}" in ran.err
    assert "now names this login (login_session)" in ran.err
    text = sh.config.read_text()
    assert f"login_session = {ARN}" in text
    assert "# mine\n" in text
    assert json.loads(cache(home).read_text())["clientId"].endswith("same-device")
    ran = sh("signin", "--profile", "work", "--sdk-cache")
    assert ("Already signed in" in ran.err, "kept in plaintext" in ran.err, "now names" in ran.err) == (
        True,
        True,
        False,
    )


def test_sdk_cache_for_a_login_that_is_there(sh: Shell, home: Path) -> None:
    """Without another browser; a new login without the flag takes the file away again."""
    sh(*WORK)
    ran = sh(*WORK, "--sdk-cache", BROWSER="no-such-program")
    assert (ran.code, cache(home).exists(), f"login_session = {ARN}" in sh.config.read_text()) == (0, True, True)
    assert sh(*WORK, "--force").code == 0
    assert not cache(home).exists()


def test_a_profile_of_another_login(sh: Shell, home: Path) -> None:
    """Who signs in is known too late to be asked first: exit 2 and nothing is kept, unless --force is said."""
    add(sh, f"[profile work]\nlogin_session = {OTHER}\n")
    ran = sh(*WORK, "--sdk-cache")
    assert (ran.code, f"belongs to `{OTHER}`" in ran.err, cache(home).exists()) == (2, True, False), ran.err
    assert OTHER in sh.config.read_text()
    assert sh(*WORK, "--sdk-cache", "--force").code == 0
    assert f"login_session = {ARN}" in sh.config.read_text()
    assert cache(home).exists()


def test_a_login_that_is_there_does_not_take_a_profile_of_another(sh: Shell, home: Path) -> None:
    """The same refusal where nobody has to be asked."""
    sh(*WORK)
    add(sh, f"[profile work]\nlogin_session = {OTHER}\n")
    ran = sh(*WORK, "--sdk-cache")
    assert (ran.code, f"belongs to `{OTHER}`" in ran.err, cache(home).exists()) == (2, True, False), ran.err
    assert OTHER in sh.config.read_text()


def test_somebody_else_signs_in(sh: Shell, home: Path) -> None:
    """Without --force the profile stays whose it is; with it the file of the one before is taken away."""
    sh(*WORK, "--sdk-cache")
    with running(Settings(approve=True, user="deputy"), now=sh.clock.now) as second:
        ran = sh(*WORK, "--sdk-cache", AWS_ENDPOINT_URL_SIGNIN=second.url)
        assert (ran.code, "belongs to" in ran.err, cache(home).exists()) == (2, True, True), ran.err
        assert sh(*WORK, "--sdk-cache", "--force", AWS_ENDPOINT_URL_SIGNIN=second.url).code == 0
    deputy = ARN.replace("harbour-master", "deputy")
    assert (cache(home).exists(), cache(home, deputy).exists()) == (False, True)
    assert f"login_session = {deputy}\n" in sh.config.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize(("text", "mode"), [("garbage", 0o600), ("", 0o600), (None, 0o644)])
def test_force_overrules_what_lies_there(sh: Shell, text: str | None, mode: int) -> None:
    """A record that is damaged or that others may read: exit 7 in two lines, and with --force a new login."""
    sh(*WORK)
    if text is not None:
        record(sh).write_text(text)
    record(sh).chmod(mode)
    ran = sh(*WORK)
    assert (ran.code, two_lines(ran)) == (7, True)
    assert sh(*WORK, "--force").code == 0
    assert record(sh).stat().st_mode & 0o777 == 0o600


def test_denied_in_the_browser_is_exit_4(sh: Shell) -> None:
    """Said in two lines, and the way back is `sso-login signin`."""
    ran = sh(*WORK, BROWSER=as_browser("error=access_denied&error_description=no&state={state}"))
    assert ran.code == 4
    assert ran.err.endswith(
        "error: the request was denied in the browser\nhint: Start again with `sso-login signin --profile work`.\n"
    )


def test_a_failed_login_keeps_the_old_one(sh: Shell) -> None:
    """--force replaces what is there only after success."""
    sh(*WORK)
    before = record(sh).read_bytes()
    assert sh(*WORK, "--force", BROWSER=as_browser("error=access_denied&state={state}")).code == 4
    assert record(sh).read_bytes() == before


def test_wrong_answers_are_passed_over(sh: Shell) -> None:
    """Answers with a wrong state, or none, change nothing: whoever waits for the right one still gets it."""
    wrong = "code=theirs&state=theirs error=server_error&state=theirs code=theirs"
    ran = sh(*WORK, BROWSER=as_browser(wrong + " error=access_denied&state={state}"))
    assert (ran.code, sh.asked[CREATE]) == (4, 0)


def test_without_a_browser_the_way_on_is_told(sh: Shell, home: Path) -> None:
    """--no-browser opens none; where none can be opened --remote is named; both wait all the same."""
    ran = sh(*WORK, "--no-browser", "--timeout", "0")
    assert (ran.code, "Open it in a browser on this machine." in ran.err) == (4, True)
    assert ran.err.endswith("hint: Start again with `sso-login signin --profile work`.\n")
    ran = sh(*WORK, "--timeout", "0", BROWSER="no-such-program")
    assert (ran.code, "or use --remote" in ran.err) == (4, True)
    sh.attended = False
    ran = sh(*WORK, "--timeout", "0")
    assert (ran.code, "Open it in a browser on this machine." in ran.err) == (4, True)
    assert not (home / "opened").exists()


def test_remote_needs_a_terminal(sh: Shell) -> None:
    """Exit 2 before anything is sent: nobody could paste."""
    sh.attended = False
    ran = sh(*WORK, "--remote")
    assert (ran.code, sum(sh.asked.values()), two_lines(ran)) == (2, 0, True)


def test_a_port_that_is_taken(sh: Shell, home: Path) -> None:
    """Exit 1 in two lines before anything is sent or opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = sh(*WORK, "--port", str(taken.getsockname()[1]))
    assert (ran.code, sum(sh.asked.values()), (home / "opened").exists(), two_lines(ran)) == (1, 0, False, True)


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (sign_in_refusal("AccessDeniedException", "x", error="AUTHCODE_EXPIRED").reply, 4, "used too late"),
        (sign_in_refusal("AccessDeniedException", "x", error="INSUFFICIENT_PERMISSIONS").reply, 4, "managed policy"),
        (sign_in_refusal("ValidationException", "x").reply, 6, "clock is off"),
        (sign_in_refusal("InternalServerException", "x").reply, 5, "try again"),
        (sign_in_refusal("TooManyRequestsError", "x").reply, 5, "Too many requests"),
        (Reply(200, {}, b"<html>"), 5, "try again"),
        (Reply(200, {}, b'{"tokenType": "Bearer"}'), 6, "AWS_ENDPOINT_URL"),
    ],
)
def test_a_code_that_gives_nothing(sh: Shell, reply: Reply, code: int, words: str) -> None:
    """The code is spent once; two lines say what it was, and nothing is kept."""
    sh.emulator.service.order(Fault(CREATE, reply=reply))
    ran = sh(*WORK)
    assert (ran.code, sh.asked[CREATE]) == (code, 1)
    assert words in ran.err.splitlines()[-1]
    assert not record(sh).exists()


def test_the_log_says_what_happens_and_no_secret(sh: Shell, home: Path) -> None:
    """-vv: the calls and their statuses; no state, code, proof or key but for the address that is to be opened."""
    ran = sh(*WORK, "-vv", BROWSER=as_browser("code=made-up&state={state}", note=home / "opened"))
    asked = parse_qs(urlsplit((home / "opened").read_text()).query)
    rest = re.sub(r"    Open:  \S+\n", "", ran.err)
    assert (ran.code, f"{CREATE}" in rest) == (6, True)
    secrets = [asked[name][0] for name in ("state", "code_challenge")]
    assert not [secret for secret in (*secrets, "made-up", "eyJ", "PRIVATE") if secret in rest]
