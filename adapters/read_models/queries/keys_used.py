"""Which ids of orders and references of transfers were ever used."""

from adapters.read_models.queries.reader import Reader
from application.ports.event_store import START, Position
from domain.identifiers import OrderId, Ticker
from domain.ledger.state import KnownOrder
from projections.order_keys import OrderKeysProjection
from projections.transfer_keys import TransferKeysProjection

# What an order id, or a client id of an amended order, was used for: the primary key.
ORDER_KEY = "SELECT request_digest, ticker, names FROM order_keys WHERE order_id = :key"

# What a reference moved: the primary key.
TRANSFER_KEY = "SELECT amount FROM transfer_keys WHERE reference_key = :key"

# How far a projection has come.
POSITION = "SELECT position FROM checkpoints WHERE name = :name"


class OrderKeyAnswers:
    """The index of order ids."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def find(self, key: str) -> KnownOrder | None:
        """Return what an order id was used for."""
        rows = await self._reader.fetch(ORDER_KEY, {"key": key})
        return KnownOrder(rows[0][0], Ticker(rows[0][1]), OrderId(rows[0][2])) if rows else None

    async def position(self) -> Position:
        """Return the position in the log up to which every order id is known."""
        return await _position(self._reader, OrderKeysProjection.name)


class TransferKeyAnswers:
    """The index of the references of transfers."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def find(self, key: str) -> int | None:
        """Return what a reference moved, below zero for money that went out."""
        rows = await self._reader.fetch(TRANSFER_KEY, {"key": key})
        return int(rows[0][0]) if rows else None

    async def position(self) -> Position:
        """Return the position in the log up to which every reference is known."""
        return await _position(self._reader, TransferKeysProjection.name)


async def _position(reader: Reader, name: str) -> Position:
    rows = await reader.fetch(POSITION, {"name": name})
    return Position(rows[0][0]) if rows else START
