"""Signatures of requests: RSA-PSS with SHA-256, the salt as long as the digest.

What is signed is ``timestamp + METHOD + path``, the path as it was sent, without its query. A strict key
signs ``timestamp + METHOD + path + "?" + query + "#" + sha256(body)``: the query as it was sent, empty if
there is none, and the digest of the body in lower-case hexadecimal digits.
"""

from base64 import b64decode
from binascii import Error as BadBase64
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS = 2048
_BITS_ALLOWED = range(2048, 4097)
_EXPONENT = 65537
_PADDING = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_HASH = hashes.SHA256()


def signed_message(timestamp: str, method: str, path: bytes) -> bytes:
    """Return the bytes that a signature covers."""
    return timestamp.encode() + method.encode() + path


def strict_message(timestamp: str, method: str, path: bytes, query: bytes, body: bytes) -> bytes:
    """Return the bytes that the signature of a strict key covers."""
    digest = sha256(body).hexdigest().encode()
    return signed_message(timestamp, method, path) + b"?" + query + b"#" + digest


def verifies(key: rsa.RSAPublicKey, signature: str, message: bytes) -> bool:
    """Return whether a signature in base64 is the key's for this message."""
    try:
        key.verify(b64decode(signature, validate=True), message, _PADDING, _HASH)
    except (InvalidSignature, BadBase64, ValueError):
        return False
    return True


def read_public_key(pem: str) -> rsa.RSAPublicKey:
    """Return an RSA key of 2048 to 4096 bits. Raises ``ValueError`` for anything else."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a public key in PEM") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("must be an RSA key")  # noqa: TRY004 (a value that was sent, not a type in code)
    if key.key_size not in _BITS_ALLOWED or key.public_numbers().e != _EXPONENT:
        raise ValueError("must have 2048 to 4096 bits and the exponent 65537")
    return key


def generate_key_pair() -> tuple[str, str]:
    """Return a new private key and its public key, both in PEM. Takes about a tenth of a second."""
    private = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=KEY_BITS)
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private_pem.decode(), public_pem.decode()
