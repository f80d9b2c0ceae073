"""What every rate limiter promises (exercise 27), by a clock that the tests move: in memory, in memory that
several processes share, and in Redis.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from subprocess import PIPE, Popen
from typing import Protocol

import pytest
import redis
from redis.asyncio import Redis

from adapters.engine_lines.shared_buckets import BYTES, MappedBuckets
from adapters.engine_lines.shared_notes import SharedNotes, notes_file
from adapters.limits.redis import RedisTokenBucketRateLimiter
from application.health import Health
from application.limiting.limits import Limits, SharedBucketsUnavailable
from application.limiting.tiers import Kind, LimitRules
from application.limiting.token_bucket import Buckets, Decision, Outcome, Rate, TokenBucketRateLimiter
from domain.identifiers import AccountId
from tests.clock_by_hand import ClockByHand
from tests.redis_server import running_redis, some_redis_url

RATE = Rate(per_s=10, burst=20)
BOXING = Rate(per_s=10, burst=20, strikes=3, box_s=2, box_longest_s=16, forgiven_s=30)
CLIENTS = 100


class Limiter(Protocol):
    def take(self, name: str, rate: Rate, cost: int = 1) -> Awaitable[Decision]: ...

    async def move(self, seconds: float) -> None: ...


class InMemory:
    """The limiter of one process, or of several that have the same memory mapped."""

    def __init__(self, *, mapped: bool = False) -> None:
        self._clock = ClockByHand()
        self._limiter: Buckets = TokenBucketRateLimiter(self._clock.now_us)
        if mapped:
            self._limiter = MappedBuckets(memoryview(bytearray(BYTES)), notes_file(), b"", self._clock.now_us)

    async def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        return self._limiter.take(name, rate, cost)

    async def move(self, seconds: float) -> None:
        self._clock.move(seconds)


class InRedis:
    """The limiter of many processes, with a key for the server's clock."""

    def __init__(self, url: str, prefix: str) -> None:
        self._clock = ClockByHand()
        self._key = f"{prefix}:clock"
        self._redis: Redis = Redis.from_url(url)
        source = f"local now = tonumber(redis.call('GET', '{self._key}'))\n"
        self._limiter = RedisTokenBucketRateLimiter(url, prefix=prefix, time_source=source)

    def take(self, name: str, rate: Rate, cost: int = 1) -> Awaitable[Decision]:
        return self._limiter.take(name, rate, cost)

    async def move(self, seconds: float) -> None:
        self._clock.move(seconds)
        await self._redis.set(self._key, self._clock.now_us())

    async def close(self) -> None:
        await self._limiter.close()
        await self._redis.aclose()


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with some_redis_url() as url:
        yield url


@pytest.fixture(params=["memory", "mapped", "redis"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param != "redis":
        yield InMemory(mapped=request.param == "mapped")
        return
    shared = InRedis(request.getfixturevalue("redis_url"), f"test-{request.node.name}")
    await shared.move(0)
    yield shared
    await shared.close()


async def outcomes(limiter: Limiter, asked: int, rate: Rate = RATE) -> list[Outcome]:
    return [(await limiter.take("ann", rate)).outcome for _ in range(asked)]


# ------------------------------------------------------------------------ (a) what is within the limit


async def test_requests_within_the_limit_are_allowed(limiter: Limiter) -> None:
    for _ in range(100):
        assert (await limiter.take("ann", RATE)).outcome is Outcome.ALLOWED
        await limiter.move(0.1)


async def test_buckets_of_different_names_have_nothing_to_do_with_each_other(limiter: Limiter) -> None:
    await outcomes(limiter, 25)
    assert await limiter.take("bob", RATE) == Decision(Outcome.ALLOWED, 19, 0)


# --------------------------------------------------------------------------------------- (b) the burst


async def test_a_burst_is_allowed_and_not_one_more(limiter: Limiter) -> None:
    decisions = [await limiter.take("ann", RATE) for _ in range(21)]
    assert [decision.remaining for decision in decisions] == [*range(19, -1, -1), 0]
    assert [decision.outcome for decision in decisions] == [Outcome.ALLOWED] * 20 + [Outcome.REFUSED]
    assert decisions[-1].wait_us == 100_000


async def test_a_batch_takes_what_it_costs_or_nothing(limiter: Limiter) -> None:
    assert await limiter.take("ann", RATE, 15) == Decision(Outcome.ALLOWED, 5, 0)
    assert await limiter.take("ann", RATE, 6) == Decision(Outcome.REFUSED, 5, 100_000)
    assert await limiter.take("ann", RATE, 5) == Decision(Outcome.ALLOWED, 0, 0)


async def test_a_batch_larger_than_the_bucket_takes_all_of_it(limiter: Limiter) -> None:
    assert await limiter.take("ann", RATE, 500) == Decision(Outcome.ALLOWED, 0, 0)
    assert await limiter.take("ann", RATE, 500) == Decision(Outcome.REFUSED, 0, 2_000_000)


async def test_a_question_costs_nothing(limiter: Limiter) -> None:
    await limiter.take("ann", RATE, 7)
    assert [await limiter.take("ann", RATE, 0) for _ in range(3)] == [Decision(Outcome.ALLOWED, 13, 0)] * 3


# --------------------------------------------------------------------------------------- (c) recovery


async def test_tokens_come_back_with_time_and_never_more_than_the_burst(limiter: Limiter) -> None:
    assert (await outcomes(limiter, 21))[-1] is Outcome.REFUSED
    await limiter.move(0.1)
    assert await outcomes(limiter, 2) == [Outcome.ALLOWED, Outcome.REFUSED]
    await limiter.move(1)
    assert await outcomes(limiter, 11) == [Outcome.ALLOWED] * 10 + [Outcome.REFUSED]
    await limiter.move(3_600)
    assert await outcomes(limiter, 21) == [Outcome.ALLOWED] * 20 + [Outcome.REFUSED]


async def test_whoever_waits_as_long_as_told_is_let_in_and_not_a_microsecond_earlier(
    limiter: Limiter,
) -> None:
    rate = Rate(per_s=7, burst=3)
    await outcomes(limiter, 3, rate)
    refused = await limiter.take("ann", rate)
    assert refused == Decision(Outcome.REFUSED, 0, 142_858)
    await limiter.move((refused.wait_us - 1) / 1e6)
    assert (await limiter.take("ann", rate)).outcome is Outcome.REFUSED
    await limiter.move(1e-6)
    assert (await limiter.take("ann", rate)).outcome is Outcome.ALLOWED


# --------------------------------------------------------------------------------- (d) the penalty box


async def test_whoever_does_not_listen_is_boxed_though_tokens_come_back(limiter: Limiter) -> None:
    assert await outcomes(limiter, 24, BOXING) == (
        [Outcome.ALLOWED] * 20 + [Outcome.REFUSED] * 3 + [Outcome.BOXED]
    )
    await limiter.move(1.999)
    assert await limiter.take("ann", BOXING) == Decision(Outcome.BOXED, 19, 1_000)
    await limiter.move(0.001)
    assert (await limiter.take("ann", BOXING)).outcome is Outcome.ALLOWED


async def test_the_refusal_that_leads_to_the_box_says_how_long_it_is(limiter: Limiter) -> None:
    decisions = [await limiter.take("ann", BOXING) for _ in range(23)]
    assert [decision.wait_us for decision in decisions[-3:]] == [100_000, 100_000, 2_000_000]


async def boxed_for(limiter: Limiter) -> int:
    """Ask until the box is reached; return for how many seconds, and wait until it is over."""
    while True:
        decision = await limiter.take("ann", BOXING)
        if decision.outcome is Outcome.BOXED:
            await limiter.move(decision.wait_us / 1e6)
            return decision.wait_us // 1_000_000


async def test_the_box_grows_each_time_up_to_its_longest(limiter: Limiter) -> None:
    assert [await boxed_for(limiter) for _ in range(6)] == [2, 4, 8, 16, 16, 16]


async def test_the_box_shrinks_by_half_with_every_time_of_peace(limiter: Limiter) -> None:
    assert [await boxed_for(limiter) for _ in range(3)] == [2, 4, 8]
    await limiter.move(29)
    assert await boxed_for(limiter) == 16
    await limiter.move(60)
    assert await boxed_for(limiter) == 8
    await limiter.move(30 * 1_000)
    assert await boxed_for(limiter) == 2


async def test_strikes_are_forgiven_too(limiter: Limiter) -> None:
    assert (await outcomes(limiter, 22, BOXING))[-2:] == [Outcome.REFUSED] * 2
    await limiter.move(30)
    assert (await outcomes(limiter, 23, BOXING))[-3:] == [Outcome.REFUSED] * 3
    assert await outcomes(limiter, 1, BOXING) == [Outcome.BOXED]


# --------------------------------------------------------------------------------------- (e) the tiers


@pytest.mark.parametrize("account", ["ann", "maker"])
async def test_each_kind_of_request_has_a_bucket_by_the_accounts_tier(limiter: Limiter, account: str) -> None:
    slow = {kind: Rate(per_s=1, burst=number) for number, kind in enumerate(Kind, 2)}
    fast = {kind: replace(rate, burst=10 * rate.burst) for kind, rate in slow.items()}
    rules = LimitRules(tiers={"basic": slow, "prime": fast}, accounts={"maker": "prime"})
    limits = Limits(rules, Health(), shared=limiter)
    expected = {kind: rate.burst for kind, rate in (fast if account == "maker" else slow).items()}
    allowed = dict.fromkeys(Kind, 0)
    for kind in Kind:
        while True:
            ruling = await limits.of_account(AccountId(account), kind)
            assert ruling is not None
            if not ruling.allowed:
                break
            allowed[kind] += 1
    assert allowed == expected


# ----------------------------------------------------------------------------------------- properties


async def test_a_hundred_clients_never_get_more_than_burst_and_rate_give(limiter: Limiter) -> None:
    rng, allowed, passed_us = random.Random(27), 0, 0
    rate = Rate(per_s=50, burst=30)
    for _ in range(10):
        costs = [rng.randint(1, 3) for _ in range(CLIENTS)]
        decisions = await asyncio.gather(*(limiter.take("ann", rate, cost) for cost in costs))
        allowed += sum(
            cost
            for cost, decision in zip(costs, decisions, strict=True)
            if decision.outcome is Outcome.ALLOWED
        )
        assert allowed <= rate.burst + rate.per_s * passed_us / 1_000_000
        step_us = rng.randint(0, 400_000)
        passed_us += step_us
        await limiter.move(step_us / 1e6)
    assert allowed >= rate.burst + rate.per_s * (passed_us - 400_000) / 1_000_000 - 3 * 10


async def test_all_decide_the_same_in_every_story(redis_url: str) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        here, mapped, there = InMemory(), InMemory(mapped=True), InRedis(redis_url, f"test-same-{seed}")
        rate = Rate(
            per_s=rng.choice([1, 7, 1_000]),
            burst=rng.randint(1, 40),
            strikes=rng.choice([0, 1, 3]),
            box_s=1,
            box_longest_s=5,
            forgiven_s=3,
        )
        await there.move(0)
        for _ in range(150):
            cost = rng.choice([0, 1, 1, 1, 5, 50])
            one, *others = [await each.take("ann", rate, cost) for each in (here, mapped, there)]
            assert others == [one, one], seed
            step = rng.choice([0, 0, 0.000_001, 0.01, 0.5, 4])
            for each in (here, mapped, there):
                await each.move(step)
        await there.close()


# ---------------------------------------------------------------------------------- of each alone


def test_what_is_forgotten_in_memory_is_what_was_not_used_for_longest() -> None:
    limiter = TokenBucketRateLimiter(ClockByHand().now_us, kept=10)
    limiter.take("ann", RATE, 20)
    for number in range(1_000):
        limiter.take(f"stranger-{number}", RATE)
        if number % 5 == 0:
            assert limiter.take("ann", RATE).outcome is Outcome.REFUSED
    assert len(limiter._young) + len(limiter._old) <= 20


def test_what_is_forgotten_of_mapped_buckets_is_what_was_not_used_for_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.engine_lines.shared_buckets.SETS", 1)
    clock = ClockByHand()
    limiter = MappedBuckets(memoryview(bytearray(BYTES)), notes_file(), b"", clock.now_us)
    limiter.take("ann", RATE, 20)
    limiter.take("bob", RATE, 20)
    for number in range(100):
        clock.move(1e-6)
        limiter.take(f"stranger-{number}", RATE)
        assert limiter.take("ann", RATE).outcome is Outcome.REFUSED
    assert limiter.take("bob", RATE).outcome is Outcome.ALLOWED


DRAWING = """
import sys
from adapters.engine_lines.shared_notes import SharedNotes
from application.limiting.token_bucket import Outcome, Rate

buckets, rate = SharedNotes(int(sys.argv[1])).buckets, Rate(per_s=1, burst=20_000)
print(flush=True)
input()
print(sum(buckets.take("ann", rate).outcome is Outcome.ALLOWED for _ in range(10_000)), flush=True)
"""

HOLDING = """
import fcntl, sys

fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX, 1, 0)
print(flush=True)
input()
"""


@contextmanager
def other_process(code: str, notes: int) -> Iterator[Popen[str]]:
    """Run a program that has the notes; it says in a line when it is ready, and goes on when it is told."""
    command = [sys.executable, "-c", code, str(notes)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, pass_fds=[notes]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        yield process


def test_processes_that_share_buckets_let_through_no_more_than_one_would() -> None:
    begun_s, notes = time.monotonic(), notes_file()
    with ExitStack() as stack:
        processes = [stack.enter_context(other_process(DRAWING, notes)) for _ in range(3)]
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        allowed = sum(int(each.communicate()[0]) for each in processes)
    os.close(notes)
    assert 20_000 <= allowed <= 20_000 + time.monotonic() - begun_s


def test_who_was_frozen_with_a_lock_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.engine_lines.shared_buckets.SETS", 1)
    notes = notes_file()
    buckets, rate = SharedNotes(notes).buckets, Rate(per_s=1, burst=2_000_000)
    with other_process(HOLDING, notes) as frozen:
        assert [buckets.take("ann", rate, 500_000).remaining // 500_000 for _ in range(3)] == [3, 2, 1]
        frozen.kill()
    assert buckets.take("ann", rate, 500_000).outcome is Outcome.ALLOWED
    assert buckets.take("ann", rate, 500_000).outcome is Outcome.REFUSED
    os.close(notes)


async def test_a_script_that_redis_lost_is_loaded_again_and_costs_one_round_trip_otherwise() -> None:
    with running_redis() as server:
        shared = RedisTokenBucketRateLimiter(server.url, prefix="x")
        await shared.take("ann", RATE)
        with redis.Redis.from_url(server.url) as client:
            before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
            assert (await shared.take("ann", RATE)).remaining == 18
            assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
            client.script_flush()
        assert (await shared.take("ann", RATE)).remaining == 17
        await shared.close()


async def test_buckets_in_redis_are_gone_once_they_say_nothing(redis_url: str) -> None:
    shared = RedisTokenBucketRateLimiter(redis_url, prefix="gone")
    await shared.take("calm", RATE)
    for _ in range(24):
        await shared.take("loud", BOXING)
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.pttl("gone:bucket:calm") <= 1_101
        # The box, then the time after which both of its doublings' worth is forgiven.
        assert 60_000 < client.pttl("gone:bucket:loud") <= 63_000
    await shared.close()


async def test_a_clock_of_the_server_that_is_set_back_gives_nothing_and_boxes_nobody_for_ever(
    redis_url: str,
) -> None:
    shared = InRedis(redis_url, "test-back")
    await shared.move(0)
    assert (await outcomes(shared, 24, BOXING))[-1] is Outcome.BOXED
    await shared.move(-86_400)
    assert (await shared.take("ann", BOXING)).wait_us <= BOXING.box_longest_s * 1_000_000
    await shared.move(BOXING.box_longest_s)
    assert (await shared.take("ann", BOXING)).outcome is Outcome.ALLOWED
    await shared.close()


async def test_a_redis_that_is_away_is_an_error_of_its_own() -> None:
    shared = RedisTokenBucketRateLimiter("redis://127.0.0.1:1/0", prefix="x")
    with pytest.raises(SharedBucketsUnavailable, match="Redis is away"):
        await shared.take("ann", RATE)
    await shared.close()
