"""Two operations of AWS STS: GetCallerIdentity, which says whose credentials they are, and AssumeRole.

Query protocol and XML are those of the API's service model (sts, 2011-06-15); the signature is verified. Which error
says what follows https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and public reports.
"""

from __future__ import annotations

import re
import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from sso_login.emulator.core import credentials, sigv4
from sso_login.emulator.core.issued import Assumed
from sso_login.emulator.core.reply import Reply, sts_refusal, xml_reply
from sso_login.emulator.pages import guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.emulator.core.issued import Issued, Principal
    from sso_login.emulator.core.reply import Refusal
    from sso_login.emulator.core.settings import Assumable
    from sso_login.emulator.core.state import Ask, Context

PATH: Final = "/"
_VERSION: Final = "2011-06-15"
_IDENTITY: Final = "GetCallerIdentity"
_ASSUME: Final = "AssumeRole"
_LEAST: Final = 900  # seconds, as the two that follow
_MOST: Final = 43_200
_CHAINED: Final = 3_600
_ARN: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL: Final = re.compile(r"[\w+=,.@:/\\-]{2,1224}", re.ASCII)


def get_caller_identity(context: Context, ask: Ask) -> Reply:
    """Say whose credentials signed the request."""
    principal = _signer(context, ask).principal
    form = guard.form(ask) or {}
    if (form.get("Action"), form.get("Version")) != (_IDENTITY, _VERSION):
        raise _refused(context, "InvalidAction", "only GetCallerIdentity and AssumeRole of 2011-06-15 are emulated")
    found = {"Arn": principal.arn, "UserId": principal.user_id, "Account": principal.account}
    return _given(context, _IDENTITY, found)


def asks_to_assume(ask: Ask) -> bool:
    """Tell whether a request to the common path is for AssumeRole."""
    return (guard.form(ask) or {}).get("Action") == _ASSUME


def assume_role(context: Context, ask: Ask) -> Reply:
    """Give credentials of a role to those whom it trusts, and note what was asked for."""
    principal = _signer(context, ask).principal
    form = guard.form(ask) or {}
    if form.get("Version") != _VERSION:
        raise _refused(context, "InvalidAction", "only version 2011-06-15 is emulated")
    arn, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
    _check_words(context, form)
    role = next((each for each in context.settings.assumable if each.arn == arn), None)
    if role is None or not _trusted(role, principal, form):
        why = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        raise _refused(context, "AccessDenied", why)
    lifetime = _lifetime(context, role, form, chained=":assumed-role/" in principal.arn)
    made = credentials.of_assumed_role(arn, session)
    issued = credentials.issue(context, made, lifetime=lifetime)
    claim = sigv4.read(ask)
    region = claim.scope.split("/")[1] if claim else ""
    said = (form.get("DurationSeconds"), form.get("ExternalId"))
    context.state.assumed.append(Assumed(principal.arn, arn, session, *said, region))
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(context.now + lifetime))
    given = {name[0].upper() + name[1:]: value for name, value in issued.items()}
    who = {"AssumedRoleId": made.user_id, "Arn": made.arn}
    return _given(context, _ASSUME, {"Credentials": {**given, "Expiration": ends}, "AssumedRoleUser": who})


def _given(context: Context, operation: str, found: Mapping[str, object]) -> Reply:
    content = {f"{operation}Result": found, "ResponseMetadata": {"RequestId": context.request_id}}
    return xml_reply(200, f"{operation}Response", content)


def _check_words(context: Context, form: Mapping[str, str]) -> None:
    for name, pattern in (("RoleArn", _ARN), ("RoleSessionName", _SESSION), ("ExternalId", _EXTERNAL)):
        said = form.get(name, "")
        if (said or name != "ExternalId") and not pattern.fullmatch(said):
            first = name[0].lower() + name[1:]
            why = f"1 validation error detected: Value at '{first}' failed to satisfy constraint"
            raise _refused(context, "ValidationError", why)


def _trusted(role: Assumable, principal: Principal, form: Mapping[str, str]) -> bool:
    known = any(fnmatchcase(principal.arn, pattern) for pattern in role.trusts)
    return known and role.external_id in {None, form.get("ExternalId")}


def _lifetime(context: Context, role: Assumable, form: Mapping[str, str], *, chained: bool) -> int:
    said = form.get("DurationSeconds", str(_CHAINED))
    seconds = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0
    if not _LEAST <= seconds <= _MOST:
        why = "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint"
        raise _refused(context, "ValidationError", why)
    if chained and seconds > _CHAINED:
        why = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise _refused(context, "ValidationError", why)
    if seconds > role.longest:
        why = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise _refused(context, "ValidationError", why)
    return seconds


def _signer(context: Context, ask: Ask) -> Issued:
    if "authorization" not in ask.headers:
        raise _refused(context, "MissingAuthenticationToken", "Request is missing Authentication Token")
    claim = sigv4.read(ask)
    if claim is None:
        raise _refused(context, "IncompleteSignature", "the request is not signed with Signature Version 4 as a whole")
    issued = credentials.found(context, claim.key_id, token=ask.headers.get("x-amz-security-token", ""))
    if issued is None:
        raise _refused(context, "InvalidClientTokenId", "The security token included in the request is invalid.")
    if context.now >= issued.expires_at:
        raise _refused(context, "ExpiredToken", "The security token included in the request is expired")
    right = sigv4.signature(claim, ask, method="POST", secret=issued.secret)
    if claim.service != "sts" or not credentials.same(right, claim.signature):
        why = "The request signature we calculated does not match the signature you provided."
        raise _refused(context, "SignatureDoesNotMatch", why)
    _check_time(context, claim.at)
    return issued


def _check_time(context: Context, at: float) -> None:
    window = context.settings.signature_window
    if window is not None and abs(context.now - at) > window:
        when = "expired" if at < context.now else "not yet current"
        raise _refused(context, "SignatureDoesNotMatch", f"Signature {when}: more than {window} s off the clock here.")


def _refused(context: Context, code: str, message: str) -> Refusal:
    return sts_refusal(code, message, request_id=context.request_id)
