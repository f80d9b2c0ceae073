"""One recording on its way through the exchange."""

import asyncio

from application.exchange import Exchange
from application.replay.book import Book, differences
from application.replay.desk import Desk
from application.replay.flow import (
    AddOrder,
    CancelAtLevel,
    Instruction,
    LimitOrder,
    OpenGroup,
    OpenMarket,
    RecordedTrade,
    ResolveGroup,
    TakeOrder,
    UnplacedTrade,
)
from application.replay.funding import Funding
from application.replay.lane import Lane, MarketInstruction
from application.replay.listings import Listings
from application.replay.recording import Recording
from application.replay.report import FileReport, MarketEnd, Progress
from application.requests import Answer
from domain.market.state import MarketState
from domain.market.vocabulary import Side
from domain.quantities import Quantity, complement
from domain.rejections import Rejected

WINDOW = 512
"""How many instructions may be under way at once, those included that wait for others."""

TOLD_EVERY = 100


class Playback:
    """Hands each market's instructions to a lane, bounded in number, and counts what becomes of them."""

    def __init__(
        self, recording: Recording, exchange: Exchange, funding: Funding, progress: Progress, window: int
    ) -> None:
        self._recording = recording
        self._exchange = exchange
        self._report = FileReport(file=recording.name)
        self._desk = Desk(exchange, funding, self._report)
        self._listings = Listings(exchange)
        self._progress = progress
        self._window = window
        self._lanes: dict[str, Lane] = {}
        self._under_way = 0
        self._ended = 0
        self._moved = asyncio.Event()

    async def run(self) -> FileReport:
        """Carry out every instruction and report."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for instruction in self._recording.instructions():
                    await self._take_up(instruction, tasks)
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from faults
        self._progress(self._recording.name, self._ended, self._ended)
        return await self._concluded()

    async def _take_up(self, instruction: Instruction, tasks: asyncio.TaskGroup) -> None:
        """Carry out what concerns the listing of markets, and hand the rest to its market's lane."""
        await self._until_fewer_than(self._window)
        self._under_way += 1
        match instruction:
            case OpenGroup():
                await self._listings.open_group(instruction)
            case OpenMarket():
                await self._listings.open_market(instruction)
            case ResolveGroup():
                await self._until_fewer_than(2)
                self._note(await self._listings.resolve_group(instruction))
            case UnplacedTrade():
                self._desk.count(instruction)
            case _:
                if self._listings.takes(instruction.market, instruction):
                    self._lane(instruction.market, tasks).hand_in(instruction)
                    return
        self._done()

    def _lane(self, market: str, tasks: asyncio.TaskGroup) -> Lane:
        lane = self._lanes.get(market)
        if lane is None:
            lane = self._lanes[market] = Lane(
                tasks,
                market=lambda: self._desk.market(market),
                carry_out=self._carry_out,
                done=self._done,
            )
        return lane

    async def _carry_out(self, instruction: MarketInstruction) -> None:
        match instruction:
            case AddOrder() | LimitOrder():
                await self._desk.add(instruction)
            case CancelAtLevel():
                await self._desk.cancel(instruction)
            case TakeOrder():
                await self._desk.take(instruction)
            case RecordedTrade():
                await self._desk.trade(instruction)
            case _:
                self._note(await self._listings.move(instruction))

    def _note(self, answer: Answer | None) -> None:
        if isinstance(answer, Rejected):
            self._report.refused[answer.reason.value] += 1

    async def _until_fewer_than(self, number: int) -> None:
        while self._under_way >= number:
            self._moved.clear()
            await self._moved.wait()

    def _done(self) -> None:
        self._under_way -= 1
        self._ended += 1
        self._moved.set()
        if not self._ended % TOLD_EVERY:
            self._progress(self._recording.name, self._ended, self._recording.count_hint)

    async def _concluded(self) -> FileReport:
        report = self._report
        report.skipped = self._listings.skipped
        states = await self._listings.states()
        for market, state, fills, volume in states:
            report.fills += fills
            report.volume = Quantity(report.volume + volume)
            report.markets.append(_market_end(market, state, fills, volume))
        recorded = self._recording.recorded_final_book()
        if recorded is not None and len(states) == 1 and not report.skipped:
            report.book_differences = differences(recorded, book_of(states[0][1]))
            report.book_equal = not report.book_differences
        return report


def book_of(state: MarketState) -> Book:
    """Return the book of a market, both sides in yes terms."""
    return Book.of(
        dict(state.book.depth(Side.YES)),
        {complement(ticks): quantity for ticks, quantity in state.book.depth(Side.NO)},
    )


def _market_end(market: str, state: MarketState, fills: int, volume: int) -> MarketEnd:
    bid, no_bid = state.book.yes.best_ticks, state.book.no.best_ticks
    return MarketEnd(
        market=market,
        fills=fills,
        volume=Quantity(volume),
        best_bid_ticks=bid,
        best_ask_ticks=None if no_bid is None else complement(no_bid),
    )
