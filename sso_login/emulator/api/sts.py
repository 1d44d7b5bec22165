"""The one operation of AWS STS that says whose credentials they are: GetCallerIdentity.

Query protocol and XML are those of the API's service model (sts, 2011-06-15); the signature is verified. Which error
says what follows https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and public reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.emulator.core import credentials, sigv4
from sso_login.emulator.core.reply import Reply, sts_refusal, xml_reply
from sso_login.emulator.pages import guard

if TYPE_CHECKING:
    from sso_login.emulator.core.issued import Issued
    from sso_login.emulator.core.reply import Refusal
    from sso_login.emulator.core.state import Ask, Context

PATH: Final = "/"
_VERSION: Final = "2011-06-15"
_OPERATION: Final = "GetCallerIdentity"


def get_caller_identity(context: Context, ask: Ask) -> Reply:
    """Say whose credentials signed the request."""
    principal = _signer(context, ask).principal
    form = guard.form(ask) or {}
    if (form.get("Action"), form.get("Version")) != (_OPERATION, _VERSION):
        raise _refused(context, "InvalidAction", "only GetCallerIdentity of version 2011-06-15 is emulated")
    found = {"Arn": principal.arn, "UserId": principal.user_id, "Account": principal.account}
    content = {
        f"{_OPERATION}Result": found,
        "ResponseMetadata": {"RequestId": context.request_id},
    }
    return xml_reply(200, f"{_OPERATION}Response", content)


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
