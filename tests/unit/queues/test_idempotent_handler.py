"""A message that comes again is not handled again, unless nobody knows what became of it."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.queues.memory import InMemoryMessageQueue
from adapters.queues.memory_handled import InMemoryHandled
from application.ports.handled import Standing
from application.ports.queue import InvalidMessage, Priority, QueueMessage, QueueUnavailable
from application.queues.consumer import handle_next
from application.queues.idempotent import IdempotentHandler, Outcome
from tests.clock_by_hand import ClockByHand

HANDLED, DUPLICATE, UNDER_WAY = Outcome.HANDLED, Outcome.DUPLICATE, Outcome.UNDER_WAY


class Ledger:
    """A handler that notes what it handled; it fails where it is told to, and stops where it is told to."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.faults: dict[str, Exception] = {}
        self.stuck: dict[str, asyncio.Event] = {}

    async def __call__(self, message: QueueMessage) -> None:
        if message.message_id in self.faults:
            raise self.faults[message.message_id]
        self.handled.append(message.message_id)
        if message.message_id in self.stuck:
            await self.stuck[message.message_id].wait()


def messages(*names: str) -> list[QueueMessage]:
    return [QueueMessage(name, b"") for name in names]


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


async def test_a_message_that_comes_again_is_a_duplicate(ledger: Ledger, clock: ClockByHand) -> None:
    handler = IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    assert await handler(messages("1", "2")) == [HANDLED, HANDLED]
    assert await handler(messages("2", "3", "1")) == [DUPLICATE, HANDLED, DUPLICATE]
    assert ledger.handled == ["1", "2", "3"]


async def test_a_message_that_stands_twice_in_a_batch_is_handled_once(
    ledger: Ledger, clock: ClockByHand
) -> None:
    handler = IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    assert await handler(messages("1", "1")) == [HANDLED, UNDER_WAY]
    assert await handler(messages("1")) == [DUPLICATE]
    assert ledger.handled == ["1"]


async def test_a_handler_that_fails_is_asked_again_and_keeps_no_other_message_back(
    ledger: Ledger, clock: ClockByHand
) -> None:
    handler = IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    ledger.faults["2"] = fault = OSError("the store is away")
    assert await handler(messages("1", "2", "3")) == [HANDLED, fault, HANDLED]
    ledger.faults.clear()
    assert await handler(messages("1", "2", "3")) == [DUPLICATE, HANDLED, DUPLICATE]


async def test_a_message_whose_handler_died_half_way_is_handled_again_once_its_claim_has_run_out(
    ledger: Ledger, clock: ClockByHand
) -> None:
    handled = InMemoryHandled(clock=clock, claim_s=4)
    handler = IdempotentHandler(ledger, handled)
    ledger.stuck["1"] = asyncio.Event()
    dies = asyncio.create_task(handler(messages("1")))
    while not ledger.handled:  # noqa: ASYNC110 - it takes a turn or two
        await asyncio.sleep(0)
    dies.cancel()
    await asyncio.gather(dies, return_exceptions=True)
    del ledger.stuck["1"]
    clock.move(3.9)
    assert await handler(messages("1")) == [UNDER_WAY]
    clock.move(0.1)
    assert await handler(messages("1")) == [HANDLED]
    assert ledger.handled == ["1", "1"]


async def test_of_two_consumers_with_the_same_message_one_handles_it(
    ledger: Ledger, clock: ClockByHand
) -> None:
    handled = InMemoryHandled(clock=clock)
    first, second = IdempotentHandler(ledger, handled), IdempotentHandler(ledger, handled)
    ledger.stuck["1"] = asyncio.Event()
    handles = asyncio.create_task(first(messages("1")))
    while not ledger.handled:  # noqa: ASYNC110 - it takes a turn or two
        await asyncio.sleep(0)
    assert await second(messages("1")) == [UNDER_WAY]
    ledger.stuck["1"].set()
    assert await handles == [HANDLED]
    assert await second(messages("1")) == [DUPLICATE]
    assert ledger.handled == ["1"]


async def test_messages_of_a_batch_are_begun_in_their_order(ledger: Ledger, clock: ClockByHand) -> None:
    handler = IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    names = [str(number) for number in range(200)]
    await handler(messages(*names))
    assert ledger.handled == names


class Away(InMemoryHandled):
    """A memory that cannot be asked for something."""

    def __init__(self, clock: ClockByHand, what: str) -> None:
        super().__init__(clock=clock)
        self.what = what

    async def claim(self, ids: Sequence[str]) -> Sequence[Standing]:
        self._refuse("claim")
        return await super().claim(ids)

    async def remember(self, ids: Sequence[str]) -> None:
        self._refuse("remember")
        await super().remember(ids)

    def _refuse(self, what: str) -> None:
        if self.what == what:
            raise QueueUnavailable("Redis cannot be reached")


async def test_nothing_is_handled_while_the_memory_cannot_be_asked(
    ledger: Ledger, clock: ClockByHand
) -> None:
    with pytest.raises(QueueUnavailable):
        await IdempotentHandler(ledger, Away(clock, "claim"))(messages("1"))
    assert ledger.handled == []


async def test_what_was_handled_is_so_though_it_cannot_be_noted(ledger: Ledger, clock: ClockByHand) -> None:
    assert await IdempotentHandler(ledger, Away(clock, "remember"))(messages("1")) == [HANDLED]


async def test_a_consumer_acknowledges_what_is_done_and_leaves_what_another_is_doing(
    ledger: Ledger, clock: ClockByHand
) -> None:
    queue, handled = InMemoryMessageQueue(clock=clock), InMemoryHandled(clock=clock)
    taker, handler = queue.taker("engine", "a"), IdempotentHandler(ledger, handled)
    await handled.claim(["elsewhere"])
    await handled.remember(["before"])
    await queue.put(messages("new", "before", "elsewhere"))
    assert await handle_next(taker, handler, most=10, wait_s=0) == 3
    assert ledger.handled == ["new"]
    assert (await queue.figures()).in_hand == {"engine": 1}
    clock.move(5)
    assert await handle_next(taker, handler, most=10, wait_s=0) == 1
    assert ledger.handled == ["new", "elsewhere"]
    assert (await queue.figures()).held[Priority.NEW_ORDER] == 0


async def test_a_message_that_fails_again_and_again_is_a_dead_letter_with_the_last_error(
    ledger: Ledger, clock: ClockByHand
) -> None:
    queue = InMemoryMessageQueue(clock=clock, attempts_max=2)
    taker, handler = queue.taker("engine", "a"), IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    await queue.put(messages("1"))
    for fault in ("first", "second"):
        ledger.faults["1"] = OSError(fault)
        await handle_next(taker, handler, most=10, wait_s=0)
        clock.move(5)
    assert [each.why for each in await queue.dead(most=10)] == ["OSError: second"]
    ledger.faults.clear()
    await queue.retry([each.letter for each in await queue.dead(most=10)])
    await handle_next(taker, handler, most=10, wait_s=0)
    assert ledger.handled == ["1"]


async def test_a_message_that_can_never_be_read_is_a_dead_letter_at_once_and_the_rest_is_handled(
    ledger: Ledger, clock: ClockByHand
) -> None:
    queue = InMemoryMessageQueue(clock=clock)
    taker, handler = queue.taker("engine", "a"), IdempotentHandler(ledger, InMemoryHandled(clock=clock))
    ledger.faults["poison"] = InvalidMessage("no command")
    await queue.put(messages("1", "poison", "2"))
    await handle_next(taker, handler, most=10, wait_s=0)
    assert [(each.message.message_id, each.attempts) for each in await queue.dead(most=10)] == [("poison", 1)]
    assert ledger.handled == ["1", "2"]
    assert sum((await queue.figures()).held.values()) == 0
