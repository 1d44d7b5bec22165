"""PKCE, held to RFC 7636."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core.model import Secret
from sso_login.oauth.pkce import challenge

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_the_vector_of_rfc_7636_appendix_b() -> None:
    """The RFC's own verifier has the RFC's own challenge."""
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_a_challenge_is_43_characters_that_stand_for_the_hash(verifier: str) -> None:
    """Base64url without padding, which decodes to SHA-256 of the verifier."""
    made = challenge(Secret(verifier))
    assert (len(made), "=" in made) == (43, False)
    assert base64.urlsafe_b64decode(made + "=") == hashlib.sha256(verifier.encode()).digest()


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", "a" * 43 + "\n"])
def test_what_is_no_verifier_is_refused(text: str) -> None:
    """Section 4.1: 43 to 128 unreserved characters; the error does not say which it was."""
    with pytest.raises(ValueError, match="43 to 128") as caught:
        challenge(Secret(text))
    assert text == "" or text not in str(caught.value)
