"""Orders through an exchange on an event store: how many appends they cost, counted at the port."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bootstrap import build_exchange, make_codec
from adapters.checkpoints import MemoryCheckpoints
from adapters.clock import SystemClock, TimeOrderedIds
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.read_models.opening import open_read_models
from adapters.threads import give_way_soon
from application.exchange import Exchange
from application.ports.event_store import Appended, EventStore, NewEvent
from application.requests import OrderAccepted
from benchmarks._trading import Traders

ACCOUNTS, MARKETS, PARTITIONS = 64, 4, 4
IN_FLIGHT = (1, 16, 256)


class Counting:
    """An event store that counts the appends it passes on."""

    def __init__(self, inner: EventStore) -> None:
        self._inner = inner
        self.calls = 0
        self.events = 0
        self.read_stream = inner.read_stream
        self.read_all = inner.read_all
        self.subscribe = inner.subscribe
        self.head = inner.head
        self.close = inner.close

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append and count."""
        self.calls += 1
        self.events += len(events)
        return await self._inner.append(stream, events, expected=expected)


async def measure_orders(
    store: EventStore, n: int, server_cpu_s: Callable[[], float] | None
) -> dict[str, dict[str, float]]:
    """Measure orders at several loads, on a store that may be served by another process."""
    give_way_soon()
    collect_seldom()
    collect_in_calm(asyncio.get_running_loop())
    counting = Counting(store)
    async with _exchange(counting) as exchange:
        traders = Traders(exchange, accounts=ACCOUNTS, markets=MARKETS)
        await traders.prepare()
        await _place(traders, n // 20, max(IN_FLIGHT))
        return {
            f"{in_flight}_in_flight": await _measure(
                traders, counting, n * in_flight // 512, in_flight, server_cpu_s
            )
            for in_flight in IN_FLIGHT
        }


async def _measure(
    traders: Traders, counting: Counting, n: int, in_flight: int, server_cpu_s: Callable[[], float] | None
) -> dict[str, float]:
    n = max(n, 200)
    await traders.exchange.settled()
    calls, events, server = counting.calls, counting.events, server_cpu_s() if server_cpu_s else 0.0
    begin, cpu = time.perf_counter(), time.process_time()
    await _place(traders, n, in_flight)
    answered_s = time.perf_counter() - begin
    await traders.exchange.settled()
    settled_s = time.perf_counter() - begin
    calls, events = counting.calls - calls, counting.events - events
    measured = {
        "orders_per_s": round(n / answered_s, 1),
        "settled_orders_per_s": round(n / settled_s, 1),
        "append_calls_per_order": round(calls / n, 3),
        "events_per_append_call": round(events / calls, 1),
        "exchange_cpu_us_per_order": round(1e6 * (time.process_time() - cpu) / n, 1),
    }
    if server_cpu_s is not None:
        measured["server_cpu_us_per_order"] = round(1e6 * (server_cpu_s() - server) / n, 1)
    return measured


async def _place(traders: Traders, n: int, in_flight: int) -> None:
    """Place ``n`` orders from so many clients, each sending one at a time."""
    left = iter(range(n))

    async def client() -> None:
        for _ in left:
            answer = await traders.exchange.trading.place(traders.request())
            assert isinstance(answer, OrderAccepted), answer

    await asyncio.gather(*(client() for _ in range(in_flight)))


@asynccontextmanager
async def _exchange(store: EventStore) -> AsyncIterator[Exchange]:
    """Run an exchange with its read models, as ``presage serve`` does, on a store of the caller's."""
    codec, clock = make_codec(), SystemClock()
    with TemporaryDirectory() as folder:
        read_file = Path(folder) / "read.db"
        async with open_read_models(read_file, source=store, codec=codec, clock=clock) as reads:
            exchange = await build_exchange(
                store,
                codec,
                order_keys=reads.order_keys,
                transfer_keys=reads.transfer_keys,
                checkpoints=MemoryCheckpoints(),
                clock=clock,
                ids=TimeOrderedIds(),
                partitions=PARTITIONS,
            )
            await exchange.start()
            try:
                yield exchange
            finally:
                await exchange.close()
