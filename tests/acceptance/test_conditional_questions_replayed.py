"""172 conditional questions with their recorded orders: made, traded, resolved and called off as recorded."""

from collections import defaultdict

import pytest

from adapters.recordings.formats import open_recording
from adapters.recordings.gjp_questions import read_questions
from application.ports.event_store import Filter
from application.replay.conditional_questions import ConditionalPlan, plan_conditionals
from application.replay.conditionals import end_conditionals, open_conditionals
from application.replay.flow import Instruction, LimitOrder, OpenMarket
from application.requests import OrderAccepted, OrderRequest
from application.verification.verify import verify
from domain.fees import FREE, FeeSchedule, fee_rate, fee_schedule
from domain.identifiers import AccountId, Ticker
from domain.ledger.events import FundsDeposited
from domain.market.events import Leg, TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Condition, MarketStatus, Result, Side
from domain.quantities import Money, Quantity, Ticks
from tests.acceptance.recorded_data import recorded_files
from tests.acceptance.replayed import SOAK, Part, Venue, venue

CHARGED = fee_schedule(maker=fee_rate(quadratic_bps=175), taker=fee_rate(quadratic_bps=700, flat_ticks=25))

SPECULATOR = AccountId("speculator")

Trades = list[tuple[str, TradeExecuted]]


def read_plan() -> ConditionalPlan:
    (path,) = recorded_files("gjp/questions.jsonl.gz")
    return plan_conditionals(read_questions(path))


def recorded_orders(markets: set[str]) -> list[Part]:
    """Return the recorded orders for these markets, or, in a soak, all there are."""

    def concerned(instruction: Instruction) -> bool:
        return isinstance(instruction, OpenMarket | LimitOrder) and instruction.market in markets

    files = recorded_files("gjp/batch_orders_*.csv.gz")
    return [Part(open_recording(path), wanted=(lambda _: True) if SOAK else concerned) for path in files]


async def state_of(there: Venue, market: str) -> MarketState:
    state = await there.exchange.directory.find_market(Ticker(market))
    assert state is not None
    return state


async def take_profits(there: Venue, markets: set[str]) -> None:
    """Have everybody who holds yes sell it dear, so that what they take out is more than they put in."""
    await there.exchange.operations.deposit(SPECULATOR, Money(10**12), "speculation")
    for market in sorted(markets):
        state = await state_of(there, market)
        holders = {name: position.yes for name, position in state.positions.items() if position.yes}
        for name, shares in holders.items():
            for account_id, action in ((SPECULATOR, Action.BUY), (name, Action.SELL)):
                answer = await there.exchange.trading.place(
                    OrderRequest(
                        account_id=account_id,
                        ticker=Ticker(market),
                        side=Side.YES,
                        action=action,
                        quantity=Quantity(shares),
                        price_ticks=Ticks(9_900),
                    )
                )
                assert isinstance(answer, OrderAccepted)
    await there.exchange.settled()


async def history(there: Venue) -> tuple[dict[str, int], Trades]:
    """Return what was paid in by account, and every trade with its market, both from the log."""
    paid_in: dict[str, int] = defaultdict(int)
    trades: Trades = []
    wanted = Filter(types=("FundsDeposited", "TradeExecuted"))
    async for page in there.store.read_all(matching=wanted):
        for stored in page.events:
            event = there.codec.decode(stored).event
            if isinstance(event, FundsDeposited):
                paid_in[event.account_id] += event.amount
            elif isinstance(event, TradeExecuted):
                trades.append((stored.stream.removeprefix("market-"), event))
    return paid_in, trades


def gains(trades: Trades, results: dict[str, str | None]) -> dict[str, int]:
    """Return what trades brought each account: nothing where they were called off."""
    gained: dict[str, int] = defaultdict(int)
    for market, trade in trades:
        for leg in (trade.maker, trade.taker):
            if market not in results:
                gained[leg.account_id] += gain(leg, trade, worth_ticks=0)
            elif results[market] is not None:
                won = results[market] == leg.side.value
                gained[leg.account_id] += gain(leg, trade, worth_ticks=10_000 if won else 0)
    return gained


def legs(trades: list[TradeExecuted]) -> list[Leg]:
    return [leg for trade in trades for leg in (trade.maker, trade.taker)]


def gain(leg: Leg, trade: TradeExecuted, *, worth_ticks: int) -> int:
    price = trade.price_ticks if leg.side is Side.YES else 10_000 - trade.price_ticks
    bought = (worth_ticks - price) * trade.quantity
    return (bought if leg.action is Action.BUY else -bought) - leg.fee


async def money(there: Venue) -> dict[str, int]:
    return {
        account_id: account.total
        for ledger in there.exchange.directory.ledgers
        for account_id, account in (await ledger.state()).accounts.items()
    }


async def locked(there: Venue) -> int:
    return sum(
        [
            sum(account.locked.values())
            for ledger in there.exchange.directory.ledgers
            for account in (await ledger.state()).accounts.values()
        ]
    )


async def check_ends(there: Venue, plan: ConditionalPlan) -> None:
    """Every branch ended as recorded, and nothing of it is left in the market or set aside in a ledger."""
    ended = set()
    for group in plan.groups:
        for branch in group.branches:
            for market in branch.markets:
                state = await state_of(there, market.market)
                ended.add(market.market)
                assert state.status is MarketStatus.FINALIZED
                assert state.condition is (Condition.FAILED if branch.called_off else Condition.MET)
                assert state.result is (Result.VOID if branch.called_off else Result(market.result or ""))
                assert (state.orders, state.positions, state.outstanding) == ({}, {}, 0)
    for ledger in there.exchange.directory.ledgers:
        held = (await ledger.state()).reservations.values()
        assert not [reservation for reservation in held if reservation.ticker in ended or reservation.pending]
        assert not (await ledger.state()).fees_held


@pytest.mark.parametrize("fees", [FREE, CHARGED], ids=["free", "charged"])
async def test_every_called_off_trade_is_unwound_to_the_unit(fees: FeeSchedule) -> None:
    plan = read_plan()
    branches = [branch for group in plan.groups for branch in group.branches]
    results = {market.market: market.result for branch in branches for market in branch.markets}
    assert (len(plan.groups), len(branches)) == (84, 172)
    async with venue() as there:
        await open_conditionals(plan, there.exchange.operations, fees)
        report = await there.replay(*recorded_orders(set(results)))
        assert report.invariants == "ok"
        assert not any(file.skipped for file in report.files)
        assert SOAK or sum(file.orders for file in report.files) == 582
        await take_profits(there, set(results))
        assert await locked(there) > 0
        paid_in, trades = await history(there)
        called_off = [trade for market, trade in trades if results.get(market, "open") is None]
        assert len(called_off) > 50
        assert any(leg.fee for leg in legs(called_off)) == (fees is CHARGED)

        await end_conditionals(plan, there.exchange)

        await check_ends(there, plan)
        assert await locked(there) == 0
        gained = gains(trades, results)
        assert await money(there) == {name: paid + gained[name] for name, paid in paid_in.items()}
        others = [trade for market, trade in trades if results.get(market, "open") is not None]
        only_called_off = {leg.account_id for leg in legs(called_off)}
        only_called_off -= {leg.account_id for leg in legs(others)}
        assert SOAK or len(only_called_off) > 5
        now = await money(there)
        assert all(now[name] == paid_in[name] for name in only_called_off)
        assert (await verify(there.store, there.codec)).violations == []
