"""How much of an order group's limit has filled, and what its deletion leaves."""

from typing import Any

from msgspec.structs import replace

from domain.ledger.events import FillBooked
from domain.quantities import Quantity
from projections.order_groups import OrderGroupRow, OrderGroupsProjection
from tests.unit.event_schemas.other_examples import LEDGER, ORDER_GROUP
from tests.unit.projections.events import Log


class World:
    def __init__(self) -> None:
        self.log, self.projection = Log(), OrderGroupsProjection()

    def add(self, name: str, *, at_us: int = 0) -> None:
        self.take(LEDGER[name], at_us=at_us)

    def fill(self, group: str | None, quantity: int, *, at_us: int = 0) -> None:
        booked: Any = LEDGER["FillBooked"]
        self.take(replace(booked, order_group_id=group, quantity=Quantity(quantity)), at_us=at_us)

    def take(self, event: Any, *, at_us: int) -> None:
        recorded = self.log.add("ledger-0", event, at_us=at_us)
        want = self.projection.wants.get(type(event))
        if want is not None:
            want(recorded)
        self.projection.handlers[type(event)](recorded)

    @property
    def row(self) -> OrderGroupRow:
        [row] = self.projection._groups.at_hand()
        return row


def test_fills_add_up_until_the_group_is_reset_and_each_change_says_when() -> None:
    world = World()
    world.add("OrderGroupCreated", at_us=1)
    world.fill(ORDER_GROUP, 3_000, at_us=2)
    world.fill(None, 500, at_us=3)
    world.fill(ORDER_GROUP, 2_000, at_us=4)
    assert (world.row.filled, world.row.quantity_limit, world.row.updated_at_us) == (5_000, 5_000, 4)
    world.add("OrderGroupTriggered", at_us=5)
    assert (world.row.triggered, world.row.filled) == (True, 5_000)
    world.add("OrderGroupReset", at_us=6)
    assert (world.row.triggered, world.row.filled) == (False, 0)
    world.add("OrderGroupLimitChanged", at_us=7)
    assert (world.row.quantity_limit, world.row.created_at_us, world.row.updated_at_us) == (7_500, 1, 7)


def test_an_order_that_fills_after_its_group_was_deleted_brings_nothing_back() -> None:
    world = World()
    world.add("OrderGroupCreated")
    world.add("OrderGroupDeleted")
    world.fill(ORDER_GROUP, 100)
    assert world.projection._groups.at_hand() == []
    assert FillBooked in world.projection.wants
