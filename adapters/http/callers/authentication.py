"""Who is calling: the three headers of a signed request, checked one after the other."""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.key_ring import KeyRing
from adapters.http.callers.signing import signed_message, strict_message, verifies
from adapters.http.settings import HttpSettings
from application.ports.clock import Clock
from application.ports.used_signatures import UsedSignatures
from domain.identifiers import AccountId
from domain.identity.aggregate import KeyCreated, Scope

KEY_HEADER = b"kalshi-access-key"
TIMESTAMP_HEADER = b"kalshi-access-timestamp"
SIGNATURE_HEADER = b"kalshi-access-signature"

_MILLISECONDS = re.compile(rb"\d{1,16}", re.ASCII)
_US_PER_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever signed a request or came with a session, and until when what they ask may take effect.

    Both times are the exchange's, which goes on from its log where this machine's clock has been set back.
    """

    account_id: AccountId
    key_id: str
    scopes: frozenset[Scope]
    signed_at_us: int
    deadline_us: int
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request that says whose it is, with the key to check it by."""

    key: KeyCreated
    public_key: RSAPublicKey
    timestamp: str
    signature: str


class Authenticator:
    """Checks signed requests. A claim is made from the headers alone, then verified."""

    def __init__(
        self,
        ring: KeyRing,
        used: UsedSignatures,
        clock: Clock,
        settings: HttpSettings,
        ahead_us: Callable[[], int] = lambda: 0,
    ) -> None:
        self._ring = ring
        self._used = used
        self._clock = clock
        self._settings = settings
        self._ahead_us = ahead_us

    async def claim(self, headers: Mapping[bytes, bytes]) -> Claim:
        """Return whose the request says it is. Raises :class:`Problem` without a key that is in force."""
        key_id = headers.get(KEY_HEADER)
        timestamp = headers.get(TIMESTAMP_HEADER)
        signature = headers.get(SIGNATURE_HEADER)
        if key_id is None or timestamp is None or signature is None:
            raise Problem(
                Code.NOT_AUTHENTICATED,
                "this needs the headers KALSHI-ACCESS-KEY, KALSHI-ACCESS-TIMESTAMP and "
                "KALSHI-ACCESS-SIGNATURE, or a session",
            )
        self._check_time(timestamp)
        found = await self._ring.find(key_id.decode("latin-1"))
        if found is None:
            raise Problem(Code.UNKNOWN_KEY, "there is no such key, or it was revoked")
        view, public_key = found
        return Claim(
            key=view,
            public_key=public_key,
            timestamp=timestamp.decode("ascii"),
            signature=signature.decode("latin-1"),
        )

    def verify(self, claim: Claim, method: str, path: bytes) -> Caller:
        """Return the caller of a request whose signature covers method and path."""
        return self._accept(claim, signed_message(claim.timestamp, method, path))

    def verify_strictly(self, claim: Claim, method: str, path: bytes, *, query: bytes, body: bytes) -> Caller:
        """Return the caller of a request whose signature covers query and body as well."""
        return self._accept(claim, strict_message(claim.timestamp, method, path, query, body))

    async def use_up(self, claim: Claim) -> None:
        """Let a signature be used once. Raises :class:`Problem` for one that was.

        It could otherwise be sent again by whoever saw it, for as long as its timestamp is accepted.
        """
        window_ms = self._settings.receive_window_ms + self._settings.ahead_window_ms
        # Its bytes: base64 has several ways to write them, and the account may have the same key twice.
        of_whom = f"{claim.key.account_id}\0".encode()
        digest = blake2b(of_whom + b64decode(claim.signature), digest_size=16).digest()
        match await self._used.first(digest, for_s=window_ms / 1_000):
            case False:
                raise Problem(Code.SIGNATURE_USED, "this signature was used before; sign the request again")
            case None:
                raise Problem(Code.OVERLOADED, "too many requests at once; nothing was done")

    def _check_time(self, timestamp: bytes) -> None:
        if not _MILLISECONDS.fullmatch(timestamp):
            raise Problem(Code.STALE_TIMESTAMP, "KALSHI-ACCESS-TIMESTAMP must be in milliseconds")
        age_ms = self._clock.now_us() // _US_PER_MS - int(timestamp)
        if not -self._settings.ahead_window_ms <= age_ms <= self._settings.receive_window_ms:
            raise Problem(
                Code.STALE_TIMESTAMP,
                f"the request was signed {age_ms} ms ago; at most {self._settings.receive_window_ms} ms, "
                f"and {self._settings.ahead_window_ms} ms ahead, are accepted",
            )

    def _accept(self, claim: Claim, message: bytes) -> Caller:
        if not verifies(claim.public_key, claim.signature, message):
            raise Problem(Code.INVALID_SIGNATURE, "the signature does not match the request")
        return self.caller_of(claim)

    def caller_of(self, claim: Claim) -> Caller:
        """Return the caller of a request whose signature was verified."""
        signed_at_us = int(claim.timestamp) * _US_PER_MS + self._ahead_us()
        return Caller(
            account_id=claim.key.account_id,
            key_id=claim.key.key_id,
            scopes=frozenset(claim.key.scopes),
            signed_at_us=signed_at_us,
            deadline_us=signed_at_us + self._settings.receive_window_ms * _US_PER_MS,
        )
