"""What every memory of handled messages promises, in this process and in Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.queues.memory_handled import InMemoryHandled
from adapters.queues.redis_handled import RedisHandled
from application.ports.handled import HandledMessages, Standing
from tests.clock_by_hand import ClockByHand
from tests.redis_server import redis_time_passes, some_redis_url

OURS, UNDER_WAY, HANDLED = Standing.OURS, Standing.UNDER_WAY, Standing.HANDLED
SOON_S, LONG_S = 0.1, 3_600.0

Make = Callable[..., HandledMessages]
Pass = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with some_redis_url() as url:
        yield url


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand()


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest, clock: ClockByHand) -> AsyncIterator[Make]:
    made: list[RedisHandled] = []

    def make_memory(
        *, retention_s: float = LONG_S, claim_s: float = LONG_S, remembered: int = 1_000
    ) -> HandledMessages:
        options = {"retention_s": retention_s, "claim_s": claim_s}
        if request.param == "memory":
            return InMemoryHandled(clock=clock, remembered=remembered, **options)
        made.append(
            RedisHandled(
                request.getfixturevalue("redis_url"), f"test-{uuid4()}", remembered=remembered, **options
            )
        )
        return made[-1]

    yield make_memory
    for handled in made:
        await handled.close()


@pytest.fixture
def soon(make: Make, request: pytest.FixtureRequest, clock: ClockByHand) -> Pass:
    """Let the short time pass: by hand, or by the clock of Redis."""

    async def by_hand() -> None:
        clock.move(SOON_S)

    async def by_redis() -> None:
        await redis_time_passes(request.getfixturevalue("redis_url"), SOON_S)

    return by_redis if "redis" in request.node.name else by_hand


async def test_the_first_to_claim_an_id_has_it_and_the_others_see_it_under_way(make: Make) -> None:
    handled = make()
    assert await handled.claim(["1", "2"]) == [OURS, OURS]
    assert await handled.claim(["2", "3", "3"]) == [UNDER_WAY, OURS, UNDER_WAY]
    assert await handled.claim([]) == []


async def test_what_was_handled_stays_so_for_the_retention_period_and_no_longer(
    make: Make, soon: Pass
) -> None:
    shortly, long = make(retention_s=SOON_S), make(retention_s=LONG_S)
    for handled in (shortly, long):
        await handled.claim(["1"])
        await handled.remember(["1"])
    await soon()
    assert await shortly.claim(["1"]) == [OURS]
    assert await long.claim(["1"]) == [HANDLED]


async def test_a_claim_of_somebody_who_died_runs_out(make: Make, soon: Pass) -> None:
    handled = make(claim_s=SOON_S)
    assert await handled.claim(["1"]) == [OURS]
    await soon()
    assert await handled.claim(["1"]) == [OURS]


async def test_a_claim_given_up_is_free_at_once(make: Make) -> None:
    handled = make()
    await handled.claim(["1", "2"])
    await handled.give_up(["1"])
    assert await handled.claim(["1", "2"]) == [OURS, UNDER_WAY]


async def test_who_was_slow_and_overtaken_still_has_handled_it(make: Make, soon: Pass) -> None:
    handled = make(claim_s=SOON_S)
    await handled.claim(["1"])
    await soon()
    await handled.remember(["1"])
    assert await handled.claim(["1"]) == [HANDLED]


async def test_the_latest_are_remembered_and_never_more_than_there_is_room_for(
    make: Make, soon: Pass
) -> None:
    handled = make(remembered=3)
    await handled.remember(["1", "2"])
    await soon()
    await handled.remember(["3", "4"])
    await soon()
    await handled.remember(["5"])
    assert await handled.claim(["1", "2", "3", "4", "5"]) == [OURS, OURS, HANDLED, HANDLED, HANDLED]


async def test_what_was_handled_again_counts_from_then(make: Make, soon: Pass) -> None:
    handled = make(remembered=2)
    for name in ("1", "2", "1", "3"):
        await handled.remember([name])
        await soon()
    assert await handled.claim(["1", "2", "3"]) == [HANDLED, OURS, HANDLED]


async def test_a_claim_of_another_process_is_not_given_up(redis_url: str) -> None:
    name = f"test-{uuid4()}"
    first, second = RedisHandled(redis_url, name), RedisHandled(redis_url, name)
    assert await first.claim(["1"]) == [OURS]
    await second.give_up(["1"])
    assert await second.claim(["1"]) == [UNDER_WAY]
    await first.remember(["1"])
    assert await second.claim(["1"]) == [HANDLED]
    await first.close()
    await second.close()


async def test_memory_in_redis_is_bounded_whatever_is_claimed_and_handled(redis_url: str) -> None:
    name = f"test-{uuid4()}"
    handled = RedisHandled(redis_url, name, remembered=50, claim_s=LONG_S)
    for batch in range(10):
        ids = [f"{batch}-{number}" for number in range(20)]
        await handled.claim(ids)
        await handled.remember(ids)
    async with Redis.from_url(redis_url) as redis:
        assert await redis.zcard(f"presage:handled:{{{name}}}:handled") == 50
        assert await redis.keys(f"presage:handled:{{{name}}}:claim:*") == []
    await handled.close()
