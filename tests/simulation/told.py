"""Somebody to be told of orders: an endpoint that may fail, driven time, an outbox whose process may die."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import orjson

from adapters.notices.outbox import SqliteOutbox
from adapters.notices.wording import worded
from adapters.simulation.world import World
from application.health import Health
from application.log.landmarks import Landmark
from application.notices.deliveries import Deliveries
from application.notices.log_line import LogLine
from application.notices.notice import Delivery, Lane
from application.notices.telling import Telling
from application.ports.event_store import START, Filter

T = TypeVar("T")


class DrivenTimer:
    """Time that passes only while somebody waits for it, and then at once."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self.ahead_us = 0
        self.pauses: list[float] = []

    def now_us(self) -> int:
        return self._now_us() + self.ahead_us

    async def pause(self, seconds: float, woken: asyncio.Event) -> None:
        await asyncio.sleep(0)
        if not woken.is_set():
            self.pauses.append(seconds)
            self.ahead_us += int(seconds * 1_000_000)

    def chance(self) -> float:
        return 0.5


class Endpoint:
    """Takes notices, or not, and remembers every request."""

    def __init__(self) -> None:
        self.fault: Callable[[str, int], str | None] = lambda _url, _request: None
        self.requests: list[tuple[str, str]] = []
        self.taken: list[tuple[str, str]] = []

    async def send(self, url: str, notice_id: str, body: bytes) -> str | None:
        order_id = str(orjson.loads(body)["data"]["order_id"])
        self.requests.append((url, order_id))
        await asyncio.sleep(0)
        fault = self.fault(url, len(self.requests))
        if fault is None:
            self.taken.append((url, order_id))
        return fault

    def orders(self, url: str) -> set[str]:
        return {order_id for at, order_id in self.taken if at == url}


class DyingOutbox:
    """An outbox that outlives its process, which can be made to die just before or after any use of it."""

    def __init__(self, inner: SqliteOutbox, died: asyncio.Event) -> None:
        self._inner = inner
        self.died = died
        self.uses = 0
        self.die_at: int | None = None
        self.after = False

    async def load(self, name: str) -> Landmark | None:
        return await self._inner.load(name)

    async def save(self, name: str, landmark: Landmark) -> None:
        await self._use(lambda: self._inner.save(name, landmark))

    async def waiting(self) -> Mapping[Lane, int]:
        return await self._inner.waiting()

    async def put(self, deliveries: Sequence[Delivery]) -> Mapping[Lane, int]:
        return await self._use(lambda: self._inner.put(deliveries))

    async def next(self, lane: Lane) -> Delivery | None:
        return await self._use(lambda: self._inner.next(lane))

    async def postpone(self, delivery: Delivery) -> None:
        await self._use(lambda: self._inner.postpone(delivery))

    async def remove(self, delivery: Delivery) -> None:
        await self._use(lambda: self._inner.remove(delivery))

    async def clear(self, lane: Lane | None = None) -> None:
        await self._use(lambda: self._inner.clear(lane))

    async def _use(self, work: Callable[[], Awaitable[T]]) -> T:
        self.uses += 1
        dying = self.uses == self.die_at
        if self.died.is_set() or (dying and not self.after):
            await self._die()
        done = await work()
        if dying or self.died.is_set():
            await self._die()
        return done

    async def _die(self) -> None:
        self.died.set()
        await asyncio.Event().wait()


class ToldWorld(World):
    """A world in which accounts are told."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.kept = SqliteOutbox(None)
        self.endpoint = Endpoint()
        self.timer = DrivenTimer(self.clock.now_us)
        self.outbox: DyingOutbox
        self.health: Health
        self.deliveries: Deliveries
        self.telling: Telling
        self.die_at: int | None = None
        self.after = False

    async def start(self, *, crash_at: int | None = None, after: bool = False) -> None:
        await super().start(crash_at=crash_at, after=after)
        self.outbox = DyingOutbox(self.kept, self.store.crashed)
        self.outbox.die_at, self.outbox.after = self.die_at, self.after
        self.health = Health()
        webhooks = self.exchange.webhooks
        self.deliveries = Deliveries(webhooks, self.outbox, self.endpoint, self.timer, worded, self.health)
        self.telling = Telling(
            self.store, self.codec, webhooks, self.outbox, [LogLine(), self.deliveries], self.health
        )
        self.telling.start()

    async def told(self) -> None:
        """Wait until nothing waits to be told any more."""
        if not await self.exchange.webhooks.exist():
            return
        last = START
        async for page in self.log.read_all(
            matching=Filter(types=("OrderPlaced", "WebhookSet", "NoticeRetried"))
        ):
            last = max([last, *(event.position for event in page.events)])
        async with asyncio.timeout(20):
            while self.telling.position < last or self.deliveries.waiting:  # noqa: ASYNC110 (nobody says so)
                await asyncio.sleep(0)

    async def hush(self) -> None:
        """Tell nobody anything any more."""
        await self.telling.close()
        await self.deliveries.close()

    async def end(self) -> None:
        """Put everything away."""
        await self.kept.close()
