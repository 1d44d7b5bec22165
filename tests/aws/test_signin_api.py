"""AWS Sign-In's wire: our requests held to botocore's model, and every reply that may come."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.validate import ParamValidator

from sso_login.aws import signin_api as signin
from sso_login.aws.endpoint import signin_host
from sso_login.core import process
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Throttled
from sso_login.core.granting import Authorization, Granted
from sso_login.core.message import Request, Response
from sso_login.core.model import CODE_GRANT, REFRESH_GRANT, SIGNIN, Client, Instance, Secret

NOW: Final = 1_800_000_000.0
INSTANCE: Final = Instance(signin_host("us-east-1"), "us-east-1", kind=SIGNIN)
CLIENT: Final = Client(
    signin.SAME_DEVICE, Secret("the-key"), issued_at=1, expires_at=2, grants=(CODE_GRANT, REFRESH_GRANT)
)
AUTHORIZATION: Final = Authorization(
    "http://127.0.0.1:40001/oauth/callback",
    ("openid",),
    state=Secret("the state"),
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),  # RFC 7636 appendix B
)
ARN: Final = "arn:aws:sts::111122223333:assumed-role/Admin/me@example.com"
URN: Final = "urn:aws:params:oauth:token-type:access_token_sigv4"
OPERATION: Final = botocore.session.Session().get_service_model("signin").operation_model(signin.CREATE)


def jwt(claims: object) -> str:
    """Write an ID token, signed by nobody."""
    parts = (json.dumps({"alg": "none"}).encode(), json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


ACCESS: Final = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "secret-key", "sessionToken": "session-token"}
REPLY: Final = {
    "accessToken": ACCESS,
    "tokenType": "aws_sigv4",
    "expiresIn": 900,
    "refreshToken": "refresh-2",
    "idToken": jwt({"sub": ARN}),
}


def response(members: dict[str, Any] | None = None, *, status: int = 200, **headers: str) -> Response:
    """Write a reply; a member that is None is left out."""
    whole = {name: value for name, value in (members or {}).items() if value is not None}
    return Response(status, headers, json.dumps(whole).encode())


def exchanged(**changed: object) -> Granted:
    """Read the reply to a code."""
    return signin.read_exchange(response({**REPLY, **changed}), NOW)


def malformed(*, renewal: bool = False, **changed: object) -> MalformedReply:
    """Read a reply that is not as the API promises."""
    reply = response({**REPLY, **changed})
    with pytest.raises(MalformedReply) as caught:
        _ = signin.read_token(reply, NOW, subject=ARN) if renewal else signin.read_exchange(reply, NOW)
    assert caught.value.exit_code == 6
    return caught.value


class EmptyReply:
    """The body of a reply that never came."""

    def stream(self) -> list[bytes]:
        """Give an empty JSON object."""
        return [b"{}"]


def by_boto3(**members: str) -> AWSPreparedRequest:
    """Give the request that boto3 would have sent."""
    sent: list[AWSPreparedRequest] = []

    def before_send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, EmptyReply())

    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    client = session.client("signin", config=Config(signature_version=UNSIGNED, proxies={}))
    client.meta.events.register("before-send.signin.*", before_send)
    client.create_o_auth2_token(tokenInput=members)
    client.close()
    return sent[0]


def renewing() -> Request:
    """Build a renewal."""
    return signin.renew(INSTANCE, CLIENT, Secret("refresh-1"), proof="a.b.c")


def exchanging() -> Request:
    """Build an exchange."""
    return signin.exchange(INSTANCE, CLIENT, AUTHORIZATION, code=Secret("the-code"), proof="a.b.c")


@pytest.mark.parametrize("build", [renewing, exchanging])
def test_requests_are_what_boto3_sends(build: Any) -> None:  # noqa: ANN401 - a function
    """Method, URL and JSON are those of boto3 for the same members, and its model finds nothing wrong with them."""
    request = build()
    members = request.json
    assert not ParamValidator().validate({"tokenInput": members}, OPERATION.input_shape).has_errors()
    theirs = by_boto3(**members)
    assert (request.method, request.url) == (theirs.method, theirs.url)
    assert members == json.loads(theirs.body)
    assert request.headers == {"DPoP": "a.b.c"}


def test_requests_do_not_draw_their_secrets() -> None:
    """Neither a code nor a refresh token, a verifier or a proof is in a repr."""
    drawn = repr(renewing()) + repr(exchanging())
    assert not [text for text in ("refresh-1", "the-code", "a.b.c", "dBjft") if text in drawn]


@pytest.mark.parametrize(
    ("region", "changes", "base"),
    [
        ("us-east-1", {}, "https://us-east-1.signin.aws.amazon.com"),
        ("eu-central-1", {}, "https://eu-central-1.signin.aws.amazon.com"),
        ("eu-central-1", {"fips": True}, "https://signin-fips.eu-central-1.amazonaws.com"),
        ("eu-central-1", {"dualstack": True}, "https://signin.eu-central-1.api.aws"),
        ("cn-north-1", {}, "https://cn-north-1.signin.amazonaws.cn"),
        ("us-gov-east-1", {"fips": True}, "https://us-gov-east-1.signin-fips.amazonaws-us-gov.com"),
        ("us-east-1", {"oidc_endpoint": "http://127.0.0.1:4711/"}, "http://127.0.0.1:4711"),
    ],
)
def test_all_urls_have_one_host(region: str, changes: dict[str, Any], base: str) -> None:
    """The region's, its FIPS or dual-stack one, or the endpoint that is configured."""
    instance = replace(Instance(signin_host(region), region, kind=SIGNIN), **changes)
    url = signin.authorize_url(instance, CLIENT, AUTHORIZATION)
    assert url.startswith(f"{base}/v1/authorize?")
    assert signin.token_url(instance) == f"{base}/v1/token"
    assert signin.confirmation_url(instance) == f"{base}/v1/sessions/confirmation"


def test_the_authorize_url() -> None:
    """SHA-256 in place of S256, scope openid, the challenge of RFC 7636 appendix B; blanks as %20."""
    url = signin.authorize_url(INSTANCE, CLIENT, AUTHORIZATION)
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["arn:aws:signin:::devtools/same-device"],
        "state": ["the state"],
        "code_challenge_method": ["SHA-256"],
        "scope": ["openid"],
        "redirect_uri": ["http://127.0.0.1:40001/oauth/callback"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
    }
    assert "+" not in url


def test_a_redirect_uri_has_a_limit() -> None:
    """2,048 characters, as in the model; the one more is a ValueError."""
    longest = "http://127.0.0.1/".ljust(2048, "x")
    assert signin.authorize_url(INSTANCE, CLIENT, replace(AUTHORIZATION, redirect_uri=longest))
    with pytest.raises(ValueError, match="too long"):
        signin.authorize_url(INSTANCE, CLIENT, replace(AUTHORIZATION, redirect_uri=longest + "x"))


@pytest.mark.parametrize("kind", ["aws_sigv4", URN])
def test_a_code_gives_credentials(kind: str) -> None:
    """With either documented tokenType: credential_process JSON, a refresh token, and who signed in."""
    granted = exchanged(tokenType=kind)
    assert (granted.subject, granted.token.id_token) == (ARN, Secret(str(REPLY["idToken"])))
    assert (granted.token.issued_at, granted.token.expires_at) == (NOW, NOW + 900)
    assert granted.token.refresh == Secret("refresh-2")
    found = process.read(granted.token.access.reveal())
    assert (found.key_id, found.secret, found.token) == ("ASIAEXAMPLE", Secret("secret-key"), Secret("session-token"))
    assert (found.expires_at, found.account_id) == (NOW + 900, "111122223333")
    assert "secret-key" not in repr(granted)


@pytest.mark.parametrize("kind", ["aws_sigv4", URN])
def test_a_refresh_token_gives_credentials_and_no_id_token(kind: str) -> None:
    """The account is that of who signed in."""
    token = signin.read_token(response({**REPLY, "tokenType": kind, "idToken": None}), NOW, subject=ARN)
    assert token.refresh == Secret("refresh-2")
    assert process.read(token.access.reveal()).account_id == "111122223333"


@pytest.mark.parametrize("renewal", [False, True])
@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"accessToken": None}, "accessToken"),
        ({"accessToken": "text"}, "accessToken"),
        ({"accessToken": {**ACCESS, "accessKeyId": None}}, "accessKeyId"),
        ({"accessToken": {**ACCESS, "secretAccessKey": ""}}, "secretAccessKey"),
        ({"accessToken": {**ACCESS, "sessionToken": "a b"}}, "sessionToken"),
        ({"accessToken": {**ACCESS, "sessionToken": "a\nb"}}, "sessionToken"),
        ({"accessToken": {**ACCESS, "sessionToken": ["a"]}}, "sessionToken"),
        ({"tokenType": None}, "tokenType"),
        ({"tokenType": "Bearer"}, "tokenType"),
        ({"tokenType": 7}, "tokenType"),
        ({"refreshToken": None}, "refreshToken"),
        ({"refreshToken": ""}, "refreshToken"),
        ({"refreshToken": "a b"}, "refreshToken"),
    ],
)
def test_members_that_are_missing_or_wrong(changed: dict[str, Any], member: str, *, renewal: bool) -> None:
    """Each is named, none is quoted."""
    error = malformed(renewal=renewal, **changed)
    assert f"{member} " in error.message
    assert "secret-key" not in error.message


@pytest.mark.parametrize("given", [None, "900", True, 0, -1, 0.5])
def test_a_life_that_is_none(given: object) -> None:
    """For a code it is an error; after a refresh token, which is spent by now, the next one is kept all the same."""
    assert "expiresIn" in malformed(expiresIn=given).message
    token = signin.read_token(response({**REPLY, "expiresIn": given}), NOW, subject=ARN)
    assert (token.refresh, token.expires_at) == (Secret("refresh-2"), NOW)


@pytest.mark.parametrize("given", [901, 1e300, 10**40])
def test_no_life_is_longer_than_a_quarter_of_an_hour(given: float) -> None:
    """The model says 900 seconds at most; more is taken for that."""
    assert exchanged(expiresIn=given).token.expires_at == NOW + 900


def test_tokens_have_limits() -> None:
    """RefreshToken 2,048 characters, idToken 4,096: the model's own; one more is an error."""
    longest = jwt({"sub": ARN, "pad": ""}).ljust(4096, "x")
    assert exchanged(refreshToken="r" * 2048, idToken=longest).subject == ARN
    assert "refreshToken is longer than 2048" in malformed(refreshToken="r" * 2049).message
    assert "idToken is longer than 4096" in malformed(idToken=longest + "x").message


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "no-jwt",
        "a.b",
        "a.!!!.c",
        "a.%.c",
        jwt(None),
        jwt([]),
        jwt("sub"),
        jwt({}),
        f"a.{base64.urlsafe_b64encode(b'[' * 2900).decode()}.c",
        f"a.{base64.urlsafe_b64encode(bytes([255, 254, 0])).decode()}.c",
        jwt({"sub": None}),
        jwt({"sub": ""}),
        jwt({"sub": "me@example.com"}),
        jwt({"sub": "arn:aws:iam::1111:user/me"}),
        jwt({"sub": "arn:aws:iam::111122223333:user/a b"}),
        jwt({"sub": "arn:aws:iam::111122223333:user/a\n"}),
        jwt({"sub": "arn:aws:iam::111122223333:user/\x1b[2J"}),
        jwt({"sub": "arn:aws:iam::111122223333:user/" + "x" * 1100}),
        jwt({"sub": ["arn:aws:iam::111122223333:user/me"]}),
    ],
)
def test_an_id_token_that_names_nobody(given: object) -> None:
    """No JWT, bottomless nesting, a sub that is no ARN: an error that quotes nothing of it, from nothing else."""
    error = malformed(idToken=given)
    assert "idToken" in error.message
    assert error.__suppress_context__ or error.__context__ is None
    assert not given or str(given) not in error.message


@pytest.mark.parametrize("arn", ["arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:user/a/b", ARN])
def test_whoever_may_sign_in_is_taken(arn: str) -> None:
    """Root, users and assumed roles, in every partition."""
    assert exchanged(idToken=jwt({"sub": arn})).subject == arn


@pytest.mark.parametrize(
    ("status", "name", "error", "code", "words"),
    [
        (401, "AccessDeniedException", "TOKEN_EXPIRED", "token_expired", "end after 12 hours"),
        (401, "AccessDeniedException", "AUTHCODE_EXPIRED", "authcode_expired", "used too late"),
        (401, "AccessDeniedException", "USER_CREDENTIALS_CHANGED", "user_credentials_changed", "password"),
        (401, "AccessDeniedException", "INSUFFICIENT_PERMISSIONS", "insufficient_permissions", "signin:CreateOAuth2"),
        (403, "AccessDeniedException", None, "access_denied", "SignInLocalDevelopmentAccess"),
        (400, "ValidationException", "INVALID_REQUEST", "invalid_request", "clock is off"),
        (400, "ValidationException", "invalid_request", "invalid_request", "clock is off"),
        (400, "ValidationException", None, "invalid_request", "clock is off"),
        (400, "ValidationException", "invalid_grant", "invalid_grant", "no longer takes the refresh token"),
        (400, "ValidationException", "unsupported_grant_type", "unsupported_grant_type", "report it"),
    ],
)
def test_refusals_of_the_model(status: int, name: str, error: str | None, code: str, words: str) -> None:
    """Each error and sub-code has a hint of its own; the request id goes along."""
    headers = {"x-amzn-errortype": name, "x-amzn-requestid": "id-1"}
    reply = Response(status, headers, json.dumps({"error": error, "message": "no"}).encode())
    for read in (lambda: signin.read_exchange(reply, NOW), lambda: signin.read_token(reply, NOW, subject=ARN)):
        with pytest.raises(ServiceError) as caught:
            read()
        assert (caught.value.code, caught.value.request_id, caught.value.exit_code) == (code, "id-1", 6)
        assert words in caught.value.hint


@pytest.mark.parametrize("kind", [Throttled, NotAnAnswer])
def test_trouble_is_no_answer(kind: type[NotAnAnswer]) -> None:
    """TooManyRequestsError and InternalServerException say nothing about a login: exit 5."""
    name, status = ("TooManyRequestsError", 429) if kind is Throttled else ("InternalServerException", 500)
    headers = {"x-amzn-errortype": name}
    reply = Response(status, headers, json.dumps({"error": "server_error", "message": "x"}).encode())
    with pytest.raises(kind) as caught:
        signin.read_token(reply, NOW, subject=ARN)
    assert (type(caught.value), caught.value.exit_code, caught.value.sent) == (kind, 5, True)
