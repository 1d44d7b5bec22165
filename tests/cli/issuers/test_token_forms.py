"""`token --id-token` and `token --exec-credential`: what OIDC clusters and kubectl take."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import json_reply
from tests.support.shell import Shell

GROUP = "client.authentication.k8s.io"


def claims(token: str) -> Any:  # noqa: ANN401 - any JSON
    """Read the payload of a JWT."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def asks(version: str) -> str:
    """Write what kubectl sets."""
    return json.dumps({"apiVersion": f"{GROUP}/{version}", "kind": "ExecCredential", "spec": {"interactive": False}})


@pytest.mark.parametrize(
    ("info", "version"),
    [(None, "v1"), (asks("v1"), "v1"), (asks("v1beta1"), "v1beta1"), (asks("v1alpha1"), "v1"), ("", "v1")],
)
def test_kubectl_gets_the_version_that_it_asks_for(corp: Shell, info: str | None, version: str) -> None:
    """With the access token and its end; v1 where it asks for none that is known."""
    corp("device")
    ran = corp("token", "--exec-credential", **({} if info is None else {"KUBERNETES_EXEC_INFO": info}))
    assert (ran.code, ran.err) == (0, "")
    assert ran.json() == {
        "kind": "ExecCredential",
        "apiVersion": f"{GROUP}/{version}",
        "status": {
            "token": corp("token").out.strip(),
            "expirationTimestamp": corp("token", "--json").json()["expires_at"],
        },
    }


@pytest.mark.parametrize("info", ["{", "[]", "7", '{"kind": 1}', "[" * 100_000])
def test_what_kubectl_never_sets_is_a_usage_error(corp: Shell, info: str) -> None:
    """Two lines, and nothing on stdout."""
    corp("device")
    ran = corp("token", "--exec-credential", KUBERNETES_EXEC_INFO=info)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 2)


@pytest.mark.parametrize("argv", [("--header",), ("--json",)])
def test_it_is_a_form_of_its_own(corp: Shell, argv: tuple[str, ...]) -> None:
    """Exit 2 with another form."""
    assert corp("token", "--exec-credential", *argv).code == 2


def test_a_token_without_an_end_has_no_timestamp(corp: Shell) -> None:
    """Kubectl then asks at each start of its own."""
    whole = {"access_token": "a", "token_type": "Bearer", "refresh_token": "r"}
    corp.emulator.service.order(Fault("Token", reply=json_reply(200, whole), applied=True))
    corp("device")
    assert corp("token", "--exec-credential").json()["status"] == {"token": "a"}


def test_an_exec_credential_is_renewed_first(corp: Shell) -> None:
    """As every token is; a login that is needed is exit 3 with nothing on stdout."""
    corp("device")
    first = corp("token", "--exec-credential").json()["status"]["token"]
    corp.clock.sleep(3700)
    assert corp("token", "--exec-credential").json()["status"]["token"] not in {"", first}
    corp("logout")
    ran = corp("token", "--exec-credential")
    assert (ran.code, ran.out) == (3, "")


def test_the_id_token_is_that_of_the_user(corp: Shell) -> None:
    """In each form; as an ExecCredential with the end of its own."""
    corp("device")
    plain = corp("token", "--id-token").out
    found = claims(plain.strip())
    assert (found["iss"], found["aud"]) == (corp.emulator.url, "sso-login")
    assert corp("token", "--id-token", "--header").out == f"Authorization: Bearer {plain}"
    assert corp("token", "--id-token", "--json").json()["id_token"] == plain.strip()
    whole = corp("token", "--id-token", "--exec-credential").json()
    assert whole["status"] == {
        "token": plain.strip(),
        "expirationTimestamp": corp("token", "--json").json()["expires_at"],
    }


def test_an_id_token_is_renewed_by_its_own_end(corp: Shell) -> None:
    """It may end before the access token does."""
    corp("device")
    first = corp("token", "--id-token").out
    corp.clock.sleep(3000)
    assert corp("token", "--id-token").out == first
    second = corp("token", "--id-token", "--min-ttl", "20m").out
    assert claims(second)["exp"] > claims(first)["exp"]


def test_no_id_token_is_exit_code_6(corp: Shell) -> None:
    """Without the scope openid there is none: nothing on stdout, and the way to one."""
    corp("device", "--scope", "profile", "--scope", "offline_access")
    ran = corp("token", "--id-token")
    assert (ran.code, ran.out) == (6, "")
    assert "--scope openid" in ran.err


def test_a_session_of_aws_has_no_id_token(sh: Shell) -> None:
    """Exit 2, logged in or not; its token works as an ExecCredential like any other."""
    assert sh("token", "--id-token").code == 2
    sh("device")
    assert sh("token", "--id-token").code == 2
    assert sh("token", "--exec-credential").json()["status"]["token"] == sh("token").out.strip()
