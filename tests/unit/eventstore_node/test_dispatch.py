"""Handing events to consumers: whatever they do, every event is settled once and progress is never ahead."""

import random
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from adapters.eventstore_node.persistent.dispatch import Consumer, Dispatcher, Message
from adapters.eventstore_node.persistent.settings import Nack
from adapters.eventstore_node.records import Delivered
from application.ports.event_store import Position, RecordedEvent

STRATEGIES = ("DispatchToSingle", "RoundRobin", "Pinned", "PinnedByCorrelation")


def event(cursor: int, stream: str) -> Delivered:
    return Delivered(
        RecordedEvent(
            id=uuid4(),
            type="Noted",
            data=b"{}",
            metadata=b'{"$correlationId":"%d"}' % (cursor % 5),
            stream=stream,
            revision=cursor,
            position=Position(cursor + 1),
            recorded_at_us=0,
        )
    )


@dataclass
class Group:
    """A dispatcher with consumers that do as they please, and a record of what became of each event."""

    dispatcher: Dispatcher
    chance: random.Random
    now: float = 0.0
    settled: dict[int, str] = field(default_factory=dict)
    held: dict[int, dict[UUID, Message]] = field(default_factory=dict)

    def join(self) -> None:
        held: dict[UUID, Message] = {}
        consumer = Consumer(lambda message: held.__setitem__(message.id, message), self.chance.randint(1, 8))
        self.held[id(consumer)] = held
        self.dispatcher.consumers.append(consumer)

    def leave(self) -> None:
        consumer = self.chance.choice(self.dispatcher.consumers)
        self.park(self.dispatcher.remove(consumer))

    def act(self) -> None:
        consumer = self.chance.choice(self.dispatcher.consumers)
        held = self.held[id(consumer)]
        ids = [each for each in held if each in consumer.in_flight]
        if not ids:
            return
        chosen = self.chance.sample(ids, self.chance.randint(1, len(ids)))
        action = self.chance.choice(["ack", "ack", Nack.RETRY, Nack.SKIP, Nack.PARK])
        messages = [held.pop(each) for each in chosen]
        if isinstance(action, Nack):
            self.park(self.dispatcher.refuse(consumer, chosen, action))
        else:
            self.dispatcher.acknowledge(consumer, chosen)
        if action in ("ack", Nack.SKIP):
            for message in messages:
                self.settle(message, str(action))

    def park(self, messages: list[Message]) -> None:
        for message in messages:
            self.dispatcher.parked(message)
            self.settle(message, "parked")

    def settle(self, message: Message, how: str) -> None:
        assert message.cursor not in self.settled
        self.settled[message.cursor] = how

    def step(self) -> None:
        self.now += 1
        self.dispatcher.dispatch(self.now)
        self.act()
        self.park(self.dispatcher.expire(self.now))
        low = self.dispatcher.low_water()
        if low is not None:
            assert set(range(low + 1)) <= set(self.settled)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(10))
def test_every_event_is_settled_once_and_progress_is_never_ahead(strategy: str, seed: int) -> None:
    chance = random.Random(seed)
    group = Group(Dispatcher(strategy, message_timeout_s=30, max_retry_count=3), chance)
    for _ in range(3):
        group.join()
    for cursor in range(200):
        group.dispatcher.offer(Message(event(cursor, f"s{cursor % 7}"), cursor))
        group.step()
        if chance.random() < 0.05:
            group.join()
        if chance.random() < 0.05 and len(group.dispatcher.consumers) > 1:
            group.leave()
    for _ in range(5000):
        if len(group.settled) == 200:
            break
        group.step()
    assert len(group.settled) == 200
    assert group.dispatcher.low_water() == 199


def test_a_group_without_events_moves_past_what_its_filter_skips() -> None:
    dispatcher = Dispatcher("RoundRobin", message_timeout_s=30, max_retry_count=3)
    dispatcher.skip_to(40)
    assert dispatcher.low_water() == 40
    dispatcher.offer(Message(event(50, "a"), 50))
    dispatcher.skip_to(60)
    assert dispatcher.low_water() == 40


def test_two_events_with_one_id_are_delivered_one_after_the_other() -> None:
    dispatcher = Dispatcher("RoundRobin", message_timeout_s=30, max_retry_count=3)
    sent: list[Message] = []
    consumer = Consumer(sent.append, slots=10)
    dispatcher.consumers.append(consumer)
    twin = event(0, "a")
    dispatcher.offer(Message(twin, 0))
    dispatcher.offer(Message(twin, 1))
    dispatcher.dispatch(0)
    assert [message.cursor for message in sent] == [0]
    dispatcher.acknowledge(consumer, [sent[0].id])
    dispatcher.dispatch(0)
    assert [message.cursor for message in sent] == [0, 1]


def test_an_event_that_is_never_settled_keeps_nothing_of_those_after_it_in_memory() -> None:
    dispatcher = Dispatcher("RoundRobin", message_timeout_s=0, max_retry_count=3)
    taken: list[Message] = []
    consumer = Consumer(taken.append, slots=10)
    dispatcher.consumers.append(consumer)
    held = [0, 7_000]
    for cursor in range(20_000):
        dispatcher.offer(Message(event(cursor, "s-1"), cursor))
        dispatcher.dispatch(0.0)
        dispatcher.acknowledge(consumer, [message.id for message in taken if message.cursor not in held])
        taken.clear()
        assert len(dispatcher._in_order) <= 1_010
    assert dispatcher.low_water() is None
    for cursor, reached in zip(held, (6_999, 19_999), strict=True):
        first = next(iter(consumer.in_flight))
        assert consumer.in_flight[first][0].cursor == cursor
        dispatcher.acknowledge(consumer, [first])
        assert dispatcher.low_water() == reached
