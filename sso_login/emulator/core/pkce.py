"""Proof Key for Code Exchange (RFC 7636): the shapes of verifier and challenge, and whether they belong together."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url without padding


def is_verifier(text: str) -> bool:
    """Tell whether a text could be a code verifier."""
    return _VERIFIER.fullmatch(text) is not None


def is_challenge(text: str) -> bool:
    """Tell whether a text could be the S256 challenge of some verifier."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Tell whether the challenge is BASE64URL(SHA256(verifier)) (RFC 7636 section 4.6)."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge)
