"""Signature Version 4, held to the vectors that AWS published for it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sso_login.emulator.core import sigv4
from sso_login.emulator.core.state import Ask

# aws-sig-v4-test-suite: the key, the scope and the time are the same in all of them.
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SCOPE = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
BASE = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def asked(
    signature: str,
    headers: Mapping[str, str],
    *,
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
    signed: str = "",
) -> Ask:
    """Make a request with an Authorization header."""
    whole = {**BASE, **headers}
    names = signed or ";".join(sorted(whole))
    says = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={names}, Signature={signature}"
    return Ask(query or {}, {**whole, "authorization": says}, body)


@pytest.mark.parametrize(
    ("method", "query", "headers", "body", "signature"),
    [
        ("GET", {}, {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            {"Param2": "value2", "Param1": "value1"},
            {},
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("POST", {}, FORM, b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        (
            "GET",
            {},
            {"my-header1": "value1", "my-header2": '"a   b   c"'},
            b"",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "query-order", "post-form", "header-value-trim"],
)
def test_published_vectors(
    method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, signature: str
) -> None:
    """Each request of AWS's test suite has the signature that the suite says."""
    ask = asked(signature, headers, query=query, body=body)
    claim = sigv4.read(ask)
    assert claim
    assert claim.at == 1_440_938_160
    assert sigv4.signature(claim, ask, method=method, secret=SECRET) == claim.signature == signature


@pytest.mark.parametrize(
    ("headers", "signed"),
    [
        ({}, "host"),
        ({}, "x-amz-date"),
        ({}, "x-amz-date;host"),
        ({}, "host;host;x-amz-date"),
        ({}, "accept;host;x-amz-date"),
        ({"x-amz-security-token": "t"}, "host;x-amz-date"),
        ({"x-amz-date": "20150831T000000Z"}, ""),
        ({"x-amz-date": "yesterday"}, ""),
        ({"x-amz-date": "20159930T123600Z"}, ""),
    ],
)
def test_what_is_no_whole_signature(headers: Mapping[str, str], signed: str) -> None:
    """Host, time and session token must be signed, names in order and there, the time a time of the scope's day."""
    assert sigv4.read(asked("0" * 64, headers, signed=signed)) is None


@pytest.mark.parametrize("text", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0"])
def test_what_is_no_signature(text: str) -> None:
    """An Authorization header of another kind, or a broken one, claims nothing."""
    assert sigv4.read(Ask({}, {**BASE, "authorization": text}, b"")) is None
