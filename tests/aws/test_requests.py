"""Our requests, compared with what boto3 sends for the same calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from sso_login.aws import oidc, portal
from sso_login.core.granting import Authorization, DeviceCode
from sso_login.core.message import Request
from sso_login.core.model import CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, Client, Instance, Secret, Token

INSTANCE = Instance("https://My-Company.awsapps.com/start/#/", "eu-west-1")
CLIENT = Client("client", Secret("client-secret"), issued_at=1, expires_at=2, grants=(DEVICE_GRANT, REFRESH_GRANT))
CODE = DeviceCode(Secret("device"), "ABCD-EFGH", "https://x.example", None, interval=5, expires_at=600)
AUTHORIZATION = Authorization(
    "http://127.0.0.1:40001/oauth/callback",
    ("sso:account:access", "codewhisperer:completions"),
    state=Secret("the-state"),
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),  # RFC 7636 appendix B
)
TOKEN = Token(Secret("access"), None, expires_at=2, issued_at=1)
Sent = Callable[..., AWSPreparedRequest]
IDENTIFIED = {"clientId": "client", "clientSecret": "client-secret"}


class EmptyReply:
    """The body of a reply that never came."""

    def stream(self) -> list[bytes]:
        """Give an empty JSON object."""
        return [b"{}"]


@pytest.fixture
def sent_by_boto3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sent:
    """Give a function that makes a call with boto3 and returns the request it would have sent."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    def call(service: str, operation: str, **members: object) -> AWSPreparedRequest:
        sent: list[AWSPreparedRequest] = []

        def before_send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            sent.append(request)
            return AWSResponse(request.url, 200, {}, EmptyReply())

        keys = {
            "aws_access_key_id": "none",
            "aws_secret_access_key": "none",
        }  # or else it looks for some on the network
        client = boto3.session.Session(**keys).client(service, region_name="eu-west-1")
        client.meta.events.register("before-send", before_send)
        getattr(client, operation)(**members)
        return sent[0]

    return call


def same(ours: Request, theirs: AWSPreparedRequest) -> None:
    """Compare method, URL and JSON body."""
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    assert (dict(ours.json) if ours.json else None) == (json.loads(theirs.body) if theirs.body else None)


def test_register_client_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """RegisterClient names sso-login, the public client type, scopes and grants."""
    ours = oidc.register(INSTANCE, scopes=("sso:account:access",), grants=(DEVICE_GRANT, REFRESH_GRANT))
    theirs = sent_by_boto3(
        "sso-oidc",
        "register_client",
        clientName="sso-login",
        clientType="public",
        scopes=["sso:account:access"],
        grantTypes=[DEVICE_GRANT, REFRESH_GRANT],
    )
    same(ours, theirs)
    assert ours.operation == "RegisterClient"


def test_register_client_for_the_browser_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """With the code grant come the redirect URI without a port, and the start URL as the issuer."""
    ours = oidc.register(INSTANCE, scopes=("sso:account:access",), grants=(CODE_GRANT, REFRESH_GRANT))
    theirs = sent_by_boto3(
        "sso-oidc",
        "register_client",
        clientName="sso-login",
        clientType="public",
        scopes=["sso:account:access"],
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl="https://my-company.awsapps.com/start",
    )
    same(ours, theirs)


def test_the_authorize_page_is_asked_as_aws_wants_it() -> None:
    """S256 with the challenge of RFC 7636 appendix B, `scopes` with blanks between, and no secret but the state."""
    url = urlsplit(oidc.authorize_url(INSTANCE, CLIENT, AUTHORIZATION))
    assert (url.scheme, url.netloc, url.path) == ("https", "oidc.eu-west-1.amazonaws.com", "/authorize")
    assert parse_qs(url.query, strict_parsing=True) == {
        "response_type": ["code"],
        "client_id": ["client"],
        "redirect_uri": ["http://127.0.0.1:40001/oauth/callback"],
        "state": ["the-state"],
        "code_challenge_method": ["S256"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "scopes": ["sso:account:access codewhisperer:completions"],
    }
    assert "scopes=sso%3Aaccount%3Aaccess%20codewhisperer%3Acompletions" in url.query


def test_an_exchange_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """A code is spent by CreateToken with the authorization_code grant, the redirect URI and the verifier."""
    theirs = sent_by_boto3(
        "sso-oidc",
        "create_token",
        grantType="authorization_code",
        code="a-code",
        redirectUri="http://127.0.0.1:40001/oauth/callback",
        codeVerifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        **IDENTIFIED,
    )
    same(oidc.exchange(INSTANCE, CLIENT, AUTHORIZATION, code=Secret("a-code")), theirs)


def test_start_device_authorization_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """StartDeviceAuthorization sends the start URL normalised: lower-case host, no `#/`, no slash at its end."""
    theirs = sent_by_boto3(
        "sso-oidc", "start_device_authorization", startUrl="https://my-company.awsapps.com/start", **IDENTIFIED
    )
    same(oidc.start_device_authorization(INSTANCE, CLIENT), theirs)


def test_a_poll_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """A poll is CreateToken with the device_code grant."""
    theirs = sent_by_boto3("sso-oidc", "create_token", grantType=DEVICE_GRANT, deviceCode="device", **IDENTIFIED)
    same(oidc.poll(INSTANCE, CLIENT, CODE), theirs)


def test_a_renewal_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """A renewal is CreateToken with the refresh_token grant and at least 30 s for its precious answer."""
    ours = oidc.renew(INSTANCE, CLIENT, Secret("refresh"))
    theirs = sent_by_boto3("sso-oidc", "create_token", grantType=REFRESH_GRANT, refreshToken="refresh", **IDENTIFIED)
    same(ours, theirs)
    assert ours.deadline >= 30


def test_logout_is_what_boto3_sends(sent_by_boto3: Sent) -> None:
    """Logout carries the access token in the portal's own header and has no body."""
    ours = portal.logout(INSTANCE, TOKEN)
    theirs = sent_by_boto3("sso", "logout", accessToken="access")
    same(ours, theirs)
    assert ours.headers == {"x-amz-sso_bearer_token": "access"}
    assert theirs.headers["x-amz-sso_bearer_token"] in {"access", b"access"}


def test_a_request_draws_no_secret() -> None:
    """The repr of a request shows neither its body nor its headers."""
    drawn = repr([oidc.renew(INSTANCE, CLIENT, Secret("refresh-canary")), portal.logout(INSTANCE, TOKEN)])
    assert "canary" not in drawn
    assert "access" not in drawn
    assert urlsplit(portal.logout(INSTANCE, TOKEN).url).path == "/logout"
