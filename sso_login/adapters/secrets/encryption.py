"""Encryption at rest: AES-256-GCM under a key that HKDF-SHA256 makes from a secret (NIST SP 800-38D, RFC 5869)."""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_INFO: Final = b"sso-login file store, AES-256-GCM, version 1"
_KEY: Final = 32  # bytes
_NONCE: Final = 12
_TAG: Final = 16


class Cipher:
    """Encrypts and decrypts with one key.

    Each nonce is random, so up to 2**32 writes with one key are safe (SP 800-38D section 8.3): one a minute for
    eight thousand years.
    """

    __slots__ = ("_aead",)

    def __init__(self, secret: bytes) -> None:
        """Derive the key from the secret, of which at least 32 bytes are expected."""
        self._aead = AESGCM(derived(secret))

    def sealed(self, plain: bytes, *, bound: bytes) -> bytes:
        """Encrypt into nonce, ciphertext and tag, as raw bytes; only with the same `bound` can it be opened again."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, bound)

    def opened(self, sealed: bytes, *, bound: bytes) -> bytes | None:
        """Decrypt; None unless every bit of both is as it was and the key is the one that sealed it."""
        if len(sealed) < _NONCE + _TAG:
            return None
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
        except InvalidTag:
            return None


def derived(secret: bytes) -> bytes:
    """Make the 256-bit key from a secret's bytes.

    No salt (RFC 5869 section 3.1): every process must find the same key from the key file alone, and a salt kept
    beside the records would add nothing to a secret that is random and used for nothing else.
    """
    return HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=_INFO).derive(secret)
