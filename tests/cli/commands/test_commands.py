"""Every command through the front door, against the emulator, by a clock that never waits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sso_login.core.errors import StoreUnusable
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.fakes import NOW
from tests.support.shell import Shell
from tests.support.stores.memory import MemoryEntries


def test_device_shows_code_url_and_warning_and_keeps_the_login(sh: Shell) -> None:
    """The code, where to approve it, what is approved and the phishing line are on stderr; stdout stays empty."""
    ran = sh("device")
    assert (ran.code, ran.out) == (0, "")
    assert re.search(r"Code:  [A-Z]{4}-[A-Z]{4}\n", ran.err)
    assert f"Open:  {sh.emulator.url}/device\n" in ran.err
    assert "only if the page shows this very code" in ran.err
    assert f"{sh.emulator.start_url} (us-east-1, {sh.emulator.url}), scopes: sso:account:access" in ran.err
    assert "Signed in: session my-sso" in ran.err
    assert sh("token").code == 0


def test_device_twice_is_one_login(sh: Shell) -> None:
    """Already logged in: said, exit 0, no new code."""
    sh("device")
    ran = sh("device", "my-sso")
    assert (ran.code, sh.asked["StartDeviceAuthorization"]) == (0, 1)
    assert "Already signed in" in ran.err


def test_device_renews_silently_instead_of_asking_a_human(sh: Shell) -> None:
    """A login that has less than 15 min left is renewed, not repeated."""
    sh("device")
    sh.clock.sleep(3000)
    assert "Already signed in" in sh("device").err
    assert (sh.asked["StartDeviceAuthorization"], sh.asked["CreateToken"]) == (1, 3 - 1)


def test_device_force_logs_in_anew(sh: Shell) -> None:
    """--force asks a human whatever is there, and registers anew."""
    sh("device")
    first = sh("token").out
    assert sh("device", "--force").code == 0
    assert sh("token").out != first
    assert (sh.asked["StartDeviceAuthorization"], sh.asked["RegisterClient"]) == (2, 2)


def test_device_asks_again_for_more_scopes(sh: Shell) -> None:
    """A login with fewer scopes than asked is not enough, and its registration is not reused."""
    sh("device")
    assert sh("device", "--scope", "sso:account:access", "--scope", "codewhisperer:completions").code == 0
    assert (sh.asked["StartDeviceAuthorization"], sh.asked["RegisterClient"]) == (2, 2)
    assert json.loads(sh("status", "--json").out)[0]["scopes"] == ["sso:account:access", "codewhisperer:completions"]


def test_the_registration_is_reused_by_the_next_login(sh: Shell) -> None:
    """RegisterClient is made once; the next login after a dead session reuses it."""
    sh("device")
    sh.emulator.service.expire("sessions", "tokens")
    sh.clock.sleep(4000)
    assert sh("device").code == 0
    assert (sh.asked["StartDeviceAuthorization"], sh.asked["RegisterClient"]) == (2, 1)


def test_a_registration_that_the_service_forgot_is_made_anew(sh: Shell) -> None:
    """InvalidClient at StartDeviceAuthorization: registered once more, nobody has to know."""
    sh("device")
    sh.emulator.service.expire("registrations", "sessions", "tokens")
    sh.clock.sleep(4000)
    assert sh("device").code == 0
    assert sh.asked["RegisterClient"] == 2


def test_device_json_tells_its_events(sh: Shell) -> None:
    """One object a line on stdout; the code stays readable for a human on stderr."""
    ran = sh("device", "--json")
    code, done = (json.loads(line) for line in ran.out.splitlines())
    assert set(code) == {"event", "user_code", "verification_uri", "verification_uri_complete", "expires_at"}
    assert code["expires_at"] == "2027-01-15T08:10:00Z"
    assert code["user_code"] in ran.err
    assert done == {"event": "signed_in", "session": "my-sso", "expires_at": "2027-01-15T09:00:05Z", "store": "file"}


def test_device_denied_and_expired_are_exit_4(sh: Shell) -> None:
    """Denied in the browser, never approved, or out of patience: 4, with the reason and nothing kept."""
    sh.approve_while_waiting(approve=False)
    assert (sh("device").code, sh("status", "--json").json()[0]["state"]) == (4, "login_required")
    sh.clock.asleep = None
    assert "expired" in sh("device").err
    ran = sh("device", "--timeout", "30s")
    assert (ran.code, "--timeout" in ran.err) == (4, True)


def test_a_failed_login_keeps_the_old_one(sh: Shell) -> None:
    """`device --force` replaces what is there only after success."""
    sh("device")
    before = sh("token").out
    sh.approve_while_waiting(approve=False)
    assert sh("device", "--force").code == 4
    assert sh("token").out == before


def test_device_without_config_by_flags(sh: Shell, home: Path) -> None:
    """--start-url and --region make a session that is known from then on by its card."""
    sh.config.unlink()
    ran = sh("device", "--start-url", sh.emulator.start_url, "--region", "us-east-1", "--name", "mine")
    assert ran.code == 0
    assert sh("token", "mine").code == 0
    assert sh("token").code == 0
    assert (home / "state" / "sessions" / "mine").exists()


def test_token_prints_the_token_and_nothing_else(sh: Shell) -> None:
    """A bare line, an Authorization header, or JSON."""
    sh("device")
    bare = sh("token")
    assert (bare.err, bare.out.count("\n")) == ("", 1)
    token = bare.out.strip()
    assert sh("token", "--header").out == f"Authorization: Bearer {token}\n"
    assert sh("token", "--json").json() == {
        "session": "my-sso",
        "access_token": token,
        "token_type": "Bearer",
        "expires_at": "2027-01-15T09:00:05Z",
    }


def test_token_renews_when_it_must(sh: Shell) -> None:
    """Less than 60 s left: one CreateToken, another token, still good for an hour."""
    sh("device")
    before, polls = sh("token").out, sh.asked["CreateToken"]
    sh.clock.sleep(3541)
    after = sh("token")
    assert (after.code, sh.asked["CreateToken"]) == (0, polls + 1)
    assert after.out != before
    assert sh("token").out == after.out


def test_token_serves_what_is_valid_when_renewal_fails(sh: Shell) -> None:
    """Exit 0 and a warning; `refresh` in the same case says 5."""
    sh("device")
    sh.clock.sleep(3560)
    sh.emulator.service.order(Fault("CreateToken", times=9))
    ran = sh("token")
    assert (ran.code, ran.err.startswith("warning: ")) == (0, True)
    assert sh("refresh").code == 5
    assert json.loads(sh("token", "--json").err.splitlines()[0])["warning"]


def test_token_without_a_login_says_how_to_get_one(sh: Shell) -> None:
    """Exit 3 and the command to type."""
    ran = sh("token")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "error: session 'my-sso' is not logged in\nhint: Log in with `sso-login device my-sso`.\n"


def test_errors_are_json_when_json_is_asked(sh: Shell) -> None:
    """The last line on stderr: error, message, hint, exit_code; a usage error too."""
    ran = sh("token", "--json")
    assert json.loads(ran.err) == {
        "error": "NotLoggedIn",
        "message": "session 'my-sso' is not logged in",
        "hint": "Log in with `sso-login device my-sso`.",
        "exit_code": 3,
    }
    assert json.loads(sh("token", "--json", "--nonsense").err)["exit_code"] == 2


def test_a_dead_session_needs_a_login(sh: Shell) -> None:
    """invalid_grant: exit 3, and the record is kept."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(3700)
    kept = sh.record().read_text()
    ran = sh("token")
    assert (ran.code, sh.record().read_text()) == (3, kept)
    assert sh("status", "--json").json()[0]["state"] == "login_required"
    polls = sh.asked["CreateToken"]
    assert (sh("token").code, sh.asked["CreateToken"]) == (3, polls)


def test_refresh_is_for_cron(sh: Shell) -> None:
    """Nothing to do with 15 min left; renewed with less; --quiet says nothing on success."""
    sh("device")
    assert "fresh enough" in sh("refresh").err
    sh.clock.sleep(2800)
    ran = sh("refresh", "--all", "--quiet")
    assert ran == type(ran)(0, "", "")
    assert "renewed" in sh("refresh", "my-sso", "--force").err


def test_refresh_without_any_login_has_nothing_to_do(sh: Shell) -> None:
    """Exit 0: a cron line may be there before the first login; --quiet is silent."""
    assert sh("refresh").code == 0
    assert sh("refresh", "--all", "--quiet").err == ""


def test_refresh_goes_on_after_an_error_and_tells_the_gravest(sh: Shell) -> None:
    """Over several sessions the code is the first present of 7, 3, 2, 6, 1, 5."""
    sh.config.write_text(sh.config.read_text() + sh.config.read_text().replace("my-sso", "two"))
    sh("device", "my-sso")
    sh("device", "two")
    sh.record("two").write_text("garbage")
    ran = sh("refresh", "--force")
    assert ran.code == 7
    assert "my-sso: renewed" in ran.err
    assert "error: two: " in ran.err
    assert sh("refresh", "my-sso", "nope").code == 2


def test_status_tells_every_known_session(sh: Shell) -> None:
    """Configured, logged in, expired; no network is used."""
    assert sh("status", "--json").json()[0]["state"] == "login_required"
    sh("device")
    asked = sum(sh.asked.values())
    table = sh("status")
    assert all(part in table.out for part in ("my-sso", "valid", "1 h", "yes", "file", "us-east-1"))
    assert sh("status", "--json").json() == [
        {
            "session": "my-sso",
            "kind": "sso",
            "issuer": None,
            "start_url": sh.emulator.start_url,
            "region": "us-east-1",
            "state": "valid",
            "expires_at": "2027-01-15T09:00:05Z",
            "seconds_left": 3600,
            "renewable": True,
            "registration_expires_at": "2027-04-15T08:00:00Z",
            "scopes": ["sso:account:access"],
            "store": "file",
            "backend": "file",
            "rescued": None,
            "login_ends_at": None,
            "error": None,
            "last_refresh": None,
        }
    ]
    sh.clock.sleep(4000)
    assert sh("status", "my-sso", "--json").json()[0]["state"] == "renewable"
    assert "renewable" in sh("status").out
    assert sum(sh.asked.values()) == asked


def test_status_check_is_for_scripts(sh: Shell) -> None:
    """Exit 3 if a named one, or any ever logged in, needs a login; what was never logged in does not count."""
    assert sh("status", "--check").code == 0
    assert sh("status", "--check", "my-sso").code == 3
    sh("device")
    assert sh("status", "--check", "my-sso").code == 0
    sh.clock.sleep(91 * 86400)
    assert sh("status", "--check").code == 3
    sh.record().write_text("garbage")
    assert sh("status", "--check").code == 7
    assert "unreadable" in sh("status").out


def test_status_check_is_not_about_what_was_never_logged_in(sh: Shell) -> None:
    """A section that nobody can log in to is shown and explained, but is no alarm before it is named."""
    sh.config.write_text(sh.config.read_text() + "[sso-session broken]\nsso_region = us-east-1\n")
    sh("device", "my-sso")
    ran = sh("status", "--check")
    assert (ran.code, "broken: sso_start_url is missing" in ran.out) == (0, True)
    assert sh("status", "--check", "broken").code == 2


@pytest.mark.parametrize("flags", [[], ["--json"], ["--check"]])
def test_status_of_an_unknown_session_is_exit_2(sh: Shell, flags: list[str]) -> None:
    """The names there are, on stderr; what is said of the others stands on stdout."""
    ran = sh("status", "my-sos", *flags)
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean `my-sso`?" in ran.err
    ran = sh("status", "my-sso", "my-sos", *flags)
    assert (ran.code, "my-sso" in ran.out, "my-sos" in ran.out) == (3 if flags == ["--check"] else 2, True, False)


def test_status_with_nothing_known(sh: Shell) -> None:
    """An empty list, a sentence, exit 0."""
    sh.config.unlink()
    assert sh("status", "--json").json() == []
    assert sh("status").code == 0


def test_logout_forgets_here_and_there(sh: Shell) -> None:
    """Record and card are gone, the portal session is ended, and it may be repeated."""
    sh("device")
    record = sh.record()
    assert sh("logout").code == 0
    assert (record.exists(), sh.asked["Logout"]) == (False, 1)
    assert sh("token").code == 3
    assert "was not signed in" in sh("logout").err


def test_logout_ends_a_session_whose_token_is_over(sh: Shell) -> None:
    """The portal session outlives its tokens: it is ended by a fresh one, which nobody keeps."""
    sh("device")
    sh.clock.sleep(4000)
    ran = sh("logout")
    assert (ran.code, ran.err) == (0, "my-sso: signed out\n")
    assert (sh.emulator.service.log[-1].operation, sh.emulator.service.log[-1].status) == ("Logout", 200)
    assert list(Path(sh.env["SSO_LOGIN_HOME"], "secrets").iterdir()) == []


def test_logout_from_a_session_that_is_over_is_no_error(sh: Shell) -> None:
    """Nothing is left to end, and nothing is said about it."""
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.sleep(4000)
    ran = sh("logout")
    assert (ran.code, ran.err, sh.asked["Logout"]) == (0, "my-sso: signed out\n", 0)


def test_logout_all_and_local(sh: Shell) -> None:
    """--all takes every session with a login; --local asks nobody."""
    sh("device")
    assert "signed out" in sh("logout", "--all", "--local").err
    assert (sh.asked["Logout"], sh("token").code) == (0, 3)


def test_logout_says_what_it_could_not_do(sh: Shell) -> None:
    """The portal did not answer: forgotten here, exit 5."""
    sh("device")
    sh.emulator.service.order(Fault("Logout", reply=Reply(503, {}, b"")))
    ran = sh("logout")
    assert (ran.code, sh("token").code) == (5, 3)
    assert "my-sso: signed out" in ran.err


def test_the_store_is_looked_at_before_a_human_is_asked(sh: Shell) -> None:
    """No usable keyring, nobody at a terminal: exit 7 with the remedy and not one request."""
    sh.entries["keyring"] = broken = MemoryEntries()
    broken.trouble = StoreUnusable("there is no keyring")
    del sh.env["SSO_LOGIN_STORE"]
    ran = sh("device")
    assert (ran.code, sum(sh.asked.values())) == (7, 0)
    assert "SSO_LOGIN_STORE=file" in ran.err


def test_without_a_login_a_keyring_that_is_not_there_is_no_matter(sh: Shell) -> None:
    """What was never logged in is not logged in, whether the keyring answers or not."""
    sh.entries["keyring"] = broken = MemoryEntries()
    broken.trouble = StoreUnusable("there is no keyring")
    del sh.env["SSO_LOGIN_STORE"]
    assert sh("status", "--json").json()[0]["state"] == "login_required"
    assert sh("token").code == 3


def test_at_a_terminal_one_is_asked_about_files(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a silent plaintext fallback: yes keeps and pins files, no is exit 7."""
    sh.entries["keyring"] = broken = MemoryEntries()
    broken.trouble = StoreUnusable("there is no keyring")
    del sh.env["SSO_LOGIN_STORE"]
    sh.attended = True
    answers = iter(["n", "y"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: next(answers))
    assert sh("device", "--no-browser").code == 7
    assert sh("device", "--no-browser").code == 0
    assert json.loads(sh("status", "--json").out)[0]["store"] == "file"
    assert sh("token").code == 0


def test_after_expiry_a_human_may_ask_for_a_new_code(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter gives a new code with the same registration; it never loops by itself."""
    sh.attended, sh.clock.asleep = True, None

    def enter(_prompt: str) -> str:
        sh.approve_while_waiting()
        return ""

    monkeypatch.setattr("click.termui.visible_prompt_func", enter)
    ran = sh("device", "--no-browser")
    assert (ran.code, sh.asked["StartDeviceAuthorization"], sh.asked["RegisterClient"]) == (0, 2, 1)
    assert "expired" in ran.err


def test_the_timeout_is_for_all_codes_together(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of 15 minutes ends in the second code of ten; a code is not asked for when it is over."""
    sh.attended, sh.clock.asleep = True, None
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: "")
    began = sh.clock.now()
    assert sh("device", "--no-browser", "--timeout", "15m").code == 4
    assert (sh.clock.now() - began, sh.asked["StartDeviceAuthorization"]) == (900, 2)

    def slowly(_prompt: str) -> str:
        sh.clock.sleep(999)
        return ""

    monkeypatch.setattr("click.termui.visible_prompt_func", slowly)
    ran = sh("device", "--no-browser", "--timeout", "11m")
    assert (ran.code, sh.asked["StartDeviceAuthorization"]) == (4, 3)


def test_a_login_with_too_few_scopes_is_not_renewed_first(sh: Shell) -> None:
    """It will be replaced, so its refresh token is not spent."""
    sh("device")
    sh.clock.sleep(3000)
    asked = sh.asked["CreateToken"]
    sh.approve_while_waiting(approve=False)
    assert sh("device", "--scope", "more:scope").code == 4
    assert sh.asked["CreateToken"] == asked + 1  # the poll that was denied


def test_logout_all_with_nobody_logged_in(sh: Shell) -> None:
    """It says so."""
    ran = sh("logout", "--all")
    assert (ran.code, "nobody has logged in" in ran.err) == (0, True)


def test_a_login_that_moves_elsewhere_is_neither_used_nor_sent(sh: Shell) -> None:
    """The config now names another start URL: exit 3 naming both, for token and refresh."""
    sh("device")
    sh.config.write_text(sh.config.read_text().replace("/start", "/other"))
    for command in ("token", "refresh"):
        ran = sh(command)
        assert ran.code == 3
        assert "/start (" in ran.err
        assert "/other (" in ran.err


def test_the_pinned_store_is_not_left_silently(sh: Shell) -> None:
    """SSO_LOGIN_STORE that differs from the pin: exit 3, saying where the login lies; unset: the pin holds."""
    sh("device")
    ran = sh("token", SSO_LOGIN_STORE="keyring")
    assert (ran.code, "file store" in ran.err) == (3, True)
    del sh.env["SSO_LOGIN_STORE"]
    assert sh("token").code == 0


def test_slow_down_is_obeyed_to_the_end(sh: Shell) -> None:
    """The emulator enforces its interval; our own pace never provokes a SlowDown, and an ordered one is waited out."""
    sh.clock.asleep = None
    sh.emulator.service.order(Fault("CreateToken", reply=_refusal("slow_down", "SlowDownException"), times=1))
    assert sh("device", "--timeout", "60s").code == 4
    assert sh.clock.slept[:4] == [5, 10, 10, 10]
    assert {call.error for call in sh.emulator.service.log if call.operation == "CreateToken"} <= {
        "",
        "slow_down",
        "authorization_pending",
    }
    assert sh.clock.now() == NOW + 60


def _refusal(code: str, name: str) -> Reply:
    body = json.dumps({"error": code, "error_description": "ordered"}).encode()
    return Reply(400, {"Content-Type": "application/json", "x-amzn-ErrorType": name}, body)


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_typo_in_the_environment_signs_nobody_out(sh: Shell, variable: str) -> None:
    """`AWS_PROFILE=prdo sso-login logout` is exit 2; what means every session all the same is not narrowed."""
    assert sh("device").code == 0
    for argv in (("logout",), ("token",), ("device", "--force"), ("accounts",)):
        ran = sh(*argv, **{variable: "prdo"})
        assert (ran.code, f"no profile `prdo` (from {variable})" in ran.err) == (2, True), argv
    assert sh("token").code == 0
    for argv in (("refresh",), ("status",), ("status", "--check")):
        assert sh(*argv, **{variable: "prdo"}).code == 0, argv
    assert sh("logout", "--all", **{variable: "prdo"}).code == 0


def test_a_profile_of_the_credentials_file_is_there(sh: Shell, home: Path) -> None:
    """It has no session, so the next rule applies."""
    assert sh("device").code == 0
    (home / ".aws" / "credentials").write_text("[static]\naws_access_key_id = AKIAEXAMPLE\n")
    assert sh("token", AWS_PROFILE="static").code == 0


def test_what_has_no_card_is_not_signed_in_and_opens_no_store(sh: Shell) -> None:
    """Exit 0 and said so, also where there is no keyring at all."""
    for env in ({}, {"SSO_LOGIN_STORE": "keyring", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}):
        ran = sh("logout", "my-sso", **env)
        assert (ran.code, "my-sso: was not signed in" in ran.err) == (0, True), ran.err
