"""Commands that are delivered at least once have their effect exactly once, whatever was forgotten.

The command is one that would do its work again: a decrease by so much.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.queues.memory import InMemoryMessageQueue
from adapters.queues.memory_handled import InMemoryHandled
from adapters.queues.redis import RedisMessageQueue
from adapters.queues.redis_handled import RedisHandled
from adapters.snapshots.memory import NoSnapshots
from application.hosting.owner import StreamOwner
from application.ports.handled import HandledMessages
from application.ports.queue import MessageQueue, QueueMessage
from application.queues.consumer import handle_next
from application.queues.idempotent import IdempotentHandler
from application.snapshots.history import StreamHistory
from domain.identifiers import OrderId
from domain.market import commands as c
from domain.market.aggregate import MARKET
from tests.clock_by_hand import ClockByHand
from tests.redis_server import redis_time_passes, running_redis
from tests.unit.domain.trading_words import ANN, TICKER, buy, hundredths, listing

STREAM = f"market-{TICKER}"
SOON_S = 0.1
PLACE = buy("o", ANN, 10, 40)
DECREASE = c.DecreaseOrder(order_id=PLACE.order_id, account_id=ANN, by=hundredths(1))


class Engine:
    """Owns the market, and decides what comes through a queue."""

    def __init__(self, store: MemoryEventStore) -> None:
        codec = JsonCodec()
        self.store = store
        self.owner = StreamOwner(
            STREAM,
            MARKET,
            history=StreamHistory(STREAM, MARKET, None, reader=store, codec=codec, snapshots=NoSnapshots()),
            taker=None,
            reader=store,
            appender=store,
            codec=codec,
            clock=ClockByHand(),
        )
        self.commands: dict[bytes, c.MarketCommand] = {b"place": PLACE, b"decrease": DECREASE}

    async def handle(self, message: QueueMessage) -> None:
        await self.owner.ask(self.commands[message.body], command_id=UUID(message.message_id))

    async def open_market(self) -> None:
        for command in (listing(), c.ActivateMarket(), PLACE):
            await self.owner.ask(command, command_id=uuid4())

    async def contracts_left(self) -> float:
        return (await self.owner.state()).orders[OrderId(PLACE.order_id)].remaining / 100

    async def written(self, kind: str) -> int:
        pages = self.store.read_stream(STREAM)
        return sum([event.type == kind async for page in pages for event in page])


class World:
    """A queue, memories of what was handled that expire soon, and time that passes."""

    def __init__(
        self,
        queue: MessageQueue,
        memory: Callable[[], HandledMessages],
        clock: ClockByHand,
        url: str | None,
    ) -> None:
        self.queue = queue
        self.memory = memory
        self.clock = clock
        self.url = url

    async def soon(self) -> None:
        self.clock.move(SOON_S)
        if self.url is not None:
            await redis_time_passes(self.url, SOON_S)


@pytest.fixture(params=["memory", "redis"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    times = {"retention_s": SOON_S, "claim_s": SOON_S}
    if request.param == "memory":
        clock = ClockByHand()
        remembers = InMemoryHandled(clock=clock, **times)
        yield World(InMemoryMessageQueue(clock=clock, idle_s=SOON_S), lambda: remembers, clock, None)
        return
    with running_redis() as server:
        memories: list[RedisHandled] = []

        def memory() -> RedisHandled:
            memories.append(RedisHandled(server.url, "engine", **times))
            return memories[-1]

        queue = RedisMessageQueue(server.url, "commands", idle_s=SOON_S)
        yield World(queue, memory, ClockByHand(), server.url)
        for each in memories:
            await each.close()
        await queue.close()


@pytest.fixture
async def engine() -> Engine:
    engine = Engine(MemoryEventStore())
    await engine.open_market()
    return engine


async def deliver(world: World, engine: Engine, message: QueueMessage, consumer: str = "a") -> None:
    await world.queue.put([message])
    handler = IdempotentHandler(engine.handle, world.memory())
    assert await handle_next(world.queue.taker("engine", consumer), handler, most=10, wait_s=1) == 1


async def test_a_command_that_comes_again_after_the_retention_period_has_its_effect_once(
    world: World, engine: Engine
) -> None:
    message = QueueMessage(str(uuid4()), b"decrease")
    await deliver(world, engine, message)
    await world.soon()
    await deliver(world, engine, message)
    assert await engine.contracts_left() == 9
    assert await engine.written("OrderDecreased") == 1


async def test_and_so_if_another_engine_has_taken_the_market_over_meanwhile(
    world: World, engine: Engine
) -> None:
    message = QueueMessage(str(uuid4()), b"decrease")
    await deliver(world, engine, message)
    await world.soon()
    successor = Engine(engine.store)
    await deliver(world, successor, message, consumer="b")
    assert await successor.contracts_left() == 9
    assert await successor.written("OrderDecreased") == 1


async def test_a_handler_that_died_after_the_effect_and_before_it_was_noted_has_it_once(
    world: World, engine: Engine
) -> None:
    decided = asyncio.Event()

    async def dies(message: QueueMessage) -> None:
        await engine.handle(message)
        decided.set()
        await asyncio.Event().wait()

    await world.queue.put([QueueMessage(str(uuid4()), b"decrease")])
    handler = IdempotentHandler(dies, world.memory())
    dying = asyncio.create_task(handle_next(world.queue.taker("engine", "a"), handler, most=10, wait_s=1))
    await decided.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await world.soon()
    lives = IdempotentHandler(engine.handle, world.memory())
    assert await handle_next(world.queue.taker("engine", "b"), lives, most=10, wait_s=10) == 1
    assert await engine.contracts_left() == 9
    assert sum((await world.queue.figures()).held.values()) == 0


async def test_two_consumers_that_both_handle_a_message_have_its_effect_once(
    world: World, engine: Engine
) -> None:
    message = QueueMessage(str(uuid4()), b"decrease")
    await asyncio.gather(engine.handle(message), engine.handle(message))
    await deliver(world, engine, message)
    assert await engine.contracts_left() == 9


async def test_an_order_that_comes_again_when_even_the_owner_has_forgotten_the_command_is_placed_once(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.hosting.recent.REMEMBERED_EVENTS", 2)
    forgetful = Engine(engine.store)
    message = QueueMessage(str(uuid4()), b"place")
    forgetful.commands[b"place"] = buy("late", ANN, 10, 40)
    await deliver(world, forgetful, message)
    for number in range(10):
        await forgetful.owner.ask(buy(f"other-{number}", ANN, 1, 30), command_id=uuid4())
    await world.soon()
    before = await forgetful.written("OrderPlaced")
    await deliver(world, forgetful, message)
    assert await forgetful.written("OrderPlaced") == before
    assert sum((await world.queue.figures()).held.values()) == 0
