"""Signature Version 4, the sender's side: which headers prove a request to come from whoever has a secret key.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; tests hold it to
the vectors that AWS publishes.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.credentials import Credentials

ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Scope(NamedTuple):
    """What a signature is good for: a service in a region, around an instant in epoch seconds."""

    region: str
    service: str
    at: float

    @property
    def stamp(self) -> str:
        """Write the instant as X-Amz-Date has it."""
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.at))

    def __str__(self) -> str:
        """Write the scope as a signature names it."""
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"


def signed(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes, credentials: Credentials, scope: Scope
) -> dict[str, str]:
    """Give the headers with those that sign them: Host, X-Amz-Date, the session token, Authorization.

    Every header given is signed; names come back in lower case.
    """
    token = credentials.token.reveal()
    whole = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    whole |= {"host": urlsplit(url).netloc, "x-amz-date": scope.stamp}
    whole |= {"x-amz-security-token": token} if token else {}
    canonical = canonical_request(method, url, headers=whole, body=body)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, scope.stamp, str(scope), digest))
    signature = _hmac(_key(credentials.secret.reveal(), scope), to_sign).hex()
    named = f"Credential={credentials.key_id}/{scope}, SignedHeaders={_names(whole)}"
    return {**whole, "authorization": f"{ALGORITHM} {named}, Signature={signature}"}


def canonical_request(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> str:
    """Write a request in the one form that both sides sign; header names in lower case."""
    parts = urlsplit(url)
    query = sorted((_encoded(name), _encoded(value)) for name, value in parse_qsl(parts.query, keep_blank_values=True))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    asked = (method, _path(parts.path), "&".join(f"{name}={value}" for name, value in query))
    return "\n".join((*asked, lines, _names(headers), hashlib.sha256(body).hexdigest()))


def _path(path: str) -> str:
    """Resolve dots and doubled slashes, then encode each segment once more, as every service but S3 wants it."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments[-1:] = []
        elif segment not in {"", "."}:
            segments.append(_encoded(segment))
    ends = path.endswith(("/", "/.", "/..")) and bool(segments)
    return "/" + "/".join(segments) + ("/" if ends else "")


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in str(scope).split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
