"""Signing requests as the public interface asks for it."""

import time
from base64 import b64encode
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_PADDING = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_HASH = hashes.SHA256()


class Signer:
    """Signs for one key, query and body too where it is ``strict``.

    Raises ``ValueError`` for a private key that is not RSA in PEM.
    """

    def __init__(self, key_id: str, private_pem: bytes, *, strict: bool = False) -> None:
        self.key_id = key_id
        self._strict = strict
        key = serialization.load_pem_private_key(private_pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("the private key is not an RSA key")  # noqa: TRY004 (a file's content)
        self._key = key

    def headers(self, method: str, path: str, query: str = "", body: bytes = b"") -> dict[str, str]:
        """Return the headers that go with a request; ``path`` is without its query."""
        timestamp = str(time.time_ns() // 1_000_000)
        said = f"{timestamp}{method}{path}"
        if self._strict:
            said += f"?{query}#{sha256(body).hexdigest()}"
        signature = self._key.sign(said.encode(), _PADDING, _HASH)
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": b64encode(signature).decode(),
        }
