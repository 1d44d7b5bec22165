"""Our side of DPoP: keys that the SDKs read, and proofs that a strict server takes, a thousand of each."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pytest
from botocore.compat import EC
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sso_login.core.model import Secret
from sso_login.emulator.core import dpop as strict
from sso_login.oauth import dpop
from tests.emulator.core.test_dpop import PUBLISHED

URL: Final = "https://us-east-1.signin.aws.amazon.com/v1/token"
NOW: Final = 1_800_000_000.75


def decoded(part: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def opened(proof: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Take a proof apart: header, payload, signature."""
    header, payload, signature = proof.split(".")
    return json.loads(decoded(header)), json.loads(decoded(payload)), decoded(signature)


def proven(key: Secret, jti: str = "a-jti") -> str:
    """Make a proof."""
    return dpop.proof(key, url=URL, now=NOW, jti=jti)


def pem(private: Any, *, pkcs8: bool = False, password: bytes = b"") -> Secret:  # noqa: ANN401 - any private key
    """Write a key as PEM."""
    form = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return Secret(private.private_bytes(serialization.Encoding.PEM, form, closed).decode())


@pytest.mark.skipif(EC is None, reason="botocore's [crt], which reads the keys as an SDK does, is not installed")
def test_a_thousand_keys() -> None:
    """Coordinates of 32 bytes and signatures of 64, taken by the emulator and by cryptography; SDKs read each key."""
    for number in range(1000):
        key = dpop.new_key()
        proof = proven(key, str(number))
        header, _, signature = opened(proof)
        x, y = decoded(header["jwk"]["x"]), decoded(header["jwk"]["y"])
        assert (len(x), len(y), len(signature)) == (32, 32, 64)
        assert strict.verify(proof, url=URL, now=NOW).jti == str(number)
        public = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        public.verify(der, proof.rpartition(".")[0].encode(), ec.ECDSA(hashes.SHA256()))
        lines = key.reveal().splitlines()
        assert (lines[0], lines[-1]) == ("-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----")
        theirs = EC.new_key_from_der_data(base64.b64decode("".join(lines[1:-1]))).get_public_coords()
        assert theirs in {(x, y), (x.lstrip(b"\0"), y.lstrip(b"\0"))}


@pytest.mark.parametrize("name", ["x", "y"])
def test_leading_zeros_of_a_coordinate_stay(name: str) -> None:
    """The first key whose coordinate is short of a byte still writes 32 (RFC 7518 section 6.2.1.2)."""
    keys = (ec.derive_private_key(number, ec.SECP256R1()) for number in count(1))
    short = next(key for key in keys if getattr(key.public_key().public_numbers(), name) < 1 << 248)
    proof = proven(pem(short))
    coordinate = decoded(opened(proof)[0]["jwk"][name])
    assert (coordinate[0], len(coordinate)) == (0, 32)
    assert strict.verify(proof, url=URL, now=NOW).jti == "a-jti"


@pytest.mark.parametrize("at", [0, 32], ids=["r", "s"])
def test_leading_zeros_of_a_signature_stay(at: int) -> None:
    """A half of the signature that is short of a byte still has 32 (RFC 7518 section 3.4)."""
    key = dpop.new_key()
    proofs = (proven(key, str(number)) for number in count())
    short = next(proof for proof in proofs if opened(proof)[2][at] == 0)
    assert len(opened(short)[2]) == 64
    assert strict.verify(short, url=URL, now=NOW).jti.isdigit()


def test_what_a_proof_says() -> None:
    """The members of RFC 9449's own example and no others; iat in whole seconds, the URL and jti as given."""
    key = dpop.new_key()
    header, payload, _ = opened(proven(key))
    theirs = opened(PUBLISHED)
    assert (header.keys(), header["jwk"].keys(), payload.keys()) == (
        theirs[0].keys(),
        theirs[0]["jwk"].keys(),
        theirs[1].keys(),
    )
    assert (header["typ"], header["alg"], header["jwk"]["crv"]) == ("dpop+jwt", "ES256", "P-256")
    assert payload == {"htm": "POST", "htu": URL, "iat": 1_800_000_000, "jti": "a-jti"}


def test_one_key_is_one_thumbprint() -> None:
    """Every proof of a key binds to the same thumbprint, and no two keys share one."""
    keys = [dpop.new_key() for _ in range(20)]
    found = [{strict.verify(proven(key, str(n)), url=URL, now=NOW).thumbprint for n in range(2)} for key in keys]
    assert {len(each) for each in found} == {1}
    assert len(set().union(*found)) == 20


def test_the_form_of_the_key_does_not_matter() -> None:
    """What an SDK wrote as PKCS8, or with other line breaks, proves the same."""
    private = ec.generate_private_key(ec.SECP256R1())
    forms = [pem(private), pem(private, pkcs8=True), Secret(pem(private).reveal().strip().replace("\n", "\r\n"))]
    assert len({strict.verify(proven(form), url=URL, now=NOW).thumbprint for form in forms}) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Secret(""),
        lambda: Secret("hunter2-hunter2"),
        lambda: Secret("-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n"),
        lambda: Secret(dpop.new_key().reveal().replace("A", "B")),
        lambda: Secret(dpop.new_key().reveal()[:100]),
        lambda: Secret("h\u00fcnter2\udc80"),
        lambda: pem(ec.generate_private_key(ec.SECP384R1())),
        lambda: pem(ed25519.Ed25519PrivateKey.generate(), pkcs8=True),
        lambda: pem(rsa.generate_private_key(65537, 2048)),
        lambda: pem(ec.generate_private_key(ec.SECP256R1()), pkcs8=True, password=b"pw"),
    ],
    ids=["empty", "text", "no base64", "damaged", "half", "odd", "P-384", "Ed25519", "RSA", "encrypted"],
)
def test_what_is_no_such_key_is_refused_without_a_word_of_it(make: Callable[[], Secret]) -> None:
    """ValueError, whose whole traceback quotes nothing of what was read."""
    key = make()
    with pytest.raises(ValueError, match=r"the DPoP key (cannot be read|is not one on P-256)") as caught:
        proven(key)
    text = "".join(traceback.format_exception(caught.value))
    assert not [line for line in key.reveal().split() if len(line) > 6 and "-----" not in line and line in text]


def test_a_new_key_is_a_new_key() -> None:
    """No key comes twice, and none draws itself."""
    keys = [dpop.new_key() for _ in range(20)]
    assert len(set(keys)) == 20
    assert repr(keys[0]) == "Secret(***)"
