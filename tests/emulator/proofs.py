"""A client's side of DPoP, written apart from the emulator's: keys, and proofs that may be wrong in any way."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def part(raw: bytes) -> str:
    """Write bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def packed(content: object) -> str:
    """Write a header or payload."""
    return part(json.dumps(content).encode())


@dataclass(frozen=True)
class Key:
    """A P-256 key and what is made with it."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def jwk(self) -> dict[str, Any]:
        """Write the public key."""
        numbers = self.private.public_key().public_numbers()
        x, y = (part(number.to_bytes(32)) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def header(self) -> dict[str, Any]:
        """Write a proof's header as it should be."""
        return {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}

    @property
    def sec1(self) -> bytes:
        """Write the private key as SDKs keep it, in DER."""
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return self.private.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())

    def der(self, signed: str) -> bytes:
        """Sign as cryptography does."""
        return self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))

    def raw(self, signed: str) -> bytes:
        """Sign as JWS wants it: r and s, 32 bytes each."""
        return b"".join(number.to_bytes(32) for number in decode_dss_signature(self.der(signed)))

    def jwt(self, header: object, payload: object) -> str:
        """Make a signed JWT of any header and payload."""
        signed = f"{packed(header)}.{packed(payload)}"
        return f"{signed}.{part(self.raw(signed))}"

    def proof(self, url: str, at: float) -> str:
        """Make a good proof for a POST to that URL at that time."""
        return self.jwt(self.header, payload(url, at))


def payload(url: str, at: float, **changed: object) -> dict[str, object]:
    """Write a proof's payload; a member changed to None is left out."""
    whole = {"htm": "POST", "htu": url, "iat": int(at), "jti": str(uuid.uuid4()), **changed}
    return {name: value for name, value in whole.items() if value is not None}
