"""API keys, those revoked included."""

from dataclasses import dataclass
from typing import Any, ClassVar

from application.events import Recorded
from domain.identity.aggregate import KeyCreated, KeyRevoked
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class KeyRow:
    """A key; ``scopes`` are parted by blanks."""

    key_id: str
    account_id: str
    name: str
    public_key_pem: str
    scopes: str
    strict: bool
    created_at_us: int
    revoked_at_us: int | None


API_KEYS = Table("api_keys", KeyRow, key=("key_id",))


class ApiKeysProjection(Projection):
    """Keeps every key and when it was withdrawn."""

    name: ClassVar[str] = "api_keys"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._keys = Rows(API_KEYS)
        super().__init__(
            parts=(self._keys,),
            handlers={KeyCreated: self._created, KeyRevoked: self._revoked},
            wants={KeyRevoked: self._want},
        )

    def _want(self, recorded: Recorded[Any]) -> None:
        self._keys.want(recorded.event.key_id)

    def _created(self, recorded: Recorded[KeyCreated]) -> None:
        event = recorded.event
        self._keys.put(
            KeyRow(
                key_id=event.key_id,
                account_id=event.account_id,
                name=event.name,
                public_key_pem=event.public_key_pem,
                scopes=" ".join(event.scopes),
                strict=event.strict,
                created_at_us=recorded.cause.at_us,
                revoked_at_us=None,
            )
        )

    def _revoked(self, recorded: Recorded[KeyRevoked]) -> None:
        row = self._keys.get(recorded.event.key_id)
        assert row is not None, f"key {recorded.event.key_id} was never created"
        row.revoked_at_us = recorded.cause.at_us
        self._keys.put(row)
