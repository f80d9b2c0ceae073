"""What an account sees of itself in memory is what its rows say, whenever it began to listen."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from application.events import DomainEvent, Recorded
from application.streams import MARKET
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import events as e
from domain.market.vocabulary import Side
from domain.quantities import Money, Quantity
from projections.live.desk import Desk, Filled
from projections.orders import ORDERS, OrderRow
from projections.portfolio import POSITIONS, PositionRow
from projections.reading.queries import AccountStanding
from tests.unit.event_schemas.market_examples import ORDERS as EXAMPLES
from tests.unit.projections.events import Log, leg, placed, trade
from tests.unit.projections.test_rows_of_a_log import Read, events, reading

ANN, BOB = AccountId("ann"), AccountId("bob")


def concerned(event: Any, desks: dict[AccountId, Desk]) -> set[str]:
    """Return whose event of a market it is."""
    if isinstance(event, e.TradeExecuted):
        return {event.maker.account_id, event.taker.account_id}
    if isinstance(event, e.StopTriggered):  # which does not say whose it is
        return {account for account, desk in desks.items() if desk.knows(event.order_id)}
    return {getattr(event, "account_id", "")}


def plain(orders: dict[str, OrderRow]) -> dict[str, OrderRow]:
    """Return orders without when they were placed, which is only for sorting them in the database."""
    return {order_id: replace(row, placed_position=0) for order_id, row in orders.items()}


async def rows(read: Read, table: Any, where: str, account: AccountId) -> dict[str, Any]:
    columns = ", ".join(table.columns)
    query = f"SELECT {columns} FROM {table.name} WHERE account_id = :a AND {where} ORDER BY 1, 2"
    made = [table.row(*row) for row in await read.store.fetch(query, {"a": account})]
    return {table.key_of(row) if table is ORDERS else row.ticker: row for row in made}


@pytest.mark.parametrize("begins", [1, 60, 150, 260], ids=lambda begins: f"from event {begins} on")
async def test_a_desk_says_what_the_rows_say(tmp_path: Path, begins: int) -> None:
    log = events()
    accounts = sorted({each.event.account_id for each in log if type(each.event).__name__ == "KeyCreated"})
    desks = {account: Desk(account) for account in map(AccountId, accounts)}

    def hear(new: Sequence[Recorded[DomainEvent]]) -> None:
        for recorded in new:
            for account in concerned(recorded.event, desks) & desks.keys():
                if recorded.stream.startswith(MARKET):
                    desks[AccountId(account)].take(recorded)

    async with reading(tmp_path) as read:
        await read.take(log[:begins])
        # Some are heard before the rows are read that know them already, and some that they do not know.
        hear(log[max(begins - 20, 0) : begins + 10])
        for account, desk in desks.items():
            assert not desk.ready
            assert desk.knows("any")
            desk.open(await read.answers.portfolio.standing(account))
            assert desk.ready
        hear(log[begins + 10 : begins + 11])
        await read.take(log[begins : begins + 11])
        taken = begins + 11
        while True:
            for account, desk in desks.items():
                resting = await rows(read, ORDERS, "status = 'resting'", account)
                assert plain(desk.orders) == plain(resting)
                held = await rows(read, POSITIONS, "1 = 1", account)
                assert {ticker: row for ticker, row in desk.positions.items() if row.updated_at_us} == held
                assert all(desk.knows(order_id) for order_id in desk.orders)
                assert not desk.knows("any")
            if taken >= len(log):
                break
            new = log[taken : taken + 30]
            await read.take(new)
            hear(new)
            taken += len(new)


def opened(*, position: int = 0) -> Desk:
    desk = Desk(ANN)
    at: Any = position
    desk.open(AccountStanding(positions=(), positions_at=at, open_orders=(), orders_at=at))
    return desk


def shown(changes: Sequence[Any]) -> list[str]:
    return [type(change).__name__ for change in changes]


def test_a_trade_tells_of_the_fill_then_of_the_order_then_of_the_position() -> None:
    log, desk = Log(), opened()
    [order] = desk.take(log.add("market-M", placed("ann", Side.YES, 4_000, 300)))
    assert isinstance(order, OrderRow)
    filled, order, position = desk.take(
        log.add("market-M", trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_000, 100), at_us=7)
    )
    assert isinstance(filled, Filled)
    assert (filled.leg.account_id, filled.net, filled.client_order_id) == ("ann", 100, "")
    assert isinstance(order, OrderRow)
    assert (order.remaining, order.updated_at_us, order.revision, order.position) == (200, 7, 1, 2)
    assert isinstance(position, PositionRow)
    assert (position.ticker, position.yes, position.updated_at_us) == ("M", 100, 7)
    [filled, position] = desk.take(
        log.add("market-M", trade(leg("bob", Side.YES), leg("ann", Side.NO, order="gone"), 4_000, 30))
    )
    assert isinstance(filled, Filled)
    assert (filled.leg.side, filled.net) == (Side.NO, 70)


def test_of_what_the_rows_know_already_only_the_fill_is_told_and_no_net_position() -> None:
    log, desk = Log(), opened(position=1)
    (filled,) = desk.take(log.add("market-M", trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_000, 100)))
    assert isinstance(filled, Filled)
    assert (filled.net, desk.positions) == (None, {})
    assert shown(desk.take(log.add("market-M", placed("ann", Side.YES, 4_000, 300)))) == ["OrderRow"]


def test_what_happened_at_the_very_place_the_rows_go_up_to_is_not_taken_in_again() -> None:
    log, desk = Log(), opened()
    for event in (
        placed("ann", Side.YES, 4_000, 300),
        trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_000, 100),
        e.PairsRedeemed(
            account_id=ANN, quantity=Quantity(5), payout=Money(50_000), locked=Money(0), trade_id=None
        ),
    ):
        recorded = log.add("market-M", event)
        knowing = opened(position=recorded.position)
        knowing.orders, knowing.positions = deepcopy(desk.orders), deepcopy(desk.positions)
        assert {type(change) for change in knowing.take(recorded)} <= {Filled}
        assert (knowing.orders, knowing.positions) == (desk.orders, desk.positions)
        if not isinstance(event, e.PairsRedeemed):
            assert desk.take(recorded)
            assert (knowing.orders, knowing.positions) != (desk.orders, desk.positions)


def test_an_account_that_trades_with_itself_is_told_of_both_sides() -> None:
    desk = opened()
    told = desk.take(
        Log().add(
            "market-M", trade(leg("ann", Side.YES, order="a"), leg("ann", Side.NO, order="b"), 4_000, 100)
        )
    )
    assert shown(told) == ["Filled", "PositionRow"] * 2
    assert desk.positions[Ticker("M")].shares_traded == 200


def test_an_order_is_told_by_the_name_its_trader_gave_it_last() -> None:
    log, desk = Log(), opened()
    desk.take(log.add("market-M", replaced(placed("ann", Side.YES, 4_000, 300), client_order_id="first")))
    names = []
    for named in (None, EXAMPLES["OrderAmended"], EXAMPLES["OrderRenamed"]):
        if named is not None:
            renamed: Any = named
            [order] = desk.take(
                log.add("market-M", replaced(renamed, order_id=OrderId("order-of-ann"), account_id=ANN))
            )
            assert isinstance(order, OrderRow)
            assert order.client_order_id == renamed.client_order_id
        filled, *_ = desk.take(
            log.add("market-M", trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_000, 100))
        )
        assert isinstance(filled, Filled)
        names.append(filled.client_order_id)
    assert names == ["first", "first:2", "first:3"]
