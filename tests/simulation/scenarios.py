"""Stories that touch every step of every flow; each can be cut short anywhere."""

import asyncio

from adapters.simulation.world import World
from application.ports.event_store import START
from application.requests import Accepted, AmendRequest, Answer, OrderAccepted
from domain.fees import fee_rate, fee_schedule
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Result, Side
from domain.quantities import Money, Quantity, Ticks

FEES = fee_schedule(maker=fee_rate(quadratic_bps=100), taker=fee_rate(quadratic_bps=700))
A, B, C = AccountId("ann"), AccountId("bob"), AccountId("cyd")


async def fund(world: World) -> None:
    for account in (A, B, C):
        await world.exchange.operations.deposit(account, Money(10**9), f"first of {account}")


async def open_market(world: World, ticker: str, **more: object) -> None:
    command = CreateMarket(ticker=Ticker(ticker), title=f"Will {ticker} happen?", fees=FEES, **more)  # type: ignore[arg-type]
    await world.exchange.operations.create_market(command)
    await world.exchange.operations.activate(Ticker(ticker))


async def placed_matched_settled_resolved(world: World) -> None:
    await fund(world)
    await open_market(world, "M")
    resting = await world.place(A, "yes", "buy", 40, 10)
    await world.place(B, "no", "buy", 65, 4)
    await world.place(B, "no", "buy", 55, 6, client_order_id="mine")
    await world.place(B, "no", "buy", 55, 6, client_order_id="mine")
    if isinstance(resting, OrderAccepted):
        order_id = OrderId(resting.order_id)
        await world.exchange.trading.amend(
            AmendRequest(account_id=A, order_id=order_id, price_ticks=Ticks(4_600), total=Quantity(1_200))
        )
        await world.exchange.trading.decrease(A, order_id, by=Quantity(100))
        await world.exchange.trading.cancel(A, order_id)
    await world.exchange.settled()
    await world.place(C, "yes", "buy", 70, 3)
    await world.place(A, "yes", "sell", 60, 2)
    await world.place(C, "yes", "buy", 62, 2)
    await world.exchange.operations.withdraw(B, Money(1_000_000), "some out")
    await world.exchange.operations.resolve(Ticker("M"), Result.YES)
    await world.exchange.settled()


async def called_off(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "PARENT")
    for ticker, parent in (("CHILD", "PARENT"), ("GRANDCHILD", "CHILD")):
        await operations.create_market(CreateMarket(ticker=Ticker(ticker), title=ticker, fees=FEES))
        await operations.link_condition(Ticker(ticker), Ticker(parent), Result.YES)
        await operations.activate(Ticker(ticker))
    for ticker in ("CHILD", "GRANDCHILD"):
        await world.place(A, "yes", "buy", 40, 10, ticker=ticker)
        await world.place(B, "no", "buy", 60, 10, ticker=ticker)
        await world.place(C, "yes", "buy", 80, 5, ticker=ticker)
        await world.place(A, "yes", "sell", 80, 5, ticker=ticker)
        await world.place(C, "no", "buy", 10, 5, ticker=ticker)
    await operations.resolve(Ticker("PARENT"), Result.NO)
    await world.exchange.settled()


async def condition_met(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "PARENT")
    await operations.create_market(CreateMarket(ticker=Ticker("CHILD"), title="child", fees=FEES))
    await operations.link_condition(Ticker("CHILD"), Ticker("PARENT"), Result.YES)
    await operations.activate(Ticker("CHILD"))
    await world.place(A, "yes", "buy", 40, 10, ticker="CHILD")
    await world.place(B, "no", "buy", 60, 10, ticker="CHILD")
    await world.place(C, "yes", "buy", 80, 5, ticker="CHILD")
    await world.place(A, "yes", "sell", 80, 5, ticker="CHILD")
    await operations.resolve(Ticker("PARENT"), Result.YES)
    await world.exchange.settled()
    await world.place(B, "yes", "buy", 50, 5, ticker="CHILD")
    await operations.resolve(Ticker("CHILD"), Result.NO)
    await world.exchange.settled()


async def group_resolved(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await operations.create_group(CreateGroup(group_id=GroupId("RACE"), title="Who wins?"))
    for runner in ("RACE-1", "RACE-2", "RACE-3"):
        await open_market(world, runner, group_id=GroupId("RACE"))
    await world.place(A, "yes", "buy", 30, 5, ticker="RACE-1")
    await world.place(B, "no", "buy", 70, 5, ticker="RACE-1")
    await world.place(C, "yes", "buy", 30, 5, ticker="RACE-2")
    await operations.determine_group(GroupId("RACE"), Ticker("RACE-2"))
    await operations.finalize_group(GroupId("RACE"))
    await world.exchange.settled()


async def order_groups_fill_and_end(world: World) -> None:
    """Create, join, fill to the limit over two markets, reset, join again, trigger, change, delete."""
    trading = world.exchange.trading
    await fund(world)
    for ticker in ("M", "N"):
        await open_market(world, ticker)
    name, _ = await trading.create_order_group(A, Quantity(1_000))
    for ticker in ("M", "M", "N"):
        await world.place(A, "yes", "buy", 40, 10, ticker=ticker, order_group_id=name)
    await world.place(B, "no", "buy", 60, 4, ticker="N")
    await world.exchange.settled()
    await world.place(C, "no", "buy", 60, 30, ticker="M")
    await world.exchange.settled()
    await trading.reset_order_group(A, name)
    await world.place(A, "yes", "buy", 45, 10, ticker="N", order_group_id=name)
    await trading.change_order_group_limit(A, name, Quantity(500))
    await world.place(B, "no", "buy", 60, 30, ticker="N")
    await trading.reset_order_group(A, name)
    await asyncio.gather(
        world.place(A, "yes", "buy", 30, 10, ticker="N", order_group_id=name),
        trading.trigger_order_group(A, name),
        world.place(A, "yes", "buy", 31, 10, ticker="M", order_group_id=name),
    )
    other, _ = await trading.create_order_group(B, Quantity(300))
    await asyncio.gather(
        *(world.place(B, "no", "buy", 20, 2, ticker="M", order_group_id=other) for _ in range(3)),
        trading.delete_order_group(B, other),
    )
    await world.exchange.settled()


async def quotes_are_asked_for_given_and_taken(world: World) -> None:
    """Ask, answer, accept and confirm: a trade of buyers, one of holders, one that fails, and many ends."""
    quoting, m = world.exchange.quoting, Ticker("M")
    await fund(world)
    await open_market(world, "M")
    await world.place(A, "yes", "buy", 40, 10)
    await world.place(C, "no", "buy", 40, 10)
    await agree(world, await asked(world, A), B, yes_bid=50, no_bid=48)
    await agree(world, await asked(world, B, target_cost=2_500_000), A, yes_bid=45, no_bid=52, side="no")
    await agree(world, await asked(world, A), C, yes_bid=45, no_bid=52, side="no")
    failing = await asked(world, A, quantity=900)
    quote_id, _ = await quoting.give(
        B, failing, yes_bid=Ticks(5_000), no_bid=Ticks(4_500), rest_remainder=False
    )
    await quoting.accept(A, quote_id, Side.YES)
    await world.exchange.operations.withdraw(A, Money(985_000_000), "all but a little")
    await quoting.confirm(B, quote_id)
    await quoting.withdraw_request(A, failing)
    over = await asked(world, C)
    await quoting.give(A, over, yes_bid=Ticks(0), no_bid=Ticks(4_500), rest_remainder=False)
    await world.exchange.operations.pause(m)
    await world.exchange.operations.resume(m)
    await world.exchange.operations.resolve(m, Result.NO)
    await world.exchange.settled()


async def asked(world: World, account: AccountId, *, quantity: int = 5, target_cost: int = 0) -> str:
    rfq_id, _ = await world.exchange.quoting.ask(
        account,
        Ticker("M"),
        quantity=Quantity(0 if target_cost else 100 * quantity),
        target_cost=Money(target_cost),
        rest_remainder=False,
        replaces=False,
    )
    return rfq_id


async def agree(
    world: World, rfq_id: str, maker: AccountId, *, yes_bid: int, no_bid: int, side: str = "yes"
) -> Answer:
    """Let a maker answer a request, the asker take the answer, and the maker stand by it."""
    quoting = world.exchange.quoting
    quote_id, _ = await quoting.give(
        maker, rfq_id, yes_bid=Ticks(100 * yes_bid), no_bid=Ticks(100 * no_bid), rest_remainder=False
    )
    request = await quoting.request(rfq_id)
    if request is None:
        return Accepted(position=START)
    await quoting.accept(request.account_id, quote_id, Side(side))
    return await quoting.confirm(maker, quote_id)


SCENARIOS = {
    "placed, matched, settled, resolved": placed_matched_settled_resolved,
    "a conditional market and one conditional on it are called off": called_off,
    "a condition is met and the market resolves by itself": condition_met,
    "a group resolves": group_resolved,
    "quotes are asked for, given and taken": quotes_are_asked_for_given_and_taken,
    "order groups fill, are reset, triggered and deleted": order_groups_fill_and_end,
}
