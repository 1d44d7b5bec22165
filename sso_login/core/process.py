"""The JSON of a credential_process, both ways: what AWS's SDKs read from the stdout of a program.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html; AccountId is understood by
botocore and others.
"""

from __future__ import annotations

import calendar
import json
import re
import time
from typing import Final

from sso_login.core.credentials import Credentials
from sso_login.core.model import Secret
from sso_login.core.times import rfc3339

VERSION: Final = 1
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def written(credentials: Credentials) -> str:
    """Write credentials on one line without blanks, as a record's head wants it; it is the secret itself."""
    members = {
        "Version": VERSION,
        "AccessKeyId": credentials.key_id,
        "SecretAccessKey": credentials.secret.reveal(),
        "SessionToken": credentials.token.reveal(),
        "Expiration": rfc3339(credentials.expires_at),
        **({"AccountId": credentials.account_id} if credentials.account_id else {}),
    }
    return json.dumps(members, separators=(",", ":"))


def read(line: str) -> Credentials:
    """Read what `written` wrote; ValueError, which quotes nothing of it, for anything else."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        members = None  # the parser's own error quotes the text
    if not isinstance(members, dict) or members.get("Version") != VERSION:
        raise ValueError("no credential_process JSON of version 1")
    return Credentials(
        _token(members, "AccessKeyId"),
        Secret(_token(members, "SecretAccessKey")),
        Secret(_token(members, "SessionToken")),
        expires_at=_epoch(_token(members, "Expiration")),
        account_id=_token(members, "AccountId") if "AccountId" in members else "",
    )


def _token(members: dict[str, object], key: str) -> str:
    value = members.get(key)
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or " " in value:
        message = f"{key} is not what it should be"
        raise ValueError(message)
    return value


def _epoch(text: str) -> int:
    if not _INSTANT.fullmatch(text):
        raise ValueError("Expiration is no instant")
    try:
        return calendar.timegm(time.strptime(text, _FORM))
    except ValueError:
        raise ValueError("Expiration is no instant") from None
