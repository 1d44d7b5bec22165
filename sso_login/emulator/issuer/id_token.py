"""ID tokens (OpenID Connect Core section 2), signed by ES256 with a key that /jwks shows."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Context

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_KEY_ID: Final = "emulator"


def signed(context: Context, *, client_id: str, nonce: str) -> str:
    """Write the ID token that a client gets of the user; with the nonce, if it gave one."""
    now, user = int(context.now), context.settings.user
    header = {"alg": "ES256", "kid": _KEY_ID, "typ": "JWT"}
    claims = {
        "iss": context.url,
        "sub": user,
        "aud": client_id,
        "iat": now,
        "exp": now + context.settings.token_lifetime,
        "email": f"{user}@harbour.example",
        **({"nonce": nonce} if nonce else {}),
    }
    content = f"{_part(header)}.{_part(claims)}"
    r, s = utils.decode_dss_signature(_key(context).sign(content.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{content}.{_base64url(r.to_bytes(32) + s.to_bytes(32))}"


def public_key(context: Context) -> dict[str, str]:
    """Give the key to check them by, as a JWK (RFC 7517)."""
    numbers = _key(context).public_key().public_numbers()
    x, y = (_base64url(value.to_bytes(32)) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": _KEY_ID, "x": x, "y": y}


def _key(context: Context) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(context.key) % (_ORDER - 1) + 1, ec.SECP256R1())


def _part(members: dict[str, object] | dict[str, str]) -> str:
    return _base64url(json.dumps(members, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
