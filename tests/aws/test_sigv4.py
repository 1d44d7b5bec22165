"""Signature Version 4, held to the vectors that AWS publishes for it, and to botocore's signer."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from sso_login.aws import sigv4
from sso_login.core.credentials import Credentials
from sso_login.core.model import Secret

# aws-signing-test-suite/v4 of AWS's own aws-c-auth: key, scope and time are the same in all of them.
HOST = "example.amazonaws.com"
SCOPE = sigv4.Scope("us-east-1", "service", 1_440_938_160)
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
PARAMETER = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
UNRESERVED = f"-._~{string.digits}{string.ascii_uppercase}{string.ascii_lowercase}"
TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth"
    "Ax7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki"
    "Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


def credentials(token: str = "") -> Credentials:
    """Make the suite's credentials."""
    secret = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    return Credentials("AKIDEXAMPLE", secret, Secret(token), expires_at=0)


def signature(method: str, target: str, headers: Mapping[str, str], *, body: bytes = b"", token: str = "") -> str:
    """Sign a request of the suite and give the signature alone."""
    url = f"https://{HOST}{target}"
    found = sigv4.signed(method, url, headers=headers, body=body, credentials=credentials(token), scope=SCOPE)
    return found["authorization"].rpartition("=")[2]


@pytest.mark.parametrize(
    ("method", "target", "headers", "token", "right"),
    [
        ("GET", "/", {}, "", VANILLA),
        ("GET", "/example/..", {}, "", VANILLA),
        ("GET", "/example1/example2/../..", {}, "", VANILLA),
        ("GET", "/./", {}, "", VANILLA),
        ("GET", "//", {}, "", VANILLA),
        ("GET", "/./example", {}, "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
        ("GET", "//example//", {}, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("GET", "/example space/", {}, "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        (
            "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            {},
            "",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        ("GET", "/\u1234", {}, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ("GET", "/?Param1=value1", {}, "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        (
            "GET",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            {},
            "",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            {},
            "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            f"/?{UNRESERVED}={UNRESERVED}",
            {},
            "",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        ("GET", "/?\u1234=bar", {}, "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        ("GET", "/", {}, TOKEN, "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
        (
            "GET",
            "/",
            {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
            "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "GET",
            "/",
            {"My-Header1": "value1\n  value2\n     value3"},
            "",
            "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
        ),
        ("POST", "/", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            "/",
            {"My-Header1": "value1"},
            "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "POST",
            "/",
            {"My-Header1": "VALUE1"},
            "",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        ("POST", "/", {}, STS_TOKEN, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        ("POST", "/?Param1=value1", {}, "", PARAMETER),
    ],
)
def test_published_vectors(method: str, target: str, headers: Mapping[str, str], token: str, right: str) -> None:
    """Each request of AWS's suite has the signature that the suite says."""
    assert signature(method, target, headers, token=token) == right


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        (
            "application/x-www-form-urlencoded",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        ),
    ],
)
def test_a_forms_body_is_signed(kind: str, right: str) -> None:
    """The suite's forms, whose digest is a signed header, too."""
    digest = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
    headers = {"Content-Type": kind, "Content-Length": "13", "X-Amz-Content-Sha256": digest}
    assert signature("POST", "/", headers, body=b"Param1=value1") == right


def test_botocore_signs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request as STS gets it has botocore's signature, session token and all."""
    monkeypatch.setattr(auth, "get_current_datetime", lambda **_: datetime.fromtimestamp(SCOPE.at, UTC))
    body = urlencode(
        {"Action": "AssumeRole", "RoleArn": "arn:aws:iam::1:role/a b+c", "ExternalId": "\u00fc=&"}
    ).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    theirs = AWSRequest("POST", "https://sts.eu-west-1.amazonaws.com/", headers=dict(headers), data=body)
    theirs.context["has_streaming_input"] = False
    given = BotoCredentials("AKIDEXAMPLE", credentials().secret.reveal(), "a token")
    auth.SigV4Auth(given, "sts", "eu-west-1").add_auth(theirs)
    ours = sigv4.signed(
        "POST",
        "https://sts.eu-west-1.amazonaws.com/",
        headers=headers,
        body=body,
        credentials=credentials("a token"),
        scope=sigv4.Scope("eu-west-1", "sts", SCOPE.at),
    )
    assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours["x-amz-date"] == theirs.headers["X-Amz-Date"]
