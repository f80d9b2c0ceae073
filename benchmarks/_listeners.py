"""Many listeners in a process of their own: each only reads, and looks whether the last message has come.

``python -m benchmarks._listeners PORT PATH COUNT [COMMAND]`` connects them and says ``ready``. Each time it
is then told what the last message contains, it says how long all of them took to get there.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_MASK = b"\0\0\0\0"
_PING = b"\x89\x04"
"""How a ping of this server begins; four bytes follow. No message contains it: those are ASCII."""
_SHORT = 126


class Listeners:
    """All that is noted of them together."""

    def __init__(self) -> None:
        self.sentinel = b""
        self.left = 0
        self.began_s = 0.0
        self.done = asyncio.Event()

    def expect(self, sentinel: bytes, count: int) -> None:
        """Begin to wait for a message."""
        self.sentinel, self.left, self.began_s = sentinel, count, 0.0
        self.done.clear()


class Listener(asyncio.Protocol):
    """One connection."""

    def __init__(self, path: str, command: bytes, all_of_them: Listeners) -> None:
        self._path = path
        self._command = command
        self._all = all_of_them
        self._tail = b""
        self._head = b""
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(_HANDSHAKE.format(path=self._path).encode())

    def _frame(self) -> bytes:
        size = len(self._command)
        length = bytes((0x80 | size,)) if size < _SHORT else b"\xfe" + size.to_bytes(2, "big")
        return b"\x81" + length + _MASK + self._command

    def data_received(self, data: bytes) -> None:
        """Note what came."""
        if not self.open.done():
            self._head += data
            if b"\r\n\r\n" in self._head:
                if self._command:
                    self._transport.write(self._frame())
                self.open.set_result(None)
            return
        ping = data.find(_PING)
        if ping >= 0:
            self._transport.write(b"\x8a\x84" + _MASK + data[ping + 2 : ping + 6])
        noted = self._all
        if not noted.sentinel:
            return
        now_s = time.perf_counter()
        noted.began_s = noted.began_s or now_s
        if noted.sentinel in self._tail + data:
            self._tail = b""
            noted.left -= 1
            if not noted.left:
                noted.done.set()
        else:
            self._tail = data[-len(noted.sentinel) :]


async def listen(port: int, path: str, count: int, command: bytes) -> None:
    """Connect, and answer questions until there are no more."""
    noted, loop = Listeners(), asyncio.get_running_loop()
    for start in range(0, count, 50):
        some = [
            (await loop.create_connection(lambda: Listener(path, command, noted), "127.0.0.1", port))[1]
            for _ in range(start, min(count, start + 50))
        ]
        await asyncio.gather(*(each.open for each in some))
    print("ready", flush=True)  # noqa: T201 (this is how it answers)
    while sentinel := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        noted.expect(sentinel.encode(), count)
        print("listening", flush=True)  # noqa: T201
        await noted.done.wait()
        print(json.dumps({"took_s": time.perf_counter() - noted.began_s}), flush=True)  # noqa: T201


if __name__ == "__main__":
    port, path, count, *command = sys.argv[1:]
    uvloop.run(listen(int(port), path, int(count), "".join(command).encode()))
