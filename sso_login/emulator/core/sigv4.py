"""Signature Version 4, the service's side: what a request says of its signature, and which it should have.

Written from https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html; headers only, no presigned
URLs.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_AUTHORIZATION: Final = re.compile(
    _ALGORITHM + r" +Credential=(?P<key_id>\w{1,128})/(?P<scope>(?P<day>[0-9]{8})/[a-z0-9-]+/(?P<service>[a-z0-9-]+)/"
    r"aws4_request), *SignedHeaders=(?P<names>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says: the key's id, the scope and its parts, the signed headers' names, the signature.

    `stamp` is the time as it was written, `at` the same in epoch seconds.
    """

    key_id: str
    scope: str
    day: str
    service: str
    names: tuple[str, ...]
    signature: str
    stamp: str
    at: float


def read(ask: Ask) -> Claim | None:
    """Read a request's Authorization and X-Amz-Date; None where they do not make a whole."""
    found = _AUTHORIZATION.fullmatch(ask.headers.get("authorization", ""))
    stamp = ask.headers.get("x-amz-date", "")
    if found is None:
        return None
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    names = tuple(found["names"].split(";"))
    if not _signs_enough(names, ask) or not stamp.startswith(found["day"]):
        return None
    return Claim(
        key_id=found["key_id"],
        scope=found["scope"],
        day=found["day"],
        service=found["service"],
        names=names,
        signature=found["signature"],
        stamp=stamp,
        at=at,
    )


def signature(claim: Claim, ask: Ask, *, method: str, secret: str) -> str:
    """Compute which signature a request for the path / should have, by the secret key."""
    canonical = _canonical(claim, ask, method=method)
    to_sign = "\n".join((_ALGORITHM, claim.stamp, claim.scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in claim.scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


def _signs_enough(names: tuple[str, ...], ask: Ask) -> bool:
    # Whatever else a sender leaves out, a stranger could change; these decide who is meant, where and when.
    needed = {"host", "x-amz-date"} | ({"x-amz-security-token"} & set(ask.headers))
    return needed <= set(names) <= set(ask.headers) and list(names) == sorted(set(names))


def _canonical(claim: Claim, ask: Ask, *, method: str) -> str:
    # A parameter named twice keeps its first value only in `ask`, so such a request is never signed rightly.
    query = sorted((_encoded(name), _encoded(value)) for name, value in ask.query.items())
    headers = "".join(f"{name}:{' '.join(ask.headers[name].split())}\n" for name in claim.names)
    parts = (method, "/", "&".join(f"{name}={value}" for name, value in query), headers, ";".join(claim.names))
    return "\n".join((*parts, hashlib.sha256(ask.body).hexdigest()))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", errors="replace")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
