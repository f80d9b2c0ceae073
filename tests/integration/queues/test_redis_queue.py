"""What can be wrong with a Redis behind a queue: each is refused clearly, and nothing is lost."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from adapters.queues.redis import RedisMessageQueue, queue_names
from adapters.queues.redis_connection import refuse_unusable
from application.ports.queue import Priority, QueueFull, QueueMessage, QueueUnavailable, UnusableQueue
from tests.redis_server import RedisServer, running_redis

NAME = "commands-engine-1"
NEW_ORDERS = f"presage:queue:{{{NAME}}}:2"
DEAD = f"presage:queue:{{{NAME}}}:dead"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator["Redis"]:
    async with Redis.from_url(server.url) as client:
        yield client


@asynccontextmanager
async def opened(server: RedisServer, **options: float) -> AsyncIterator[RedisMessageQueue]:
    queue = RedisMessageQueue(server.url, NAME, **options)  # type: ignore[arg-type]
    yield queue
    await queue.close()


def orders(*names: str) -> list[QueueMessage]:
    return [QueueMessage(name, b"order") for name in names]


async def test_a_batch_is_put_taken_and_acknowledged_in_a_round_trip_each(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("first"))
        await taker.acknowledge(await taker.take(most=1, wait_s=0))
        await redis.config_resetstat()
        await queue.put(orders(*map(str, range(500))))
        got = await taker.take(most=500, wait_s=0)
        await taker.acknowledge(got)
        assert len(got) == 500
        assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == 3


async def test_what_somebody_else_wrote_into_the_queue_is_a_dead_letter_and_the_rest_goes_on(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("1"))
        await redis.xadd(NEW_ORDERS, {"b": "without an id"})
        await redis.xadd(NEW_ORDERS, {"i": "without a body"})
        await redis.xadd(NEW_ORDERS, {"nothing": "at all"})
        await queue.put(orders("2"))
        got = await taker.take(most=10, wait_s=0)
        assert [each.message.message_id for each in got] == ["1", "2"]
        letters = await queue.dead(most=10)
        assert [(letter.message.message_id, letter.message.body) for letter in letters] == [
            ("", b"without an id"),
            ("without a body", b""),
            ("", b""),
        ]
        assert {letter.why for letter in letters} == {"not a message: it has no id or no body"}
        await taker.acknowledge(got)
        assert (await queue.figures()).in_hand == {"engine": 0}


async def test_who_waits_beside_something_unreadable_gets_the_next_message(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        waits = asyncio.create_task(queue.taker("engine", "a").take(most=10, wait_s=10))
        await redis.xadd(NEW_ORDERS, {"nothing": "at all"})
        while not await redis.exists(DEAD):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.005)
        await queue.put(orders("1"))
        assert [each.message.message_id for each in await waits] == ["1"]


async def test_a_dead_letter_that_cannot_be_written_leaves_its_message_where_it_was(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("1"))
        got = await taker.take(most=1, wait_s=0)
        await redis.config_set("maxmemory", 1)
        with pytest.raises(QueueFull, match="maxmemory"):
            await taker.fail(got, "no", final=True)
        figures = await queue.figures()
        assert (figures.held[Priority.NEW_ORDER], figures.in_hand, figures.dead) == (1, {"engine": 1}, 0)
        await redis.config_set("maxmemory", 0)
        await taker.fail(got, "no", final=True)
        assert (await queue.figures()).dead == 1


async def test_a_redis_without_memory_takes_nothing_more_and_gives_out_all_it_has(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("1"))
        await taker.take(most=1, wait_s=0)
        await queue.put(orders("2", "3"))
        await redis.config_set("maxmemory", 1)
        with pytest.raises(QueueFull, match="no memory left"):
            await queue.put([*orders("4"), QueueMessage("5", b"cancel", Priority.CANCEL)])
        got = await taker.take(most=10, wait_s=0)
        assert [each.message.message_id for each in got] == ["2", "3"]
        await taker.acknowledge(got)
        await redis.config_set("maxmemory", 0)
        assert await taker.take(most=10, wait_s=0) == []


async def test_a_replica_is_refused_until_it_is_the_primary(server: RedisServer, redis: "Redis") -> None:
    async with opened(server) as queue:
        await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(QueueUnavailable, match="read-only replica"):
            await queue.put(orders("1"))
        await redis.execute_command("REPLICAOF", "NO", "ONE")
        await queue.put(orders("1"))
        got = await queue.taker("engine", "a").take(most=10, wait_s=0)
        assert [each.message.message_id for each in got] == ["1"]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"redis_version": "6.0.16", "maxmemory": 0}, r"Redis is 6.0.16; queues take 6.2 or newer"),
        ({"redis_version": "5.0.7", "maxmemory": 0}, r"Redis is 5.0.7"),
        (
            {"redis_version": "7.4.5", "maxmemory": 1_000, "maxmemory_policy": "allkeys-lru"},
            r"maxmemory-policy allkeys-lru",
        ),
    ],
)
def test_a_redis_that_cannot_serve_says_why(info: dict[str, object], said: str) -> None:
    with pytest.raises(UnusableQueue, match=said):
        refuse_unusable(info)


@pytest.mark.parametrize(
    "info",
    [
        {"redis_version": "6.2.0", "maxmemory": 0, "maxmemory_policy": "allkeys-lru"},
        {"redis_version": "7.4.5", "maxmemory": 1_000, "maxmemory_policy": "volatile-lru"},
        {"redis_version": "10.0", "maxmemory": 1_000, "maxmemory_policy": "noeviction"},
    ],
)
def test_a_redis_that_can_serve_is_taken(info: dict[str, object]) -> None:
    refuse_unusable(info)


async def test_a_redis_that_would_drop_the_queue_is_refused_when_it_is_first_asked(
    server: RedisServer, redis: "Redis"
) -> None:
    await redis.config_set("maxmemory", 100_000_000)
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    async with opened(server) as queue:
        with pytest.raises(UnusableQueue, match="volatile-lru"):
            await queue.put(orders("1"))
        await redis.config_set("maxmemory-policy", "volatile-lru")
        await queue.put(orders("1"))


async def test_a_wiped_redis_loses_its_messages_and_the_queue_goes_on(
    server: RedisServer, redis: "Redis"
) -> None:
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("1", "2"))
        in_hand = await taker.take(most=1, wait_s=0)
        server.wipe()
        await taker.acknowledge(in_hand)
        await taker.fail(in_hand, "no", final=True)
        assert await taker.take(most=10, wait_s=0) == []
        waits = asyncio.create_task(taker.take(most=10, wait_s=10))
        server.wipe()
        await queue.put(orders("1", "2"))
        assert [each.message.message_id for each in await waits] == ["1", "2"]


async def test_a_redis_that_is_away_is_told_and_used_again_when_it_is_back(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.queues.redis_connection.TIMEOUT_S", 0.2)
    async with opened(server) as queue:
        taker = queue.taker("engine", "a")
        await queue.put(orders("1"))
        server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(QueueUnavailable, match="cannot be reached"):
            await queue.put(orders("2"))
        server.process.send_signal(signal.SIGCONT)
        await queue.put(orders("3"))
        # The second one arrived after all, as nobody could know; whoever puts it again has it twice.
        got = await taker.take(most=10, wait_s=0)
        assert {each.message.message_id for each in got} >= {"1", "3"}
        server.process.kill()
        server.process.wait()
        with pytest.raises(QueueUnavailable):
            await taker.acknowledge(got)


async def test_the_queues_of_a_redis_are_found_by_name(server: RedisServer, redis: "Redis") -> None:
    assert await queue_names(server.url) == []
    async with opened(server) as queue:
        await queue.put(orders("1"))
    other = RedisMessageQueue(server.url, "answers:api-2")
    await other.taker("api", "a").take(most=1, wait_s=0)
    await other.close()
    await redis.set("presage:queue:{not-a-queue}:2", "")
    await redis.xadd("something-else", {"a": "b"})
    assert await queue_names(server.url) == ["answers:api-2", NAME]


@pytest.mark.parametrize("name", ["", "a b", "a}b", "a*", "a\n"])
def test_a_name_that_redis_might_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a queue"):
        RedisMessageQueue("redis://127.0.0.1:1/0", name)
