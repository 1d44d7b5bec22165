"""AWS STS: AssumeRole, signed by the credentials that it starts from; the reply is XML.

The API: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, and CommonErrors beside it.
"""

from __future__ import annotations

import calendar
import re
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from sso_login.aws import wire
from sso_login.aws.sigv4 import Scope, signed
from sso_login.core.credentials import Credentials
from sso_login.core.errors import ServiceError, Throttled
from sso_login.core.message import Request, Response, shown
from sso_login.core.model import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.credentials import RoleStep, TokenService

ASSUME_ROLE: Final = "AssumeRole"
VERSION: Final = "2011-06-15"
DEADLINE: Final = 10.0  # seconds for a whole call; nothing is lost where it is not answered
FORM: Final = "application/x-www-form-urlencoded"

HINTS: Final[Mapping[str, str]] = {
    "AccessDenied": "The role's trust policy and the permissions of whoever assumes it must both allow sts:AssumeRole.",
    "ExpiredToken": "Run the command again; if that does not help, log in again with `sso-login device --force`.",
    "InvalidClientTokenId": "Log in again with `sso-login device --force`, and check any AWS_ENDPOINT_URL_STS setting.",
    "RegionDisabledException": "Name another region in the profile (`region = us-east-1`): STS is switched off there.",
    "SignatureDoesNotMatch": "Set this machine's clock right (NTP), then run the command again.",
    "ValidationError": "Check role_arn, external_id, role_session_name and duration_seconds of that profile.",
}
_TRANSPORTS: Final = frozenset({"host", "content-type"})  # headers that the transport writes, with these very values
_BUSY: Final = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled"})
_INSTANT: Final = re.compile(r"(?P<whole>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z")
_FORM_OF_TIME: Final = "%Y-%m-%dT%H:%M:%S"
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}")


def assume_role(service: TokenService, step: RoleStep, credentials: Credentials, *, at: float) -> Request:
    """Build AssumeRole, signed by those credentials at an instant in epoch seconds."""
    asked = {
        "Action": ASSUME_ROLE,
        "Version": VERSION,
        "RoleArn": step.arn,
        "RoleSessionName": step.session_name,
        **({} if step.duration is None else {"DurationSeconds": str(step.duration)}),
        **({} if step.external_id is None else {"ExternalId": step.external_id}),
    }
    url = service.url + "/"
    headers = signed(
        "POST",
        url,
        headers={"content-type": FORM},
        body=urlencode(asked).encode(),
        credentials=credentials,
        scope=Scope(service.region, "sts", at),
    )
    plain = {name: value for name, value in headers.items() if name not in _TRANSPORTS}
    return Request(ASSUME_ROLE, "POST", url, headers={**plain, "accept": "text/xml"}, form=asked, deadline=DEADLINE)


def read_assume_role(response: Response, step: RoleStep) -> Credentials:
    """Read AssumeRole's reply; raises ServiceError, MalformedReply, NotAnAnswer, Throttled."""
    members = _answer(response)
    return Credentials(
        wire.token(members, "AccessKeyId", ASSUME_ROLE),
        Secret(wire.token(members, "SecretAccessKey", ASSUME_ROLE)),
        Secret(wire.token(members, "SessionToken", ASSUME_ROLE)),
        expires_at=_instant(wire.token(members, "Expiration", ASSUME_ROLE)),
        account_id=step.account,
    )


def _answer(response: Response) -> dict[str, object]:
    wire.delivered(response, ASSUME_ROLE)
    tree = _tree(response.body)
    if tree is None:
        raise wire.no_answer(ASSUME_ROLE, f"HTTP {response.status} with a foreign body in place of XML")
    if response.status != 200:
        raise _refusal(response, tree)
    found = tree.find("AssumeRoleResult/Credentials")
    return {} if found is None else {each.tag: each.text for each in found}


def _refusal(response: Response, tree: ET.Element) -> ServiceError | Throttled:
    said = tree.findtext("Error/Code") or ""
    code = said if _CODE.fullmatch(said) else f"http_{response.status}"
    if code in _BUSY:
        wait = wire.retry_after(response.headers)
        return Throttled(f"{ASSUME_ROLE} got no answer of the service: {code}", wait=wait, passes=True)
    request_id = wire.identifier(response.headers.get("x-amzn-requestid") or tree.findtext("RequestId") or "")
    words, tail = shown(tree.findtext("Error/Message")), f" (request id {request_id})" if request_id else ""
    message = f"{ASSUME_ROLE} was refused: {code}{': ' + words if words else ''}{tail}"
    return ServiceError(message, code=code, request_id=request_id, hint=HINTS.get(code))


def _tree(body: bytes) -> ET.Element | None:
    """Parse an answer, names without their namespace; None for what is no XML, or has a declaration STS never sends.

    Without declarations there are no entities, which are what makes a parser of XML dangerous.
    """
    if b"<!" in body:
        return None
    try:
        tree = ET.fromstring(body.decode("utf-8"))  # noqa: S314 - see above
    except (ValueError, ET.ParseError):
        return None
    for each in tree.iter():
        each.tag = each.tag.rpartition("}")[2]
    return tree


def _instant(text: str) -> int:
    found = _INSTANT.fullmatch(text)
    try:
        return calendar.timegm(time.strptime(found["whole"] if found else "", _FORM_OF_TIME))
    except ValueError:
        raise wire.malformed(ASSUME_ROLE, "Expiration", "is not an instant") from None
