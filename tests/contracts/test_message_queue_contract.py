"""What every message queue promises, in this process and in Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from random import Random
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.queues.memory import InMemoryMessageQueue
from adapters.queues.redis import RedisMessageQueue
from application.ports.queue import (
    BATCH_MAX,
    BODY_BYTES,
    Delivery,
    InvalidMessage,
    MessageQueue,
    MessageTaker,
    Priority,
    QueueFull,
    QueueMessage,
)
from tests.clock_by_hand import ClockByHand
from tests.redis_server import some_redis_url

SOON_S = 0.1
IDLE_S = 3_600.0
PATIENCE_S = 10.0

Make = Callable[..., MessageQueue]
Pass = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with some_redis_url() as url:
        yield url


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand()


@pytest.fixture
def idle_time_passes(make: Make, request: pytest.FixtureRequest, clock: ClockByHand) -> Pass:
    """Let all that is in hand be so for too long: by hand, or by telling Redis since when."""

    async def by_hand() -> None:
        clock.move(IDLE_S)

    async def by_redis() -> None:
        async with Redis.from_url(request.getfixturevalue("redis_url")) as redis:
            async for key in redis.scan_iter(match="presage:queue:{test-*:[0-2]"):
                for group in await redis.xinfo_groups(key):
                    for held in await redis.xpending_range(key, group["name"], "-", "+", BATCH_MAX):
                        whose, entry = (group["name"], held["consumer"]), [held["message_id"]]
                        await redis.xclaim(key, *whose, 0, entry, idle=round(IDLE_S * 1_000), justid=True)

    return by_redis if "redis" in request.node.name else by_hand


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest, clock: ClockByHand) -> AsyncIterator[Make]:
    made: list[MessageQueue] = []

    def make_queue(*, bound: int = 1_000, idle_s: float = IDLE_S, attempts_max: int = 3) -> MessageQueue:
        queue: MessageQueue
        if request.param == "memory":
            queue = InMemoryMessageQueue(clock=clock, bound=bound, idle_s=idle_s, attempts_max=attempts_max)
        else:
            queue = RedisMessageQueue(
                request.getfixturevalue("redis_url"),
                f"test-{uuid4()}",
                bound=bound,
                idle_s=idle_s,
                attempts_max=attempts_max,
            )
        made.append(queue)
        return queue

    yield make_queue
    for queue in made:
        await queue.close()


def cancel(name: str) -> QueueMessage:
    return QueueMessage(name, b"out", Priority.CANCEL)


def amendment(name: str) -> QueueMessage:
    return QueueMessage(name, b"change", Priority.AMENDMENT)


def order(name: str) -> QueueMessage:
    return QueueMessage(name, b"in", Priority.NEW_ORDER)


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.message.message_id for delivery in deliveries]


async def taken(taker: MessageTaker, most: int = BATCH_MAX) -> Sequence[Delivery]:
    return await taker.take(most=most, wait_s=0)


async def has_asked(queue: MessageQueue) -> None:
    await asyncio.sleep(0)
    while (await queue.figures()).in_hand == {}:  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0)


async def test_a_message_arrives_as_it_was_sent(make: Make) -> None:
    queue = make()
    sent = QueueMessage("Ω-1", bytes(range(256)), Priority.AMENDMENT)
    await queue.put([sent])
    [got] = await taken(queue.taker("engine", "a"))
    assert (got.message, got.attempt) == (sent, 1)


async def test_cancels_come_before_amendments_before_new_orders_and_each_in_its_order(make: Make) -> None:
    queue = make()
    taker = queue.taker("engine", "a")
    await queue.put([order("o1"), amendment("a1"), order("o2")])
    await queue.put([cancel("c1"), amendment("a2"), cancel("c2")])
    assert ids(await taken(taker, 3)) == ["c1", "c2", "a1"]
    await queue.put([cancel("c3"), order("o3")])
    assert ids(await taken(taker)) == ["c3", "a2", "o1", "o2", "o3"]
    assert await taken(taker) == []


async def test_the_order_is_that_of_a_sorted_list_whatever_is_put_and_taken(make: Make) -> None:
    chance, queue = Random(18), make()
    taker = queue.taker("engine", "a")
    waiting: list[QueueMessage] = []
    for turn in range(100):
        batch = [
            QueueMessage(f"{turn}-{number}", b"", chance.choice(list(Priority)))
            for number in range(chance.randrange(6))
        ]
        await queue.put(batch)
        waiting = sorted([*waiting, *batch], key=lambda message: message.priority)  # stable
        most = chance.randrange(1, 7)
        expected, waiting = waiting[:most], waiting[most:]
        got = await taken(taker, most)
        assert [each.message for each in got] == expected
        await taker.acknowledge(got)


async def test_each_message_goes_to_one_consumer_of_a_group_and_to_every_group(make: Make) -> None:
    queue = make()
    await queue.put([order(str(number)) for number in range(6)])
    first, second = queue.taker("engine", "a"), queue.taker("engine", "b")
    audit = queue.taker("audit", "a")
    assert ids(await taken(first, 4)) == ["0", "1", "2", "3"]
    assert ids(await taken(second, 4)) == ["4", "5"]
    assert ids(await taken(audit)) == ["0", "1", "2", "3", "4", "5"]


async def test_what_every_group_has_acknowledged_takes_no_room_any_more(make: Make) -> None:
    queue = make(bound=2)
    engine, audit = queue.taker("engine", "a"), queue.taker("audit", "a")
    await queue.put([order("1"), order("2")])
    for_engine, for_audit = await taken(engine), await taken(audit)
    await engine.acknowledge(for_engine)
    with pytest.raises(QueueFull):
        await queue.put([order("3")])
    await audit.acknowledge(for_audit[:1])
    await queue.put([order("3")])
    figures = await queue.figures()
    assert figures.held == {Priority.CANCEL: 0, Priority.AMENDMENT: 0, Priority.NEW_ORDER: 2}
    assert figures.in_hand == {"audit": 1, "engine": 0}
    assert ids(await taken(engine)) == ["3"]


async def test_what_one_group_has_not_seen_yet_stays_when_another_is_done_with_it(make: Make) -> None:
    queue = make()
    engine, audit = queue.taker("engine", "a"), queue.taker("audit", "a")
    assert await taken(audit) == []
    await queue.put([order("1"), order("2")])
    await engine.acknowledge(await taken(engine))
    assert ids(await taken(audit)) == ["1", "2"]


async def test_who_takes_from_an_empty_queue_waits_for_the_next_message(make: Make) -> None:
    queue = make()
    taker = queue.taker("engine", "a")
    waits = asyncio.create_task(taker.take(most=10, wait_s=PATIENCE_S))
    await has_asked(queue)
    await queue.put([order("o"), cancel("c")])
    assert ids(await asyncio.wait_for(waits, PATIENCE_S / 2)) == ["c", "o"]


async def test_who_gives_up_waiting_takes_nothing_along(make: Make) -> None:
    queue = make()
    taker = queue.taker("engine", "a")
    waits = asyncio.create_task(taker.take(most=10, wait_s=PATIENCE_S))
    await has_asked(queue)
    waits.cancel()
    [ended] = await asyncio.wait_for(asyncio.gather(waits, return_exceptions=True), PATIENCE_S / 2)
    assert isinstance(ended, asyncio.CancelledError)
    await queue.put([order("o")])
    assert ids(await taken(taker)) == ["o"]


async def test_a_consumer_that_died_is_taken_over_from_in_order_and_before_what_came_later(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make()
    await queue.put([order("1"), order("2"), order("3")])
    died, lives = queue.taker("engine", "died"), queue.taker("engine", "lives")
    assert ids(await taken(died, 2)) == ["1", "2"]
    await idle_time_passes()
    got = await taken(lives, 2)
    assert [(each.message.message_id, each.attempt) for each in got] == [("1", 2), ("2", 2)]
    assert ids(await taken(lives)) == ["3"]


async def test_what_was_abandoned_is_found_behind_any_number_of_messages_in_hand(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make()
    await queue.put([order(str(number)) for number in range(31)])
    await taken(queue.taker("engine", "died"))
    await idle_time_passes()
    assert len(await taken(queue.taker("engine", "lives"), 30)) == 30
    assert ids(await taken(queue.taker("engine", "other"), 1)) == ["30"]


async def test_all_that_was_abandoned_is_taken_over_batch_after_batch(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make()
    await queue.put([order(str(number)) for number in range(5)])
    await taken(queue.taker("engine", "died"))
    await idle_time_passes()
    lives = queue.taker("engine", "lives")
    batches = [ids(await taken(lives, 2)) for _ in range(3)]
    assert batches == [["0", "1"], ["2", "3"], ["4"]]


async def test_who_waits_is_given_what_is_abandoned_meanwhile(make: Make, clock: ClockByHand) -> None:
    queue = make(idle_s=SOON_S)
    await queue.put([order("1")])
    await taken(queue.taker("engine", "died"))
    waits = asyncio.create_task(queue.taker("engine", "lives").take(most=10, wait_s=PATIENCE_S))
    await asyncio.sleep(0)
    clock.move(SOON_S)
    assert ids(await asyncio.wait_for(waits, PATIENCE_S / 2)) == ["1"]


async def test_nobody_is_taken_over_from_before_the_idle_time(make: Make, clock: ClockByHand) -> None:
    queue = make()
    await queue.put([order("1")])
    slow, other = queue.taker("engine", "slow"), queue.taker("engine", "other")
    got = await taken(slow)
    clock.move(IDLE_S - 1)
    assert await taken(other) == []
    await slow.acknowledge(got)
    clock.move(10)
    assert await taken(other) == []


async def test_who_was_taken_over_from_may_acknowledge_late_but_not_fail_what_another_has(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make()
    await queue.put([order("1")])
    slow, other = queue.taker("engine", "slow"), queue.taker("engine", "other")
    late = await taken(slow)
    await idle_time_passes()
    assert ids(await taken(other)) == ["1"]
    await slow.fail(late, "too late", final=True)
    figures = await queue.figures()
    assert (figures.held[Priority.NEW_ORDER], figures.dead) == (1, 0)
    await slow.acknowledge(late)
    assert (await queue.figures()).held[Priority.NEW_ORDER] == 0


async def test_a_message_whose_consumers_die_again_and_again_becomes_a_dead_letter(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make(attempts_max=3)
    await queue.put([cancel("poison")])
    attempts = []
    for consumer in "abc":
        attempts += [each.attempt for each in await taken(queue.taker("engine", consumer))]
        await idle_time_passes()
    assert attempts == [1, 2, 3]
    await queue.put([order("sound")])
    assert ids(await taken(queue.taker("engine", "d"))) == ["sound"]
    [letter] = await queue.dead(most=10)
    assert (letter.message, letter.group, letter.attempts) == (cancel("poison"), "engine", 3)
    assert "never acknowledged" in letter.why
    assert (await queue.figures()).held[Priority.CANCEL] == 0


async def test_a_message_that_fails_is_given_out_again_and_then_a_dead_letter_with_the_reason(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make(attempts_max=2)
    taker = queue.taker("engine", "a")
    await queue.put([order("o")])
    await taker.fail(await taken(taker), "first")
    assert (await queue.figures()).dead == 0
    await idle_time_passes()
    again = await taken(queue.taker("engine", "a"))
    assert [each.attempt for each in again] == [2]
    await taker.fail(again, "second")
    [letter] = await queue.dead(most=10)
    assert (letter.why, letter.attempts) == ("second", 2)


async def test_what_can_never_be_handled_is_a_dead_letter_at_once(make: Make) -> None:
    queue = make()
    taker = queue.taker("engine", "a")
    await queue.put([order("bad"), order("good")])
    bad, good = await taken(taker)
    await taker.fail([bad], "unreadable", final=True)
    await taker.acknowledge([good])
    assert [(each.message.message_id, each.attempts) for each in await queue.dead(most=10)] == [("bad", 1)]


async def test_dead_letters_are_put_back_at_the_end_of_their_level_or_dropped(make: Make) -> None:
    queue = make()
    taker = queue.taker("engine", "a")
    await queue.put([amendment("1"), amendment("2"), amendment("3")])
    await taker.fail(await taken(taker), "no", final=True)
    await queue.put([amendment("4"), order("5")])
    first, second, third = [each.letter for each in await queue.dead(most=10)]
    assert [each.letter for each in await queue.dead(most=1)] == [first]
    assert await queue.retry([second, second, "none", "1/2"]) == 1
    assert await queue.retry([]) == 0
    assert await queue.discard([first, "none"]) == 1
    assert [each.letter for each in await queue.dead(most=10)] == [third]
    got = await taken(taker)
    assert [(each.message.message_id, each.attempt) for each in got] == [("4", 1), ("2", 1), ("5", 1)]


async def test_a_full_queue_refuses_a_batch_whole_and_never_grows(make: Make) -> None:
    queue = make(bound=3)
    await queue.put([order("1"), order("2")])
    with pytest.raises(QueueFull, match="2 of at most 3"):
        await queue.put([cancel("3"), cancel("4")])
    await queue.put([cancel("3")])
    taker = queue.taker("engine", "a")
    got = await taken(taker)
    assert ids(got) == ["3", "1", "2"]
    with pytest.raises(QueueFull):  # what is in hand still counts
        await queue.put([order("4")])
    await taker.acknowledge(got[:1])
    await queue.put([order("4")])


async def test_dead_letters_count_so_that_they_do_not_pile_up_unseen(make: Make) -> None:
    queue = make(bound=2)
    taker = queue.taker("engine", "a")
    await queue.put([order("1"), order("2")])
    await taker.fail(await taken(taker), "no", final=True)
    with pytest.raises(QueueFull):
        await queue.put([order("3")])
    await queue.discard([each.letter for each in await queue.dead(most=1)])
    await queue.put([order("3")])


async def test_a_dead_letter_that_another_group_still_needs_waits_for_room(
    make: Make, idle_time_passes: Pass
) -> None:
    queue = make(bound=1)
    engine, audit = queue.taker("engine", "a"), queue.taker("audit", "a")
    assert await taken(audit) == []
    await queue.put([order("1")])
    in_engine = await taken(engine)
    await engine.fail(in_engine, "no", final=True)
    figures = await queue.figures()
    assert (figures.held[Priority.NEW_ORDER], figures.dead) == (1, 0)
    await audit.acknowledge(await taken(audit))
    await engine.fail(in_engine, "no", final=True)
    figures = await queue.figures()
    assert (figures.held[Priority.NEW_ORDER], figures.dead) == (0, 1)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (QueueMessage("", b"x"), "has no id"),
        (QueueMessage("x" * 201, b"x"), "201 characters"),
        (QueueMessage("big", bytes(BODY_BYTES + 1)), "1,048,577 bytes"),
    ],
)
async def test_what_is_no_message_is_refused_with_all_that_came_with_it(
    make: Make, bad: QueueMessage, said: str
) -> None:
    queue = make()
    with pytest.raises(InvalidMessage, match=said):
        await queue.put([order("good"), bad])
    assert await taken(queue.taker("engine", "a")) == []


async def test_more_than_a_batch_at_once_is_refused(make: Make) -> None:
    queue = make(bound=10_000)
    with pytest.raises(InvalidMessage, match="1,001 messages"):
        await queue.put([order(str(number)) for number in range(BATCH_MAX + 1)])
    await queue.put([order(str(number)) for number in range(BATCH_MAX)])
    taker = queue.taker("engine", "a")
    got = await taken(taker, 5_000)
    assert len(got) == BATCH_MAX
    await taker.acknowledge(got)
    assert (await queue.figures()).held[Priority.NEW_ORDER] == 0


async def test_many_consumers_and_senders_at_once_lose_nothing_and_double_nothing(make: Make) -> None:
    queue = make(bound=50)
    handled: list[str] = []

    async def send(sender: int) -> None:
        for number in range(100):
            while True:
                try:
                    await queue.put([QueueMessage(f"{sender}-{number}", b"", Priority(number % 3))])
                    break
                except QueueFull:
                    await asyncio.sleep(0)

    async def consume(name: str) -> None:
        taker = queue.taker("engine", name)
        while len(handled) < 400:
            got = await taker.take(most=7, wait_s=0.01)
            handled.extend(ids(got))
            await taker.acknowledge(got)

    await asyncio.gather(*(send(number) for number in range(4)), *(consume(name) for name in "abc"))
    assert sorted(handled) == sorted(f"{sender}-{number}" for sender in range(4) for number in range(100))
    assert sum((await queue.figures()).held.values()) == 0
