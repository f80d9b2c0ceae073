"""What an answer says is done is done for the next request of the account; a client id names one order."""

from uuid import UUID

import pytest

from adapters.simulation.world import World
from application.requests import AmendRequest, OrderAccepted
from application.sagas import recovery
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import BeginAmendment
from domain.market.commands import CreateMarket
from domain.market.vocabulary import TimeInForce
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected

from .trader_stories import amend

POOR, RICH = AccountId("poor"), AccountId("rich")


async def opened() -> World:
    world = World()
    await world.start()
    operations = world.exchange.operations
    await operations.deposit(POOR, Money(9_000_000), "nine dollars")
    await operations.deposit(RICH, Money(10**9), "much")
    for name in ("M", "N"):
        await operations.create_market(CreateMarket(ticker=Ticker(name), title=name))
        await operations.activate(Ticker(name))
    return world


def order_of(answer: object) -> OrderId:
    assert isinstance(answer, OrderAccepted), answer
    return answer.order_id


async def test_the_money_of_a_canceled_order_is_there_for_the_next_one() -> None:
    world = await opened()
    for _ in range(50):
        order_id = order_of(await world.place(POOR, "yes", "buy", 90, 10))
        order_of(await world.exchange.trading.cancel(POOR, order_id))
    await world.exchange.close()


async def test_the_money_of_a_smaller_order_is_there_for_the_next_one() -> None:
    world = await opened()
    first = order_of(await world.place(POOR, "yes", "buy", 90, 10))
    order_of(await world.exchange.trading.decrease(POOR, first, to=Quantity(500)))
    order_of(await world.place(POOR, "yes", "buy", 90, 5))
    amended = AmendRequest(account_id=POOR, order_id=first, total=Quantity(100))
    order_of(await world.exchange.trading.amend(amended))
    order_of(await world.place(POOR, "yes", "buy", 90, 4))
    await world.exchange.close()


async def test_the_money_of_what_lapsed_at_once_is_there_for_the_next_order() -> None:
    world = await opened()
    for _ in range(20):
        order_of(await world.place(POOR, "yes", "buy", 90, 10, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL))
    await world.exchange.close()


async def test_the_money_of_a_canceled_order_can_be_withdrawn_and_used_for_an_amendment() -> None:
    world = await opened()
    first = await world.place(POOR, "yes", "buy", 45, 10)
    second = order_of(await world.place(POOR, "yes", "buy", 45, 10))
    order_of(await world.exchange.trading.cancel(POOR, second))
    order_of(await amend(world, POOR, first, 89))
    order_of(await world.exchange.trading.cancel(POOR, order_of(first)))
    withdrawn = await world.exchange.operations.withdraw(POOR, Money(9_000_000), "all")
    assert not isinstance(withdrawn, Rejected)
    await world.exchange.close()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"price_ticks": Ticks(9_050)}, Reason.PRICE_OFF_TICK),
        ({"order_group_id": "none"}, Reason.ORDER_GROUP_NOT_FOUND),
        ({"order_group_id": "none", "price_ticks": Ticks(9_050)}, Reason.ORDER_GROUP_NOT_FOUND),
        ({"order_group_id": "none", "price_ticks": Ticks(0)}, Reason.INVALID_PRICE),
        ({"ticker": "NONE"}, Reason.MARKET_NOT_FOUND),
        ({"ticker": "NONE", "price_ticks": Ticks(0)}, Reason.INVALID_PRICE),
        ({}, Reason.INSUFFICIENT_FUNDS),
    ],
)
async def test_of_several_refusals_the_first_is_told_whichever_stream_makes_it(
    more: dict[str, object], reason: Reason
) -> None:
    world = await opened()
    answer = await world.place(POOR, "yes", "buy", 90, 1_000, **more)
    assert isinstance(answer, Rejected)
    assert answer.reason is reason
    await world.exchange.close()


@pytest.mark.parametrize(
    ("price", "total", "reason"),
    [
        (Ticks(9_050), Quantity(10_000), Reason.PRICE_OFF_TICK),
        (Ticks(9_900), Quantity(-1), Reason.INVALID_QUANTITY),
        (Ticks(9_900), Quantity(10_000), Reason.INSUFFICIENT_FUNDS),
    ],
)
async def test_an_amendment_is_refused_by_a_rule_before_it_is_refused_for_want_of_money(
    price: Ticks, total: Quantity, reason: Reason
) -> None:
    world = await opened()
    order_id = order_of(await world.place(POOR, "yes", "buy", 90, 10))
    answer = await world.exchange.trading.amend(
        AmendRequest(account_id=POOR, order_id=order_id, price_ticks=price, total=total)
    )
    assert isinstance(answer, Rejected)
    assert answer.reason is reason
    await world.exchange.close()


async def test_an_amendments_client_id_names_its_order_for_ever_and_the_same_amendment_counts_once() -> None:
    world = await opened()
    first = await world.place(RICH, "yes", "buy", 40, 10, client_order_id="one")
    second = await world.place(RICH, "yes", "buy", 41, 10, client_order_id="two")
    order_of(await amend(world, RICH, first, 45, name="three"))
    again = await amend(world, RICH, first, 45, name="three")
    assert isinstance(again, OrderAccepted)
    assert again.repeated
    for answer in (
        await amend(world, RICH, first, 46, name="two"),
        await amend(world, RICH, second, 46, name="three"),
        await amend(world, RICH, second, 46, name="one"),
        await world.place(RICH, "yes", "buy", 45, 10, client_order_id="three"),
        await world.place(RICH, "yes", "buy", 40, 10, client_order_id="three", ticker="N"),
    ):
        assert isinstance(answer, Rejected)
        assert answer.reason is Reason.DUPLICATE_CLIENT_ORDER_ID
    trading = world.exchange.trading
    for name, called in (("one", True), ("three", True), ("two", False), ("none", False)):
        assert await trading.is_called(RICH, order_of(first), name) is called
    order_of(await amend(world, RICH, first, 47, name="three"))
    assert await world.violations() == []
    await world.exchange.close()


async def test_a_bad_saga_is_set_aside_and_everything_else_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await opened()
    first = order_of(await world.place(POOR, "yes", "buy", 40, 10))
    await world.exchange.settled()
    ledger = world.exchange.directory.ledger(POOR)
    begin = BeginAmendment(
        amendment_id="lost", order_id=first, account_id=POOR, ticker=Ticker("M"), amount=Money(1)
    )
    await ledger.ask(begin, command_id=UUID(int=7))
    await world.exchange.close()

    def broken(**_: object) -> None:
        raise AssertionError("a fault of our own")

    monkeypatch.setattr(recovery, "AbandonAmendment", broken)
    await world.start()
    assert len(world.exchange.set_aside) == 1
    refused = await world.place(POOR, "yes", "buy", 10, 1)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.TRADING_HALTED
    order_of(await world.place(POOR, "yes", "buy", 10, 1, ticker="N"))
    order_of(await world.place(RICH, "yes", "buy", 10, 1))
    order_of(await world.exchange.trading.cancel(POOR, first))
    monkeypatch.undo()
    await world.recover()
    assert len(world.exchange.set_aside) == 0
    order_of(await world.place(POOR, "yes", "buy", 10, 1))
    await world.exchange.close()
