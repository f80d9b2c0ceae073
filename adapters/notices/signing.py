"""Signatures by the Standard Webhooks specification, asymmetric: ``v1a``, Ed25519.

Receivers check with a public key, so that nobody has a secret that could be in the log or with somebody else.
"""

from base64 import b64encode
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLIC_PREFIX = "whpk_"
"""How the specification marks public keys."""


class Signer:
    """Signs notices with the exchange's own key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = PUBLIC_PREFIX + b64encode(key.public_key().public_bytes_raw()).decode()

    def headers(self, notice_id: str, at_s: int, body: bytes) -> Mapping[str, str]:
        """Return the headers that say which notice it is, when it is sent, and that it is ours."""
        signed = self._key.sign(f"{notice_id}.{at_s}.".encode() + body)
        return {
            "webhook-id": notice_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": f"v1a,{b64encode(signed).decode()}",
        }
