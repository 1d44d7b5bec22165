"""Temporary credentials: whose they are, how they are issued, and what the service remembers of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from sso_login.emulator.core.issued import Issued, Principal

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Context


def of_role(context: Context, *, account: str, role: str) -> Principal:
    """Name the user in a role that a permission set made, as IAM Identity Center does."""
    made = f"AWSReservedSSO_{role}_{hashlib.sha256(f'{account} {role}'.encode()).hexdigest()[:16]}"
    user = context.settings.user
    arn = f"arn:aws:sts::{account}:assumed-role/{made}/{user}"
    return Principal(arn, f"{_unique_id('AROA', account + made)}:{user}", account)


def of_assumed_role(role_arn: str, session_name: str) -> Principal:
    """Name whoever has assumed a role under that session's name; the role's path is no part of it."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
    return Principal(arn, f"{_unique_id('AROA', role_arn)}:{session_name}", account)


def user_arn(context: Context) -> str:
    """Give the ARN of who signs in by AWS Sign-In: a user of the first account."""
    settings = context.settings
    return f"arn:aws:iam::{settings.accounts[0].id}:user/{settings.user}"


def of_user(context: Context) -> Principal:
    """Name the user who signs in by AWS Sign-In."""
    arn = user_arn(context)
    return Principal(arn, _unique_id("AIDA", arn), arn.split(":")[4])


def issue(context: Context, principal: Principal, *, lifetime: int) -> dict[str, str]:
    """Make credentials for so many seconds: accessKeyId, secretAccessKey and sessionToken."""
    key_id = context.mint.access_key()
    secret, token = context.mint.secret("sak", 30), context.mint.secret("ist", 450)
    context.state.credentials[key_id] = Issued(principal, secret, token, context.now + lifetime)
    return {"accessKeyId": key_id, "secretAccessKey": secret, "sessionToken": token}


def found(context: Context, key_id: str, *, token: str) -> Issued | None:
    """Find what was issued under that id with that session token, expired or not."""
    known = context.state.credentials.get(key_id)
    if known is None or not same(known.token, token):
        return None
    return known


def same(left: str, right: str) -> bool:
    """Compare two secrets, in a time that tells nothing of them."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def _unique_id(prefix: str, subject: str) -> str:
    return prefix + base64.b32encode(hashlib.sha256(subject.encode()).digest()).decode()[:17]
