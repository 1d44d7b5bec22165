"""`serve`: the lines it prints, what they lead to, how it ends, and a day of it by a clock that never waits."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from sso_login.cli.commands.roles.serving import Asked, cached, fetched
from sso_login.cli.context import Context
from sso_login.cli.credential_source import RoleOptions, resolve
from sso_login.cli.output.render import Render
from sso_login.core.errors import LoginRequired, UsageProblem
from sso_login.core.message import Notice
from sso_login.emulator.core.settings import ASSUMABLE, Settings
from sso_login.server.cache import Cache, Served
from sso_login.world import World
from tests.support.serving.served import eventually, get, started
from tests.support.shell import Shell, clean, shell
from tests.support.terminal.desk import Desk, desk
from tests.support.visitor import as_browser

ACCOUNT: Final = "111122223333"
URI: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
PROFILES: Final = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = ReadOnlyAccess
region = eu-west-1

[profile 'ops / ü']
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Deployer

[profile deploy]
role_arn = {ASSUMABLE[0].arn}
source_profile = ops / ü
region = eu-central-1
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="left alone: Windows has no signals")


SETTINGS: Final = Settings(approve=True, interval=1, session_lifetime=30 * 86400, signature_window=None)


def configured(sh: Shell | Desk) -> None:
    """Add three profiles to the config."""
    config = Path(sh.env["AWS_CONFIG_FILE"])
    config.write_text(config.read_text() + PROFILES, encoding="utf-8")


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Log in, with three profiles, by a clock that never waits."""
    with shell(home, capsys, SETTINGS) as sh:
        sh.env["AWS_ENDPOINT_URL_STS"] = sh.emulator.url
        configured(sh)
        assert sh("device").code == 0
        yield sh


@pytest.fixture
def at(home: Path) -> Iterator[Desk]:
    """Log in, with three profiles, for processes of their own."""
    with desk(home, SETTINGS) as made:
        at = replace(made, env={**made.env, "AWS_ENDPOINT_URL_STS": made.emulator.url})
        configured(at)
        at.log_in()
        yield at


def test_what_it_prints_leads_to_credentials(at: Desk) -> None:
    """Lines for sh, once the credentials are at hand; the address is on loopback."""
    with started("serve", "dev", env=at.env, ready="Ctrl-C") as server:
        given = server.variables
        assert (given["AWS_REGION"], urlsplit(given[URI]).hostname) == ("eu-west-1", "127.0.0.1")
        status, body = get(given[URI], given[TOKEN])
        assert (status, body["AccountId"]) == (200, ACCOUNT)
        assert body["RoleArn"] is None
        assert at.emulator.service.calls["GetRoleCredentials"] == 1
        assert get(given[URI], "x")[0] == 403
        assert f"Serving credentials of dev on {given[URI][:-1]}; Ctrl-C ends it." in server.text


def test_several_profiles_have_a_path_and_a_token_each(at: Desk) -> None:
    """The first is set, the others are comments; none opens another's door."""
    with started("serve", "ops / ü", "dev", "deploy", "dev", env=at.env, ready="Ctrl-C") as server:
        first = server.variables
        eventually(lambda: sum("TOKEN=" in line for line in server.out) == 3, server.text)
        others = [line.removeprefix("#").strip() for line in server.out if line.startswith("#")]
        assert [line for line in others if not line.startswith("export")] == ["dev:", "deploy:"]
        values = [line.partition("=")[2].strip("'") for line in others if line.startswith("export")]
        dev, deploy = values[:2], values[2:]
        assert urlsplit(first[URI]).path == "/profile/ops%20%2F%20%C3%BC"
        assert get(first[URI], first[TOKEN])[0] == 200
        assert get(dev[0], dev[1])[0] == 200
        assert get(dev[0], first[TOKEN])[0] == 403
        assert get(first[URI].replace(urlsplit(first[URI]).path, "/"), first[TOKEN])[0] == 404
        status, body = get(deploy[0], deploy[1])
        assert (status, body["RoleArn"], body["AccountId"]) == (200, ASSUMABLE[0].arn, "222233334444")


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("fish", "set -gx AWS_CONTAINER_CREDENTIALS_FULL_URI 'http://127.0.0.1:"),
        ("powershell", "$Env:AWS_CONTAINER_CREDENTIALS_FULL_URI = 'http://127.0.0.1:"),
        ("dotenv", 'AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:'),
        ("cmd", 'set "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:'),
    ],
)
def test_other_shells_have_lines_of_their_own(at: Desk, form: str, line: str) -> None:
    """As `credentials --format` has them."""
    with started("serve", "dev", "deploy", "--format", form, env=at.env, ready="Ctrl-C") as server:
        eventually(lambda: any(each.startswith(line) for each in server.out), server.text)


def test_a_shell_takes_them(at: Desk) -> None:
    """What would go before them is unset."""
    with started("serve", "dev", env=at.env, ready="Ctrl-C") as server:
        eventually(lambda: server.said("AWS_DEFAULT_REGION"), server.text)
        script = "".join(server.out) + 'echo "$AWS_PROFILE|$AWS_ACCESS_KEY_ID|$AWS_REGION"'
        env = clean({**at.env, "AWS_PROFILE": "x", "AWS_ACCESS_KEY_ID": "y"})
        done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=True)
        assert done.stdout == "||eu-west-1\n"


@posix
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_it(at: Desk, number: str, code: int) -> None:
    """By 128 and its number, without a word."""
    with started("serve", "dev", env=at.env, ready="Ctrl-C") as server:
        uri = server.variables[URI]
        server.process.send_signal(getattr(signal, number))
        assert server.ended() == code
        assert len(server.err) == 1
        with pytest.raises(OSError, match="refused"):
            get(uri, "x")


@posix
def test_what_is_ignored_stays_so(at: Desk) -> None:
    """As with nohup."""
    script = "trap '' HUP; exec \"$@\""
    argv = ["sh", "-c", script, "sh", sys.executable, "-m", "sso_login", "serve", "dev"]
    with subprocess.Popen(
        argv, env=clean(at.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert "Ctrl-C" in process.stderr.readline()
        process.send_signal(getattr(signal, "SIGHUP", 1))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143


def test_an_access_log_says_who_got_what_and_no_secret(at: Desk) -> None:
    """Time, profile and status."""
    with started("serve", "dev", "-v", env=at.env, ready="Ctrl-C") as server:
        given = server.variables
        body = get(given[URI], given[TOKEN])[1]
        get(given[URI], "wrong")
        eventually(lambda: server.said("403"), server.text)
        log = "".join(server.err)
        assert "Z dev 200" in log
        assert "Z - 403 (not the token)" in log
        assert not any(
            secret in log for secret in (body["SecretAccessKey"] or "", body["Token"] or "", given[TOKEN], "EMULATED")
        )


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("serve", "devv"), 2, "Did you mean `dev`?"),
        (("serve", "dev", "--port", "70000"), 2, "--port"),
        (("serve", "dev", "--for", "never"), 2, "--for"),
        (("serve", "dev", "--format", "json"), 2, "--format"),
        (("serve",), 2, "no account and no role is named"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(sh: Shell, argv: tuple[str, ...], code: int, words: str) -> None:
    """Before anything is printed."""
    ran = sh(*argv)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_without_a_login_it_prints_nothing(sh: Shell) -> None:
    """Exit 3, as for every command."""
    sh("logout")
    ran = sh("serve", "dev")
    assert (ran.code, ran.out) == (3, "")


def test_a_port_that_is_taken_is_exit_1(sh: Shell) -> None:
    """And says which."""
    port = sh.emulator.url.rpartition(":")[2]
    ran = sh("serve", "dev", "--port", port)
    assert (ran.code, ran.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ran.err


# --- by a clock that never waits


def caches(sh: Shell, profile: str = "dev") -> Cache:
    """Fill a cache as `serve` does, whose renewals run at once."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        return World(sh.env, attended=attended, notify=notify, clock=sh.clock, entries=sh.entries)

    context = Context(Render(quiet=True), build=build)
    wanted = RoleOptions(profile=profile)
    return cached(
        context, fetched(context, [lambda: Asked.of(resolve(context, wanted), wanted)]), begin=lambda job: job()
    )


def left(sh: Shell, cache: Cache, profile: str = "dev") -> float:
    """Let what is due be done, and tell for how long what is served is good."""
    cache.tend()
    found = cache.look(profile)
    assert isinstance(found, Served), found
    return found.credentials.expires_at - sh.clock.now()


@pytest.mark.parametrize("profile", ["dev", "deploy"])
def test_a_day_in_which_nothing_is_served_with_less_than_a_quarter_of_an_hour(sh: Shell, profile: str) -> None:
    """One request every forty minutes, whoever asks, and a token renewed meanwhile by the same rules as ever."""
    cache = caches(sh, profile)
    least = []
    for _ in range(24 * 60):
        sh.clock.sleep(60)
        least.append(left(sh, cache, profile))
    assert min(least) >= 900
    assert sh.asked["AssumeRole" if profile == "deploy" else "GetRoleCredentials"] == 1 + 24 * 60 // 40
    assert 18 <= sh.asked["CreateToken"] <= 20


def test_a_login_that_ends_and_comes_back_is_followed(sh: Shell) -> None:
    """What is valid is served to its end; then the reason, with the command that helps; then it goes on by itself."""
    cache = caches(sh)
    sh.clock.sleep(2000)
    assert sh("logout").code == 0
    sh.clock.sleep(1590)
    assert left(sh, cache) > 0
    sh.clock.sleep(20)
    cache.tend()
    found = cache.look("dev")
    assert isinstance(found, LoginRequired)
    assert "sso-login device my-sso" in found.hint or "sso-login device" in found.hint
    assert sh("device").code == 0
    sh.clock.sleep(60)
    assert left(sh, cache) > 3000


def test_a_login_in_another_store_is_followed(sh: Shell) -> None:
    """As every new run of the program would find it."""
    cache = caches(sh)
    sh.clock.sleep(2500)
    assert sh("logout").code == 0
    key = sh.config.parent / "key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    sh.env["SSO_LOGIN_KEY_FILE"] = str(key)
    assert sh("device").code == 0
    sh.clock.sleep(60)
    assert left(sh, cache) > 3000


def test_another_role_is_never_served_by_the_same_name(sh: Shell) -> None:
    """Whoever changes the profile starts the server again; a config that cannot be read for a moment does no harm."""
    cache = caches(sh)
    before = sh.config.read_text(encoding="utf-8")
    sh.config.write_text("broken", encoding="utf-8")
    sh.clock.sleep(2500)
    assert left(sh, cache) > 3000
    sh.config.write_text(before.replace("ReadOnlyAccess", "Deployer"), encoding="utf-8")
    sh.clock.sleep(3700)
    cache.tend()
    found = cache.look("dev")
    assert isinstance(found, UsageProblem)
    assert "dev is another role now: Deployer" in found.message


def test_aws_sign_in_is_served_at_half_its_life(sh: Shell, home: Path) -> None:
    """A quarter of an hour is all that it gives."""
    sh.attended = True
    sh.env["BROWSER"] = as_browser(note=home / "opened")
    sh.env["AWS_ENDPOINT_URL_SIGNIN"] = sh.emulator.url
    sh.config.write_text(sh.config.read_text() + "[profile me]\nregion = us-east-1\n")
    assert sh("signin", "--profile", "me").code == 0
    cache = caches(sh, "me")
    least = []
    for _ in range(120):
        sh.clock.sleep(30)
        least.append(left(sh, cache, "me"))
    assert min(least) >= 420
    sh("logout", "--profile", "me")
    sh.clock.sleep(901)
    cache.tend()
    assert isinstance(cache.look("me"), LoginRequired)
