"""DPoP (RFC 9449): keys, and proofs of holding one; ES256 as AWS Sign-In wants it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from sso_login.core.model import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_SIZE: Final = 32  # bytes of a coordinate, and of each half of a signature, leading zeros included (RFC 7518)


def new_key() -> Secret:
    """Make a key on P-256, as PEM in the form of SEC1 (`EC PRIVATE KEY`), which is what the SDKs keep, too."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Secret(pem.decode())


def proof(key: Secret, *, url: str, now: float, jti: str) -> str:
    """Write the DPoP header of one POST to `url`; `jti` never comes twice, ValueError for what is no such key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    private = _loaded(key)
    public = private.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": _base64url(_fixed(public.x)), "y": _base64url(_fixed(public.y))}
    header: dict[str, object] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
    payload: dict[str, object] = {"htm": "POST", "htu": url, "iat": int(now), "jti": jti}
    signed = f"{_part(header)}.{_part(payload)}"
    r, s = utils.decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64url(_fixed(r) + _fixed(s))}"


def _loaded(key: Secret) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        found = serialization.load_pem_private_key(key.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the DPoP key cannot be read") from None  # nothing of the key goes into a traceback
    if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
        return found
    raise ValueError("the DPoP key is not one on P-256")


def _fixed(number: int) -> bytes:
    return number.to_bytes(_SIZE)


def _part(members: dict[str, object]) -> str:
    return _base64url(json.dumps(members, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
