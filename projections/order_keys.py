"""Every order id that was ever used, so that a client's key is good for ever."""

from dataclasses import dataclass
from typing import ClassVar

from application.events import Recorded
from domain.ledger.events import ClientIdFreed, ClientIdTaken, FundsReserved, ReservationReleased
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class OrderKeyRow:
    """An order id, and what was asked for under it; ``names`` is the order, most often of that very id.

    A further client id of an order has a row too, of the order id that would have been made from it.
    """

    order_id: str
    ticker: str
    request_digest: str
    position: int
    names: str


ORDER_KEYS = Table("order_keys", OrderKeyRow, key=("order_id",))


class OrderKeysProjection(Projection):
    """Notes each order id when its money is set aside, and forgets it when its placing is given up."""

    name: ClassVar[str] = "order_keys"
    version: ClassVar[int] = 2
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._keys = Rows(ORDER_KEYS, kept=2_000)
        super().__init__(
            parts=(self._keys,),
            handlers={
                FundsReserved: self._reserved,
                ReservationReleased: self._released,
                ClientIdTaken: self._taken,
                ClientIdFreed: self._freed,
            },
            wants={},
        )

    def _reserved(self, recorded: Recorded[FundsReserved]) -> None:
        event = recorded.event
        self._note(event.order_id, event, recorded.position)

    def _taken(self, recorded: Recorded[ClientIdTaken]) -> None:
        self._note(recorded.event.key, recorded.event, recorded.position)

    def _note(self, key: str, event: FundsReserved | ClientIdTaken, position: int) -> None:
        self._keys.put(OrderKeyRow(key, event.ticker, event.request_digest, position, event.order_id))

    def _freed(self, recorded: Recorded[ClientIdFreed]) -> None:
        self._keys.drop(recorded.event.key)

    def _released(self, recorded: Recorded[ReservationReleased]) -> None:
        if recorded.event.market_revision is None:
            self._keys.drop(recorded.event.order_id)
