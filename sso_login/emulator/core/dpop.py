"""Checks a DPoP proof (RFC 9449 section 4.3) as strictly as the standard lets a server."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 60.0  # seconds that iat may be off, either way
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_COORDINATE: Final = 32  # bytes; shorter means that leading zeros were lost (RFC 7518 section 6.2.1.2)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_Members = Mapping[str, object]


class Unproven(Exception):
    """The proof is not good; the text says why, and holds nothing of the proof."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A good proof: the thumbprint of the key that made it, its id, and when it was made (epoch seconds)."""

    thumbprint: str
    jti: str
    issued_at: float


def verify(proof: str, *, url: str, now: float) -> Proof:
    """Check the value of a DPoP header of a POST to `url`; raise Unproven. Whether jti is new is left to the caller."""
    if not proof:
        raise Unproven("the DPoP header is missing")
    if "," in proof:  # how repeated headers are joined; no JWT holds one
        raise Unproven("there is more than one DPoP header")
    parts = proof.split(".")
    if len(parts) != 3:
        raise Unproven("the DPoP header is not a JWT of three parts")
    header, payload = _object(parts[0], "header"), _object(parts[1], "payload")
    if header.get("typ") != "dpop+jwt":
        raise Unproven("typ is not dpop+jwt")
    if header.get("alg") != "ES256":
        raise Unproven("alg is not ES256")
    if "crit" in header:
        raise Unproven("crit names what is not understood here")
    key = _public_key(header.get("jwk"))
    _check_signature(key, f"{parts[0]}.{parts[1]}", signature=_bytes(parts[2], "signature"))
    return _checked(payload, url=url, now=now, thumbprint=thumbprint(key))


def thumbprint(required: Mapping[str, str]) -> str:
    """Compute the SHA-256 thumbprint of a key, given its required members alone (RFC 7638 section 3)."""
    canonical = json.dumps(dict(sorted(required.items())), separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")


def _checked(payload: _Members, *, url: str, now: float, thumbprint: str) -> Proof:
    if payload.get("htm") != "POST":
        raise Unproven("htm is not POST")
    if payload.get("htu") != url:
        raise Unproven(f"htu is not {url}")
    jti, issued_at = payload.get("jti"), payload.get("iat")
    if not isinstance(jti, str) or not jti:
        raise Unproven("jti is missing or not a string")
    if not isinstance(issued_at, (int, float)) or isinstance(issued_at, bool):
        raise Unproven("iat is missing or not a number")
    if not now - WINDOW <= issued_at <= now + WINDOW:  # compared so that NaN and huge numbers fail too
        raise Unproven(f"iat is more than {WINDOW:.0f} seconds away from the service's clock")
    return Proof(thumbprint, jti, issued_at)


def _public_key(jwk: object) -> Mapping[str, str]:
    if not isinstance(jwk, dict):
        raise Unproven("jwk is missing or not an object")
    if _PRIVATE & set(jwk):
        raise Unproven("jwk holds a private key")
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise Unproven("jwk is not an EC key on P-256")
    for name in ("x", "y"):
        if not isinstance(jwk.get(name), str) or len(_bytes(jwk[name], f"jwk's {name}")) != _COORDINATE:
            raise Unproven(f"jwk's {name} is not {_COORDINATE} bytes")
    return {name: jwk[name] for name in ("crv", "kty", "x", "y")}


def _check_signature(key: Mapping[str, str], signed: str, *, signature: bytes) -> None:
    # Loaded when the first proof comes: nobody else here needs it.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - see above

    if len(signature) != 2 * _COORDINATE:
        raise Unproven("the signature is not r and s of 32 bytes each")
    x, y = (int.from_bytes(_bytes(key[name], name)) for name in ("x", "y"))
    r, s = int.from_bytes(signature[:_COORDINATE]), int.from_bytes(signature[_COORDINATE:])
    try:
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise Unproven("jwk is not a point of the curve") from error
    try:
        public.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Unproven("the signature is not that of jwk") from error


def _bytes(part: str, what: str) -> bytes:
    # Canonical base64url only: no padding, and no bits set that no byte holds.
    if _PART.fullmatch(part) and len(part) % 4 != 1:
        whole = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if base64.urlsafe_b64encode(whole).decode().rstrip("=") == part:
            return whole
    raise Unproven(f"the {what} is not base64url without padding")


def _object(part: str, what: str) -> _Members:
    try:
        found = json.loads(_bytes(part, what), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unproven(f"the {what} is not JSON") from error
    if not isinstance(found, dict):
        raise Unproven(f"the {what} is not a JSON object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members
