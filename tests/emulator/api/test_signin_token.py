"""CreateOAuth2Token as boto3 sees it: what it gives, how refresh tokens age, and every error that is modelled."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import LoginRefreshRequired
from cryptography.hazmat.primitives import serialization

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import sign_in_refusal
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.emulator.conftest import CALLBACK, CODE, VERIFIER, Clock, Desk
from tests.emulator.proofs import Key, payload
from tests.emulator.signing import CROSS, SAME, Signing, claims, post
from tests.support.modelled import Aws
from tests.support.terminal.plain import ask

INVALID = ("ValidationException", "INVALID_REQUEST")
DENIED = "AccessDeniedException"


@pytest.fixture
def open_signing(open_desk: Callable[..., Desk], aws_session: boto3.Session) -> Callable[..., Signing]:
    """Give a function that starts an emulator that approves by itself."""
    return lambda **settings: Signing(open_desk(approve=True, **settings), aws_session)


@pytest.fixture
def signing(open_signing: Callable[..., Signing]) -> Signing:
    """Start an emulator that approves by itself."""
    return open_signing()


def test_code_gives_credentials(signing: Signing) -> None:
    """A code gives credentials for fifteen minutes, a refresh token and an id token that names the user's ARN."""
    reply = signing.login()
    assert (reply["tokenType"], reply["expiresIn"]) == ("aws_sigv4", 900)
    assert reply["accessToken"]["accessKeyId"].startswith("ASIA")
    found = claims(reply["idToken"])
    assert (found["sub"], found["aud"]) == ("arn:aws:iam::111122223333:user/harbour-master", SAME)
    assert set(signing.raw[-1]) == {"accessToken", "tokenType", "expiresIn", "refreshToken", "idToken"}


def test_refresh_gives_no_id_token(signing: Signing) -> None:
    """A refresh token gives other credentials and its successor, and no id token."""
    first = signing.login()
    second = signing.refresh(first["refreshToken"])
    assert set(signing.raw[-1]) == {"accessToken", "tokenType", "expiresIn", "refreshToken"}
    assert first["accessToken"] != second["accessToken"]
    assert first["refreshToken"] != second["refreshToken"]


@pytest.mark.parametrize("kind", ["aws_sigv4", "urn:aws:params:oauth:token-type:access_token_sigv4"])
def test_both_token_types(open_signing: Callable[..., Signing], kind: str) -> None:
    """Either documented value can be given; a shorter life of tokens is kept to, a longer one is not."""
    signing = open_signing(token_type=kind, token_lifetime=60)
    reply = signing.login()
    assert (reply["tokenType"], reply["expiresIn"]) == (kind, 60)


def test_secrets_hold_the_marker(open_signing: Callable[..., Signing]) -> None:
    """Codes, tokens and secret keys are found by a search for the marker, and no log shows them."""
    signing = open_signing(marker="CANARY")
    code = signing.code()
    reply = signing.exchange(code)
    access = reply["accessToken"]
    for secret in (code, reply["refreshToken"], access["secretAccessKey"], access["sessionToken"]):
        assert "CANARY" in secret
    log = ask(f"{signing.url}/emulator/calls").text
    assert "CANARY" not in log
    grants = [call["grant"] for call in json.loads(log)["log"] if call["operation"] == "CreateOAuth2Token"]
    assert grants == [CODE]


@pytest.mark.parametrize(
    "changed",
    [
        {"codeVerifier": "a" * 43},
        {"redirectUri": CALLBACK.replace("4711", "4712")},
        {"code": "unknown"},
        {"code": "u" * 512},
        {"clientId": CROSS},
        {"code": ""},
        {"codeVerifier": ""},
        {"redirectUri": ""},
    ],
)
def test_wrong_exchange_is_refused(signing: Signing, changed: dict[str, str]) -> None:
    """Each wrong or missing member is a ValidationException, and the owner can still spend the code."""
    code = signing.code()
    signing.refused(*INVALID, lambda: signing.exchange(**{"code": code, **changed}))
    assert signing.exchange(code)["refreshToken"]


def test_code_is_spent_once(signing: Signing) -> None:
    """A second use is refused and revokes what the first one gave (RFC 6749 section 4.1.2)."""
    code = signing.code()
    first = signing.exchange(code)
    assert "used before" in signing.refused(*INVALID, lambda: signing.exchange(code))
    assert "revoked" in signing.refused(*INVALID, lambda: signing.refresh(first["refreshToken"]))


def test_code_expires(signing: Signing) -> None:
    """After five minutes, or when expired from the side, a code is AUTHCODE_EXPIRED."""
    code = signing.code()
    signing.desk.clock.advance(300)
    signing.refused(DENIED, "AUTHCODE_EXPIRED", lambda: signing.exchange(code))
    code = signing.code()
    signing.desk.service.expire("codes")
    signing.refused(DENIED, "AUTHCODE_EXPIRED", lambda: signing.exchange(code))


def test_refresh_token_expires_with_the_session(signing: Signing) -> None:
    """Refreshing does not make the session longer: after eight hours, or from the side, it is TOKEN_EXPIRED."""
    tokens, other = signing.login(), signing.login()
    signing.desk.clock.advance(8 * 3600 - 1)
    tokens = signing.refresh(tokens["refreshToken"])
    signing.desk.clock.advance(1)
    for over in (tokens, other):
        signing.refused(DENIED, "TOKEN_EXPIRED", lambda over=over: signing.refresh(over["refreshToken"]))
    fresh = signing.login()
    signing.desk.service.expire("sessions")
    signing.refused(DENIED, "TOKEN_EXPIRED", lambda: signing.refresh(fresh["refreshToken"]))


def test_changed_password_ends_logins(signing: Signing) -> None:
    """After a change of the user's password an older login is over, and a newer one works."""
    before = signing.login()
    headers = {"host": signing.url.removeprefix("http://"), "content-type": "application/json"}
    reply = signing.desk.service.handle("POST", "/emulator/expire", headers=headers, body=b'{"passwords": true}')
    assert json.loads(reply.body) == {"expired": ["passwords"]}
    signing.refused(DENIED, "USER_CREDENTIALS_CHANGED", lambda: signing.refresh(before["refreshToken"]))
    assert signing.refresh(signing.login()["refreshToken"])["accessToken"]


def test_user_without_permission(open_signing: Callable[..., Signing]) -> None:
    """A user who may not sign in this way is INSUFFICIENT_PERMISSIONS."""
    signing = open_signing(permitted=False)
    assert "signin:CreateOAuth2Token" in signing.refused(DENIED, "INSUFFICIENT_PERMISSIONS", signing.login)


def test_permission_lost_later(signing: Signing) -> None:
    """Any refusal can be ordered, so that a login that worked meets it at a refresh."""
    tokens = signing.login()
    lost = sign_in_refusal(DENIED, "no more", error="INSUFFICIENT_PERMISSIONS").reply
    signing.desk.service.order(Fault("CreateOAuth2Token", reply=lost))
    with pytest.raises(signing.aws.exceptions.AccessDeniedException) as denied:
        signing.refresh(tokens["refreshToken"])
    assert denied.value.response["error"] == "INSUFFICIENT_PERMISSIONS"
    assert signing.refresh(tokens["refreshToken"])["refreshToken"]


def test_trouble_on_order(signing: Signing) -> None:
    """A fault is InternalServerException as Sign-In writes it, or what else is ordered; after it all is well."""
    code = signing.code()
    signing.desk.service.order(Fault("CreateOAuth2Token"))
    with pytest.raises(signing.aws.exceptions.InternalServerException) as internal:
        signing.exchange(code)
    assert internal.value.response["error"] == "server_error"
    busy = sign_in_refusal("TooManyRequestsError", "slow down").reply
    signing.desk.service.order(Fault("CreateOAuth2Token", reply=busy))
    with pytest.raises(signing.aws.exceptions.TooManyRequestsError) as throttled:
        signing.exchange(code)
    assert throttled.value.response["error"] == "rate_exceeded"
    assert signing.exchange(code)["refreshToken"]


def test_strict_rotation_takes_reuse_for_theft(signing: Signing) -> None:
    """A second use of a spent refresh token ends the login, its newest one included; other logins live."""
    first, other = signing.login(), signing.login()
    second = signing.refresh(first["refreshToken"])
    signing.refused(*INVALID, lambda: signing.refresh(first["refreshToken"]))
    signing.refused(*INVALID, lambda: signing.refresh(second["refreshToken"]))
    assert signing.refresh(other["refreshToken"])["refreshToken"]


def test_grace_forgives_a_lost_answer(open_signing: Callable[..., Signing]) -> None:
    """The previous refresh token works until one that came of it is used."""
    signing = open_signing(rotation="grace")
    first = signing.login()["refreshToken"]
    signing.refresh(first)
    second = signing.refresh(first)["refreshToken"]
    signing.refresh(second)
    signing.refused(*INVALID, lambda: signing.refresh(first))


def test_without_rotation_the_same_one_comes_back(open_signing: Callable[..., Signing]) -> None:
    """The model wants a refresh token in each answer: without rotation it is the one that was sent."""
    signing = open_signing(rotation="none")
    first = signing.login()["refreshToken"]
    assert [signing.refresh(first)["refreshToken"] for _ in range(2)] == [first, first]


def test_refresh_token_is_bound_to_its_key(signing: Signing) -> None:
    """With another key, or as another client, a refresh token is no good, and its owner does not lose it."""
    tokens, own = signing.login(), signing.key
    signing.key = Key()
    assert "another key" in signing.refused(*INVALID, lambda: signing.refresh(tokens["refreshToken"]))
    signing.key = own
    signing.refused(*INVALID, lambda: signing.refresh(tokens["refreshToken"], clientId=CROSS))
    signing.refused(*INVALID, lambda: signing.refresh("unknown"))
    assert signing.refresh(tokens["refreshToken"])["refreshToken"]


def exchange(signing: Signing, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Write the body that spends a new code."""
    asked = {"clientId": SAME, "grantType": CODE, "redirectUri": CALLBACK, "codeVerifier": VERIFIER}
    return {**asked, "code": signing.code(), **changed}


def proof(signing: Signing, **changed: object) -> str:
    """Make a proof whose payload is changed."""
    return signing.key.jwt(signing.key.header, payload(f"{signing.url}/v1/token", signing.desk.clock(), **changed))


def refusal(signing: Signing, content: bytes | dict[str, Any], *proofs: str) -> dict[str, str]:
    """Expect a ValidationException over plain HTTP, and give its body."""
    answer = post(signing.url, content, *proofs)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, str] = json.loads(answer.text)
    assert set(body) == {"error", "message"}
    return body


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("INVALID_REQUEST", {"code": "c" * 513}),
        ("INVALID_REQUEST", {"code": 5}),
        ("INVALID_REQUEST", {"codeVerifier": VERIFIER[1:]}),
        ("INVALID_REQUEST", {"codeVerifier": "v" * 129}),
        ("INVALID_REQUEST", {"codeVerifier": VERIFIER + "="}),
        ("INVALID_REQUEST", {"redirectUri": "r" * 2049}),
        ("INVALID_REQUEST", {"redirectUri": None}),
        ("INVALID_REQUEST", {"grantType": "refresh_token", "refreshToken": "t" * 2049}),
        ("INVALID_REQUEST", {"grantType": "refresh_token", "refreshToken": ""}),
        ("INVALID_REQUEST", {"clientId": "arn:aws:signin:::devtools/other"}),
        ("INVALID_REQUEST", {"clientId": ["same-device"]}),
        ("unsupported_grant_type", {"grantType": "client_credentials"}),
        ("unsupported_grant_type", {"grantType": None}),
    ],
)
def test_limits_of_the_model(signing: Signing, error: str, changed: dict[str, Any]) -> None:
    """What botocore would not even send is refused too."""
    assert refusal(signing, exchange(signing, **changed), proof(signing))["error"] == error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"clientId=a&grant_type=b", b"[" * 50_000])
def test_body_must_be_an_object(signing: Signing, body: bytes) -> None:
    """Anything but a JSON object is refused."""
    assert "JSON object" in refusal(signing, body, proof(signing))["message"]


def test_proof_must_be_there_once(signing: Signing) -> None:
    """No proof, and two of them, good as each may be, are refused; one is enough."""
    asked = exchange(signing)
    assert "header is missing" in refusal(signing, asked)["message"]
    assert "more than one" in refusal(signing, asked, proof(signing), proof(signing))["message"]
    assert post(signing.url, asked, proof(signing)).status == 200


def test_proof_is_good_once(signing: Signing) -> None:
    """A proof sent again is refused for as long as its time would be good, whatever it is sent with."""
    used = proof(signing, iat=signing.desk.clock() + 30)
    tokens = json.loads(post(signing.url, exchange(signing), used).text)
    asked = {"clientId": SAME, "grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}
    assert "seen before" in refusal(signing, asked, used)["message"]
    signing.desk.clock.advance(90)
    assert "seen before" in refusal(signing, asked, used)["message"]
    signing.desk.clock.advance(1)
    assert "away from the service's clock" in refusal(signing, asked, used)["message"]
    assert post(signing.url, asked, proof(signing)).status == 200


def test_proof_of_a_refused_request_is_spent(signing: Signing) -> None:
    """A retry needs a new proof, though the first try gave nothing."""
    used = proof(signing)
    assert "not known" in refusal(signing, exchange(signing, code="unknown"), used)["message"]
    assert "seen before" in refusal(signing, exchange(signing), used)["message"]


def test_proof_names_the_host_it_was_sent_to(signing: Signing) -> None:
    """Who calls the service localhost must say so in htu; another port, path or a query is refused."""
    for htu in ("http://localhost/v1/token", f"{signing.url}/token", f"{signing.url}/v1/token?a=b"):
        assert "htu is not" in refusal(signing, exchange(signing), proof(signing, htu=htu))["message"]
    there = signing.url.replace("127.0.0.1", "localhost")
    reply = signing.desk.service.handle(
        "POST",
        "/v1/token",
        headers={"host": there.removeprefix("http://"), "dpop": proof(signing, htu=f"{there}/v1/token")},
        body=json.dumps(exchange(signing)).encode(),
    )
    assert reply.status == 200


@dataclass(frozen=True)
class LoginCache:
    """An AWS config and login cache as `aws login` leaves them."""

    file: Path
    session: boto3.Session


@pytest.fixture
def real_time(aws_session: boto3.Session) -> Any:  # noqa: ANN401 - a generator
    """Start an emulator at today's time, for botocore's own login provider reads the real clock."""
    clock = Clock(time.time())
    with running(Settings(approve=True), now=clock) as emulator:
        yield Signing(Desk(emulator, Aws(emulator.url), clock, aws_session), aws_session)


@pytest.fixture
def cache(real_time: Signing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoginCache:
    """Log in, and keep the login, five minutes before its end, where botocore finds it."""
    arn = "arn:aws:iam::111122223333:user/harbour-master"
    (tmp_path / "config").write_text(f"[profile me]\nlogin_session = {arn}\nregion = us-east-1\n")
    file = tmp_path / f"{hashlib.sha256(arn.encode()).hexdigest()}.json"
    reply = real_time.login()
    soon = datetime.now(UTC) + timedelta(minutes=5)
    access = {**reply["accessToken"], "accountId": "111122223333", "expiresAt": f"{soon:%Y-%m-%dT%H:%M:%SZ}"}
    content = {name: reply[name] for name in ("tokenType", "refreshToken", "idToken")}
    file.write_text(json.dumps({**content, "accessToken": access, "clientId": SAME, "dpopKey": pem(real_time.key)}))
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path),
        "AWS_ENDPOINT_URL_SIGNIN": real_time.url,
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    return LoginCache(file, boto3.Session(profile_name="me"))


def pem(key: Key) -> str:
    """Write a private key as the SDKs keep it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def test_botocore_refreshes_its_login(real_time: Signing, cache: LoginCache) -> None:
    """Botocore's own login provider, with its own proofs, gets new credentials and keeps the next refresh token."""
    before = json.loads(cache.file.read_text())
    credentials = cache.session.get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials().access_key != before["accessToken"]["accessKeyId"]
    after = json.loads(cache.file.read_text())
    assert after["refreshToken"] != before["refreshToken"]
    assert real_time.refresh(after["refreshToken"])["accessToken"]


def test_botocore_is_told_to_log_in_again(real_time: Signing, cache: LoginCache) -> None:
    """Botocore reads TOKEN_EXPIRED from the answer and asks for a new login."""
    real_time.desk.service.expire("sessions")
    credentials = cache.session.get_credentials()
    assert credentials is not None
    with pytest.raises(LoginRefreshRequired):
        credentials.get_frozen_credentials()
