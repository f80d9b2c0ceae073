"""How soon an exchange is ready and how fast its past can be asked, with snapshots and without them."""

import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.bootstrap import build_exchange, make_codec
from adapters.checkpoints import FileCheckpoints
from adapters.clock import SystemClock, TimeOrderedIds
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.simulation.older_keys import NoOlderKeys
from adapters.snapshots.memory import NoSnapshots
from adapters.snapshots.sqlite import SqliteSnapshots
from application.exchange import Exchange
from application.past import Past
from application.ports.event_store import START, EventStore, Position
from application.ports.snapshots import Snapshots
from application.requests import OrderAccepted
from benchmarks._trading import Traders, percentile
from domain.identifiers import Ticker
from domain.market.vocabulary import Side

MARKETS = 3
ACCOUNTS = 300
ORDERS_AT_ONCE = 2_048
PACED_ORDERS = 20_000
QUESTIONS = 400
REPLAYS = 5
DEPTH = 10

OPEN_ORDERS = 3_000
"""How many orders are open at most, in all markets together."""

Question = Callable[[Past, Ticker, int], Awaitable[object]]


class SteadyTraders(Traders):
    """Takes as many orders off as it puts on, once there are enough."""

    async def order(self) -> Position:
        """Place an order, and cancel the oldest when there are too many."""
        if len(self.open) > OPEN_ORDERS:
            answer = await self.exchange.trading.cancel(*self.open.pop(0))
            return answer.position if isinstance(answer, OrderAccepted) else START
        return await super().order()


class TimedTraders(SteadyTraders):
    """Notes how long each order took."""

    def __init__(self, exchange: Exchange, *, accounts: int, markets: int) -> None:
        super().__init__(exchange, accounts=accounts, markets=markets)
        self.took_ms: list[float] = []

    async def order(self) -> Position:
        """Place or cancel an order."""
        began = time.perf_counter()
        position = await super().order()
        self.took_ms.append((time.perf_counter() - began) * 1e3)
        return position


def run(n: int = 100_000) -> dict[str, Any]:
    """Make a log of ``n`` events by trading, then start on it and ask about its past."""
    return asyncio.run(_run(n))


async def _run(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        conditions = await _make_log(folder, n)
        conditions["made_in_s"] = round(time.perf_counter() - began, 1)
        ours = await _measure(folder, with_snapshots=True, questions=QUESTIONS)
        peer = await _measure(folder, with_snapshots=False, questions=REPLAYS)
    for measured, with_snapshots in ((peer, False), (ours, True)):
        measured.update(await _trade(min(n // 10, PACED_ORDERS), with_snapshots=with_snapshots))
    names = ("ready_s", "book_as_of_ms_p95", "orders_per_s")
    return {
        "bench": "past",
        "n": n,
        "conditions": conditions,
        "ours": ours,
        "peers": {"the same without snapshots: the stream is replayed from its beginning": peer},
        "ratios": {f"{name}, without / with": round(peer[name] / ours[name], 1) for name in names},
    }


async def _make_log(folder: Path, n: int) -> dict[str, Any]:
    async with _open(folder, with_snapshots=True) as (store, exchange, _):
        traders = SteadyTraders(exchange, accounts=ACCOUNTS, markets=MARKETS)
        await traders.prepare()
        while await store.head() < n:
            await traders.trade(ORDERS_AT_ONCE)
        await exchange.settled()
        states = [await market.state() for market in exchange.directory.markets.values()]
        return {
            "events": await store.head(),
            "markets": MARKETS,
            "accounts": ACCOUNTS,
            "events_of_the_longest_market": max(state.revision + 1 for state in states),
            "open_orders": sum(len(state.orders) for state in states),
            "log_mb": _megabytes(folder / "log.db"),
            "snapshots_mb": _megabytes(folder / "snapshots.db"),
            "cores": os.cpu_count(),
        }


def _megabytes(path: Path) -> float:
    files = [path, path.with_name(f"{path.name}-wal")]
    return round(sum(file.stat().st_size for file in files if file.exists()) / 1e6, 1)


async def _measure(folder: Path, *, with_snapshots: bool, questions: int) -> dict[str, Any]:
    began = time.perf_counter()
    async with _open(folder, with_snapshots=with_snapshots) as (_, exchange, past):
        measured: dict[str, Any] = {"ready_s": round(time.perf_counter() - began, 3)}
        tickers = list(exchange.directory.markets)
        asked: dict[str, Question] = {"price_at": _price, "book_as_of": _book}
        for name, question in asked.items():
            first = await _ask(past, tickers, question, questions)
            measured |= {f"{name}_{key}": value for key, value in first.items()}
        if with_snapshots:
            again = await _ask(past, tickers, _book, questions)
            measured |= {f"book_as_of_again_{key}": value for key, value in again.items()}
        measured["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1)
    return measured


async def _trade(orders: int, *, with_snapshots: bool) -> dict[str, Any]:
    """Trade in one market only, and see what its snapshots do to the orders."""
    with tempfile.TemporaryDirectory() as name:
        async with _open(Path(name), with_snapshots=with_snapshots) as (_, exchange, _):
            traders = TimedTraders(exchange, accounts=ACCOUNTS, markets=1)
            await traders.prepare()
            began = time.perf_counter()
            await traders.trade(orders)
            took_s = time.perf_counter() - began
    return {
        "orders_per_s": round(len(traders.took_ms) / took_s, 1),
        "order_ms_p50": round(percentile(traders.took_ms, 0.50), 2),
        "order_ms_p99": round(percentile(traders.took_ms, 0.99), 2),
    }


async def _price(past: Past, ticker: Ticker, at_us: int) -> object:
    return await past.get_price_at(ticker, at_us)


async def _book(past: Past, ticker: Ticker, at_us: int) -> object:
    standing = await past.market_at(ticker, at_us)
    return standing and [standing.state.book.depth(side, DEPTH) for side in Side]


async def _ask(past: Past, tickers: list[Ticker], question: Question, count: int) -> dict[str, float]:
    """Ask about markets chosen at random, at times chosen at random."""
    pick, took_ms = random.Random(7), []
    spans = {ticker: await _span(past, ticker) for ticker in tickers}
    for _ in range(count):
        ticker = pick.choice(tickers)
        at_us = pick.randint(*spans[ticker])
        began = time.perf_counter()
        await question(past, ticker, at_us)
        took_ms.append((time.perf_counter() - began) * 1e3)
    return {f"ms_p{part}": round(percentile(took_ms, part / 100), 2) for part in (50, 95, 99)}


async def _span(past: Past, ticker: Ticker) -> tuple[int, int]:
    first = await past.event(f"market-{ticker}", 0)
    last = await past.event(f"market-{ticker}", await past.revision_at(ticker, 2**62))
    assert first is not None
    assert last is not None
    return first.cause.at_us, last.cause.at_us


@asynccontextmanager
async def _open(folder: Path, *, with_snapshots: bool) -> AsyncIterator[tuple[EventStore, Exchange, Past]]:
    codec = make_codec()
    store = SqliteEventStore.open(folder / "log.db")
    kept = SqliteSnapshots(folder / "snapshots.db")
    snapshots: Snapshots = kept if with_snapshots else NoSnapshots()
    exchange = await build_exchange(
        store,
        codec,
        order_keys=NoOlderKeys(),
        transfer_keys=NoOlderKeys(),
        checkpoints=FileCheckpoints(folder / "checkpoints.json"),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        partitions=4,
        snapshots=snapshots,
    )
    await exchange.start()
    try:
        yield store, exchange, Past(reader=store, codec=codec, snapshots=snapshots)
    finally:
        await exchange.close()
        await store.close()
        await kept.close()
