"""An order's row: sizes that add up whatever happens to it, and what it was called before."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.read_models.opening import ReadStore, open_store
from domain.identifiers import AccountId, OrderId
from domain.market.events import OrderAmended, OrderCanceled, OrderDecreased, OrderRenamed
from domain.market.vocabulary import EndReason, Side
from domain.quantities import Money, Quantity, Ticks
from projections import orders
from projections.orders import OrderRow, OrdersProjection
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from tests.unit.projections.events import Log, leg, placed, trade

ANN, MINE = AccountId("ann"), OrderId("mine")
ENDS = {
    EndReason.REQUESTED: "canceled",
    EndReason.MARKET_PAUSED: "canceled",
    EndReason.MARKET_VOIDED: "voided",
    EndReason.CALLED_OFF: "voided",
}


def resting() -> OrderRow:
    """An order of 300 for yes at 40 cents."""
    return orders.placed(Log().add("market-M", placed("ann", Side.YES, 4_000, 300, order=MINE), at_us=5))


def sizes(row: OrderRow) -> dict[str, int]:
    found = {
        name: getattr(row, name)
        for name in ("initial", "filled", "remaining", "canceled", "lapsed", "voided")
    }
    assert sum(found.values()) == 2 * row.initial, "all that becomes of an order adds up"
    return {name: size for name, size in found.items() if size}


@pytest.mark.parametrize("reason", EndReason)
def test_what_is_taken_off_counts_as_what_its_reason_says(reason: EndReason) -> None:
    row = resting()
    row.reserved = 77
    orders.cancel(row, OrderCanceled(order_id=MINE, account_id=ANN, quantity=Quantity(300), reason=reason))
    assert sizes(row) == {"initial": 300, ENDS.get(reason, "lapsed"): 300}
    assert (row.status, row.end_reason, row.reserved) == ("canceled", reason.value, 0)


def test_an_order_that_got_smaller_has_less_left_and_set_aside() -> None:
    row = resting()
    orders.decrease(
        row, OrderDecreased(order_id=MINE, account_id=ANN, quantity=Quantity(100), reserved=Money(9))
    )
    assert sizes(row) == {"initial": 300, "remaining": 200, "canceled": 100}
    assert (row.status, row.reserved) == ("resting", 9)


@pytest.mark.parametrize(
    ("remaining", "left"),
    [
        (250, {"initial": 300, "remaining": 250, "canceled": 50}),
        (300, {"initial": 300, "remaining": 300}),
        (301, {"initial": 301, "remaining": 301}),
        (420, {"initial": 420, "remaining": 420}),
    ],
)
def test_an_amendment_adds_to_an_order_or_takes_off_it(remaining: int, left: dict[str, int]) -> None:
    row = resting()
    orders.amend(row, amended(remaining=remaining))
    assert sizes(row) == left
    assert (row.price_ticks, row.reserved) == (4_100, 8)


def amended(*, remaining: int = 300, name: str = "") -> OrderAmended:
    return OrderAmended(
        order_id=MINE,
        account_id=ANN,
        client_order_id=name,
        price_ticks=Ticks(4_100),
        remaining=Quantity(remaining),
        rests=Quantity(remaining),
        reserved=Money(8),
        extra=Money(0),
        amendment_id="a",
    )


def renamed(name: str) -> OrderRenamed:
    return OrderRenamed(order_id=MINE, account_id=ANN, client_order_id=name, amendment_id="b")


def test_a_fill_is_paid_as_maker_or_as_taker_at_the_price_of_its_side() -> None:
    ours, theirs = leg("ann", Side.YES, order=MINE, fee=3), leg("bob", Side.NO, fee=5)
    making, taking = resting(), resting()
    event = trade(ours, theirs, 3_900, 100)
    orders.fill(making, event, ours)
    orders.fill(taking, trade(theirs, ours, 3_900, 100), ours)
    assert (making.maker_fill_cost, making.maker_fees, making.taker_fill_cost) == (390_000, 3, 0)
    assert (taking.taker_fill_cost, taking.taker_fees, taking.maker_fill_cost) == (390_000, 3, 0)
    assert sizes(making) == sizes(taking) == {"initial": 300, "remaining": 200, "filled": 100}
    orders.fill(making, event, theirs)
    assert (making.taker_fill_cost, making.taker_fees) == (610_000, 5)
    assert making.status == "resting"
    orders.fill(making, event, theirs)
    assert (sizes(making), making.status) == ({"initial": 300, "filled": 300}, "executed")


class Orders(Log):
    store: ReadStore
    runner: ProjectionRunner

    async def take(self) -> None:
        await self.runner.take(Batch(self.events, self.events[-1].position, caught_up=True))
        assert (self.runner.stats.halted, self.runner.stats.parked) == ({}, {})

    async def read(self, query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await self.store.fetch(query, {})]


class Fixed:
    def now_us(self) -> int:
        return 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Orders]:
    world = Orders()
    async with open_store(tmp_path / "read.db", Fixed()) as (store, _):
        world.store = store
        world.runner = ProjectionRunner(
            store=store,
            source=None,  # type: ignore[arg-type]
            codec=None,  # type: ignore[arg-type]
            projections=[OrdersProjection()],
            progress=Progress(),
        )
        yield world


async def test_what_an_order_was_called_before_is_kept_with_when_it_got_another_name(world: Orders) -> None:
    world.add("market-M", placed("ann", Side.YES, 4_000, 300, order=MINE), at_us=1)
    for event in (renamed("second"), amended(name="second"), amended(name="third"), renamed("third")):
        world.add("market-M", event, at_us=9)
    await world.take()
    assert await world.read("SELECT order_id, position, client_order_id FROM order_renames ORDER BY 2") == [
        (MINE, 2, ""),
        (MINE, 4, "second"),
    ]
    assert await world.read(
        "SELECT client_order_id, price_ticks, created_at_us, updated_at_us, revision, position, "
        "placed_position FROM orders"
    ) == [("third", 4_100, 1, 9, 4, 5, 1)]
