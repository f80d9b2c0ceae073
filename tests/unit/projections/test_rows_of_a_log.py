"""The same events give the same rows: a log that stands in a file, and the rows of each version.

Nearly everything an exchange does is in the log: two days of trading, up to :data:`TRADED`, and then the end
of every market. ``python -m tests.unit.projections.test_rows_of_a_log`` writes the rows anew.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.json_lines_log.lines import decode_line
from adapters.read_models.opening import ReadStore, open_store
from adapters.read_models.queries.answers import SqlAnswers
from adapters.read_models.queries.board import read_board
from application.events import DomainEvent, Recorded
from application.snapshots.standing import BEFORE_ALL, tip_of
from application.streams import market_stream
from domain.identifiers import AccountId, Ticker
from domain.market.aggregate import MARKET
from projections.catalog import TABLES, all_projections
from projections.live.live_markets import LiveBooks, LiveMarkets
from projections.live.market_board import MarketBoard
from projections.portfolio import POSITIONS, PositionRow
from projections.reading.as_of import DAY_US, Stood, held_by, market_as_of
from projections.reading.queries import TradeFilter
from projections.reading.views import MarketView
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner

LOG = Path(__file__).parent / "log_of_two_days.jsonl"
TRADED = 223
"""Where in the log the markets begin to end."""

END = 300
ROWS = {
    TRADED: Path(__file__).parent / "rows_after_trading.txt",
    END: Path(__file__).parent / "rows_at_the_end.txt",
}
MINUTE_US = 60_000_000


def events() -> list[Recorded[DomainEvent]]:
    codec = JsonCodec()
    return [codec.decode(decode_line(line)) for line in LOG.read_bytes().splitlines(keepends=True)]


class Clock:
    """Tells the time of the last event, or the beginning of the minute after it."""

    def __init__(self) -> None:
        self.at_us = 0

    def now_us(self) -> int:
        return self.at_us

    def pass_to(self, at_us: int) -> None:
        self.at_us = -(-at_us // MINUTE_US) * MINUTE_US


class Read(NamedTuple):
    """Read models that are fed by hand, and a board beside them."""

    store: ReadStore
    answers: SqlAnswers
    clock: Clock
    board: MarketBoard
    runner: ProjectionRunner

    async def take(self, new: Sequence[Recorded[DomainEvent]]) -> None:
        self.clock.pass_to(new[-1].cause.at_us)
        await self.runner.take(Batch(new, new[-1].position, caught_up=True))
        assert (self.runner.stats.halted, self.runner.stats.parked) == ({}, {})


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[Read]:
    clock = Clock()
    async with open_store(folder / "read.db", clock) as (store, answers):
        board = MarketBoard(clock)
        runner = ProjectionRunner(
            store=store,
            source=None,  # type: ignore[arg-type]
            codec=None,  # type: ignore[arg-type]
            projections=all_projections(answers),
            progress=Progress(),
            listeners=[board],
        )
        yield Read(store, answers, clock, board, runner)


async def rows_of(read: Read) -> str:
    """Return every row of every table, the version of each projection before its tables."""
    lines = []
    for projection in all_projections(read.answers):
        lines.append(f"{projection.name} {projection.version}")
        for table in TABLES[projection.name]:
            columns, key = ", ".join(table.columns), ", ".join(table.key)
            rows = await read.store.fetch(f"SELECT {columns} FROM {table.name} ORDER BY {key}", {})
            lines.append(f"  {table.name}: {columns}")
            lines.extend(f"    {json.dumps(row)}" for row in rows)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", [1_000, 7], ids=lambda page: f"pages of {page}")
async def test_the_same_events_give_the_same_rows_or_the_version_is_another(
    tmp_path: Path, page: int
) -> None:
    log, taken = events(), 0
    async with reading(tmp_path) as read:
        for until, rows in ROWS.items():
            while taken < until:
                new = log[taken : min(taken + page, until)]
                await read.take(new)
                taken += len(new)
            assert (await rows_of(read)).splitlines() == rows.read_text().splitlines()
        assert taken == len(log)


async def test_the_same_events_give_the_same_rows_though_nothing_is_in_memory_of_those_before(
    tmp_path: Path,
) -> None:
    log = events()
    async with reading(tmp_path) as read:
        for start in range(0, END, 3):
            await read.take(log[start : start + 3])
            for projection in read.runner._projections:
                projection.forget()
        assert (await rows_of(read)).splitlines() == ROWS[END].read_text().splitlines()


async def test_memory_says_what_the_rows_say_after_every_few_events(tmp_path: Path) -> None:
    log = events()
    listed = [Ticker(each.event.ticker) for each in log if type(each.event).__name__ == "MarketCreated"]
    async with reading(tmp_path) as read:
        for start in range(0, len(log), 25):
            await read.take(log[start : start + 25])
            read.board.take(log[max(start - 10, 0) : start + 25])  # some come again
            restored = MarketBoard(read.clock)
            restored.restore(await read_board(read.store, read.clock.at_us))
            for ticker in listed:
                await say_the_same(read, ticker, restored)
        assert [ticker for ticker in listed if read.board.market(ticker) is not None] == []


async def say_the_same(read: Read, ticker: Ticker, restored: MarketBoard) -> None:
    market = await read.answers.markets.market(ticker)
    trades = await read.answers.markets.trades(TradeFilter(ticker=ticker), limit=3)
    book = await read.answers.books.book(ticker)
    for board in (read.board, restored):
        kept = board.market(ticker)
        assert kept in (market, None)
        if kept is None:
            assert market is None or market.status.value == "finalized"
        live, books = LiveMarkets(board, read.answers.markets), LiveBooks(board, read.answers.books)
        assert await live.market(ticker) == market
        assert await live.trades(TradeFilter(ticker=ticker), limit=3) == trades
        for depth in (None, 2):
            assert await books.book(ticker, depth=depth) == await read.answers.books.book(ticker, depth=depth)
        assert (
            book is None or board.market(ticker) is None or book.revision <= board._markets[ticker].revision
        )
        rows = await read.store.fetch(
            "SELECT account_id, order_id FROM book_orders WHERE ticker = :t", {"t": ticker}
        )
        for account, order in rows:
            asked: Any = AccountId(account), order
            assert await board.queue_position(*asked) == await read.answers.books.queue_position(*asked)


def stood(ticker: Ticker, log: Sequence[Recorded[Any]], at_us: int) -> Stood | None:
    """Return how a market stood, folded from its events alone."""
    state, tip = MARKET.initial(), BEFORE_ALL
    for each in log:
        if each.stream == market_stream(ticker) and each.cause.at_us <= at_us:
            MARKET.evolve(state, each.event)
            tip = tip_of(each)
    return Stood(state=state, tip=tip) if state.created else None


def moments(log: Sequence[Recorded[Any]]) -> list[int]:
    """Return how many events there were at some moments: all those up to a time, and none of a later one."""
    times = [each.cause.at_us for each in log]
    found = [n for n in range(1, len(log)) if max(times[:n]) < min(times[n:])]
    return [*found[::8], len(log)]


async def test_how_markets_and_positions_stood_is_told_as_it_was_told_then(tmp_path: Path) -> None:
    log = events()
    listed = [Ticker(each.event.ticker) for each in log if type(each.event).__name__ == "MarketCreated"]
    accounts = sorted({each.event.account_id for each in log if type(each.event).__name__ == "KeyCreated"})
    columns = ", ".join(POSITIONS.columns)
    told: list[tuple[int, dict[Ticker, MarketView | None], list[PositionRow]]] = []
    async with reading(tmp_path) as read:
        for start, end in pairwise([0, *moments(log)]):
            await read.take(log[start:end])
            views = {ticker: await read.answers.markets.market(ticker) for ticker in listed}
            rows = await read.store.fetch(f"SELECT {columns} FROM positions ORDER BY account_id, ticker", {})
            told.append(
                (max(each.cause.at_us for each in log[:end]), views, [PositionRow(*row) for row in rows])
            )
        for at_us, views, rows in told:
            minute_us = -(-at_us // MINUTE_US) * MINUTE_US
            for ticker, then in views.items():
                now, standing = await read.answers.markets.market(ticker), stood(ticker, log, at_us)
                assert now is not None
                assert (then is None) == (standing is None)
                if then is not None and standing is not None:
                    again = market_as_of(now, standing, stood(ticker, log, minute_us - DAY_US - 1))
                    # Events that change nothing of what is told count as well; no reason is told, and of
                    # a result that was disputed not when it had been determined first.
                    first = then.determined_at_us != now.determined_at_us
                    assert again == replace(
                        then,
                        status_reason="",
                        updated_at_us=standing.tip.at_us,
                        revision=standing.tip.revision,
                        determined_at_us=None if first else then.determined_at_us,
                    )
                    assert then.updated_at_us <= again.updated_at_us
                    assert then.revision <= again.revision
            held = [await held_by(read.answers.portfolio, account, at_us=at_us) for account in accounts]
            assert [row for each in held for row in each] == rows


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with reading(Path(folder)) as read:
            taken = 0
            for until, rows in ROWS.items():
                await read.take(events()[taken:until])
                taken = until
                rows.write_text(await rows_of(read))


if __name__ == "__main__":
    asyncio.run(_write())
