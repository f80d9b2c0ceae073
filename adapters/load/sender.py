"""One process of a load: sends requests when they are due, and measures from then on.

Whoever waits for an answer before the next request sends less as soon as the exchange slows down, and leaves
out the very requests that would have waited. Here each request has its time, and its latency counts from
it, however long it waits for a connection (open-loop arrivals, without coordinated omission).
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

from adapters.load.measured import Measurements
from adapters.load.profiles import PROFILES, Arrival, Kind, arrivals
from presage.signing import Signer

API = "/trade-api/v2"
WAITING_MAX = 20_000
"""How many requests may be under way or wait for a connection; what is due beyond that is given up."""
PATIENCE_S = 10.0
_FAULT = 500


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and whose it is."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    account: str = ""


@dataclass(slots=True, eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        _, _, rest = head.lower().partition(b"content-length:")
        length = int(rest.split(b"\r\n", 1)[0]) if rest else 0
        return int(head[9:12]), await self.reader.readexactly(length)


@dataclass(kw_only=True)
class Traders:
    """Says what the next request of a kind is, about markets some of which are hot."""

    keys: Sequence[tuple[str, Signer]]
    markets: Sequence[str]
    hot_markets: int
    hot_share: float
    chance: random.Random
    resting: list[tuple[str, str]] = field(default_factory=list)

    def request(self, kind: Kind) -> Request:
        """Return the next request."""
        if kind is Kind.CANCEL and self.resting:
            account, order_id = self.resting.pop(self.chance.randrange(len(self.resting)))
            return Request("DELETE", f"{API}/portfolio/orders/{order_id}", account=account)
        match kind:
            case Kind.ORDER | Kind.CANCEL:
                return self._order()
            case Kind.BOOK:
                return Request("GET", f"{API}/markets/{self._market()}/orderbook")
            case Kind.MARKET:
                return Request("GET", f"{API}/markets/{self._market()}")
            case Kind.MARKETS:
                return Request("GET", f"{API}/markets", "limit=100")
            case Kind.TRADES:
                return Request("GET", f"{API}/markets/trades", f"limit=100&ticker={self._market()}")
            case Kind.BALANCE:
                return Request("GET", f"{API}/portfolio/balance", account=self._account())

    def _order(self) -> Request:
        side = self.chance.choice(("yes", "no"))
        order = {
            "ticker": self._market(),
            "side": side,
            "action": "buy",
            "type": "limit",
            "count": self.chance.randint(1, 20),
            f"{side}_price": self.chance.randint(40, 54),
        }
        return Request("POST", f"{API}/portfolio/orders", body=orjson.dumps(order), account=self._account())

    def _account(self) -> str:
        return self.chance.choice(self.keys)[0]

    def _market(self) -> str:
        if self.chance.random() < self.hot_share:
            return self.markets[self.chance.randrange(self.hot_markets)]
        return self.chance.choice(self.markets)


class Sender:
    """Sends a load over so many connections."""

    def __init__(self, url: str, traders: Traders, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._traders = traders
        self._signers = dict(traders.keys)
        self._idle: asyncio.LifoQueue[_Connection | None] = asyncio.LifoQueue()
        for _ in range(connections):
            self._idle.put_nowait(None)
        self._under_way: set[asyncio.Task[None]] = set()
        self.found = Measurements()

    async def send(self, due: Sequence[Arrival]) -> None:
        """Send all of it, each when it is due; return when everything is answered or given up."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        cpu = time.process_time()
        for arrival in due:
            if (wait_s := begun + arrival.at_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            elif not len(self._under_way) % 16:
                await asyncio.sleep(0)
            self.found.late(loop.time() - begun - arrival.at_s)
            if len(self._under_way) >= WAITING_MAX:
                self.found.answered(arrival.kind, arrival.at_s, 0, "given up", failed=True)
                continue
            task = asyncio.create_task(self._answered(arrival, begun))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        while self._under_way:
            await asyncio.wait(self._under_way)
        self.found.cpu_s = time.process_time() - cpu
        while not self._idle.empty():
            _close(self._idle.get_nowait())

    async def _answered(self, arrival: Arrival, begun: float) -> None:
        due = begun + arrival.at_s
        status, content, request = 0, b"", None
        connection = await self._idle.get()
        try:
            async with asyncio.timeout(PATIENCE_S):
                connection = connection or await self._connect()
                request = self._traders.request(arrival.kind)
                status, content = await connection.exchange(self._whole(request))
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            _close(connection)
            connection = None
            outcome = "no answer in time" if isinstance(error, TimeoutError) else "connection lost"
        else:
            outcome = str(status)
        finally:
            self._idle.put_nowait(connection)
        latency_s = asyncio.get_running_loop().time() - due
        failed = not status or status >= _FAULT
        kind = Kind.ORDER if request is not None and request.method == "POST" else arrival.kind
        self.found.answered(kind, arrival.at_s, latency_s, outcome, failed=failed)
        if request is not None and request.method == "POST" and outcome == "201":
            self._note(request.account, orjson.loads(content)["order"])

    def _note(self, account: str, order: dict[str, Any]) -> None:
        self.found.acknowledged.setdefault(account, []).append(order["order_id"])
        if order["status"] == "resting":
            self._traders.resting.append((account, order["order_id"]))

    async def _connect(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(self._host, self._port))

    def _whole(self, request: Request) -> bytes:
        target = f"{request.path}?{request.query}" if request.query else request.path
        head = f"{request.method} {target} HTTP/1.1\r\nHost: {self._host}\r\n"
        if request.account:
            signed = self._signers[request.account].headers(
                request.method, request.path, request.query, request.body
            )
            head += "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        if request.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(request.body)}\r\n"
        return head.encode() + b"\r\n" + request.body


def _close(connection: _Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.writer.close()


def main() -> None:
    """Carry out the work described on standard input; print what was measured, both JSON."""
    work = json.load(sys.stdin)
    profile = PROFILES[work["profile"]]
    traders = Traders(
        keys=[(account, Signer(key_id, work["private_pem"].encode())) for account, key_id in work["keys"]],
        markets=work["markets"],
        hot_markets=profile.hot_markets,
        hot_share=profile.hot_share,
        chance=random.Random(work["seed"]),
    )
    due = list(
        arrivals(profile, scale=work["scale"], duration_s=work["duration_s"], seed=work["seed"] + 1_000)
    )

    async def send() -> Measurements:
        sender = Sender(work["url"], traders, work["connections"])
        await sender.send(due)
        return sender.found

    sys.stdout.write(json.dumps(uvloop.run(send()).document()))


if __name__ == "__main__":
    main()
