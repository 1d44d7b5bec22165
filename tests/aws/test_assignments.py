"""ListAccounts and ListAccountRoles on the wire: as boto3 asks, and read as AWS's model has them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login.aws import assignments
from sso_login.core.credentials import Account, Page, Role
from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Throttled
from sso_login.core.message import Request, Response
from sso_login.core.model import Instance, Secret, Token

INSTANCE = Instance("https://my-company.awsapps.com/start", "eu-west-1")
TOKEN = Token(Secret("access"), None, expires_at=2, issued_at=1)
ACCOUNT = Account("012345678901", "Production", "aws@example.com")
CODES = {
    "InvalidRequestException": "invalid_request",
    "ResourceNotFoundException": "resource_not_found",
    "TooManyRequestsException": "slow_down",
    "UnauthorizedException": "unauthorized",
}


class EmptyReply:
    """The body of a reply that never came."""

    def stream(self) -> list[bytes]:
        """Give an empty JSON object."""
        return [b"{}"]


def sent_by_boto3(operation: str, **members: object) -> AWSPreparedRequest:
    """Make a call with boto3 and give the request it would have sent."""
    sent: list[AWSPreparedRequest] = []

    def before_send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, EmptyReply())

    client = boto3.session.Session().client("sso", region_name="eu-west-1", config=Config(signature_version=UNSIGNED))
    client.meta.events.register("before-send", before_send)
    getattr(client, operation)(**members)
    return sent[0]


def same(ours: Request, theirs: AWSPreparedRequest) -> None:
    """Compare method, place, query, token and body."""
    here, there = urlsplit(ours.url), urlsplit(theirs.url)
    assert (ours.method, here[:3]) == (theirs.method, there[:3])
    assert parse_qs(here.query, strict_parsing=True) == parse_qs(there.query, strict_parsing=True)
    assert theirs.headers["x-amz-sso_bearer_token"] == b"access"
    assert ours.headers == {"x-amz-sso_bearer_token": "access"}
    assert ours.json is None
    assert not theirs.body


@pytest.mark.parametrize("after", [None, "a+b/c=&d"])
def test_the_requests_are_what_boto3_sends(after: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """max_result is 100, next_token only from the second page on, and the token stands in its header."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    more = {} if after is None else {"nextToken": after}
    theirs = sent_by_boto3("list_accounts", accessToken="access", maxResults=100, **more)
    same(assignments.list_accounts(INSTANCE, TOKEN, after=after), theirs)
    theirs = sent_by_boto3("list_account_roles", accessToken="access", accountId=ACCOUNT.id, maxResults=100, **more)
    same(assignments.list_roles(INSTANCE, TOKEN, ACCOUNT.id, after=after), theirs)


def test_the_connection_may_be_kept_and_the_token_is_not_shown() -> None:
    """Lists may be asked for again, so their connection is kept; a request does not print its headers."""
    request = assignments.list_accounts(INSTANCE, TOKEN)
    assert request.keep_alive
    assert "access" not in repr(request)


def reply(members: object, status: int = 200, **headers: str) -> Response:
    """Make a reply of JSON; `x_amzn_errortype="..."` becomes the header x-amzn-errortype."""
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(members).encode()
    )


def test_missing_names_and_addresses_survive() -> None:
    """Absent, null and empty are the same; whatever people wrote is kept as it is."""
    odd = "Zo\u00eb's \u202e\x1b[31m"
    listed = [
        {"accountId": "012345678901", "accountName": odd, "emailAddress": "a@b"},
        {"accountId": "111122223333", "accountName": None, "emailAddress": ""},
        {"accountId": "222233334444", "unknown": [1]},
    ]
    assert assignments.read_accounts(reply({"accountList": listed, "nextToken": "next"})) == Page(
        (Account("012345678901", odd, "a@b"), Account("111122223333"), Account("222233334444")), "next"
    )


def test_roles_belong_to_the_account_that_was_asked_for() -> None:
    """The last page has no next token, or one that is null or empty."""
    for ending in ({}, {"nextToken": None}, {"nextToken": ""}):
        page = assignments.read_roles(
            reply({"roleList": [{"roleName": "A=b", "accountId": "other"}], **ending}), ACCOUNT
        )
        assert page == Page((Role(ACCOUNT, "A=b"),))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"accountList": {}},
        {"accountList": ["012345678901"]},
        {"accountList": [{}]},
        {"accountList": [{"accountId": 123456789012}]},
        {"accountList": [{"accountId": "12"}]},
        {"accountList": [{"accountId": "0123456789\u0661\u0662"}]},
        {"accountList": [{"accountId": "../../../../"}]},
        {"accountList": [{"accountId": "012345678901", "accountName": 5}]},
        {"accountList": [{"accountId": "012345678901", "emailAddress": "x" * 1025}]},
        {"accountList": [], "nextToken": 7},
        {"accountList": [], "nextToken": "a b"},
    ],
)
def test_accounts_that_are_none_are_malformed(members: object) -> None:
    """An id has 12 digits, since names of files and hosts are built from it; the error shows nothing of the content."""
    with pytest.raises(MalformedReply) as caught:
        assignments.read_accounts(reply(members))
    assert "012345678901" not in caught.value.message


@pytest.mark.parametrize(
    "members", [{}, {"roleList": None}, {"roleList": [{"accountId": "1"}]}, {"roleList": [{"roleName": "a\nb"}]}]
)
def test_roles_that_are_none_are_malformed(members: object) -> None:
    """A role has a name that is printable."""
    with pytest.raises(MalformedReply):
        assignments.read_roles(reply(members), ACCOUNT)


@pytest.mark.parametrize("operation", ["ListAccounts", "ListAccountRoles"])
def test_every_error_the_model_declares_is_known(operation: str) -> None:
    """Each has its code and a hint of its own; 429 is no answer, and says how long to wait."""
    model = botocore.session.get_session().get_service_model("sso").operation_model(operation)
    assert {shape.name for shape in model.error_shapes} == set(CODES)
    for name, code in CODES.items():
        with pytest.raises(ServiceError) as caught:
            assignments.read_accounts(reply({}, 400, x_amzn_errortype=f"{name}:http://aws"))
        assert (caught.value.code, caught.value.hint) == (code, assignments.HINTS[code])
    with pytest.raises(Throttled) as throttled:
        assignments.read_accounts(reply({}, 429, retry_after="7"))
    assert throttled.value.wait == 7


def test_no_access_is_explained() -> None:
    """The 403 that no model declares has a hint, too."""
    with pytest.raises(ServiceError) as caught:
        assignments.read_roles(reply({"message": "No access"}, 403, x_amzn_errortype="ForbiddenException"), ACCOUNT)
    assert "No access" in caught.value.message
    assert caught.value.hint == assignments.HINTS["forbidden"]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))
ITEMS = st.dictionaries(st.sampled_from(["accountId", "accountName", "emailAddress", "roleName"]), JSON)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["accountList", "roleList", "nextToken"]), JSON | st.lists(ITEMS, max_size=3)))
def test_no_reply_raises_anything_else(members: dict[str, object]) -> None:
    """Whatever the members are, the answer is a page or an error of ours."""
    for read in (assignments.read_accounts, lambda sent: assignments.read_roles(sent, ACCOUNT)):
        with contextlib.suppress(ServiceError, NotAnAnswer):
            assert isinstance(read(reply(members)), Page)
