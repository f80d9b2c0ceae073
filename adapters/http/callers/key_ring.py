"""The public keys of those who call, each parsed once."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters.http.callers.signing import read_public_key
from domain.identity.aggregate import KeyCreated

_KEPT = 10_000


class KeysInForce(Protocol):
    """Says which keys may act."""

    async def find(self, key_id: str) -> KeyCreated | None:
        """Return a key that is in force, ``None`` if there is none of that id."""
        ...


class KeyRing:
    """Finds keys in force by id."""

    def __init__(self, keys: KeysInForce) -> None:
        self._keys = keys
        self._parsed: dict[str, RSAPublicKey] = {}

    async def find(self, key_id: str) -> tuple[KeyCreated, RSAPublicKey] | None:
        """Return a key that is in force, ``None`` if there is none of that id."""
        key = await self._keys.find(key_id)
        if key is None:
            self._parsed.pop(key_id, None)
            return None
        return key, self._parsed.get(key_id) or self._parse(key)

    def _parse(self, key: KeyCreated) -> RSAPublicKey:
        parsed = self._parsed[key.key_id] = read_public_key(key.public_key_pem)
        if len(self._parsed) > _KEPT:
            del self._parsed[next(iter(self._parsed))]
        return parsed
