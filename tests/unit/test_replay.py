"""What a replay does with markets, accounts and orders that are not simply new."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import application.replay.funding
from application.ports.event_store import StoreUnavailable
from application.replay.book import Book, Level
from application.replay.desk import account_of
from application.replay.driver import replay
from application.replay.flow import (
    AddOrder,
    CancelAtLevel,
    Close,
    Instruction,
    LimitOrder,
    OpenGroup,
    OpenMarket,
    RecordedTrade,
    Resolve,
    ResolveGroup,
    TakeOrder,
    UnplacedTrade,
    Void,
)
from application.replay.playback import book_of
from domain.identifiers import Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import Result
from domain.quantities import Money
from tests.acceptance.replayed import Venue, venue


@dataclass
class Steps:
    """A recording of the instructions it is made of."""

    steps: list[Instruction]
    final: Book | None = None
    name: str = "steps"
    format: str = "steps"

    @property
    def count_hint(self) -> int:
        return len(self.steps)

    def instructions(self) -> Iterator[Instruction]:
        return iter(self.steps)

    def recorded_final_book(self) -> Book | None:
        return self.final


def opening(market: str = "M", **more: Any) -> OpenMarket:
    return OpenMarket(
        **{
            "market": market,
            "title": market,
            "tick_size_ticks": 100,
            "quantity_step": 100,
            "at_us": 0,
            **more,
        }
    )


def add(side: str, price: int, quantity: int, market: str = "M") -> AddOrder:
    return AddOrder(
        ref="1", market=market, actor=side, side=side, price_ticks=price, quantity=quantity, at_us=0
    )


def limit(actor: str, side: str, price: int, quantity: int, market: str = "M") -> LimitOrder:
    return LimitOrder(
        ref="1", market=market, actor=actor, side=side, price_ticks=price, quantity=quantity, at_us=0
    )


def take(side: str, price: int, quantity: int) -> TakeOrder:
    return TakeOrder(
        ref="1", market="M", actor="taker", side=side, limit_ticks=price, quantity=quantity, at_us=0
    )


async def state_of(there: Venue, market: str = "M") -> MarketState:
    state = await there.exchange.directory.find_market(Ticker(market))
    assert state is not None
    return state


async def test_asks_are_bought_no_and_the_final_book_is_compared() -> None:
    flow = Steps([opening(), add("bid", 4000, 500), add("ask", 4500, 700), take("buy", 4500, 300)])
    flow.final = Book(
        bids=(Level(price_ticks=4000, quantity=500),), asks=(Level(price_ticks=4500, quantity=500),)
    )
    async with venue() as there:
        (file,) = (await there.replay(flow)).files
        state = await state_of(there)
    assert (file.fills, file.volume, file.takes, file.takes_filled) == (1, 300, 1, 1)
    assert state.positions[account_of("ask")].no == 300
    assert file.book_equal is False
    (difference,) = file.book_differences
    assert (difference.side, difference.price_ticks, difference.recorded, difference.replayed) == (
        "ask",
        4500,
        500,
        400,
    )


async def test_cancels_take_from_the_back_and_tell_what_was_missing() -> None:
    steps = [opening(), *(add("bid", 4000, quantity) for quantity in (100, 200, 300))]
    off = CancelAtLevel(market="M", side="bid", price_ticks=4000, quantity=400, at_us=0)
    more = CancelAtLevel(market="M", side="bid", price_ticks=4000, quantity=500, at_us=0)
    async with venue() as there:
        await there.replay(Steps([*steps, off]))
        level = (await state_of(there)).book.yes.levels[4000]
        assert [order.resting for order in level] == [100, 100]
    async with venue() as there:
        (file,) = (await there.replay(Steps([*steps, off, more]))).files
        (shortfall,) = file.shortfalls
        assert (shortfall.what, shortfall.asked, shortfall.found, file.cancels_short) == (
            "cancel",
            500,
            200,
            1,
        )
        assert book_of(await state_of(there)) == Book()


async def test_a_take_that_finds_too_little_does_not_rest() -> None:
    async with venue() as there:
        (file,) = (
            await there.replay(Steps([opening(), add("ask", 4500, 200), take("buy", 4500, 300)]))
        ).files
        assert book_of(await state_of(there)) == Book()
    assert (file.takes, file.takes_filled, [s.found for s in file.shortfalls]) == (1, 0, [200])


async def test_a_trade_without_orders_is_made_by_two() -> None:
    trade = RecordedTrade(ref="1", market="M", taker_side="no", yes_price_ticks=6200, quantity=1700, at_us=0)
    lost = UnplacedTrade(market="M", yes_price_ticks=6200, quantity=150, at_us=0)
    async with venue() as there:
        (file,) = (await there.replay(Steps([opening(), trade, lost]))).files
        state = await state_of(there)
    assert (state.last_price, file.fills, file.volume) == (6200, 1, 1700)
    assert state.positions[account_of("taker")].no == 1700
    assert (file.unplaced_trades, file.as_json()["unplaced_volume"]) == (1, 1.5)


async def test_a_traders_older_order_gives_way_to_the_newer_one() -> None:
    steps = [opening(), limit("ann", "buy", 5000, 300), limit("ann", "sell", 4800, 200)]
    async with venue() as there:
        (file,) = (await there.replay(Steps(steps))).files
        book = book_of(await state_of(there))
    assert (file.fills, file.refused) == (0, {})
    assert book == Book(asks=(Level(price_ticks=4800, quantity=200),))


async def test_orders_the_exchange_refuses_are_counted_by_code() -> None:
    steps = [opening(), limit("ann", "buy", 5000, 0), limit("ann", "buy", 5050, 100)]
    async with venue() as there:
        (file,) = (await there.replay(Steps(steps))).files
    assert (file.orders, file.refused) == (2, {"invalid_quantity": 1, "price_off_tick": 1})


async def test_accounts_are_paid_into_whenever_they_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application.replay.funding, "PURSE", Money(1_000_000))
    steps = [opening(), *(limit("ann", "buy", 5000, 100) for _ in range(7)), limit("bob", "buy", 100, 100)]
    async with venue() as there:
        report = await there.replay(Steps(steps))
        assert book_of(await state_of(there)).bids[0].quantity == 700
        ledger = await there.exchange.directory.ledger(account_of("ann")).state()
        ann = ledger.accounts[account_of("ann")]
    assert (report.files[0].refused, report.invariants) == ({}, "ok")
    assert ann.reserved == 3_500_000
    assert 0 <= ann.cash <= 1_500_000


async def test_traders_orders_join_a_market_that_is_there() -> None:
    async with venue() as there:
        await there.replay(Steps([opening(), limit("ann", "buy", 5000, 300)]))
        (file,) = (await there.replay(Steps([opening(), limit("bob", "sell", 5000, 100)]))).files
        assert (file.fills, file.volume, file.skipped) == (1, 100, {})
        assert book_of(await state_of(there)).bids == (Level(price_ticks=5000, quantity=200),)


@pytest.mark.parametrize(
    ("before", "again", "why"),
    [
        ([Close(market="M", at_us=0)], opening(), "it is closed"),
        ([], opening(tick_size_ticks=10), "coarser"),
        ([], opening(quantity_step=1), "coarser"),
    ],
)
async def test_a_market_that_does_not_fit_is_skipped(
    before: list[Instruction], again: OpenMarket, why: str
) -> None:
    async with venue() as there:
        await there.replay(Steps([opening(), *before]))
        steps = [again, limit("bob", "buy", 5000, 100), opening("N"), limit("bob", "buy", 5000, 100, "N")]
        (file,) = (await there.replay(Steps(steps))).files
    assert list(file.skipped) == ["M"]
    assert why in file.skipped["M"]
    assert [end.market for end in file.markets] == ["N"]
    assert file.orders == 1


async def test_groups_and_markets_end_as_recorded() -> None:
    group = OpenGroup(group="G", title="g", markets=("A", "B"), at_us=0)
    steps = [
        group,
        *(opening(market, group="G") for market in ("A", "B")),
        *(opening(market) for market in ("C", "D")),
        *(limit(actor, side, 4000, 100, m) for m in "ABCD" for actor, side in (("x", "buy"), ("y", "sell"))),
        *(Close(market=market, at_us=0) for market in "ABC"),
        ResolveGroup(group="G", winner="B", at_us=0),
        Resolve(market="C", result="no", at_us=0),
        Void(market="D", reason="withdrawn", at_us=0),
    ]
    async with venue() as there:
        report = await there.replay(Steps(steps))
        results = [(await state_of(there, market)).result for market in "ABCD"]
        funds = [
            (await there.exchange.directory.ledger(account_of(name)).state()).accounts[account_of(name)].cash
            for name in "xy"
        ]
    assert results == [Result.NO, Result.YES, Result.NO, Result.VOID]
    assert (report.invariants, report.files[0].refused) == ("ok", {})
    # In millionths, per contract: x loses 0.40 in A and C, gains 0.60 in B and 0.10 in the void D.
    assert [fund - 10**15 for fund in funds] == [-100_000, 100_000]


async def test_a_fault_of_the_store_ends_the_replay() -> None:
    async with venue() as there:
        await there.store.close()
        with pytest.raises(StoreUnavailable):
            await there.replay(Steps([opening(), limit("ann", "buy", 5000, 100)]))


async def test_progress_is_told_and_the_report_is_plain_json() -> None:
    told: list[tuple[str, int, int]] = []
    steps = [opening(), *(limit("ann", "buy", 5000, 100) for _ in range(150))]
    async with venue() as there:
        report = await replay(
            [Steps(steps)],
            there.exchange,
            store=there.store,
            codec=there.codec,
            progress=lambda *step: told.append(step),
        )
    assert told[:2] == [("steps", 100, 151), ("steps", 151, 151)]
    assert told[-1][0] == "invariants"
    printed = report.as_json()
    assert printed["invariants"] == "ok"
    assert printed["files"][0]["orders"] == 150
    assert printed["files"][0]["markets"] == [
        {"market": "M", "fills": 0, "volume": 0, "best_bid_ticks": 5000, "best_ask_ticks": None}
    ]
    assert report.orders_per_s > 0
