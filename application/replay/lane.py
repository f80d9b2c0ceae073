"""The order in which one market's instructions are carried out.

What is done at one price level is done in turn. An order that can trade waits for all before it, and all
after it wait for it. Everything else goes side by side, because it does not matter which comes first: an
order that only rests touches no level but its own, and neither does a cancel.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from application.replay.flow import (
    AddOrder,
    BookSide,
    CancelAtLevel,
    Close,
    LimitOrder,
    Pause,
    RecordedTrade,
    Resolve,
    Resume,
    TakeOrder,
    Void,
)
from domain.market.state import MarketState
from domain.market.vocabulary import Side
from domain.quantities import PAYOUT_TICKS

MarketInstruction = (
    AddOrder
    | CancelAtLevel
    | TakeOrder
    | LimitOrder
    | RecordedTrade
    | Pause
    | Resume
    | Close
    | Resolve
    | Void
)
"""What is done within one market that is open."""

Place = tuple[BookSide, int]
"""A level of the book: its side and its price in yes terms."""


class Lane:
    """Carries out what is handed in, as much of it at a time as cannot change the outcome.

    ``carry_out`` does one instruction; ``done`` is called after each, once, unless one of them fails.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        *,
        market: Callable[[], Awaitable[MarketState]],
        carry_out: Callable[[MarketInstruction], Awaitable[None]],
        done: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._market = market
        self._carry_out = carry_out
        self._done = done
        self._queue: deque[MarketInstruction] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._latest: dict[Place, asyncio.Task[None]] = {}

    def hand_in(self, instruction: MarketInstruction) -> None:
        """Take the next instruction of this market."""
        self._queue.append(instruction)
        if self._worker is None:
            self._worker = self._tasks.create_task(self._work())

    async def _work(self) -> None:
        while self._queue:
            instruction = self._queue.popleft()
            place = await self._place_of(instruction)
            if place is None:
                await self._quiet()
                await self._carry_out(instruction)
                self._done()
            else:
                self._begin(instruction, place)
        self._worker = None

    async def _place_of(self, instruction: MarketInstruction) -> Place | None:
        """Return the one level an instruction touches, ``None`` if it may touch more."""
        match instruction:
            case CancelAtLevel():
                return instruction.side, instruction.price_ticks
            case AddOrder() | LimitOrder():
                side: BookSide = "bid" if instruction.side in ("bid", "buy") else "ask"
                place = side, instruction.price_ticks
                return None if await self._may_trade(place) else place
            case _:
                return None

    async def _may_trade(self, place: Place) -> bool:
        """Return whether an order would meet one that is in the book, or on its way there."""
        side, price = place
        state = await self._market()
        if side == "bid":
            return state.book.crosses(Side.YES, price) or any(
                other == "ask" and at <= price for other, at in self._latest
            )
        return state.book.crosses(Side.NO, PAYOUT_TICKS - price) or any(
            other == "bid" and at >= price for other, at in self._latest
        )

    def _begin(self, instruction: MarketInstruction, place: Place) -> None:
        task = self._tasks.create_task(self._in_turn(instruction, self._latest.get(place)))
        self._latest[place] = task
        task.add_done_callback(lambda ended: self._forget(place, ended))

    async def _in_turn(self, instruction: MarketInstruction, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        await self._carry_out(instruction)
        self._done()

    def _forget(self, place: Place, ended: "asyncio.Task[None]") -> None:
        if self._latest.get(place) is ended:
            del self._latest[place]

    async def _quiet(self) -> None:
        """Wait until nothing is under way. The last at each level has waited for those before it."""
        if self._latest:
            await asyncio.wait(self._latest.values())
