"""Only RSA keys that are worth their name are registered."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.http.callers.signing import read_public_key
from tests.unit.http.keys import key_pair


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def test_a_key_of_2048_bits_is_read() -> None:
    assert read_public_key(key_pair()[1]).key_size == 2048


def test_other_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="RSA"):
        read_public_key(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ValueError, match="2048"):
        read_public_key(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))
    with pytest.raises(ValueError, match="exponent"):
        read_public_key(pem(rsa.generate_private_key(public_exponent=3, key_size=2048)))


@pytest.mark.parametrize("text", ["", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PEM"):
        read_public_key(text)


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(ValueError, match="PEM"):
        read_public_key(key_pair()[0])
