"""`sso_login.api`: the token that renews itself, as a script has it."""

from __future__ import annotations

import logging
import math
import threading
from pathlib import Path

import pytest

import sso_login
from sso_login import api
from sso_login.api import LoginRequired, SsoLoginError, StorageError, TokenProvider, Unreachable, UsageProblem
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.api.conftest import Provide
from tests.support.shell import Shell


def test_it_is_the_token_that_the_command_prints(sh: Shell, provide: Provide) -> None:
    """Named, through a profile, or as the only one known."""
    sh("device")
    sh.config.write_text(sh.config.read_text() + "[profile dev]\nsso_session = my-sso\n")
    printed = sh("token").out.strip()
    assert {provide("my-sso").token(), provide(profile="dev").token(), provide().token()} == {printed}


def test_it_is_kept_in_memory_until_too_little_is_left(sh: Shell, provide: Provide) -> None:
    """Nothing is read while it lasts; then it is renewed, once, and the store has what is given."""
    sh("device")
    provider, asked = provide("my-sso"), sh.asked["CreateToken"]
    first = provider.token()
    record = sh.record()
    away = record.rename(record.with_name("away"))
    sh.clock.sleep(3500)
    assert provider.token() == first
    away.rename(record)
    sh.clock.sleep(50)
    second = provider.token()
    assert (second != first, sh.asked["CreateToken"]) == (True, asked + 1)
    assert sh("token").out.strip() == second


def test_more_can_be_asked_for(sh: Shell, provide: Provide) -> None:
    """`min_ttl` decides; but a token of the last minute is not renewed for it."""
    sh("device")
    provider = provide("my-sso")
    first = provider.token(min_ttl=86_400)
    sh.clock.sleep(600)
    assert provider.token(min_ttl=2_900) == first
    assert provider.token(min_ttl=3_100) != first


@pytest.mark.parametrize("span", [-1.0, math.nan, math.inf])
def test_a_span_that_is_none_is_a_mistake_of_the_caller(provide: Provide, span: float) -> None:
    """It is told as Python tells such mistakes, before anything is looked at."""
    with pytest.raises(ValueError, match="min_ttl is a number of seconds"):
        provide("no-such-session").token(min_ttl=span)


def test_who_is_not_logged_in_is_told_and_never_asked(sh: Shell, provide: Provide) -> None:
    """No code is asked for; the error has the two lines and the exit code of the command, and a login mends it."""
    provider = provide("my-sso")
    with pytest.raises(LoginRequired) as caught:
        provider.token()
    assert (caught.value.exit_code, caught.value.hint) == (3, "Log in with `sso-login device my-sso`.")
    assert "my-sso" in caught.value.message
    assert "StartDeviceAuthorization" not in sh.asked
    sh("device")
    assert provider.token() == sh("token").out.strip()


def test_a_logout_is_noticed_when_the_token_would_be_renewed(sh: Shell, provide: Provide) -> None:
    """Until then it is in memory; from then on a login is required, however little is asked for."""
    sh("device")
    provider = provide("my-sso")
    first = provider.token()
    sh("logout")
    assert provider.token() == first
    for min_ttl in (3_600, 0):
        with pytest.raises(LoginRequired):
            provider.token(min_ttl)


def test_a_session_that_is_over_needs_a_login(sh: Shell, provide: Provide) -> None:
    """A refused refresh token is LoginRequired, also the second time."""
    sh("device")
    provider = provide("my-sso")
    provider.token()
    sh.clock.sleep(9 * 3600)
    for _ in range(2):
        with pytest.raises(LoginRequired):
            provider.token()


def test_many_threads_make_one_renewal(sh: Shell, provide: Provide) -> None:
    """Sixteen threads with two providers between them: one CreateToken, and all have the new token."""
    sh("device")
    sh.clock.sleep(3700)
    asked, providers, got = sh.asked["CreateToken"], [provide("my-sso"), provide()], list[str]()
    start = threading.Barrier(16)

    def work(number: int) -> None:
        start.wait()
        got.append(providers[number % 2].token())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(set(got)), sh.asked["CreateToken"]) == (16, 1, asked + 1)


def test_a_valid_token_is_given_where_it_cannot_be_renewed(
    sh: Shell, provide: Provide, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one warning in the log until it goes well again, and nothing on stdout or stderr."""
    sh("device")
    provider = provide("my-sso")
    first = provider.token()
    sh.clock.sleep(3550)
    for times in (1, 2):
        sh.emulator.service.order(Fault("CreateToken", reply=Reply(503, {})))
        assert [provider.token(), provider.token()] == [first, first]
        warned = [record for record in caplog.records if record.name == "sso_login.api"]
        assert [record.levelno for record in warned] == [logging.WARNING] * times
        assert "the token at hand is still valid" in warned[-1].getMessage()
        assert first not in caplog.text
        assert capsys.readouterr() == ("", "")
        sh.clock.sleep(20)
        first = provider.token()
        sh.clock.sleep(3550)


def test_without_an_answer_and_a_token_it_is_unreachable(sh: Shell, provide: Provide) -> None:
    """It says nothing about being logged in: later it goes well."""
    sh("device")
    sh.clock.sleep(3700)
    sh.emulator.service.order(Fault("CreateToken", reply=Reply(503, {})))
    provider = provide("my-sso")
    with pytest.raises(Unreachable) as caught:
        provider.token()
    assert caught.value.exit_code == 5
    sh.clock.sleep(20)
    assert provider.token()


def test_a_session_that_nobody_knows_is_found_once_it_is_there(sh: Shell, provide: Provide) -> None:
    """The error names what there is; the config is read again after it."""
    provider = provide("other")
    with pytest.raises(UsageProblem, match="no session `other`"):
        provider.token()
    sh.config.write_text(sh.config.read_text().replace("my-sso", "other"))
    sh("device")
    assert provider.token() == sh("token").out.strip()


def test_a_card_that_cannot_be_read_is_its_own_sessions_business(sh: Shell, provide: Provide) -> None:
    """Whoever means that session is told of the card; the others work."""
    sh("device")
    sh("device", "--start-url", sh.emulator.start_url, "--region", "us-east-1", "--name", "other")
    card = Path(sh.env["SSO_LOGIN_HOME"], "sessions", "other")
    card.write_text("no card\n")
    assert provide("my-sso").token()
    with pytest.raises(StorageError):
        provide("other").token()


def test_no_secret_is_drawn(sh: Shell, provide: Provide) -> None:
    """Neither the provider nor what is made of it shows the token; both say whose it is."""
    sh("device")
    provider = provide("my-sso")
    token = provider.token()
    shown = repr(api.BearerAuth(provider)) + repr(vars(provider))
    assert token not in shown
    assert "BearerAuth(TokenProvider(session='my-sso', profile=None))" in shown


def test_it_says_that_it_is_typed_and_what_it_has() -> None:
    """py.typed lies in the package; what `import *` gives is there, an error class for each exit code it may mean."""
    assert Path(sso_login.__file__).with_name("py.typed").is_file()
    raised = [value for name in api.__all__ if isinstance(value := getattr(api, name), type)]
    codes = [each.exit_code for each in raised if issubclass(each, SsoLoginError)]
    assert sorted(codes) == [1, 2, 3, 5, 6, 7]


def test_the_real_world_is_this_processes_own(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a world of its own it is the environment that says where things are."""
    for name, value in sh.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LoginRequired):
        TokenProvider(session="my-sso").token()
