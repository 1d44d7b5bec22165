"""PKCE (RFC 7636): the challenge that goes with an authorization request; the verifier proves whose it was."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sso_login.core.model import Secret

VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # section 4.1


def challenge(verifier: Secret) -> str:
    """Give SHA-256 of the verifier in base64url without padding (section 4.2); ValueError for what is no verifier."""
    text = verifier.reveal()
    if not VERIFIER.fullmatch(text):
        raise ValueError("a code verifier is 43 to 128 unreserved characters")
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
