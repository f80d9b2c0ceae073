"""However much of a recording is under way at once, the exchange ends up with the same trades and queues."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from application.ports.event_store import Filter
from application.replay.book import Book
from application.replay.flow import (
    AddOrder,
    CancelAtLevel,
    Instruction,
    LimitOrder,
    OpenMarket,
    Pause,
    RecordedTrade,
    Resume,
    TakeOrder,
)
from domain.identifiers import Ticker
from domain.market.events import TradeExecuted
from domain.market.vocabulary import Side
from tests.acceptance.replayed import Venue, venue

MARKETS = ("A", "B", "C")


@dataclass
class MadeUp:
    """Flow from a seed, dense enough for orders to meet and cancels to find too little."""

    seed: int
    length: int
    name: str = "made up"
    format: str = "made-up"

    @property
    def count_hint(self) -> int:
        return self.length + len(MARKETS)

    def instructions(self) -> Iterator[Instruction]:
        rng = random.Random(self.seed)
        for market in MARKETS:
            yield OpenMarket(market=market, title=market, tick_size_ticks=100, quantity_step=1, at_us=0)
        for number in range(self.length):
            yield _step(rng, number, rng.choice(MARKETS))

    def recorded_final_book(self) -> Book | None:
        return None


def _step(rng: random.Random, number: int, market: str) -> Instruction:
    kind = rng.choices(("add", "limit", "cancel", "take", "trade", "halt"), (40, 15, 30, 10, 4, 1))[0]
    quantity = rng.randint(1, 300)
    side = rng.choice(("bid", "ask"))
    price = 100 * (rng.randint(40, 50) if side == "bid" else rng.randint(49, 59))
    common = {"market": market, "at_us": number}
    match kind:
        case "add":
            return AddOrder(
                ref=str(number), actor=side, side=side, price_ticks=price, quantity=quantity, **common
            )
        case "limit":
            return LimitOrder(
                ref=str(number),
                actor=rng.choice("xyz"),
                side="buy" if side == "bid" else "sell",
                price_ticks=price,
                quantity=quantity,
                **common,
            )
        case "cancel":
            return CancelAtLevel(side=side, price_ticks=price, quantity=quantity, **common)
        case "take":
            return TakeOrder(
                ref=str(number),
                actor="taker",
                side="buy" if side == "ask" else "sell",
                limit_ticks=price,
                quantity=quantity,
                **common,
            )
        case "trade":
            return RecordedTrade(
                ref=str(number),
                taker_side=rng.choice(("yes", "no")),
                yes_price_ticks=price,
                quantity=quantity,
                **common,
            )
        case _:
            return rng.choice((Pause, Resume))(**common)


async def queues(there: Venue, market: str) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """Return who waits at every level of a book, first come first."""
    state = await there.exchange.directory.find_market(Ticker(market))
    assert state is not None
    return [
        (side, level.ticks, [(order.account_id, order.resting) for order in level])
        for side in Side
        for level in state.book.ladder(side).down_from_best()
    ]


async def trades(there: Venue, market: str) -> list[tuple[int, int, str, str]]:
    found = []
    async for page in there.store.read_all(
        matching=Filter(stream_prefixes=(f"market-{market}",), types=("TradeExecuted",))
    ):
        for stored in page.events:
            event = there.codec.decode(stored).event
            assert isinstance(event, TradeExecuted)
            found.append((event.price_ticks, event.quantity, event.maker.account_id, event.taker.account_id))
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_what_goes_side_by_side_does_not_change_the_outcome(seed: int) -> None:
    recording = MadeUp(seed, length=600)
    outcomes = []
    for window in (1, 7, 512):
        async with venue() as there:
            report = await there.replay(recording, window=window)
            assert report.invariants == "ok"
            (file,) = report.files
            outcomes.append(
                (
                    {
                        market: (await queues(there, market), await trades(there, market))
                        for market in MARKETS
                    },
                    (file.orders, file.fills, file.volume, file.takes_filled, file.crossing, file.refused),
                    sorted(map(str, file.shortfalls)),
                )
            )
    assert outcomes[0][1][1] > 50
    assert outcomes[0] == outcomes[1] == outcomes[2]
