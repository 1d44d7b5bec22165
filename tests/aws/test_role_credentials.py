"""GetRoleCredentials: the request boto3 sends, and its reply read strictly."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest

from sso_login.aws import portal
from sso_login.core.credentials import Credentials
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import Response
from sso_login.core.model import Instance, Secret, Token

INSTANCE = Instance("https://my-company.awsapps.com/start", "eu-west-1")
TOKEN = Token(Secret("access"), None, expires_at=2, issued_at=1)
ACCOUNT = "111122223333"
MEMBERS = {
    "accessKeyId": "ASIAEXAMPLE",
    "secretAccessKey": "sec",
    "sessionToken": "tok",
    "expiration": 1_893_456_000_999,
}


def reply(members: object, status: int = 200) -> Response:
    """Make a JSON reply."""
    return Response(status, {}, json.dumps(members).encode())


def test_it_is_asked_for_as_the_model_says() -> None:
    """Method, path, query and header are those of AWS's model of the portal."""
    asked = portal.role_credentials(INSTANCE, TOKEN, account=ACCOUNT, role="Read Only+&")
    model = botocore.session.Session().get_service_model("sso").operation_model("GetRoleCredentials")
    url = urlsplit(asked.url)
    assert (asked.method, url.path) == (model.http["method"], model.http["requestUri"])
    assert url.netloc == "portal.sso.eu-west-1.amazonaws.com"
    assert parse_qs(url.query) == {"account_id": [ACCOUNT], "role_name": ["Read Only+&"]}
    assert asked.headers == {"x-amz-sso_bearer_token": "access"}
    assert {shape.serialization["name"] for shape in model.input_shape.members.values()} == {
        "role_name",
        "account_id",
        "x-amz-sso_bearer_token",
    }


def test_the_expiration_is_in_milliseconds() -> None:
    """As nowhere else in AWS's APIs; rounded down."""
    read = portal.read_role_credentials(reply({"roleCredentials": MEMBERS}), account=ACCOUNT)
    assert read == Credentials("ASIAEXAMPLE", Secret("sec"), Secret("tok"), 1_893_456_000, ACCOUNT)
    assert "sec" not in repr(read).replace("secret", "")


@pytest.mark.parametrize(
    "edit",
    [
        {"expiration": 1_893_456_000},
        {"expiration": 10**17},
        {"expiration": "1893456000000"},
        {"expiration": None},
        {"expiration": True},
        {"accessKeyId": ""},
        {"secretAccessKey": None},
        {"secretAccessKey": "a b"},
        {"sessionToken": "a\nb"},
        {"sessionToken": ["tok"]},
    ],
)
def test_a_member_that_is_not_right_is_named(edit: dict[str, object]) -> None:
    """Seconds in place of milliseconds included; its content is never told."""
    with pytest.raises(MalformedReply, match=next(iter(edit))):
        portal.read_role_credentials(reply({"roleCredentials": {**MEMBERS, **edit}}), account=ACCOUNT)


@pytest.mark.parametrize("odd", [None, [], "text", 7])
def test_a_reply_without_credentials_is_malformed(odd: object) -> None:
    """They are an object."""
    with pytest.raises(MalformedReply, match="roleCredentials"):
        portal.read_role_credentials(reply({"roleCredentials": odd}), account=ACCOUNT)


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (403, "ForbiddenException", "forbidden"),
        (404, "ResourceNotFoundException", "resource_not_found"),
        (401, "UnauthorizedException", "unauthorized"),
        (400, "InvalidRequestException", "invalid_request"),
    ],
)
def test_every_refusal_has_a_hint(status: int, name: str, code: str) -> None:
    """The modelled ones, and the 403 that no model has."""
    body = {"message": "No access", "__type": f"com.amazonaws.switchboard.portal#{name}"}
    with pytest.raises(ServiceError, match="No access") as caught:
        portal.read_role_credentials(reply(body, status), account=ACCOUNT)
    assert (caught.value.code, caught.value.hint) == (code, portal.ROLE_HINTS[code])


def test_a_429_and_a_web_page_are_no_answers() -> None:
    """They say nothing of the login; a 429 is told apart, since it asks for patience."""
    with pytest.raises(Throttled):
        portal.read_role_credentials(reply({"message": "slow"}, 429), account=ACCOUNT)
    with pytest.raises(NotAnAnswer):
        portal.read_role_credentials(Response(403, {}, b"<html>"), account=ACCOUNT)
