"""Recorded trades in the read models: volumes, last prices and candlesticks are those of the recording.

The trades go through the market's own decisions at the time they were recorded at; what is expected is
worked out from the lines of the file alone.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.read_models.opening import open_store
from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from application.streams import market_stream
from domain.decider import execute
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.commands import MarketCommand
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from projections.catalog import all_projections
from projections.folds.candles import CANDLE_MINUTES
from projections.reading.views import CandleView
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from tests.acceptance.recorded_data import recorded_files
from tests.acceptance.replayed import SOAK
from tests.databases import fresh_postgres

FILES = ("core_cpi_releases", "recession_annual")
MORE_FILES = ("headline_cpi_end_of_year", "unemployment")
CAUSE = UUID(int=1)
PAGE = 2_000
MINUTE_US = 60_000_000


@dataclass
class Line:
    """A line of the recording."""

    ticker: str
    at_us: int
    count: int
    yes_cents: int
    taker_side: Side


def lines(path: Path) -> list[Line]:
    with gzip.open(path, "rt") as file:
        rows = [
            Line(
                ticker=row["ticker"],
                at_us=round(datetime.fromisoformat(row["created_time"]).timestamp() * 1_000_000),
                count=int(row["count"]),
                yes_cents=int(row["yes_price"]),
                taker_side=Side(row["taker_side"]),
            )
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda line: line.at_us)


class Venue:
    """Markets in which each recorded trade happens: a maker's bid, and a taker who meets it."""

    def __init__(self) -> None:
        self.markets: dict[str, MarketState] = {}
        self.log: list[Recorded[DomainEvent]] = []
        self.orders = 0

    def trade(self, line: Line) -> None:
        if line.ticker not in self.markets:
            self.markets[line.ticker] = MARKET.initial()
            ticker = Ticker(line.ticker)
            self.ask(line, c.CreateMarket(ticker=ticker, title=line.ticker, quantity_step=Quantity(100)))
            self.ask(line, c.ActivateMarket())
        no_side = line.taker_side is Side.NO
        self.buy(line, "maker", Side.YES if no_side else Side.NO)
        self.buy(line, "taker", line.taker_side)

    def buy(self, line: Line, who: str, side: Side) -> None:
        cents = line.yes_cents if side is Side.YES else 100 - line.yes_cents
        self.orders += 1
        self.ask(
            line,
            c.PlaceOrder(
                order_id=OrderId(f"order-{self.orders}"),
                account_id=AccountId(f"{who}-{self.orders % 7}"),
                side=side,
                action=Action.BUY,
                quantity=Quantity(100 * line.count),
                price_ticks=Ticks(100 * cents),
                reserved=Money(10**15),
                now_us=line.at_us,
            ),
        )

    def ask(self, line: Line, command: MarketCommand) -> None:
        state = self.markets[line.ticker]
        before = state.revision
        events, refused = execute(MARKET, state, command, line.at_us)
        assert refused is None, refused
        for revision, event in enumerate(events, start=before + 1):
            self.log.append(
                Recorded(
                    event=event,
                    id=UUID(int=len(self.log) + 1),
                    stream=market_stream(Ticker(line.ticker)),
                    revision=revision,
                    position=Position(len(self.log) + 1),
                    cause=Cause(command_id=CAUSE, correlation_id=CAUSE, at_us=line.at_us),
                )
            )


@dataclass
class Expected:
    """A candlestick worked out from the lines of its period."""

    prices: list[int] = field(default_factory=list)
    value: int = 0
    volume: int = 0

    def add(self, line: Line) -> None:
        self.prices.append(100 * line.yes_cents)
        self.value += 100 * line.yes_cents * line.count
        self.volume += line.count

    @property
    def ohlc(self) -> tuple[int, int, int, int]:
        return self.prices[0], max(self.prices), min(self.prices), self.prices[-1]


def shown(candle: CandleView) -> tuple[int, int, int, int]:
    price = candle.price
    assert price is not None
    return price.open_ticks, price.high_ticks, price.low_ticks, price.close_ticks


class Now:
    """The time of the last trade."""

    def __init__(self, at_us: int) -> None:
        self._at_us = at_us

    def now_us(self) -> int:
        return self._at_us


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    if request.param == "sqlite":
        yield tmp_path / "read.db"
    else:
        with fresh_postgres() as address:
            yield address


@pytest.mark.parametrize("name", (*FILES, *MORE_FILES) if SOAK else FILES)
async def test_volumes_last_prices_and_candles_are_those_of_the_recording(
    database: Path | str, name: str
) -> None:
    for path in recorded_files(f"kalshi_trades/{name}.csv.gz"):
        recorded = lines(path)
        venue = Venue()
        for line in recorded:
            venue.trade(line)
        async with open_store(database, Now(recorded[-1].at_us)) as (store, answers):
            runner = ProjectionRunner(
                store=store,
                source=None,  # type: ignore[arg-type]
                codec=None,  # type: ignore[arg-type]
                projections=all_projections(answers),
                progress=Progress(),
            )
            for start in range(0, len(venue.log), PAGE):
                page = venue.log[start : start + PAGE]
                await runner.take(Batch(page, page[-1].position, caught_up=False))
            assert (runner.stats.halted, runner.stats.parked) == ({}, {})

            by_market: dict[str, list[Line]] = defaultdict(list)
            for line in recorded:
                by_market[line.ticker].append(line)
            for ticker, trades in by_market.items():
                market = await answers.markets.market(Ticker(ticker))
                assert market is not None
                assert market.volume == 100 * sum(line.count for line in trades)
                assert market.last_price_ticks == 100 * trades[-1].yes_cents
                assert market.trades == len(trades)
                for minutes in CANDLE_MINUTES:
                    candles = await answers.markets.candles(Ticker(ticker), period_minutes=minutes)
                    traded = {candle.end_at_us: candle for candle in candles if candle.volume}
                    expected: dict[int, Expected] = defaultdict(Expected)
                    for line in trades:
                        length_us = minutes * MINUTE_US
                        expected[line.at_us - line.at_us % length_us + length_us].add(line)
                    assert traded.keys() == expected.keys()
                    for end, candle in traded.items():
                        assert shown(candle) == expected[end].ohlc
                        assert candle.volume == 100 * expected[end].volume
                        mean = expected[end].value / expected[end].volume
                        assert candle.mean_ticks is not None
                        assert abs(candle.mean_ticks - mean) <= 0.5
