"""What the warmer loads, how often, and what a fault in it costs (exercise 16)."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from adapters.http.answers.rendered_books import RenderedBooks
from adapters.http.serving.warming import make_warmer
from application.caching.warmer import CacheWarmer, Loader
from application.health import Health, Stops, Trouble
from domain.identifiers import Ticker
from domain.market.vocabulary import MarketStatus


class Clock:
    """Sleeps only as long as it is told to, and notes for how long it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._slept = asyncio.Event()
        self._asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._slept.clear()
        self._asleep.set()
        await self._slept.wait()

    async def round(self) -> None:
        """Wait for the end of the round that is under way."""
        await self._asleep.wait()

    async def tick(self) -> None:
        """Let the next round begin, and wait for its end."""
        self._asleep.clear()
        self._slept.set()
        await self.round()


class Markets:
    """So many markets, the busiest first; remembers what was loaded."""

    def __init__(self, count: int) -> None:
        self.tickers = [Ticker(f"M{number}") for number in range(count)]
        self.loaded: list[tuple[str, Ticker]] = []
        self.broken: set[tuple[str, Ticker]] = set()

    async def busiest(self, count: int) -> Sequence[Ticker]:
        return self.tickers[:count]

    def loader(self, kind: str) -> Loader:
        async def load(ticker: Ticker) -> None:
            if (kind, ticker) in self.broken:
                raise RuntimeError(f"{kind} of {ticker}")
            self.loaded.append((kind, ticker))

        return load


KINDS = ("summary", "trades", "book")


def make(markets: Markets, clock: Clock) -> CacheWarmer:
    return CacheWarmer(markets.busiest, [markets.loader(kind) for kind in KINDS], sleep=clock.sleep)


async def test_the_fifty_busiest_markets_are_loaded_with_all_that_is_asked_of_them() -> None:
    markets = Markets(60)
    assert await make(markets, Clock()).warm() == 50
    assert markets.loaded == [(kind, ticker) for ticker in markets.tickers[:50] for kind in KINDS]


async def test_they_are_loaded_at_once_and_again_every_thirty_seconds() -> None:
    markets, clock = Markets(2), Clock()
    warmer = make(markets, clock)
    warmer.start()
    await clock.round()
    for rounds in (2, 3, 4):
        await clock.tick()
        assert warmer.rounds == rounds
        assert len(markets.loaded) == rounds * 6
    assert clock.asked == [30.0] * 4
    await warmer.close()


async def test_what_becomes_busy_is_loaded_in_the_next_round_and_what_is_quiet_no_more() -> None:
    markets, clock = Markets(3), Clock()
    warmer = make(markets, clock)
    await warmer.warm()
    markets.loaded.clear()
    markets.tickers = [Ticker("NEW")]
    await warmer.warm()
    assert {ticker for _, ticker in markets.loaded} == {"NEW"}


async def test_one_that_cannot_be_loaded_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    markets = Markets(3)
    markets.broken = {("trades", Ticker("M0")), ("book", Ticker("M1"))}
    warmer = make(markets, Clock())
    assert await warmer.warm() == 3
    wanted = {(kind, ticker) for ticker in markets.tickers for kind in KINDS}
    assert set(markets.loaded) == wanted - markets.broken
    assert warmer.failures == 2
    assert "M0 could not be warmed: trades of M0" in caplog.text


async def test_a_round_that_fails_whole_is_followed_by_the_next() -> None:
    markets, clock, asked = Markets(1), Clock(), 0

    async def away_at_first(count: int) -> Sequence[Ticker]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("the read models are away")
        return markets.tickers[:count]

    health = Health()
    warmer = CacheWarmer(away_at_first, [markets.loader("summary")], sleep=clock.sleep, health=health)
    warmer.start()
    await clock.round()
    assert warmer.rounds == 0
    [told] = health.conditions
    assert (told.part, told.code, told.code.stops) == ("cache warmer", Trouble.TASK_FAILED, Stops.PART)
    assert "the read models are away" in told.message
    await clock.tick()
    assert markets.loaded == [("summary", "M0")]
    assert health.conditions == []
    await warmer.close()


async def test_closing_ends_it_in_the_middle_of_a_round() -> None:
    begun, ended = asyncio.Event(), False

    async def forever(ticker: Ticker) -> None:
        nonlocal ended
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    warmer = CacheWarmer(Markets(1).busiest, [forever])
    warmer.start()
    await begun.wait()
    await warmer.close()
    assert ended, "whoever closes what it reads from may do so now"
    assert warmer.rounds == 0
    await warmer.close()


@pytest.mark.parametrize("ended", [0, 30, 90, 300], ids=lambda ended: f"{ended} ended")
async def test_those_that_trade_are_taken_until_there_are_fifty_however_many_ended_before_them(
    ended: int,
) -> None:
    trading = [Ticker(f"T{number}") for number in range(60)]
    statuses = dict.fromkeys((f"E{number}" for number in range(ended)), MarketStatus.FINALIZED)
    statuses |= {
        ticker: MarketStatus.PAUSED if number == 49 else MarketStatus.ACTIVE
        for number, ticker in enumerate(trading)
    }
    loaded: dict[str, list[Ticker]] = {"market": [], "trades": [], "book": []}

    asked: list[int] = []

    async def most_traded(*, limit: int) -> list[SimpleNamespace]:
        asked.append(limit)
        found = [SimpleNamespace(ticker=ticker, status=status) for ticker, status in statuses.items()]
        return found[:limit]

    async def market(ticker: Ticker) -> None:
        loaded["market"].append(ticker)

    async def trades(ticker: Ticker) -> None:
        loaded["trades"].append(ticker)

    async def book(ticker: Ticker) -> None:
        loaded["book"].append(ticker)

    port = SimpleNamespace(
        reads=SimpleNamespace(
            markets=SimpleNamespace(most_traded=most_traded), books=SimpleNamespace(book=book)
        ),
        cached=SimpleNamespace(market=market, trades=trades),
        books=RenderedBooks(),
        exchange=SimpleNamespace(health=Health()),
    )
    assert await make_warmer(port).warm() == 50  # type: ignore[arg-type]
    assert loaded == dict.fromkeys(loaded, trading[:50])
    assert len(asked) <= 4, "twice as many each time"
