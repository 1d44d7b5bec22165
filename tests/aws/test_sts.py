"""AssumeRole: the request botocore's model describes, and its reply read strictly."""

from __future__ import annotations

import botocore.session
import pytest

from sso_login.aws import sts
from sso_login.core.credentials import Credentials, RoleStep, TokenService
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import Response
from sso_login.core.model import Secret

ARN = "arn:aws:iam::222233334444:role/team/Deployer"
STEP = RoleStep(ARN, "me", external_id="an id", duration=900)
SOURCE = Credentials("ASIASOURCE", Secret("sec"), Secret("tok"), expires_at=0)
SERVICE = TokenService("https://sts.eu-west-1.amazonaws.com", "eu-west-1")
NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
MEMBERS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "top",
    "SessionToken": "long",
    "Expiration": "2030-01-01T00:00:00Z",
}


def reply(members: dict[str, str] | None = None) -> Response:
    """Make STS's own reply."""
    found = "".join(f"<{name}>{value}</{name}>" for name, value in (members or MEMBERS).items())
    result = f"<AssumeRoleResult><AssumedRoleUser/><Credentials>{found}</Credentials></AssumeRoleResult>"
    return Response(200, {}, f"<AssumeRoleResponse {NAMESPACE}>{result}</AssumeRoleResponse>".encode())


def refusal(code: str, status: int = 403, message: str = "no") -> Response:
    """Make STS's own refusal."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<ErrorResponse {NAMESPACE}>{error}<RequestId>01-ab</RequestId></ErrorResponse>"
    return Response(status, {}, body.encode())


def test_it_is_asked_for_as_the_model_says() -> None:
    """Method, version and parameters are those of AWS's model of STS; the signature is for this region."""
    asked = sts.assume_role(SERVICE, STEP, SOURCE, at=1_440_938_160)
    model = botocore.session.Session().get_service_model("sts")
    operation = model.operation_model("AssumeRole")
    assert (asked.method, asked.url) == (operation.http["method"], SERVICE.url + operation.http["requestUri"])
    form = dict(asked.form or {})
    assert (form.pop("Action"), form.pop("Version")) == ("AssumeRole", model.api_version)
    assert set(form) <= set(operation.input_shape.members)
    assert form == {"RoleArn": ARN, "RoleSessionName": "me", "DurationSeconds": "900", "ExternalId": "an id"}
    assert "/20150830/eu-west-1/sts/aws4_request" in asked.headers["authorization"]
    assert asked.headers["x-amz-security-token"] == "tok"


def test_what_is_not_said_is_not_asked_for() -> None:
    """Without external_id and duration_seconds STS takes the role's own."""
    asked = sts.assume_role(SERVICE, RoleStep(ARN, "me"), SOURCE, at=0)
    assert set(asked.form or {}) == {"Action", "Version", "RoleArn", "RoleSessionName"}


def test_no_secret_is_shown() -> None:
    """Neither request nor credentials show what they are made of."""
    shown = repr(sts.assume_role(SERVICE, STEP, SOURCE, at=0)) + repr(sts.read_assume_role(reply(), STEP))
    assert not {"tok", "sec", "top", "long"} & set(shown.replace("'", " ").split())


@pytest.mark.parametrize("instant", ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.999Z"])
def test_credentials_are_read(instant: str) -> None:
    """With or without fractions of a second; the account is the role's."""
    found = sts.read_assume_role(reply({**MEMBERS, "Expiration": instant}), STEP)
    assert found == Credentials("ASIAEXAMPLE", Secret("top"), Secret("long"), 1_893_456_000, "222233334444")


@pytest.mark.parametrize("member", list(MEMBERS))
@pytest.mark.parametrize("value", [None, "", "a b", "\u00fc"])
def test_a_broken_member_is_named(member: str, value: str | None) -> None:
    """What is missing, empty or odd is exit 6, and never told."""
    members = {**MEMBERS, member: value} if value is not None else {k: v for k, v in MEMBERS.items() if k != member}
    with pytest.raises(MalformedReply, match=member):
        sts.read_assume_role(reply({name: str(text) for name, text in members.items()}), STEP)


def test_a_refusal_has_its_code_and_request_id() -> None:
    """Those of the body; the header's request id goes first."""
    with pytest.raises(ServiceError, match=r"AccessDenied: no \(request id 01-ab\)") as caught:
        sts.read_assume_role(refusal("AccessDenied"), STEP)
    assert (caught.value.code, caught.value.request_id) == ("AccessDenied", "01-ab")
    headed = refusal("AccessDenied")
    with pytest.raises(ServiceError, match="request id 02-cd"):
        sts.read_assume_role(Response(403, {"x-amzn-requestid": "02-cd"}, headed.body), STEP)


@pytest.mark.parametrize(
    "response",
    [
        refusal("Throttling", 400),
        Response(429, {"retry-after": "3"}, b""),
        Response(503, {}, b""),
        refusal("InternalFailure", 500),
    ],
)
def test_trouble_goes_away_by_itself(response: Response) -> None:
    """Too many requests, and what is wrong on the other side, is exit 5."""
    with pytest.raises(NotAnAnswer) as caught:
        sts.read_assume_role(response, STEP)
    assert caught.value.passes
    assert isinstance(caught.value, Throttled) == (response.status in {400, 429})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html>",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<x>&nothing;</x>",
        "<x/>".encode("utf-16"),
    ],
)
def test_what_is_no_xml_is_no_answer(body: bytes) -> None:
    """Whatever comes, it is an error of two lines; a declaration of a type is not even looked at."""
    for status in (200, 403):
        with pytest.raises(NotAnAnswer):
            sts.read_assume_role(Response(status, {}, body), STEP)


def test_a_deep_answer_is_not_dangerous() -> None:
    """Elements without end within each other are a reply without credentials."""
    with pytest.raises(MalformedReply):
        sts.read_assume_role(Response(200, {}, b"<x>" * 50_000 + b"</x>" * 50_000), STEP)
