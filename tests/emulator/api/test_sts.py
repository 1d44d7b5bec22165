"""GetCallerIdentity as boto3's STS client sees it, signed for real."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.config import Config
from botocore.exceptions import ClientError

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.settings import ACCOUNTS
from tests.emulator.conftest import Desk
from tests.emulator.signing import Signing
from tests.emulator.test_server import expire
from tests.support.terminal.plain import Answer, ask

ACCOUNT = ACCOUNTS[0].id


class Callers:
    """Programs that ask STS who they are; they sign by the desk's clock, or by another that is `off` by seconds."""

    def __init__(self, desk: Desk, session: boto3.Session) -> None:
        """Keep both."""
        self.desk, self.session, self.off = desk, session, 0.0

    def role_credentials(self, role: str = "Deployer") -> dict[str, str]:
        """Log in and give a role's credentials."""
        access = self.desk.login(self.desk.register())["accessToken"]
        given = self.desk.portal.get_role_credentials(accessToken=access, accountId=ACCOUNT, roleName=role)
        return dict(given["roleCredentials"])

    def who(self, given: dict[str, str], **changed: str) -> Any:  # noqa: ANN401 - botocore's reply
        """Ask with credentials as the portal and Sign-In give them; a changed member is lied about."""
        with closing(self.client({**given, **changed})) as client:
            return client.get_caller_identity()

    def client(self, given: dict[str, str]) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """Open boto3's client with those credentials."""
        return self.session.client(
            "sts",
            endpoint_url=self.desk.emulator.url,
            region_name="eu-central-1",
            aws_access_key_id=given["accessKeyId"],
            aws_secret_access_key=given["secretAccessKey"],
            aws_session_token=given["sessionToken"],
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    def refused(self, code: str, given: dict[str, str], *, status: int = 403, **changed: str) -> str:
        """Expect a refusal and give its message."""
        with pytest.raises(ClientError) as caught:
            self.who(given, **changed)
        response = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
        assert self.desk.service.log[-1].error == code
        return str(response["Error"]["Message"])


@pytest.fixture
def callers(desk: Desk, aws_session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Callers:
    """Give callers whose botocore signs by the emulator's clock."""
    made = Callers(desk, aws_session)

    def now(*, remove_tzinfo: bool = True) -> datetime:
        at = datetime.fromtimestamp(desk.clock() + made.off, UTC)
        return at.replace(tzinfo=None) if remove_tzinfo else at

    for signer in (AUTH_TYPE_MAPS["v4"], SigV4Auth):  # the first may be awscrt's
        monkeypatch.setattr(f"{signer.__module__}.get_current_datetime", now)
    return made


def plain(desk: Desk, **headers: str) -> Answer:
    """Ask without botocore."""
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    return ask(f"{desk.emulator.url}/", form=form, **headers)


def test_role_is_an_assumed_one(callers: Callers) -> None:
    """The caller is the user in the role that the permission set made, in the account, under the same id each time."""
    first, again = callers.who(callers.role_credentials()), callers.who(callers.role_credentials())
    assert first["Account"] == ACCOUNT
    made = rf"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Deployer_[0-9a-f]{{16}}/harbour-master"
    assert re.fullmatch(made, first["Arn"])
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:harbour-master", first["UserId"])
    assert {**first, "ResponseMetadata": None} == {**again, "ResponseMetadata": None}
    assert callers.who(callers.role_credentials("ReadOnlyAccess"))["UserId"] != first["UserId"]
    assert first["ResponseMetadata"]["RequestId"] != again["ResponseMetadata"]["RequestId"]


def test_reply_holds_what_the_model_says(callers: Callers, aws_session: boto3.Session) -> None:
    """All members of the model's output are there, and the request's id is that of the log."""
    reply = callers.who(callers.role_credentials())
    with closing(aws_session.client("sts", region_name="us-east-1")) as client:
        members = client.meta.service_model.operation_model("GetCallerIdentity").output_shape.members
    assert set(reply) - {"ResponseMetadata"} == set(members)
    assert reply["ResponseMetadata"]["RequestId"] == callers.desk.service.log[-1].request_id
    assert callers.desk.service.calls["GetCallerIdentity"] == 1


def test_both_signers_of_botocore_are_understood(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore signs itself is taken as well as what it lets awscrt sign."""
    given = callers.role_credentials()
    assert callers.who(given)["Account"] == ACCOUNT
    monkeypatch.setitem(AUTH_TYPE_MAPS, "v4", SigV4Auth)
    assert callers.who(given)["Account"] == ACCOUNT


def test_sign_in_gives_the_users_own(open_desk: Callable[..., Desk], aws_session: boto3.Session) -> None:
    """Credentials of AWS Sign-In are those of the IAM user, and are over after their fifteen minutes."""
    desk = open_desk(approve=True, signature_window=None)
    callers = Callers(desk, aws_session)
    given = Signing(desk, aws_session).login()["accessToken"]
    reply = callers.who(given)
    assert reply["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/harbour-master"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", reply["UserId"])
    desk.clock.advance(900)
    assert "expired" in callers.refused("ExpiredToken", given)


def test_credentials_expire(callers: Callers) -> None:
    """To the second after an hour, or from the side, credentials are ExpiredToken; newer ones are not."""
    given = callers.role_credentials()
    callers.desk.clock.advance(3599)
    callers.who(given)
    callers.desk.clock.advance(1)
    callers.refused("ExpiredToken", given)
    before = callers.role_credentials()
    assert expire(callers.desk, '{"credentials": true}') == 200
    callers.refused("ExpiredToken", before)
    callers.who(callers.role_credentials())


def test_each_part_must_be_the_one_that_was_issued(callers: Callers) -> None:
    """A foreign key id or session token is no valid one, another secret gives another signature."""
    given, other = callers.role_credentials(), callers.role_credentials()
    callers.refused("InvalidClientTokenId", given, accessKeyId="ASIAAAAAAAAAAAAAAAAA")
    callers.refused("InvalidClientTokenId", given, sessionToken=other["sessionToken"])
    callers.refused("InvalidClientTokenId", given, sessionToken="")
    assert "does not match" in callers.refused("SignatureDoesNotMatch", given, secretAccessKey=other["secretAccessKey"])


@pytest.mark.parametrize(("off", "when"), [(-300, "expired"), (300, "not yet current")])
def test_signature_is_good_for_five_minutes(callers: Callers, off: int, when: str) -> None:
    """A request whose clock is five minutes off is taken, one whose clock is a second more off is not."""
    callers.desk.clock.at = 1_800_000_000.0
    given = callers.role_credentials()
    callers.off = off
    assert callers.who(given)["Account"] == ACCOUNT
    callers.off = off * 301 / 300
    assert when in callers.refused("SignatureDoesNotMatch", given)


def test_what_was_signed_for_another_service_is_refused(callers: Callers) -> None:
    """A signature whose scope is another service's does not sign this request."""
    given = callers.role_credentials()
    client = callers.client(given)

    def elsewhere(*, context: dict[str, Any], **_: object) -> None:
        context["signing"] = {**context.get("signing", {}), "signing_name": "iam"}

    client.meta.events.register("before-call.sts.GetCallerIdentity", elsewhere)
    with closing(client), pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.get_caller_identity()


def test_what_is_not_signed_is_refused_in_xml(desk: Desk) -> None:
    """No signature, or a broken one, is told in STS's own words and namespace."""
    answer = plain(desk)
    assert (answer.status, answer.headers["content-type"]) == (403, "text/xml")
    assert answer.text.startswith('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>')
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text
    assert f"<RequestId>{answer.headers['x-amzn-requestid']}</RequestId>" in answer.text
    broken = plain(desk, authorization="AWS4-HMAC-SHA256 Credential=x")
    assert (broken.status, "<Code>IncompleteSignature</Code>" in broken.text) == (400, True)


def test_only_this_operation_is_there(callers: Callers) -> None:
    """Another action, rightly signed, is InvalidAction."""
    given = callers.role_credentials()
    client = callers.client(given)
    with closing(client), pytest.raises(ClientError, match="InvalidAction"):
        client.get_session_token()


def test_start_url_is_not_sts(desk: Desk) -> None:
    """Posting to the start URL is no call of STS, and its page is still led to by GET."""
    assert ask(desk.emulator.start_url, form={"Action": "GetCallerIdentity"}).status == 404
    assert ask(desk.emulator.start_url).status == 303


def test_faults_of_sts_are_its_own(callers: Callers) -> None:
    """An ordered fault is InternalFailure in XML, and the next call is answered."""
    given = callers.role_credentials()
    callers.desk.service.order(Fault("GetCallerIdentity"))
    with pytest.raises(ClientError, match="InternalFailure"):
        callers.who(given)
    assert callers.who(given)["Account"] == ACCOUNT


def test_secrets_are_in_no_repr(callers: Callers) -> None:
    """What the service remembers of credentials does not show them, and the log has none."""
    given = callers.role_credentials()
    callers.who(given)
    seen = repr(callers.desk.service.log) + ask(f"{callers.desk.emulator.url}/emulator/calls").text
    for name in ("secretAccessKey", "sessionToken"):
        assert given[name] not in seen


DEPLOY = "arn:aws:iam::222233334444:role/Deploy"
AUDIT = "arn:aws:iam::333344445555:role/team/Audit"
RESTORE = "arn:aws:iam::444455556666:role/Restore"


class Assuming(Callers):
    """Callers that assume roles."""

    def assume(self, given: dict[str, str], arn: str = DEPLOY, **asked: Any) -> Any:  # noqa: ANN401 - botocore's reply
        """Assume a role with those credentials."""
        with closing(self.client(given)) as client:
            return client.assume_role(**{"RoleArn": arn, "RoleSessionName": "me", **asked})

    def then(self, given: dict[str, str], arn: str = DEPLOY, **asked: Any) -> dict[str, str]:  # noqa: ANN401 - as above
        """Assume a role and give its credentials as the portal would."""
        found = self.assume(given, arn, **asked)["Credentials"]
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {name[0].lower() + name[1:]: found[name] for name in names}

    def denied(self, given: dict[str, str], code: str, arn: str = DEPLOY, **asked: Any) -> str:  # noqa: ANN401 - as above
        """Expect a refusal and give its message."""
        with pytest.raises(ClientError) as caught:
            self.assume(given, arn, **asked)
        assert caught.value.response["Error"]["Code"] == code
        return str(caught.value.response["Error"]["Message"])


@pytest.fixture
def assuming(callers: Callers) -> Assuming:
    """Give callers that assume roles."""
    return Assuming(callers.desk, callers.session)


def test_an_assumed_role_is_somebody_else(assuming: Assuming) -> None:
    """Its credentials are of the role in its account, without its path, under the session's name."""
    given = assuming.role_credentials()
    reply = assuming.assume(given, AUDIT, ExternalId="harbour-audit")
    assert reply["AssumedRoleUser"]["Arn"] == "arn:aws:sts::333344445555:assumed-role/Audit/me"
    who = assuming.who(assuming.then(given, AUDIT, ExternalId="harbour-audit"))
    assert (who["Arn"], who["Account"]) == ("arn:aws:sts::333344445555:assumed-role/Audit/me", "333344445555")
    assert who["UserId"] == reply["AssumedRoleUser"]["AssumedRoleId"]
    assert assuming.desk.service.calls["AssumeRole"] == 2


def test_what_was_asked_for_is_remembered(assuming: Assuming) -> None:
    """Who, which role, and every parameter, None for what was not said."""
    given = assuming.role_credentials()
    assuming.assume(given)
    assuming.assume(given, AUDIT, ExternalId="harbour-audit", DurationSeconds=900)
    first, second = assuming.desk.service.assumed
    assert (first.role_arn, first.session_name, first.duration, first.external_id) == (DEPLOY, "me", None, None)
    assert (second.duration, second.external_id, second.region) == ("900", "harbour-audit", "eu-central-1")
    assert first.by == second.by == assuming.who(given)["Arn"]


def test_trust_is_asked_for(assuming: Assuming) -> None:
    """A role that is not there, one that trusts others, and a wrong external id are the same AccessDenied."""
    given = assuming.role_credentials()
    words = assuming.denied(given, "AccessDenied", RESTORE)
    assert words.startswith("User: arn:aws:sts::")
    assert words.endswith(f"sts:AssumeRole on resource: {RESTORE}")
    assuming.denied(given, "AccessDenied", DEPLOY + "Nope")
    assuming.denied(given, "AccessDenied", AUDIT)
    assuming.denied(given, "AccessDenied", AUDIT, ExternalId="other")
    assert assuming.who(assuming.then(assuming.then(given), RESTORE))["Account"] == "444455556666"


@pytest.mark.parametrize(
    "asked",
    [{"DurationSeconds": 3601}, {"DurationSeconds": 43201}, {"RoleSessionName": "a b"}, {"RoleSessionName": "x" * 65}],
)
def test_what_stss_model_does_not_allow_is_refused(assuming: Assuming, asked: dict[str, Any]) -> None:
    """A chain's hour, a name with a blank: ValidationError, and nothing is remembered."""
    assuming.denied(assuming.role_credentials(), "ValidationError", **asked)
    assert assuming.desk.service.assumed == []


def test_an_assumed_role_ends_when_it_was_asked_to(assuming: Assuming) -> None:
    """After so many seconds its credentials are over, an hour where nothing was said."""
    given = assuming.role_credentials()
    short, long = assuming.then(given, DurationSeconds=900), assuming.then(given)
    assuming.desk.clock.advance(900)
    assuming.refused("ExpiredToken", short)
    assuming.who(long)
