"""The public keys of those who call, parsed once and looked up again within half a second."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters.http.signing import read_public_key
from projections.queries import KeyQueries
from projections.views import KeyView

_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    view: KeyView
    public_key: RSAPublicKey
    trusted_until_s: float


class KeyRing:
    """Finds keys in force by id. ``monotonic_s`` tells seconds, from any beginning."""

    def __init__(self, keys: KeyQueries, *, cache_s: float, monotonic_s: Callable[[], float]) -> None:
        self._keys = keys
        self._cache_s = cache_s
        self._monotonic_s = monotonic_s
        self._known: dict[str, _Known] = {}

    async def find(self, key_id: str) -> tuple[KeyView, RSAPublicKey] | None:
        """Return a key that is in force, ``None`` if there is none of that id."""
        known = self._known.get(key_id)
        if known is None or known.trusted_until_s <= self._monotonic_s():
            known = await self._look_up(key_id, known)
        return (known.view, known.public_key) if known else None

    async def _look_up(self, key_id: str, known: _Known | None) -> _Known | None:
        view = await self._keys.key(key_id)
        if view is None or view.revoked_at_us is not None:
            self._known.pop(key_id, None)
            return None
        same = known is not None and known.view.public_key_pem == view.public_key_pem
        public_key = known.public_key if known and same else read_public_key(view.public_key_pem)
        found = _Known(view, public_key, self._monotonic_s() + self._cache_s)
        self._known[key_id] = found
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return found
