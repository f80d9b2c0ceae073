"""Keys for tests, made once, and requests signed with them."""

import time
from base64 import b64encode
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapters.http.callers.signing import generate_key_pair

PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


@cache
def key_pair(which: int = 0) -> tuple[str, str]:
    """Return a private key and its public key in PEM, the same for the same number."""
    assert which >= 0
    return generate_key_pair()


@cache
def _private_key(pem: str) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def sign(private_pem: str, message: bytes) -> str:
    """Return a signature in base64."""
    return b64encode(_private_key(private_pem).sign(message, PSS, hashes.SHA256())).decode()


def signed_headers(
    key_id: str,
    private_pem: str,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    strict: bool = False,
    at_ms: int | None = None,
) -> dict[str, str]:
    """Return the headers that sign a request for ``target``, path and query."""
    timestamp = str(time.time_ns() // 1_000_000 if at_ms is None else at_ms)
    path, _, query = target.partition("?")
    message = f"{timestamp}{method}{path}"
    if strict:
        message += f"?{query}#{sha256(body).hexdigest()}"
    return {
        "KALSHI-ACCESS-KEY": key_id,
        "KALSHI-ACCESS-TIMESTAMP": timestamp,
        "KALSHI-ACCESS-SIGNATURE": sign(private_pem, message.encode()),
    }
