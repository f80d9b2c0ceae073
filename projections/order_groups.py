"""Order groups and how much of their limit has filled."""

from dataclasses import dataclass
from typing import Any, ClassVar

from application.events import Recorded
from domain.ledger import events as e
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class OrderGroupRow:
    """An order group that was not deleted; ``quantity_limit`` is in hundredths of a contract."""

    order_group_id: str
    account_id: str
    quantity_limit: int
    filled: int
    triggered: bool
    created_at_us: int
    updated_at_us: int


ORDER_GROUPS = Table("order_groups", OrderGroupRow, key=("order_group_id",))


class OrderGroupsProjection(Projection):
    """Follows each group until it is deleted."""

    name: ClassVar[str] = "order_groups"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._groups = Rows(ORDER_GROUPS)
        super().__init__(
            parts=(self._groups,),
            handlers={
                e.OrderGroupCreated: self._created,
                e.OrderGroupLimitChanged: self._changed,
                e.OrderGroupTriggered: self._triggered,
                e.OrderGroupReset: self._reset,
                e.OrderGroupDeleted: lambda r: self._groups.drop(r.event.order_group_id),
                e.FillBooked: self._filled,
            },
            wants={
                e.OrderGroupLimitChanged: self._want,
                e.OrderGroupTriggered: self._want,
                e.OrderGroupReset: self._want,
                e.FillBooked: self._want,
            },
        )

    def _want(self, recorded: Recorded[Any]) -> None:
        if recorded.event.order_group_id is not None:
            self._groups.want(recorded.event.order_group_id)

    def _created(self, recorded: Recorded[e.OrderGroupCreated]) -> None:
        event, at_us = recorded.event, recorded.cause.at_us
        self._groups.put(
            OrderGroupRow(
                order_group_id=event.order_group_id,
                account_id=event.account_id,
                quantity_limit=event.limit,
                filled=0,
                triggered=False,
                created_at_us=at_us,
                updated_at_us=at_us,
            )
        )

    def _row(self, recorded: Recorded[Any]) -> OrderGroupRow:
        row = self._groups.get(recorded.event.order_group_id)
        assert row is not None, f"order group {recorded.event.order_group_id} was never created"
        row.updated_at_us = recorded.cause.at_us
        self._groups.put(row)
        return row

    def _changed(self, recorded: Recorded[e.OrderGroupLimitChanged]) -> None:
        self._row(recorded).quantity_limit = recorded.event.limit

    def _triggered(self, recorded: Recorded[e.OrderGroupTriggered]) -> None:
        self._row(recorded).triggered = True

    def _reset(self, recorded: Recorded[e.OrderGroupReset]) -> None:
        row = self._row(recorded)
        row.triggered = False
        row.filled = 0

    def _filled(self, recorded: Recorded[e.FillBooked]) -> None:
        group_id = recorded.event.order_group_id
        # An order may fill once more after its group was deleted: nobody counts that.
        if group_id is not None and self._groups.get(group_id) is not None:
            self._row(recorded).filled += recorded.event.quantity
