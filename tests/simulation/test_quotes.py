"""Quotes become one trade or none: crashes, late appends, two processes, markets that stop."""

import asyncio

import pytest

from adapters.simulation.world import World
from application.processes.quotes import QuotedTrades
from application.requests import Accepted
from domain.identifiers import Ticker
from domain.ledger.commands import ReleaseReservation
from domain.market.commands import AbandonPlacement
from domain.market.events import OrdersCrossed, TradeExecuted
from domain.market.vocabulary import Side
from domain.quantities import Money, Ticks
from domain.quotes.vocabulary import Ending, QuoteStatus
from domain.rejections import Reason, Rejected

from .late_appends import HoldingStore, arrives
from .scenarios import A, B, C, agree, asked, fund, open_market, quotes_are_asked_for_given_and_taken

M = Ticker("M")


async def events_of(world: World, kind: type) -> list[object]:
    found = [world.codec.decode(each) async for page in world.log.read_all() for each in page.events]
    return [recorded.event for recorded in found if isinstance(recorded.event, kind)]


async def all_is_well(world: World, where: str = "") -> None:
    await world.exchange.settled()
    assert await world.violations(patience_us=0) == [], where
    for desk in world.exchange.directory.quotes:
        for request in (await desk.state()).requests.values():
            assert not any(quote.status is QuoteStatus.CONFIRMED for quote in request.quotes.values()), where


async def opened(world: World) -> None:
    await fund(world)
    await open_market(world, "M")


async def accepted(world: World) -> tuple[str, str]:
    """Let bob answer a request of ann's, and ann take his bid for yes."""
    quoting, rfq_id = world.exchange.quoting, await asked(world, A)
    quote_id, _ = await quoting.give(
        B, rfq_id, yes_bid=Ticks(5_000), no_bid=Ticks(4_500), rest_remainder=False
    )
    assert isinstance(await quoting.accept(A, quote_id, Side.YES), Accepted)
    return rfq_id, quote_id


async def status(world: World, quote_id: str) -> tuple[QuoteStatus, Ending | None]:
    found = await world.exchange.quoting.quote(A, quote_id)
    assert found is not None
    return found[1].status, found[1].ending


async def test_the_story_makes_trades_of_every_kind_and_one_that_fails() -> None:
    world = World()
    await world.run(quotes_are_asked_for_given_and_taken)
    trades = await events_of(world, TradeExecuted)
    assert [trade.kind.value for trade in trades] == ["mint", "mint", "normal"]  # type: ignore[attr-defined]
    await all_is_well_again(world)


async def all_is_well_again(world: World) -> None:
    await world.start()
    await all_is_well(world)
    await world.finish()
    assert await world.leftovers() == []
    await world.exchange.close()


@pytest.mark.parametrize("times", [1, 5])
async def test_however_often_it_is_confirmed_it_trades_once(times: int) -> None:
    world = World()
    await world.start()
    await opened(world)
    _, quote_id = await accepted(world)
    answers = await asyncio.gather(*(world.exchange.quoting.confirm(B, quote_id) for _ in range(times)))
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len(await events_of(world, TradeExecuted)) == 1
    assert (await status(world, quote_id))[0] is QuoteStatus.EXECUTED
    await all_is_well(world)
    await world.exchange.close()


async def test_two_processes_that_carry_it_out_together_make_one_trade_of_it() -> None:
    world, other = World(), World(seed=2)
    other.log, other.hidden = world.log, world.hidden
    await world.start()
    await opened(world)
    await other.start()
    for _ in range(3):
        _, quote_id = await accepted(world)
        await asyncio.gather(world.exchange.quoting.confirm(B, quote_id), other.exchange.settled())
        await other.exchange.settled()
    assert len(await events_of(world, OrdersCrossed)) == len(await events_of(world, TradeExecuted)) == 3
    await all_is_well(world)
    await other.exchange.close()
    await world.exchange.close()


async def test_what_was_carried_out_before_the_processes_began_again_is_not_carried_out_again() -> None:
    """They begin at the log's beginning, and the owners remember no command."""
    world = World()
    await world.run(quotes_are_asked_for_given_and_taken)
    world.checkpoints._landmarks.clear()
    crossed = len(await events_of(world, OrdersCrossed))
    await all_is_well_again(world)
    assert len(await events_of(world, OrdersCrossed)) == crossed


async def test_when_the_money_is_gone_it_fails_and_everything_is_given_back() -> None:
    world = World()
    await world.start()
    await opened(world)
    rfq_id, quote_id = await accepted(world)
    await world.exchange.operations.withdraw(A, Money(10**9), "all of it")
    failed = await world.exchange.quoting.confirm(B, quote_id)
    assert isinstance(failed, Rejected)
    assert (failed.reason, failed.message) == (
        Reason.QUOTE_NOT_EXECUTED,
        "insufficient_funds: the asker cannot trade",
    )
    assert await status(world, quote_id) == (QuoteStatus.CANCELED, Ending.EXECUTION_FAILED)
    request = await world.exchange.quoting.request(rfq_id)
    assert request is not None
    assert request.open
    ledger = await world.exchange.directory.ledger(B).state()
    assert (ledger.cash(B), ledger.reservations) == (10**9, {})
    await all_is_well(world)
    await world.exchange.close()


async def test_when_the_book_has_moved_it_fails() -> None:
    world = World()
    await world.start()
    await opened(world)
    _, quote_id = await accepted(world)
    await world.place(C, "yes", "buy", 51, 1)
    failed = await world.exchange.quoting.confirm(B, quote_id)
    assert isinstance(failed, Rejected)
    assert failed.reason is Reason.PRICE_BEYOND_BOOK, "it is seen before anything begins"
    assert (await status(world, quote_id))[0] is QuoteStatus.ACCEPTED
    await all_is_well(world)
    await world.exchange.close()


async def test_a_market_that_stops_ends_its_requests_whatever_is_being_agreed() -> None:
    world = World()
    await world.start()
    await opened(world)
    rfq_id, quote_id = await accepted(world)
    _, confirmed = await accepted(world)
    await asyncio.gather(world.exchange.quoting.confirm(B, confirmed), world.exchange.operations.pause(M))
    await world.exchange.settled()
    request = await world.exchange.quoting.request(rfq_id)
    assert request is not None
    assert request.ending is Ending.MARKET_NOT_TRADING
    assert await status(world, quote_id) == (QuoteStatus.CANCELED, Ending.REQUEST_CLOSED)
    assert (await status(world, confirmed))[0] in (QuoteStatus.EXECUTED, QuoteStatus.CANCELED)
    await all_is_well(world)
    await world.exchange.close()


async def test_time_ends_what_nobody_answers_also_after_a_start() -> None:
    world = World()
    await world.start()
    await opened(world)
    rfq_id, quote_id = await accepted(world)
    world.clock.time_us += 31_000_000
    for desk in world.exchange.directory.quotes:
        desk.wake()
        await desk.present()
    assert await status(world, quote_id) == (QuoteStatus.CANCELED, Ending.NOT_CONFIRMED)
    await world.exchange.close()
    world.clock.time_us += 600_000_000
    await world.start()
    for desk in world.exchange.directory.quotes:
        desk.wake()
        await desk.present()
    request = await world.exchange.quoting.request(rfq_id)
    assert request is not None
    assert request.ending is Ending.EXPIRED
    await all_is_well(world)
    await world.exchange.close()


async def test_recovery_in_the_middle_of_a_trade_does_it_no_harm() -> None:
    world = World()
    await world.start()
    await opened(world)
    for _ in range(3):
        _, quote_id = await accepted(world)
        await asyncio.gather(world.exchange.quoting.confirm(B, quote_id), world.recover(), world.recover())
    assert len(await events_of(world, TradeExecuted)) == 3
    await all_is_well(world)
    await world.exchange.close()


async def test_a_trade_without_its_fence_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the money goes back and the quote fails although the market took the orders."""

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(QuotedTrades, "_trade_of", nothing)
    world = World()
    await world.start()
    await opened(world)
    await agree(world, await asked(world, A), B, yes_bid=50, no_bid=48)
    wrong = await world.violations(patience_us=0)
    assert any("was given up and had traded" in each for each in wrong), wrong
    await world.exchange.close()


async def test_a_confirmed_quote_that_is_left_standing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(QuotedTrades, "_carry_out", nothing)
    world = World()
    await world.start()
    await opened(world)
    await agree(world, await asked(world, A), B, yes_bid=50, no_bid=48)
    assert [each.partition(": ")[2] for each in await world.violations(patience_us=0)] == [
        "was confirmed, and neither traded nor given up"
    ]
    await world.exchange.close()


async def test_an_order_that_was_ruled_out_is_not_crossed_and_its_quote_fails() -> None:
    """As if another process had given the trade up a moment before."""
    world = World()
    await world.start()
    await opened(world)
    _, quote_id = await accepted(world)
    market, ledger = world.exchange.directory.market(M), world.exchange.directory.ledger(A)
    await market.ask(
        AbandonPlacement(order_id=f"{quote_id}-t", account_id=A),  # type: ignore[arg-type]
        command_id=world.ids.new(),
    )
    await ledger.ask(ReleaseReservation(order_id=f"{quote_id}-t"), command_id=world.ids.new())  # type: ignore[arg-type]
    failed = await world.exchange.quoting.confirm(B, quote_id)
    assert isinstance(failed, Rejected)
    assert failed.reason is Reason.QUOTE_NOT_EXECUTED
    assert await events_of(world, TradeExecuted) == []
    await all_is_well(world)
    await world.exchange.close()


@pytest.mark.more
@pytest.mark.parametrize("moment", ["before the start", "after the start", "after everything has ended"])
async def test_an_append_that_comes_late_is_fenced_or_counts(moment: str) -> None:
    first = World()
    assert not await first.run(quotes_are_asked_for_given_and_taken)
    arrived = 0
    for crash_at in range(1, first.store.appends + 1):
        world = World(store_type=HoldingStore)
        await world.run(quotes_are_asked_for_given_and_taken, crash_at=crash_at)
        assert isinstance(world.store, HoldingStore)
        held, where = world.store.held, f"append {crash_at} comes {moment}"
        if moment == "before the start":
            arrived += await arrives(world, held)
        await world.start()
        if moment == "after the start":
            await world.exchange.settled()
            arrived += await arrives(world, held)
        elif moment == "after everything has ended":
            await world.finish()
            arrived += await arrives(world, held)
        await all_is_well(world, where)
        await world.finish()
        await world.recover()
        assert await world.leftovers() == [], where
        await world.exchange.close()
    assert arrived or moment == "after everything has ended"
