"""A load's requests are measured from when they were due, whatever the server does meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from adapters.load.measured import Measurements
from adapters.load.profiles import Arrival, Kind
from adapters.load.sender import Sender, Traders

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    open_ones: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        with suppress(asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*open_ones)


async def measured(url: str, due: list[Arrival], *, connections: int) -> Measurements:
    traders = Traders(keys=[], markets=["RAIN"], hot_markets=1, hot_share=1, chance=random.Random(1))
    sender = Sender(url, traders, connections)
    await sender.send(due)
    return sender.found


async def test_a_server_that_stands_still_is_seen_by_every_request_that_was_due_meanwhile() -> None:
    loop, number = asyncio.get_running_loop(), 20
    due = [Arrival(0.01 * each, Kind.BOOK) for each in range(number)]
    went_on: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            if not went_on:
                await asyncio.sleep(0.4)  # the whole load is due within half of it
                went_on.append(loop.time())
            writer.write(ANSWER)

    async with listening(serve) as url:
        begun = loop.time()
        found = await measured(url, due, connections=1)
    latencies_s = sorted(us / 1e6 for second in found.seconds.values() for us in second.latencies_us)
    stood_s = went_on[0] - begun
    assert found.statuses == {"book 200": number}
    # The k-th to come was due 10 ms after the one before it and waited for the same moment.
    for each, latency_s in enumerate(reversed(latencies_s)):
        assert latency_s >= stood_s - due[each].at_s - 0.1, (
            "whoever waited for answers would have left it out"
        )


async def test_a_connection_that_is_cut_fails_its_request_only() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if connections == 1:
            return
        writer.write(ANSWER)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)

    async with listening(serve) as url:
        found = await measured(url, [Arrival(0.0, Kind.BOOK) for _ in range(3)], connections=1)
    assert found.statuses == {"book connection lost": 1, "book 200": 2}
    assert (found.sent, found.failed, connections) == (3, 1, 2)
