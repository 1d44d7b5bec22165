"""Makes ids, codes and secrets from injected randomness."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

USER_CODE_ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 section 6.1: no vowels, no words
_KEY_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FAIR: Final = 256 - 256 % len(USER_CODE_ALPHABET)


class Mint:
    """Makes every id the service issues; `random` gives that many random bytes."""

    def __init__(self, random: Callable[[int], bytes], marker: str) -> None:
        """Take the source of randomness, and the marker that every secret shall contain."""
        self.random = random
        self._marker = marker

    def secret(self, prefix: str, size: int) -> str:
        """Make a secret of `size` random bytes in base64url, with the marker in it."""
        return f"{prefix}-{self._marker}-{self.name(size)}"

    def name(self, size: int) -> str:
        """Make an id of `size` random bytes in base64url."""
        return base64.urlsafe_b64encode(self.random(size)).decode().rstrip("=")

    def user_code(self) -> str:
        """Make a code for a human, like BCDF-GHJK: 20^8 of them, all equally likely."""
        letters = ""
        while len(letters) < 8:
            letters += "".join(USER_CODE_ALPHABET[byte % 20] for byte in self.random(8) if byte < _FAIR)
        return f"{letters[:4]}-{letters[4:8]}"

    def access_key(self) -> str:
        """Make the id of a temporary access key."""
        return "ASIA" + "".join(_KEY_ALPHABET[byte % 32] for byte in self.random(16))

    def request_id(self) -> str:
        """Make a request id as AWS writes them."""
        digits = self.random(16).hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
