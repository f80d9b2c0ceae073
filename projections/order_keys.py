"""Every order id that was ever used, so that a client's key is good for ever."""

from dataclasses import dataclass
from typing import Any, ClassVar

from application.events import Recorded
from domain.ledger.events import (
    FundsReserved,
    ReservationAmended,
    ReservationIncreased,
    ReservationReleased,
)
from projections.projection import Projection
from projections.rows import Rows
from projections.table import Table


@dataclass(slots=True)
class OrderKeyRow:
    """An order id, what was asked for under it, and what amendments under way hold for it."""

    order_id: str
    ticker: str
    request_digest: str
    position: int
    extra: int


ORDER_KEYS = Table("order_keys", OrderKeyRow, key=("order_id",))


class OrderKeysProjection(Projection):
    """Notes each order id when its money is set aside, and forgets it when its placing is given up."""

    name: ClassVar[str] = "order_keys"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._keys = Rows(ORDER_KEYS, kept=2_000)
        super().__init__(
            parts=(self._keys,),
            handlers={
                FundsReserved: self._reserved,
                ReservationIncreased: self._increased,
                ReservationAmended: self._amended,
                ReservationReleased: self._released,
            },
            wants={
                FundsReserved: lambda r: self._keys.expect_new(r.event.order_id),
                ReservationIncreased: self._want,
                ReservationAmended: self._want,
                ReservationReleased: self._want_given_up,
            },
        )

    def _want(self, recorded: Recorded[Any]) -> None:
        self._keys.want(recorded.event.order_id)

    def _want_given_up(self, recorded: Recorded[ReservationReleased]) -> None:
        if recorded.event.market_revision is None:
            self._keys.want(recorded.event.order_id)

    def _reserved(self, recorded: Recorded[FundsReserved]) -> None:
        event = recorded.event
        self._keys.put(
            OrderKeyRow(event.order_id, event.ticker, event.request_digest, recorded.position, extra=0)
        )

    def _increased(self, recorded: Recorded[ReservationIncreased]) -> None:
        self._hold(recorded.event.order_id, recorded.event.amount)

    def _amended(self, recorded: Recorded[ReservationAmended]) -> None:
        self._hold(recorded.event.order_id, -recorded.event.extra)

    def _released(self, recorded: Recorded[ReservationReleased]) -> None:
        event = recorded.event
        if event.market_revision is not None:
            return
        row = self._keys.get(event.order_id)
        if row is not None and row.extra:
            # It was an amendment that the market did not take; the order itself lives on.
            self._hold(event.order_id, -event.amount)
        else:
            self._keys.drop(event.order_id)

    def _hold(self, order_id: str, amount: int) -> None:
        row = self._keys.get(order_id)
        if row is not None and amount:
            row.extra += amount
            self._keys.put(row)
