"""The whole path of an order, called in process: validate, reserve, place, match, settle, project; durable.

Projecting takes place in the same process or in one of its own, as ``presage serve --projector`` says, and is
timed with the rest. Next to it the same orders go through the bare rules, without log, saga or waiting, and a
bare SQLite loop commits the very rows that the exchange wrote, in the very groups. Each measurement runs in a
process of its own; rates are medians of repetitions that take turns, as the machine is never twice the same.
"""

import asyncio
import gc
import os
import platform
import random
import sqlite3
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import uvloop

from adapters.bootstrap import make_codec, open_presage
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_log.schema import CREATE
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.settings import ProjectorPlace, Settings
from adapters.threads import give_way_soon
from application.exchange import Exchange
from application.ports.event_store import Filter
from application.processes.settlement import concerned
from application.requests import OrderAccepted, OrderRequest
from application.streams import LEDGER, MARKET, ledger_stream, market_stream, partition_of
from benchmarks._trading import apart, exchange_on, percentile
from domain.decider import execute
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.aggregate import LEDGER as LEDGER_DECIDER
from domain.ledger.commands import BookMarketEvents, Deposit, MarketEntry, ReserveFunds
from domain.ledger.state import LedgerState
from domain.market.aggregate import MARKET as MARKET_DECIDER
from domain.market.commands import ActivateMarket, CreateMarket, PlaceOrder
from domain.market.policies import reservation_for
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

IN_FLIGHT = 256
ACCOUNTS = [AccountId(f"trader-{number:03d}") for number in range(64)]
MARKETS = [Ticker(f"BENCH-{number}") for number in range(4)]
FEES = fee_schedule(taker=fee_rate(quadratic_bps=700))
FUNDS = Money(10**15)
WARM_UP = 1_000
TIMED_ORDERS = 20_000
REPETITIONS = 5
OPEN_ORDERS = 2_000
"""How many orders rest while memory is watched: the exchange stays as large as it is, only its log grows."""
PARTITIONS = 4
ACCOUNTS_OF = [
    frozenset(each for each in ACCOUNTS if partition_of(each, PARTITIONS) == partition)
    for partition in range(PARTITIONS)
]
MARK_EVENTS = 100_000
_KIB = 1024

Measured = dict[str, float]
Work = Callable[[Exchange, Iterator[OrderRequest]], Any]


def run(n: int = 20_000) -> dict[str, Any]:
    """Measure ``n`` orders. Memory is noted at every full 100,000 events: ``n=200_000`` makes a million."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rounds = [_round(folder / str(number), min(n, TIMED_ORDERS)) for number in range(REPETITIONS)]
        paths = {path: _medians([each.paths[path] for each in rounds]) for path in rounds[0].paths}
        peers = {peer: _medians([each.peers[peer] for each in rounds]) for peer in rounds[0].peers}
        ours: dict[str, Any] = {
            **paths,
            "cold_replay_events_per_s": apart(_cold_replay, folder / "0"),
            "resident_mib_by_events": apart(_memory, folder, n),
        }
    return {
        "bench": "orders",
        "n": n,
        "conditions": {
            "in_flight": IN_FLIGHT,
            "orders_timed": min(n, TIMED_ORDERS),
            "repetitions": REPETITIONS,
            "accounts": len(ACCOUNTS),
            "markets": len(MARKETS),
            "partitions": PARTITIONS,
            "durability": "SQLite, synchronous=FULL; answered after the commit",
            "fees": "takers pay 0.07 p (1 - p)",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "ours": ours,
        "peers": peers,
        "ratios": {
            f"{name} / {peer}": round(rate / rates["orders_per_s"], 3)
            for name, measured in paths.items()
            for rate in (measured.get("projected_orders_per_s", measured["orders_per_s"]),)
            for peer, rates in peers.items()
        },
    }


@dataclass(frozen=True)
class _Round:
    """One measurement of everything that is compared."""

    paths: dict[str, Measured]
    peers: dict[str, Measured]


def _round(folder: Path, n: int) -> _Round:
    paths = {
        "projector_beside": apart(_whole, folder, n, ProjectorPlace.BESIDE),
        "projector_inside": apart(_whole, folder, n, ProjectorPlace.INSIDE),
        "without_read_models": apart(_core, folder, n),
    }
    peers = {
        "bare rules": {"orders_per_s": apart(_bare_rules, n)},
        "bare SQLite loop": {"orders_per_s": apart(_bare_sqlite, folder, n)},
    }
    return _Round(paths, peers)


def _medians(measured: Sequence[Measured]) -> Measured:
    return {name: statistics.median(each[name] for each in measured) for name in measured[0]}


def _requests(seed: int) -> Iterator[OrderRequest]:
    """Yield orders without end: about one of three meets another, the rest wait in the book."""
    rng = random.Random(seed)
    while True:
        yield OrderRequest(
            account_id=rng.choice(ACCOUNTS),
            ticker=rng.choice(MARKETS),
            side=Side.YES if rng.random() < 0.5 else Side.NO,
            action=Action.BUY,
            quantity=Quantity(100 * rng.randint(1, 20)),
            price_ticks=Ticks(100 * (50 + rng.randint(-8, 3))),
        )


# ------------------------------------------------------------------------------------- the exchange


def _core(folder: Path, n: int) -> Measured:
    """The exchange alone: nobody reads."""

    async def measure() -> Measured:
        store = SqliteEventStore.open(folder / "core" / "log.db")
        try:
            async with exchange_on(store, make_codec()) as exchange:
                return await measure_exchange(exchange, n)
        finally:
            await store.close()

    return uvloop.run(measure())


def _whole(folder: Path, n: int, projector: ProjectorPlace) -> Measured:
    """The exchange as ``presage serve`` runs it, read models and all."""
    settings = Settings(data=folder / projector, partitions=PARTITIONS, projector=projector)

    async def measure() -> Measured:
        async with open_presage(settings) as presage:
            await presage.start()
            begin = time.perf_counter()
            measured = await measure_exchange(presage.exchange, n)
            head = await presage.store.head()
            began = time.perf_counter()
            assert await presage.reads.freshness.await_position(head, 600)
            lag_s = time.perf_counter() - began
            took_s = n / measured["settled_orders_per_s"] + lag_s
            assert took_s <= time.perf_counter() - begin
            return {**measured, "projected_orders_per_s": round(n / took_s, 1)}

    return uvloop.run(measure())


async def measure_exchange(exchange: Exchange, n: int) -> Measured:
    """Measure ``n`` orders of an exchange that has nothing yet: how many a second, and what each takes."""
    await _set_up(exchange)
    requests = _requests(seed=1)
    await _place_all(exchange, requests, WARM_UP)
    latencies: list[float] = []
    collect_seldom()
    collect_in_calm(asyncio.get_running_loop())
    give_way_soon()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    await _place_all(exchange, requests, n, latencies)
    answered_s = time.perf_counter() - begin
    await exchange.settled()
    settled_s = time.perf_counter() - begin
    return {
        "orders_per_s": round(n / answered_s, 1),
        "settled_orders_per_s": round(n / settled_s, 1),
        "latency_ms_p50": round(1_000 * percentile(latencies, 0.50), 1),
        "latency_ms_p99": round(1_000 * percentile(latencies, 0.99), 1),
        "cpu_us_per_order": round(1e6 * (time.process_time() - begin_cpu) / n, 1),
    }


async def _set_up(exchange: Exchange) -> None:
    operations = exchange.operations
    for ticker in MARKETS:
        await operations.create_market(CreateMarket(ticker=ticker, title=ticker, fees=FEES))
        await operations.activate(ticker)
    for account_id in ACCOUNTS:
        await operations.deposit(account_id, FUNDS, "funds")


async def _place_all(
    exchange: Exchange, requests: Iterator[OrderRequest], n: int, latencies: list[float] | None = None
) -> None:
    """Place ``n`` orders from :data:`IN_FLIGHT` traders, each sending one at a time."""
    left = iter(range(n))

    async def trade() -> None:
        for _ in left:
            begin = time.perf_counter()
            answer = await exchange.trading.place(next(requests))
            assert isinstance(answer, OrderAccepted), answer
            if latencies is not None:
                latencies.append(time.perf_counter() - begin)

    await asyncio.gather(*(trade() for _ in range(IN_FLIGHT)))


# ------------------------------------------------------------------------------------------- memory


def _memory(folder: Path, n: int) -> dict[str, float]:
    """Return resident memory at every full 100,000 events, with always as many orders open."""

    async def measure() -> dict[str, float]:
        async with open_presage(Settings(data=folder / "memory", partitions=PARTITIONS)) as presage:
            await presage.start()
            await _set_up(presage.exchange)
            collect_seldom()
            requests, resting = _requests(seed=2), deque[tuple[AccountId, OrderId]]()
            marks: dict[str, float] = {}
            for _ in range(0, n, IN_FLIGHT):
                await _place_and_cancel(presage.exchange, requests, resting)
                head = await presage.store.head()
                if head >= MARK_EVENTS * (len(marks) + 1):
                    await presage.exchange.settled()
                    await presage.reads.freshness.await_position(head, 600)
                    gc.collect()
                    marks[str(MARK_EVENTS * (len(marks) + 1))] = _resident_mib()
            return marks

    return uvloop.run(measure())


async def _place_and_cancel(
    exchange: Exchange, requests: Iterator[OrderRequest], resting: deque[tuple[AccountId, OrderId]]
) -> None:
    trading = exchange.trading
    answers = await trading.place_many([next(requests) for _ in range(IN_FLIGHT)])
    for answer in answers:
        assert isinstance(answer, OrderAccepted), answer
        if answer.order is not None and answer.order.remaining:
            resting.append((answer.order.account_id, answer.order_id))
    old = [resting.popleft() for _ in range(len(resting) - OPEN_ORDERS)]
    await asyncio.gather(*(trading.cancel(*order) for order in old))


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / _KIB / _KIB, 1)


# ------------------------------------------------------------------------------------ starting cold


def _cold_replay(folder: Path) -> float:
    """Return the events per second at which every market and ledger is folded from the log."""

    async def measure() -> float:
        store, codec = SqliteEventStore.open(folder / "core" / "log.db"), JsonCodec()
        collect_seldom()
        begin, events = time.perf_counter(), 0
        try:
            for stream in [*map(market_stream, MARKETS), *map(ledger_stream, range(PARTITIONS))]:
                decider: Any = MARKET_DECIDER if stream.startswith(MARKET) else LEDGER_DECIDER
                state = decider.initial()
                async for page in store.read_stream(stream):
                    for stored in page:
                        decider.evolve(state, codec.decode(stored).event)
                    events += len(page)
            took_s = time.perf_counter() - begin
            wanted = Filter(stream_prefixes=(MARKET, LEDGER))
            assert events == sum([len(page.events) async for page in store.read_all(matching=wanted)])
        finally:
            await store.close()
        return round(events / took_s, 1)

    return uvloop.run(measure())


# ------------------------------------------------------------------------------------ bare baselines


def _bare_rules(n: int) -> float:
    """Return the orders per second of the rules alone: reserve, place, match and book, one after another."""
    markets, ledgers = (
        {ticker: MarketState() for ticker in MARKETS},
        [LedgerState() for _ in range(PARTITIONS)],
    )
    for ticker, market in markets.items():
        execute(MARKET_DECIDER, market, CreateMarket(ticker=ticker, title=ticker, fees=FEES), 0)
        execute(MARKET_DECIDER, market, ActivateMarket(), 0)
    for account_id in ACCOUNTS:
        ledger = ledgers[partition_of(account_id, PARTITIONS)]
        execute(LEDGER_DECIDER, ledger, Deposit(account_id=account_id, amount=FUNDS, reference="funds"), 0)
    requests = [request for request, _ in zip(_requests(seed=1), range(n), strict=False)]
    collect_seldom()
    begin = time.perf_counter()
    for number, request in enumerate(requests):
        _bare_order(OrderId(str(number)), request, markets[request.ticker], ledgers)
    return round(n / (time.perf_counter() - begin), 1)


def _bare_order(
    order_id: OrderId, request: OrderRequest, market: MarketState, ledgers: list[LedgerState]
) -> None:
    command = PlaceOrder(
        order_id=order_id,
        account_id=request.account_id,
        side=request.side,
        action=request.action,
        quantity=request.quantity,
        price_ticks=request.price_ticks,
        reserved=FUNDS,
    )
    reserve = ReserveFunds(
        order_id=order_id,
        account_id=request.account_id,
        ticker=request.ticker,
        amount=Money(reservation_for(command, market)),
        request_digest="",
    )
    execute(LEDGER_DECIDER, ledgers[partition_of(request.account_id, PARTITIONS)], reserve, 0)
    revision = market.revision
    events, refused = execute(MARKET_DECIDER, market, command, 0)
    assert refused is None, refused
    for partition in {partition_of(each, PARTITIONS) for event in events for each in concerned(event)}:
        entries = tuple(
            MarketEntry(revision=revision + index, event=event, accounts=ACCOUNTS_OF[partition])
            for index, event in enumerate(events, start=1)
        )
        booking = BookMarketEvents(ticker=request.ticker, entries=entries)
        execute(LEDGER_DECIDER, ledgers[partition], booking, 0)


def _bare_sqlite(folder: Path, n: int) -> float:
    """Return the orders per second of committing what ``_core`` wrote for its orders, and no more."""
    written = sqlite3.connect(folder / "core" / "log.db")
    rows = written.execute("SELECT * FROM events ORDER BY position").fetchall()
    written.close()
    groups = [list(group) for _, group in groupby(rows, key=itemgetter(5))]
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.executescript(CREATE)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    begin = time.perf_counter()
    for group in groups:
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", group)
        bare.execute("COMMIT")
    took_s = time.perf_counter() - begin
    bare.close()
    return round((n + WARM_UP) / took_s, 1)
