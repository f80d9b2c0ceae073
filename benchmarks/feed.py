"""What the live feed bears: many subscribers of one busy market, beside a bare broadcast of the same bytes.

The exchange and the bare server run in this process, the listeners in another, which only reads. Told at
once, as many changes as there are in a second of a busy market show what can be written; told one by one, 200
a second, how long one is on its way from the acknowledged append to the socket.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from adapters.bootstrap import Presage, open_presage
from adapters.http.feed.frames import SHORT, text_frames
from adapters.http.feed.history import History
from adapters.http.feed.line import Line
from adapters.http.feed.socket import PATH
from adapters.http.serving.serving import serving
from adapters.settings import Settings
from application.requests import OrderAccepted, OrderRequest
from benchmarks._trading import percentile
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

ROUNDS = 3
CHANGES = 200
"""How many changes are told at once, and in a second."""
PACED_S = 5
SAMPLED = 50
"""Of how many listeners one is looked at for how long messages take."""
REPLAYED = 40
"""How many events are replayed for each subscriber asked for, at most a million."""

TICKER, TRADER = Ticker("HOT"), AccountId("maker")
OPEN_ORDERS = "2000000"
"""How many orders may rest: all of those that are replayed."""
LAST = 7_777
PATIENCE_S = 120.0


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure with ``n`` subscribers."""
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = uvloop.run(_measure(Path(folder), n))
    return {
        "bench": "feed",
        "n": n,
        "conditions": {
            "changes": f"{CHANGES} at once; {CHANGES} a second for {PACED_S} s",
            "rounds": ROUNDS,
            "listeners": "in one process, which only reads",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "ours": ours,
        "peers": {"bare websockets broadcast": peer},
        "ratios": {
            "messages_per_s / bare websockets broadcast": round(
                ours["messages_per_s"] / peer["messages_per_s"], 2
            )
        },
    }


async def _measure(folder: Path, n: int) -> tuple[dict[str, Any], dict[str, Any]]:
    environment = {
        "PRESAGE_RATE_LIMITS": "off",
        "PRESAGE_OPEN_ORDERS_MAX": OPEN_ORDERS,
        "PRESAGE_OPEN_ORDERS_IN_ALL_MAX": OPEN_ORDERS,
    }
    settings = Settings.from_environment(environment, data=folder / "data")
    async with open_presage(settings) as presage:
        await presage.start()
        await _prepare(presage)
        async with serving(presage.app, "127.0.0.1", 0) as served:
            port = int(served.url.rpartition(":")[2])
            idle = await _idle(port, n)
            rates, paced, texts = await _told(presage, port, n)
            replayed = await _replayed(presage, port, n)
            bare = await _bare(texts, n)
    ours = {"messages_per_s": max(rates), **paced, "idle_socket_kib": idle, **replayed}
    return ours, {"messages_per_s": max(bare)}


async def _prepare(presage: Presage) -> None:
    operations = presage.exchange.operations
    await operations.deposit(TRADER, Money(10**14), "first")
    await operations.create_market(CreateMarket(ticker=TICKER, title="Hot?"))
    await operations.activate(TICKER)
    await presage.exchange.settled()
    await presage.shown()


def _orders(count: int, *, last: int = 100) -> list[OrderRequest]:
    """Return orders that rest, the last of them of a size of its own."""
    return [
        OrderRequest(
            account_id=TRADER,
            ticker=TICKER,
            side=Side.YES,
            action=Action.BUY,
            quantity=Quantity(last if number == count - 1 else 100),
            price_ticks=Ticks(100 * (1 + number % 50)),
        )
        for number in range(count)
    ]


# ----------------------------------------------------------------------------------------- listeners


@asynccontextmanager
async def _listeners(port: int, path: str, count: int, command: str = "") -> AsyncIterator[Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks._listeners", str(port), path, str(count), command,
        stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    try:
        assert await _line(child) == "ready"
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _line(child: Process) -> str:
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


async def _expect(child: Process, sentinel: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{sentinel}\n".encode())
    assert await _line(child) == "listening"


async def _until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something; a measurement that cannot go on says so rather than stand still."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 (what is waited for has no event)
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise RuntimeError(f"{PATIENCE_S:.0f} s have passed, and it is not so that {what}") from None


def _subscribe(**more: Any) -> str:
    params = {"channels": ["orderbook_delta"], "market_ticker": TICKER, **more}
    return json.dumps({"id": 1, "cmd": "subscribe", "params": params})


def _sentinel(size: int) -> str:
    return f'"delta_fp":"{size // 100}.{size % 100:02d}"'


# ------------------------------------------------------------------------------------- what is measured


async def _idle(port: int, n: int) -> float:
    """Return how much memory a socket takes of which nothing is asked."""
    before = _resident()
    async with _listeners(port, PATH, n):
        return round((_resident() - before) / n / 1_024, 1)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _told(presage: Presage, port: int, n: int) -> tuple[list[int], dict[str, Any], list[str]]:
    rates: list[int] = []
    async with _listeners(port, PATH, n, _subscribe()) as child:
        await _until(lambda: presage.feed.hub.subscriptions["orderbook_delta"] == n, "all have subscribed")
        watched = _Watched(next(iter(presage.feed._lines)))  # noqa: SLF001 (looked at, not touched)
        for number in range(ROUNDS):
            size = LAST + number
            await _expect(child, _sentinel(size))
            watched.frames.clear()
            await presage.exchange.trading.place_many(_orders(CHANGES, last=size))
            took = json.loads(await _line(child))
            rates.append(round(n * CHANGES / took["took_s"]))
        texts = list(_texts(watched.frames))
        paced = await _paced(presage, n)
    return rates, paced, texts


def _texts(frames: bytearray) -> Iterator[str]:
    """Yield the messages that stand in frames: the bare server sends the same."""
    at = 0
    while at < len(frames):
        size, at = frames[at + 1], at + 2
        if size > SHORT:
            size, at = int.from_bytes(frames[at : at + 2]), at + 2
        yield frames[at : at + size].decode()
        at += size


class _Watched:
    """A listener's wire that notes when each message was written, and what."""

    def __init__(self, line: Line) -> None:
        self._line, self._wire = line, line.wire
        self._before = self._told
        self.frames = bytearray()
        self.written_s: list[float] = []
        line.wire = self

    @property
    def _told(self) -> int:
        return sum(each.seq for each in self._line.subscriptions.values())

    def has(self, messages: int) -> bool:
        """Return whether so many have been written, or it has gone."""
        return len(self.written_s) >= messages or self._line.closed

    @property
    def writable(self) -> bool:
        return self._wire.writable

    def framed(self, frames: bytes) -> None:
        assert self._wire.framed is not None
        self._wire.framed(frames)
        self._note(frames)

    def write(self, messages: list[bytes]) -> None:
        self._wire.write(messages)
        self._note(text_frames(messages))

    def _note(self, frames: bytes) -> None:
        self.frames += frames
        more = self._told - self._before - len(self.written_s)
        self.written_s += [time.perf_counter()] * more

    def close(self, code: int, reason: str) -> None:
        self._wire.close(code, reason)


async def _paced(presage: Presage, n: int) -> dict[str, Any]:
    """Return how long changes take from the acknowledged append to the socket.

    What is written before its command has been answered has not waited at all.
    """
    watched = [_Watched(line) for line in list(presage.feed._lines)[::SAMPLED]]  # noqa: SLF001
    acknowledged_s: list[float] = []

    async def acknowledged(request: OrderRequest) -> None:
        _refuse_refusals([await presage.exchange.trading.place(request)])
        acknowledged_s.append(time.perf_counter())

    begin, processor_s, told = time.perf_counter(), time.process_time(), presage.feed.written
    # They arrive by the clock, as those of many traders do, whether or not earlier ones have been answered.
    async with asyncio.TaskGroup() as under_way:
        for number, request in enumerate(_orders(CHANGES * PACED_S)):
            await asyncio.sleep(max(0.0, begin + number / CHANGES - time.perf_counter()))
            under_way.create_task(acknowledged(request))
    took_s = time.perf_counter() - begin
    await _until(lambda: all(each.has(len(acknowledged_s)) for each in watched), "all was written")
    waits = [
        max(0.0, written_s - at_s)
        for each in watched
        for at_s, written_s in zip(acknowledged_s, each.written_s, strict=False)
    ]
    return {
        "changes_per_s": round(len(acknowledged_s) / took_s),
        "cut_off": n - len(presage.feed._lines),  # noqa: SLF001
        "append_to_write_ms_p50": round(1e3 * percentile(waits, 0.5), 2),
        "append_to_write_ms_p99": round(1e3 * percentile(waits, 0.99), 2),
        "processor_share": round((time.process_time() - processor_s) / took_s, 2),
        "processor_us_per_message": round(
            1e6 * (time.process_time() - processor_s) / (presage.feed.written - told), 2
        ),
    }


def _refuse_refusals(answers: Iterable[object]) -> None:
    """Raise for an order that was not taken: what is waited for would never come."""
    for answer in answers:
        if not isinstance(answer, OrderAccepted):
            raise RuntimeError(f"an order was refused: {answer}")  # noqa: TRY004 (it is of no other type)


async def _replayed(presage: Presage, port: int, n: int) -> dict[str, Any]:
    """Return how fast a market's whole life is told to one who comes back."""
    wanted = min(1_000_000, REPLAYED * n)
    trading = presage.exchange.trading
    for start in range(0, wanted, 500):
        last = LAST + 11 if start + 500 >= wanted else 100
        _refuse_refusals(await trading.place_many(_orders(min(500, wanted - start), last=last)))
    await presage.shown()
    history, before = presage.feed.history, presage.feed.history.messages
    begun = asyncio.create_task(_begun(history, history.replays))
    async with _listeners(port, PATH, 1, _subscribe(from_revision=0)):
        at_s, processor_s = await begun
        while history.messages - before < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        return {
            "resume_messages_per_s": round(wanted / (time.perf_counter() - at_s)),
            "resume_processor_us_per_message": round(1e6 * (time.process_time() - processor_s) / wanted, 1),
        }


async def _begun(history: History, replays: int) -> tuple[float, float]:
    """Return when one more replay begins, and how much the processor had done by then."""
    while history.replays == replays:  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    return time.perf_counter(), time.process_time()


async def _bare(texts: list[str], n: int) -> list[int]:
    """Return how many messages a second a bare server broadcasts, of the same texts."""
    connections: set[ServerConnection] = set()

    async def hold(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    rates: list[int] = []
    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with _listeners(port, "/", n) as child:
            await _until(lambda: len(connections) == n, "all have connected")
            for _ in range(ROUNDS):
                await _expect(child, _sentinel(LAST + ROUNDS - 1))
                for text in texts:
                    broadcast(connections, text)
                    await asyncio.sleep(0)
                took = json.loads(await _line(child))
                rates.append(round(n * len(texts) / took["took_s"]))
            connections.clear()
    return rates
