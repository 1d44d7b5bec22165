"""`configure issuer`: what it writes, what it asks the issuer first, and where the client secret goes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply, json_reply
from tests.cli.issuers.conftest import issuers
from tests.support.shell import Ran, Shell
from tests.support.terminal.plain import ask


def configure(sh: Shell, name: str, *argv: str) -> Ran:
    """Configure the emulator under a name."""
    return sh("configure", "issuer", name, "--issuer", sh.emulator.url, "--client-id", "sso-login", *argv)


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe that into stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def metadata(sh: Shell, **changed: Any) -> dict[str, object]:  # noqa: ANN401 - any JSON
    """Give the emulator's metadata with something else in it."""
    return {**json.loads(ask(f"{sh.emulator.url}/.well-known/openid-configuration").text), **changed}


def test_it_writes_a_section_and_leaves_all_else(corp: Shell) -> None:
    """Comments and other issuers stay byte for byte; what is said names the file and the next command."""
    before = issuers(corp).read_text()
    ran = configure(corp, "two", "--scope", "openid", "--scope", "email", "--audience", "https://a.example")
    assert (ran.code, ran.out) == (0, "")
    assert str(issuers(corp)) in ran.err
    assert "`sso-login device two`" in ran.err
    assert issuers(corp).read_text() == (
        f"{before}\n[issuer two]\nissuer = {corp.emulator.url}\nclient_id = sso-login\n"
        "scopes = openid email\naudience = https://a.example\n"
    )
    assert corp("device", "two").code == 0


def test_it_makes_file_and_folders(corp: Shell, home: Path) -> None:
    """In the usual place where no variable names another."""
    del corp.env["SSO_LOGIN_CONFIG_FILE"]
    assert configure(corp, "corp").code == 0
    assert (home / ".config" / "sso-login" / "config").read_text().startswith("[issuer corp]\n")
    corp.env["XDG_CONFIG_HOME"] = str(home / "elsewhere")
    assert configure(corp, "corp").code == 0
    assert (home / "elsewhere" / "sso-login" / "config").exists()


def test_an_existing_name_is_replaced(corp: Shell) -> None:
    """Keys that are not given again go."""
    configure(corp, "corp", "--audience", "https://a.example", "--resource", "https://r.example")
    assert "audience" in issuers(corp).read_text()
    configure(corp, "corp")
    assert issuers(corp).read_text() == f"# ours\n[issuer corp]\nissuer = {corp.emulator.url}\nclient_id = sso-login\n"


def test_a_name_with_blanks_is_quoted_as_botocore_does(corp: Shell) -> None:
    """And is found again."""
    assert configure(corp, "my corp").code == 0
    assert "[issuer 'my corp']" in issuers(corp).read_text()
    assert corp("device", "my corp").code == 0


def test_endpoints_take_the_place_of_discovery(corp: Shell) -> None:
    """Nothing is asked; what has no endpoint is said with the other way."""
    url = corp.emulator.url
    ends = ("--device-endpoint", f"{url}/device_authorization", "--token-endpoint", f"{url}/token")
    assert corp("configure", "issuer", "bare", *ends, "--client-id", "sso-login").code == 0
    assert corp.asked["Discover"] == 0
    assert corp("device", "bare", "--scope", "openid", "--scope", "offline_access").code == 0
    (fact,) = [fact for fact in corp("status", "--json").json() if fact["session"] == "bare"]
    assert fact["issuer"] is None
    ran = corp("browser", "bare", "--force")
    assert ran.code == 6
    assert "`sso-login device" in ran.err
    corp.clock.sleep(3700)
    assert corp("token", "bare").code == 0
    ran = corp("logout", "bare")
    assert (ran.code, "has no revocation endpoint" in ran.err) == (0, True)


def test_a_secret_comes_by_stdin_and_goes_into_the_store(corp: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no config, is kept by logout, sent in the form, and replaced alone."""
    argv = ("--issuer", corp.emulator.url, "--client-id", "sso-login-confidential", "--client-secret-stdin")
    typed(monkeypatch, "secret-EMULATED\n")
    ran = corp("configure", "issuer", "safe", *argv)
    assert ran.code == 0
    assert "The client secret is kept in the file store.\n" in ran.err
    text = issuers(corp).read_text()
    assert "client_secret = stored" in text
    assert "EMULATED" not in text
    assert corp("device", "safe").code == 0
    corp("logout", "safe")
    assert corp("device", "safe").code == 0
    typed(monkeypatch, "wrong")
    assert corp("configure", "issuer", "safe", "--client-secret-stdin").code == 0
    assert issuers(corp).read_text() == text
    corp.clock.sleep(3700)
    ran = corp("token", "safe")
    assert (ran.code, ran.out) == (3, "")
    assert "configure issuer" in corp("device", "safe", "--force").err
    typed(monkeypatch, "secret-EMULATED")
    corp("configure", "issuer", "safe", "--client-secret-stdin")
    assert corp("device", "safe", "--force").code == 0


def test_a_secret_that_is_gone_says_how_to_give_it_again(corp: Shell) -> None:
    """Exit 2 with the command; the login is not touched."""
    with issuers(corp).open("a") as file:
        file.write("client_secret = stored\n")
    ran = corp("device")
    assert ran.code == 2
    assert "`sso-login configure issuer corp --client-secret-stdin`" in ran.err


def test_configuring_without_a_secret_forgets_the_old_one(corp: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole section is replaced, its secret included."""
    typed(monkeypatch, "secret-EMULATED\n")
    configure(corp, "corp", "--client-secret-stdin")
    folder = Path(corp.env["SSO_LOGIN_HOME"], "secrets")
    assert [path.name for path in folder.iterdir()] == ["client+corp"]
    configure(corp, "corp")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("secret", ["", "\n", "a\nb\n", "gr\u00fcn\n", "x" * 5000])
def test_what_is_no_secret_is_not_kept(corp: Shell, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """Exit 2; it is not shown, and nothing is written."""
    before = issuers(corp).read_text()
    typed(monkeypatch, secret)
    ran = configure(corp, "corp", "--client-secret-stdin")
    assert (ran.code, ran.out) == (2, "")
    assert issuers(corp).read_text() == before
    assert not secret.strip() or secret.strip() not in ran.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--client-id", "x"), "neither an issuer nor the endpoints"),
        (("--issuer", "https://x.example"), "client_id is missing"),
        (("--issuer", "http://x.example", "--client-id", "x"), "is not https"),
        (("--issuer", "x.example", "--client-id", "x"), "is not a URL"),
        (("--issuer", "https://x.example/?a=b", "--client-id", "x"), "query"),
        (("--issuer", "https://u:p@x.example/", "--client-id", "x"), "not shown"),
        (("--device-endpoint", "https://x.example/d", "--client-id", "x"), "neither an issuer"),
        (("--token-endpoint", "https://x.example/t", "--client-id", "x"), "neither an issuer"),
        (
            ("--issuer", "https://x.example", "--token-endpoint", "ftp://x.example", "--client-id", "x"),
            "token_endpoint",
        ),
        (("--issuer", "https://x.example", "--client-id", "a\tb"), "client_id"),
        (("--issuer", "https://x.example", "--client-id", "x", "--scope", "a b"), "scope"),
        (("--issuer", "https://x.example", "--client-id", "x", "--resource", "here"), "resource"),
        (("--issuer", "https://x.example", "--client-id", "x", "--audience", "a\x1b[31m"), "audience"),
    ],
)
def test_a_wrong_flag_is_a_usage_error(corp: Shell, argv: tuple[str, ...], said: str) -> None:
    """Exit 2 before anything is asked; nothing is written, no escape sequence gets through."""
    before = issuers(corp).read_text()
    ran = corp("configure", "issuer", "new", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "\x1b" not in ran.err
    assert issuers(corp).read_text() == before


@pytest.mark.parametrize("name", ["", "-x", "a\nb", "a/../../b\x00"])
def test_a_name_that_is_none_is_refused(corp: Shell, name: str) -> None:
    """Exit 2."""
    ran = corp("configure", "issuer", "--issuer", corp.emulator.url, "--client-id", "x", "--", name)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize(
    "config",
    [
        "[sso-session taken]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n",
        "[profile taken]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n",
    ],
)
def test_a_name_of_aws_is_refused(corp: Shell, config: str) -> None:
    """Exit 2: no command could tell the two apart."""
    corp.config.write_text(config)
    ran = configure(corp, "taken")
    assert ran.code == 2
    assert "taken" not in issuers(corp).read_text()


def test_metadata_of_another_issuer_is_refused(corp: Shell) -> None:
    """Exit 6, whose it is, and nothing is written; the same at login."""
    before = issuers(corp).read_text()
    lies = json_reply(200, metadata(corp, issuer="https://other.example"))
    corp.emulator.service.order(Fault("Discover", reply=lies, times=4))
    for ran in (configure(corp, "corp", "--scope", "openid"), corp("device")):
        assert (ran.code, ran.out) == (6, "")
        assert "that of another issuer: https://other.example" in ran.err
    assert issuers(corp).read_text() == before


def test_metadata_that_names_an_endpoint_without_tls_is_refused(corp: Shell) -> None:
    """Exit 6, and no token goes there."""
    lies = json_reply(200, metadata(corp, token_endpoint="http://evil.example/token"))
    corp.emulator.service.order(Fault("Discover", reply=lies, times=2))
    assert configure(corp, "corp").code == 6


def test_an_issuer_that_is_none_or_not_there_is_told_apart(corp: Shell) -> None:
    """No metadata: exit 6. No answer: exit 5."""
    corp.emulator.service.order(Fault("Discover", reply=Reply(404), times=2))
    ran = configure(corp, "corp")
    assert ran.code == 6
    assert "--device-endpoint" in ran.err
    assert corp("configure", "issuer", "x", "--issuer", "http://127.0.0.1:9", "--client-id", "x").code == 5
    corp.emulator.service.order(Fault("Discover", reply=Reply(503), times=2))
    assert configure(corp, "corp").code == 5


def test_a_broken_config_names_its_line(corp: Shell) -> None:
    """Exit 2 for whatever needs it, with the file and the line."""
    issuers(corp).write_text("[issuer corp]\nnonsense\n")
    for argv in (("token",), ("device", "corp"), ("status",)):
        ran = corp(*argv)
        assert ran.code == 2
        assert f"the config file {issuers(corp)}, line 2" in ran.err


def test_a_section_that_lacks_something_hides_no_other(corp: Shell) -> None:
    """`status` shows it with its error; the others work."""
    with issuers(corp).open("a") as file:
        file.write("[issuer half]\nissuer = https://x.example\n[other section]\nx = y\n")
    corp("device", "corp")
    states = {fact["session"]: (fact["kind"], fact["state"]) for fact in corp("status", "--json").json()}
    assert states["corp"] == ("oauth", "valid")
    assert states["half"][0] == "oauth"
    ran = corp("device", "half")
    assert ran.code == 2
    assert "client_id is missing" in ran.err


def test_a_secret_is_shown_to_the_issuer_it_was_given_for_alone(corp: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another URL or client in the config does not get it: exit 2, naming both, before anything is asked with it."""
    argv = ("--issuer", corp.emulator.url, "--client-id", "sso-login-confidential", "--client-secret-stdin")
    typed(monkeypatch, "secret-EMULATED\n")
    assert corp("configure", "issuer", "safe", *argv).code == 0
    text = issuers(corp).read_text()
    for old, new in (("client_id = sso-login-conf", "client_id = other-conf"), ("127.0.0.1", "localhost")):
        assert old in text
        issuers(corp).write_text(text.replace(old, new))
        corp.emulator.service.order(
            Fault("Discover", reply=json_reply(200, metadata(corp, issuer=corp.emulator.url.replace(old, new))))
        )
        ran = corp("device", "safe")
        assert (ran.code, ran.out) == (2, "")
        assert f"{corp.emulator.url} (client sso-login-confidential)" in ran.err
        assert "EMULATED" not in ran.err
    assert corp.asked["DeviceAuthorization"] == 0


def test_doctor_tells_what_the_metadata_is_worth(corp: Shell) -> None:
    """Its own, and both ways; another issuer's is a failure, silence a warning."""
    assert (
        "ok    metadata     corp can be logged in to by `sso-login device` and `sso-login browser`"
        in corp("doctor").out
    )
    assert corp("doctor", "--json").code == 0
    lies = json_reply(200, metadata(corp, issuer="https://other.example"))
    corp.emulator.service.order(Fault("Discover", reply=lies, times=5))
    ran = corp("doctor")
    assert "fail  metadata" in ran.out.lower()
    assert "https://other.example" in ran.out
