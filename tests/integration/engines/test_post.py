"""Processes are connected by a Redis that may lose everything at any moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis as AsyncRedis

from adapters.engine_lines import post as module
from adapters.engine_lines.names import Names, NameTaken
from adapters.engine_lines.post import Post
from application.health import Health, Trouble
from application.ports.queue import QueueFull, QueueUnavailable
from tests.redis_server import RedisServer, running_redis


class End(asyncio.Protocol):
    """One end of a connection: what it was sent, and whether it was lost."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.lost = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self.said += data


@pytest.fixture
def redis() -> object:
    with running_redis() as server:
        yield server


class Two:
    """Two processes and a connection between them."""

    def __init__(self, url: str) -> None:
        self.health = Health()
        self.accepted: list[End] = []
        self.there = Post(url, prefix="test", health=Health(), accept=self._accept)
        self.here = Post(url, prefix="test", health=self.health)

    def _accept(self) -> End:
        self.accepted.append(End())
        return self.accepted[-1]

    async def connected(self) -> End:
        made: list[End] = []

        def make() -> End:
            made.append(End())
            return made[-1]

        await self.here.open(self.there.address, make)
        return made[0]


@pytest.fixture
async def two(redis: RedisServer) -> AsyncIterator[Two]:
    two = Two(redis.url)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(two.there.running())
        await stack.enter_async_context(two.here.running())
        yield two


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_sent_arrives_in_order_both_ways(two: Two) -> None:
    end = await two.connected()
    assert end.transport is not None
    for number in range(500):
        end.transport.write(b"%d," % number)
    await until(lambda: two.accepted[0].said.endswith(b"499,"))
    assert two.accepted[0].said == b"".join(b"%d," % number for number in range(500))
    assert two.accepted[0].transport is not None
    two.accepted[0].transport.write(b"and back")
    await until(lambda: end.said == b"and back")


async def test_a_redis_that_is_wiped_again_and_again_loses_nothing(two: Two, redis: RedisServer) -> None:
    end = await two.connected()
    assert end.transport is not None
    for number in range(60):
        end.transport.write(b"%d," % number)
        if number % 3 == 0:
            redis.wipe()
        await asyncio.sleep(0)
    await until(lambda: len(two.accepted) == 1 and two.accepted[0].said.endswith(b"59,"))
    assert two.accepted[0].said == b"".join(b"%d," % number for number in range(60))
    assert not end.lost.is_set()


async def test_whoever_is_silent_for_long_is_given_up(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    end = await two.connected()
    monkeypatch.setattr(module, "SILENCE_S", -1.0)
    async with asyncio.timeout(20):
        await end.lost.wait()


async def test_an_end_is_told_to_the_other(two: Two) -> None:
    end = await two.connected()
    assert two.accepted[0].transport is not None
    two.accepted[0].transport.close()
    async with asyncio.timeout(20):
        await end.lost.wait()


async def test_a_fault_of_whoever_takes_what_came_costs_that_connection_only(two: Two) -> None:
    faulty, well = await two.connected(), await two.connected()
    assert faulty.transport is not None
    assert well.transport is not None

    def fail(_: bytes) -> None:
        raise RuntimeError("no such message")

    two.accepted[0].data_received = fail  # type: ignore[method-assign]
    faulty.transport.write(b"what nobody understands")
    await until(faulty.lost.is_set)
    well.transport.write(b"and this arrives")
    await until(lambda: two.accepted[1].said == b"and this arrives")
    assert not well.lost.is_set()


async def test_what_is_remembered_of_processes_that_are_gone_is_bounded(
    two: Two, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPENERS_KEPT", 2)
    for _ in range(4):
        other = Post(redis.url, prefix="test", health=Health())
        async with other.running():
            await other.open(two.there.address, End)
    assert len(two.there._highest) == 2


async def test_nobody_answers_at_an_address_of_a_process_that_has_ended(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPENING_S", 0.2)
    with pytest.raises(TimeoutError):
        await two.here.open("nobody", End)


async def test_a_connection_that_is_over_is_not_opened_again_by_what_comes_late(two: Two) -> None:
    end = await two.connected()
    assert end.transport is not None
    end.transport.write(b"once")
    await until(lambda: two.accepted[0].said == b"once")
    late = module.Frame(two.here.address, two.here.address, 1, 1, 0, b"again", last=False)
    end.transport.close()
    async with asyncio.timeout(20):
        await two.accepted[0].lost.wait()
    two.here.send(two.there.address, late)
    other = await two.connected()
    assert other.transport is not None
    other.transport.write(b"another")
    await until(lambda: len(two.accepted) == 2 and two.accepted[1].said == b"another")
    assert two.accepted[0].said == b"once"


async def test_a_redis_that_is_away_is_told_and_what_waits_arrives_when_it_is_back(
    two: Two, redis: RedisServer
) -> None:
    end = await two.connected()
    assert end.transport is not None
    redis.process.kill()
    end.transport.write(b"late")
    part = (module.PART, Trouble.ENGINES_UNREACHABLE)
    await until(lambda: part in [(each.part, each.code) for each in two.health.conditions])
    assert not two.health.stopped


@pytest.mark.parametrize(
    ("ails", "well", "said"),
    [
        (("config_set", "maxmemory", 1), ("config_set", "maxmemory", 0), "no memory left"),
        (("replicaof", "127.0.0.1", 1), ("replicaof", "NO", "ONE"), "read-only replica"),
    ],
)
async def test_a_redis_that_takes_nothing_is_told_and_what_waits_arrives_when_it_does(
    two: Two, redis: RedisServer, ails: tuple[object, ...], well: tuple[object, ...], said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "SILENCE_S", 60)
    end = await two.connected()
    assert end.transport is not None
    async with AsyncRedis.from_url(redis.url) as client:
        await getattr(client, ails[0])(*ails[1:])  # type: ignore[call-overload]
        end.transport.write(b"late")
        await until(lambda: any(said in each.message for each in two.health.conditions))
        assert two.accepted[0].said == b""
        await getattr(client, well[0])(*well[1:])  # type: ignore[call-overload]
    await until(lambda: two.accepted[0].said == b"late")
    await until(lambda: not two.health.conditions)


@pytest.mark.parametrize(
    ("ails", "kind"),
    [(("config_set", "maxmemory", 1), QueueFull), (("replicaof", "127.0.0.1", 1), QueueUnavailable)],
)
async def test_a_name_cannot_be_had_of_a_redis_that_takes_nothing(
    redis: RedisServer, ails: tuple[object, ...], kind: type[Exception]
) -> None:
    async with AsyncRedis.from_url(redis.url) as client:
        await getattr(client, ails[0])(*ails[1:])  # type: ignore[call-overload]
        with pytest.raises(kind, match=r"no memory left|read-only replica"):
            async with Names(client, "test").held("E1", "here", asyncio.Event(), Health()):
                pass


async def test_a_name_is_one_engines_at_a_time(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.engine_lines.names.WAIT_S", 0.1)
    post = Post(redis.url, prefix="test", health=Health())
    names, lost = Names(post.redis, "test"), asyncio.Event()
    with pytest.raises(OSError, match="no engine E1 runs"):
        await names.find("E1")
    async with names.held("E1", "here", lost, Health()):
        assert await names.find("E1") == "here"
        with pytest.raises(NameTaken):
            async with names.held("E1", "there", asyncio.Event(), Health()):
                pass
        redis.wipe()
        async with asyncio.timeout(20):
            while await post.redis.get("test:engine:E1") is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert not lost.is_set()
        redis.wipe()
        await post.redis.set("test:engine:E1", "there")
        async with asyncio.timeout(20):
            await lost.wait()
    assert await names.find("E1") == "there"
    await post.redis.aclose()
