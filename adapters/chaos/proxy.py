"""A TCP proxy between the exchange and something it needs, that can be slow, or away."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
"""Opens a connection to what stands behind the proxy."""

_CHUNK = 65_536
_CALL_S = 10.0


def to_port(host: str, port: int) -> Connect:
    """Connect to a port."""
    return lambda: asyncio.open_connection(host, port)


def to_socket(path: str) -> Connect:
    """Connect to a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)


class TcpProxy:
    """Listens on a free port of this machine and passes everything on; runs in a thread of its own.

    ``latency_s`` is added to every round trip, on the way there. It bounds no throughput: what is under way
    travels together, as on a long line.
    """

    def __init__(self, connect: Connect) -> None:
        self.latency_s = 0.0
        self.port = 0
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self.mend()

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._call(self._cut())

    def mend(self) -> None:
        """Listen again, where it was; nothing changes where it does."""
        self._call(self._listen())

    def close(self) -> None:
        """End everything."""
        self._call(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CALL_S)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_S)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        if lines:
            await asyncio.wait(lines)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        there: asyncio.StreamWriter | None = None
        try:
            back, there = await self._connect()
            await _first_to_end(self._carry(reader, there), self._carry(back, writer, late=False))
        except (OSError, asyncio.CancelledError):
            # The line is reset: whoever speaks through it is to notice now.
            writer.transport.abort()
        finally:
            self._lines.discard(line)
            for end in filter(None, (writer, there)):
                with suppress(OSError):
                    end.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool = True
    ) -> None:
        """Pass on what comes, each piece as late as the latency was when it came."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def take() -> None:
            while True:
                data = await reader.read(_CHUNK)
                under_way.put_nowait((self._loop.time() + (self.latency_s if late else 0.0), data))
                if not data:
                    await under_way.join()
                    return

        async def give() -> None:
            while True:
                due, data = await under_way.get()
                if (wait_s := due - self._loop.time()) > 0:
                    await asyncio.sleep(wait_s)
                writer.write(data)
                await writer.drain()
                under_way.task_done()

        await _first_to_end(take(), give())


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Do several things until one of them has come to its end, and leave the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
