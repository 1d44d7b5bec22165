"""The console's federation endpoint: credentials go in a body, and an address comes of it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_login.aws import console as federation
from sso_login.core.credentials import Credentials
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError
from sso_login.core.message import Response
from sso_login.core.model import Secret

GIVEN = Credentials("ASIAEXAMPLE", Secret("the-secret"), Secret("the-token"), expires_at=1)
ENDPOINT = "https://signin.aws.amazon.com/federation"
SESSION = {"sessionId": "ASIAEXAMPLE", "sessionKey": "the-secret", "sessionToken": "the-token"}


@pytest.mark.parametrize(
    ("region", "endpoint", "home"),
    [
        ("eu-west-1", ENDPOINT, "https://console.aws.amazon.com/console/home"),
        ("cn-north-1", "https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/console/home"),
        (
            "us-gov-west-1",
            "https://signin.amazonaws-us-gov.com/federation",
            "https://console.amazonaws-us-gov.com/console/home",
        ),
    ],
)
def test_each_partition_has_its_own_endpoint_and_console(region: str, endpoint: str, home: str) -> None:
    """By the region that the Identity Center lives in."""
    assert federation.federation_url(region) == endpoint
    assert federation.home_url(region, None) == home


def test_the_first_page_is_in_the_region_one_works_in() -> None:
    """Where the profile names one."""
    assert federation.home_url("us-east-1", "eu-west-1") == (
        "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"
    )


def test_a_configured_endpoint_has_it_below() -> None:
    """As the emulator does."""
    assert federation.federation_url("us-east-1", "http://127.0.0.1:8400/") == "http://127.0.0.1:8400/federation"


def test_the_credentials_travel_in_the_body() -> None:
    """Nothing of them is in the URL, or in what the request shows of itself."""
    asked = federation.signin_token(ENDPOINT, GIVEN)
    assert (asked.method, asked.url, asked.operation) == ("POST", ENDPOINT, "GetSigninToken")
    assert asked.form is not None
    assert (asked.form["Action"], json.loads(str(asked.form["Session"]))) == ("getSigninToken", SESSION)
    assert "the-secret" not in repr(asked)


def test_by_get_they_travel_in_the_query() -> None:
    """The documented way, for an endpoint that knows no POST."""
    asked = federation.signin_token_by_get(ENDPOINT, GIVEN)
    query = parse_qs(urlsplit(asked.url).query)
    assert (asked.method, query["Action"], json.loads(query["Session"][0])) == ("GET", ["getSigninToken"], SESSION)
    assert federation.refuses_post(Response(405, {}, b""))
    assert not federation.refuses_post(Response(400, {}, b""))


def test_the_address_has_all_that_the_page_wants() -> None:
    """Each part is encoded, and the whole is a secret."""
    destination = "https://console.aws.amazon.com/s3?region=eu-west-1#buckets&x"
    url = federation.login_url(ENDPOINT, Secret("tok+en="), destination=destination, issuer="https://x.example/start")
    assert "tok" not in repr(url)
    assert parse_qs(urlsplit(url.reveal()).query) == {
        "Action": ["login"],
        "Issuer": ["https://x.example/start"],
        "Destination": [destination],
        "SigninToken": ["tok+en="],
    }


def test_a_sign_in_token_is_read() -> None:
    """From JSON."""
    assert federation.read_signin_token(Response(200, {}, b'{"SigninToken": "tok"}')) == Secret("tok")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Response(400, {}, b"<html>the-secret</html>"), ServiceError),
        (Response(403, {}, b""), ServiceError),
        (Response(429, {}, b""), NotAnAnswer),
        (Response(503, {}, b""), NotAnAnswer),
        (Response(200, {}, b"<html>the-secret</html>"), NotAnAnswer),
        (Response(200, {}, b"{}"), MalformedReply),
        (Response(200, {}, b'{"SigninToken": ["the-secret"]}'), MalformedReply),
    ],
)
def test_anything_else_is_an_error_that_shows_nothing_of_it(reply: Response, error: type[Exception]) -> None:
    """What a refusal looks like is not documented beyond its status."""
    with pytest.raises(error) as caught:
        federation.read_signin_token(reply)
    assert "the-secret" not in str(caught.value)
