"""What is told of queues: how full they are, what was given up, that they cannot be looked at."""

from collections.abc import Mapping

import pytest

from application.health import Health, Trouble
from application.ports.queue import Priority, QueueFigures, QueueUnavailable, UnusableQueue
from application.watching.queues import NAMED_MAX, Queues


class Redis:
    """Whose queues hold what the test says."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueFigures] = {}
        self.fault: Exception | None = None

    async def figures(self) -> Mapping[str, QueueFigures]:
        if self.fault is not None:
            raise self.fault
        return self.queues


def holding(orders: int, *, cancels: int = 0, in_hand: int = 0, dead: int = 0) -> QueueFigures:
    held = {Priority.CANCEL: cancels, Priority.AMENDMENT: 0, Priority.NEW_ORDER: orders}
    return QueueFigures(held=held, in_hand={"engine": in_hand}, dead=dead)


def told(queues: Queues) -> dict[tuple[str, ...], object]:
    return {
        (measure.name.removeprefix("presage_"), *labels): value
        for measure in queues.measures()
        for labels, value in measure.values.items()
    }


async def test_every_queue_is_told_by_level_by_group_and_with_its_dead_letters() -> None:
    redis = Redis()
    redis.queues = {"engine-0": holding(7, cancels=2, in_hand=3, dead=1), "engine-1": holding(0)}
    queues = Queues(redis.figures, Health())
    assert told(queues) == {("queues_available",): False}
    await queues.look()
    assert told(queues) == {
        ("queues_available",): True,
        ("queue_messages", "engine-0", "cancel"): 2,
        ("queue_messages", "engine-0", "amendment"): 0,
        ("queue_messages", "engine-0", "new_order"): 7,
        ("queue_in_hand", "engine-0", "engine"): 3,
        ("queue_dead", "engine-0"): 1,
        ("queue_messages", "engine-1", "cancel"): 0,
        ("queue_messages", "engine-1", "amendment"): 0,
        ("queue_messages", "engine-1", "new_order"): 0,
        ("queue_in_hand", "engine-1", "engine"): 0,
        ("queue_dead", "engine-1"): 0,
    }


async def test_of_many_queues_the_fullest_have_a_name_and_nothing_is_left_out() -> None:
    redis = Redis()
    redis.queues = {f"answers-{number:03d}": holding(number, dead=1) for number in range(NAMED_MAX + 10)}
    queues = Queues(redis.figures, Health())
    await queues.look()
    orders = {
        key[1]: value
        for key, value in told(queues).items()
        if key[0] == "queue_messages" and key[2] == "new_order"
    }
    assert len(orders) == NAMED_MAX + 1
    assert orders["other"] == sum(range(10))
    assert told(queues)["queue_dead", "other"] == 10


async def test_dead_letters_show_in_readiness_until_somebody_has_seen_to_them() -> None:
    redis, health = Redis(), Health()
    queues = Queues(redis.figures, health)
    redis.queues = {"engine-0": holding(0, dead=2), "engine-1": holding(0)}
    await queues.look()
    [condition] = health.conditions
    assert (condition.code, health.stopped) == (Trouble.DEAD_LETTERS, False)
    assert "2 in engine-0;" in condition.message
    redis.queues = {"engine-0": holding(0)}
    await queues.look()
    assert health.conditions == []


async def test_what_cannot_be_looked_at_is_not_told_as_it_was_once() -> None:
    redis = Redis()
    redis.queues = {"engine-0": holding(7)}
    queues = Queues(redis.figures, Health())
    await queues.look()
    redis.fault = QueueUnavailable("away")
    await queues.look()
    assert told(queues) == {("queues_available",): False}


async def test_a_redis_that_cannot_serve_is_refused_when_it_is_first_looked_at() -> None:
    redis = Redis()
    redis.fault = UnusableQueue("Redis is 5.0.7")
    with pytest.raises(UnusableQueue):
        await Queues(redis.figures, Health()).look()
