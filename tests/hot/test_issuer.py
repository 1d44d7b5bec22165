"""The hot path for a login at an OAuth issuer: the same answers as the ordinary way's, and the same caution."""

from __future__ import annotations

import base64
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sso_login.core.model import ENDLESS, Application, Instance, Secret, Session
from tests.hot.conftest import Both
from tests.support.fakes import client, session, token
from tests.support.logins import sign_in

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

URL = "https://login.example.com/realms/corp"
KUBECTL = {
    version: json.dumps(
        {
            "kind": "ExecCredential",
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "spec": {"interactive": False},
        },
        separators=(",", ":"),
    )
    for version in ("v1", "v1beta1", "v1alpha1")
}


@pytest.fixture
def corp(both: Both) -> Both:
    """Keep a login at the issuer `corp` beside that of AWS, and ask the ordinary way once for each token."""
    path = Path(both.env["HOME"]) / "issuers"
    path.write_text(f"[issuer corp]\nissuer = {URL}\nclient_id = cli\n")
    both.env["SSO_LOGIN_CONFIG_FILE"] = str(path)
    kept(both)
    assert both.ordinary("corp").out == "the-corp-token\n"
    return both


def kept(both: Both, *, expires_at: int | None = None, id_token: str | None = None) -> Session:
    """Keep a login there."""
    now = int(time.time())
    fresh = replace(token("the-corp-token"), issued_at=now, expires_at=expires_at or now + 3600)
    fresh = replace(fresh, id_token=Secret(id_token) if id_token else None)
    instance = Instance(URL, "", kind="oauth", application=Application("cli", token=f"{URL}/token"))
    made = session("corp", token=fresh, client=client(issued_at=now, expires_at=now + 90 * 86400), instance=instance)
    world = both.world(both.env, lambda _notice: None).oauth
    sign_in(world, made, world.store("file"))
    return made


@pytest.mark.parametrize("argv", [["corp"], ["corp", "--header"], ["corp", "--json"], ["--exec-credential", "corp"]])
def test_it_answers_byte_for_byte(corp: Both, argv: list[str]) -> None:
    """Each form of the token."""
    hot = corp.hot(*argv)
    assert hot is not None
    assert "the-corp-token" in hot
    assert corp.ordinary(*argv).out == hot


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_kubectl_is_answered_in_its_version(corp: Both, version: str) -> None:
    """As kubectl itself writes what it asks for."""
    hot = corp.hot("corp", "--exec-credential", KUBERNETES_EXEC_INFO=KUBECTL[version])
    assert hot is not None
    assert json.loads(hot)["apiVersion"].endswith(f"/{version}")
    assert corp.ordinary("corp", "--exec-credential", KUBERNETES_EXEC_INFO=KUBECTL[version]).out == hot


@pytest.mark.parametrize(
    "info", [KUBECTL["v1alpha1"], "{", '{"kind": "ExecCredential"}', KUBECTL["v1"].replace(":", ": ")]
)
def test_whatever_else_kubectl_may_ask_is_left_to_the_ordinary_way(corp: Both, info: str) -> None:
    """However right it may be."""
    assert corp.hot("corp", "--exec-credential", KUBERNETES_EXEC_INFO=info) is None


@pytest.mark.parametrize("argv", [["corp", "--exec-credential", "--json"], ["corp", "--exec-credential", "--header"]])
def test_forms_that_exclude_each_other_are_left_to_the_ordinary_way(corp: Both, argv: list[str]) -> None:
    """It says so."""
    assert corp.hot(*argv) is None
    assert corp.hot(*argv, "--id-token") is None


def jwt(claims: str) -> str:
    """Make an ID token that says that."""
    return f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.c2ln-_"


@pytest.mark.parametrize("form", [[], ["--header"], ["--json"], ["--exec-credential"], ["--min-ttl", "5m"]])
def test_an_id_token_is_answered_byte_for_byte(corp: Both, form: list[str]) -> None:
    """With the end of its own; the ordinary way notes the question for it, too."""
    end = int(time.time()) + 1800
    kept(corp, id_token=jwt(f'{{"exp": {end}, "sub": "alice"}}'))
    ran = corp.ordinary("corp", "--id-token", *form)
    assert ran.code == 0
    assert corp.hot("corp", "--id-token", *form) == ran.out


@pytest.mark.parametrize(
    "token",
    [
        None,
        "opaque",
        "a.b.c.d.e",
        "a.%.c",
        "a.b c.d",
        *(jwt(claims) for claims in ("", "{", "[1]", "{}", '{"exp": "x"}', '{"exp": true}', '{"exp": 9.5e9}')),
        *(jwt(claims) for claims in ('{"exp": 1}', '{"exp": 99999999999999}', '{"exp": 9999999999, "x": NaN}')),
        jwt("[" * 100_000),
    ],
)
def test_an_id_token_of_any_doubt_is_left_to_the_ordinary_way(corp: Both, token: str | None) -> None:
    """None at all, one that is no JWT, one that is over, one whose end is no number."""
    kept(corp, id_token=token)
    assert corp.ordinary("corp").code == 0
    assert corp.hot("corp") == "the-corp-token\n"
    assert corp.hot("corp", "--id-token") is None


def test_an_id_token_that_ends_before_the_access_token_is_not_given(corp: Both) -> None:
    """It is renewed by its own end."""
    kept(corp, id_token=jwt(f'{{"exp": {int(time.time()) + 600}}}'))
    assert corp.ordinary("corp").code == 0
    assert corp.hot("corp", "--id-token", "--min-ttl", "5m") is not None
    assert corp.hot("corp", "--id-token", "--min-ttl", "15m") is None


def test_another_config_is_another_question(corp: Both) -> None:
    """A client, an audience or an issuer that is not the one of the login; then the old one again."""
    path = Path(corp.env["SSO_LOGIN_CONFIG_FILE"])
    text = path.read_text()
    path.write_text(f"{text}audience = https://api.example.com\n")
    assert corp.hot("corp") is None
    assert corp.ordinary("corp").code == 3
    assert corp.hot("corp") is None
    path.write_text(text)
    assert corp.ordinary("corp").out == "the-corp-token\n"
    assert corp.hot("corp") == "the-corp-token\n"


def test_a_session_of_the_same_name_is_seen(corp: Both) -> None:
    """A name of both kinds is refused, so it is not answered."""
    with corp.config.open("a") as file:
        file.write("[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n")
    assert corp.hot("corp") is None
    assert corp.ordinary("corp").code == 2


def test_a_token_without_an_end_is_given_unless_something_is_to_be_said(corp: Both) -> None:
    """`--min-ttl` cannot be met, JSON has null."""
    kept(corp, expires_at=ENDLESS)
    assert corp.ordinary("corp").out == "the-corp-token\n"
    assert corp.hot("corp") == "the-corp-token\n"
    for argv in (["corp", "--min-ttl", "5m"], ["corp", "--json"], ["corp", "--exec-credential"]):
        assert corp.hot(*argv) is None
    assert corp.ordinary("corp", "--json").json()["expires_at"] is None


def test_a_token_that_is_over_is_not_given(corp: Both) -> None:
    """Nor one with less left than is asked for."""
    assert corp.hot("corp", "--min-ttl", "2h") is None
    kept(corp, expires_at=int(time.time()) + 30)
    assert corp.hot("corp") is None


def test_the_session_of_aws_beside_it_stays_hot(corp: Both) -> None:
    """Its question rests on both config files."""
    assert corp.ordinary("my-sso").out == "the-token\n"
    assert corp.hot("my-sso") == "the-token\n"
    Path(corp.env["SSO_LOGIN_CONFIG_FILE"]).write_text("[issuer my-sso]\n")
    assert corp.hot("my-sso") is None
