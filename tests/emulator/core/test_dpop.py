"""The emulator's check of DPoP proofs: RFC 9449's own, botocore's, and everything that is no good."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, Final

import pytest
from botocore.compat import EC
from botocore.credentials import _build_dpop_header
from cryptography.hazmat.primitives.asymmetric import ec

from sso_login.emulator.core.dpop import Unproven, thumbprint, verify
from tests.emulator.proofs import Key, packed, part, payload

URL: Final = "http://127.0.0.1:4711/v1/token"
NOW: Final = 1_800_000_000.25
KEY: Final = Key()

# RFC 9449 figure 1
PUBLISHED: Final = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy"
    "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijox"
    "NTYyMjYyNjE2fQ."
    "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
# RFC 7638 section 3.1
RSA: Final = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
}


def refused(proof: str) -> str:
    """Expect a proof to be refused, and give the reason."""
    with pytest.raises(Unproven) as caught:
        verify(proof, url=URL, now=NOW)
    return str(caught.value)


def with_header(**changed: Any) -> str:  # noqa: ANN401 - JSON
    """Make a proof whose header is changed."""
    return KEY.jwt({**KEY.header, **changed}, payload(URL, NOW))


def with_jwk(**changed: Any) -> str:  # noqa: ANN401 - JSON
    """Make a proof whose key is changed."""
    return with_header(jwk={**KEY.jwk, **changed})


def with_payload(**changed: object) -> str:
    """Make a proof whose payload is changed."""
    return KEY.jwt(KEY.header, payload(URL, NOW, **changed))


def test_published_proof_is_good() -> None:
    """RFC 9449's example is good at its time, and its key has the thumbprint of section 6.1."""
    proof = verify(PUBLISHED, url="https://server.example.com/token", now=1562262616)
    assert (proof.jti, proof.issued_at) == ("-BwC3ESc6acc2lTc", 1562262616)
    assert proof.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_published_thumbprint() -> None:
    """RFC 7638's example has the thumbprint that it says, in whatever order its members come."""
    assert thumbprint(RSA) == thumbprint(dict(reversed(RSA.items()))) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_botocore_proof_is_good() -> None:
    """A proof made by botocore's own code is good."""
    made = _build_dpop_header(EC.new_key_from_der_data(KEY.sec1), URL, ts=int(NOW))
    proof = verify(made, url=URL, now=NOW)
    assert (proof.issued_at, proof.thumbprint) == (int(NOW), thumbprint(KEY.jwk))


def test_proof_tells_the_key() -> None:
    """Proofs of one key have one thumbprint, those of two keys have two."""
    first, again = (verify(KEY.proof(URL, NOW), url=URL, now=NOW) for _ in range(2))
    assert first.thumbprint == again.thumbprint == thumbprint(KEY.jwk)
    assert first.jti != again.jti
    assert verify(Key().proof(URL, NOW), url=URL, now=NOW).thumbprint != first.thumbprint


@pytest.mark.parametrize("number", [1, 2, 7])
def test_small_private_keys_are_good(number: int) -> None:
    """Keys of every size do, as long as the coordinates have their 32 bytes."""
    key = Key(ec.derive_private_key(number, ec.SECP256R1()))
    assert verify(key.proof(URL, NOW), url=URL, now=NOW).thumbprint == thumbprint(key.jwk)


def test_coordinate_that_lost_its_zeros_is_refused() -> None:
    """31 bytes are no coordinate, though the number is the same; with its leading zero the same key is good."""
    keys = (Key(ec.derive_private_key(number, ec.SECP256R1())) for number in count(1))
    key = next(key for key in keys if key.private.public_key().public_numbers().x < 1 << 248)
    assert verify(key.proof(URL, NOW), url=URL, now=NOW).jti
    short = part(key.private.public_key().public_numbers().x.to_bytes(31))
    assert "x is not 32 bytes" in refused(key.jwt({**key.header, "jwk": key.jwk | {"x": short}}, payload(URL, NOW)))


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("typ", {"typ": "JWT"}),
        ("typ", {"typ": None}),
        ("typ", {"typ": "DPOP+JWT"}),
        ("alg", {"alg": "none"}),
        ("alg", {"alg": "HS256"}),
        ("alg", {"alg": "ES384"}),
        ("alg", {"alg": ["ES256"]}),
        ("crit", {"crit": ["exp"]}),
        ("jwk is missing", {"jwk": None}),
        ("jwk is missing", {"jwk": "key"}),
    ],
)
def test_wrong_header_is_refused(words: str, changed: dict[str, Any]) -> None:
    """Each member of the header must be what it should be, to the letter."""
    assert words in refused(with_header(**changed))


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("private key", {"d": part(b"1" * 32)}),
        ("private key", {"kty": "oct", "k": "AAAA"}),
        ("not an EC key", {"kty": "RSA"}),
        ("not an EC key", {"crv": "P-384"}),
        ("x is not 32 bytes", {"x": None}),
        ("x is not 32 bytes", {"x": 5}),
        ("y is not 32 bytes", {"y": part(b"1" * 33)}),
        ("y is not base64url", {"y": KEY.jwk["y"] + "="}),
        ("y is not base64url", {"y": "+" + KEY.jwk["y"][1:]}),
        ("not a point", {"y": part(b"\1" * 32)}),
        ("not a point", {"x": part(b"\xff" * 32)}),
        ("not that of jwk", Key().jwk),
    ],
)
def test_wrong_key_is_refused(words: str, changed: dict[str, Any]) -> None:
    """The key must be a public one on P-256, whole, and the one that signed."""
    assert words in refused(with_jwk(**changed))


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("htm", {"htm": "GET"}),
        ("htm", {"htm": "post"}),
        ("htm", {"htm": None}),
        ("htu", {"htu": None}),
        ("htu", {"htu": URL + "/"}),
        ("htu", {"htu": URL + "?a=b"}),
        ("htu", {"htu": URL.replace("4711", "4712")}),
        ("htu", {"htu": URL.replace("http:", "https:")}),
        ("jti", {"jti": None}),
        ("jti", {"jti": ""}),
        ("jti", {"jti": 5}),
        ("iat is missing", {"iat": None}),
        ("iat is missing", {"iat": str(int(NOW))}),
        ("iat is missing", {"iat": True}),
        ("away from", {"iat": NOW - 60.5}),
        ("away from", {"iat": NOW + 60.5}),
        ("away from", {"iat": NOW * 1000}),
        ("away from", {"iat": 10**400}),
        ("away from", {"iat": float("nan")}),
    ],
)
def test_wrong_payload_is_refused(words: str, changed: dict[str, object]) -> None:
    """Each claim must be there and fit the request and the time."""
    assert words in refused(with_payload(**changed))


@pytest.mark.parametrize("off", [-60.0, 60.0, 0.5])
def test_clock_may_be_off_by_a_minute(off: float) -> None:
    """Up to sixty seconds either way are forgiven, and fractions are read."""
    assert verify(with_payload(iat=NOW + off), url=URL, now=NOW).issued_at == NOW + off


def test_other_members_are_let_through() -> None:
    """What a standard adds (a nonce, a key's name) does not make a proof bad."""
    proof = KEY.jwt(KEY.header | {"jwk": KEY.jwk | {"kid": "k", "use": "sig"}}, payload(URL, NOW, nonce="n", exp=1))
    assert verify(proof, url=URL, now=NOW).thumbprint == thumbprint(KEY.jwk)


def test_signature_must_be_raw() -> None:
    """The DER form that libraries make, and anything else that is not 64 bytes, is refused, as are zeros."""
    signed = f"{packed(KEY.header)}.{packed(payload(URL, NOW))}"
    good = KEY.raw(signed)
    assert verify(f"{signed}.{part(good)}", url=URL, now=NOW).jti
    for wrong in (KEY.der(signed), good[:63], good + b"\0"):
        assert "r and s of 32 bytes" in refused(f"{signed}.{part(wrong)}")
    for wrong in (bytes(64), bytes([*good[:-1], good[-1] ^ 1]), good[32:] + good[:32]):
        assert "not that of jwk" in refused(f"{signed}.{part(wrong)}")


def test_signature_covers_both_parts() -> None:
    """A payload put in the place of another is noticed."""
    header, _, signature = KEY.proof(URL, NOW).split(".")
    assert "not that of jwk" in refused(f"{header}.{packed(payload(URL, NOW))}.{signature}")


@pytest.mark.parametrize(
    ("words", "proof"),
    [
        ("missing", ""),
        ("more than one", f"{KEY.proof(URL, NOW)}, {KEY.proof(URL, NOW)}"),
        ("three parts", "a.b"),
        ("three parts", KEY.proof(URL, NOW) + "."),
        ("header is not base64url", "a=.b.c"),
        ("header is not base64url", "AAAAA.b.c"),
        ("header is not base64url", "AB.b.c"),
        ("header is not base64url", "\u00e9.b.c"),
        ("header is not base64url", ".."),
        ("header is not JSON", f"{part(b'{')}.b.c"),
        ("header is not JSON", f"{part(b'[' * 40_000)}.b.c"),
        ("header is not JSON", part(b'{"typ": 1, "typ": 2}') + ".b.c"),
        ("header is not a JSON object", f"{part(b'[]')}.b.c"),
        ("payload is not JSON", f"{packed(KEY.header)}.{part(bytes([255]))}.c"),
        ("signature is not base64url", KEY.proof(URL, NOW) + "="),
    ],
    ids=lambda text: text[:16],
)
def test_what_is_no_jwt_is_refused(words: str, proof: str) -> None:
    """Whatever is not exactly one compact JWT is refused, without a crash."""
    assert words in refused(proof)


def test_reasons_hold_nothing_of_the_proof() -> None:
    """What a refusal says can be logged."""
    reason = refused(with_payload(htu="https://secret.example", jti="a-secret"))
    assert "secret" not in reason
    assert json.dumps(reason)
