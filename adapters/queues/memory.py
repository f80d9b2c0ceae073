"""A message queue in this process."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from adapters.queues.limits import ATTEMPTS_MAX, BOUND, IDLE_S, NEVER_ACKNOWLEDGED
from application.ports.clock import Clock
from application.ports.queue import (
    BATCH_MAX,
    DeadLetter,
    Delivery,
    Priority,
    QueueFigures,
    QueueFull,
    QueueMessage,
    refuse_invalid,
)


@dataclass(slots=True)
class _InHand:
    consumer: str
    since_us: int
    attempt: int


@dataclass(slots=True)
class _Group:
    waiting: dict[Priority, deque[int]] = field(
        default_factory=lambda: {level: deque() for level in Priority}
    )
    in_hand: dict[Priority, dict[int, _InHand]] = field(
        default_factory=lambda: {level: {} for level in Priority}
    )

    def needs(self, level: Priority, number: int) -> bool:
        waiting = self.waiting[level]
        return number in self.in_hand[level] or bool(waiting and waiting[0] <= number)


class InMemoryMessageQueue:
    """Holds at most ``bound`` messages; ``clock`` says when one was in hand for too long."""

    def __init__(
        self, *, clock: Clock, bound: int = BOUND, idle_s: float = IDLE_S, attempts_max: int = ATTEMPTS_MAX
    ) -> None:
        self._clock = clock
        self._bound = bound
        self.idle_s = idle_s
        self._attempts_max = attempts_max
        self._numbers = count(1)
        self._levels: dict[Priority, dict[int, QueueMessage]] = {level: {} for level in Priority}
        self._groups: dict[str, _Group] = {}
        self._dead: dict[str, DeadLetter] = {}
        self._came = asyncio.Event()

    async def put(self, messages: Sequence[QueueMessage]) -> None:
        """Put all of the messages or none."""
        refuse_invalid(messages)
        if self._size() + len(messages) > self._bound:
            raise QueueFull(f"the queue holds {self._size():,} of at most {self._bound:,} messages")
        for message in messages:
            self._add(message)

    def taker(self, group: str, consumer: str) -> "InMemoryTaker":
        """Return a consumer of a group."""
        if group not in self._groups:
            made = self._groups[group] = _Group()
            for level, messages in self._levels.items():
                made.waiting[level].extend(messages)
        return InMemoryTaker(self, group, consumer)

    async def figures(self) -> QueueFigures:
        """Return what the queue holds."""
        return QueueFigures(
            held={level: len(messages) for level, messages in self._levels.items()},
            in_hand={
                name: sum(map(len, group.in_hand.values())) for name, group in sorted(self._groups.items())
            },
            dead=len(self._dead),
        )

    async def dead(self, *, most: int) -> Sequence[DeadLetter]:
        """Return dead letters, the oldest first."""
        return list(self._dead.values())[:most]

    async def retry(self, letters: Sequence[str]) -> int:
        """Put dead letters back at the end of their levels."""
        found = [self._dead.pop(letter) for letter in dict.fromkeys(letters) if letter in self._dead]
        for letter in found:
            self._add(letter.message)
        return len(found)

    async def discard(self, letters: Sequence[str]) -> int:
        """Drop dead letters for good."""
        return sum(self._dead.pop(letter, None) is not None for letter in letters)

    async def close(self) -> None:
        """Nothing to release."""

    def given_out(self, group: str, consumer: str, most: int) -> list[Delivery]:
        """Return what a consumer gets now."""
        given: list[Delivery] = []
        for level in Priority:
            self._take_over(group, level, consumer, most, given)
            waiting, in_hand = self._groups[group].waiting[level], self._groups[group].in_hand[level]
            while waiting and len(given) < most:
                number = waiting.popleft()
                in_hand[number] = _InHand(consumer, self._clock.now_us(), 1)
                given.append(Delivery(self._levels[level][number], _place(level, number), 1))
        return given

    def settle(self, group: str, places: Sequence[str]) -> None:
        """Take messages out of a group's hands; they are gone once no group needs them."""
        for place in places:
            level, number = _level_and_number(place)
            self._groups[group].in_hand[level].pop(number, None)
            if not any(each.needs(level, number) for each in self._groups.values()):
                self._levels[level].pop(number, None)

    def give_back(self, group: str, consumer: str, place: str, why: str, *, final: bool) -> None:
        """Bury a message that will not be given out again, unless somebody else has it by now."""
        level, number = _level_and_number(place)
        held = self._groups[group].in_hand[level].get(number)
        if held is None or held.consumer != consumer:
            return
        if final or held.attempt >= self._attempts_max:
            self._bury(group, level, number, held.attempt, why)

    async def wait(self, wait_s: float) -> None:
        """Wait until something is put."""
        self._came.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._came.wait()
        except TimeoutError:
            return

    def _take_over(
        self, group: str, level: Priority, consumer: str, most: int, given: list[Delivery]
    ) -> None:
        now_us = self._clock.now_us()
        for number, held in list(self._groups[group].in_hand[level].items()):
            if len(given) >= most:
                return
            if now_us - held.since_us < self.idle_s * 1e6:
                continue
            if held.attempt >= self._attempts_max:
                self._bury(group, level, number, held.attempt, NEVER_ACKNOWLEDGED)
                continue
            held.consumer, held.since_us, held.attempt = consumer, now_us, held.attempt + 1
            given.append(Delivery(self._levels[level][number], _place(level, number), held.attempt))

    def _bury(self, group: str, level: Priority, number: int, attempts: int, why: str) -> None:
        """Write the dead letter, then take the message out of the group's hands; wait if there is no room."""
        others = [each for name, each in self._groups.items() if name != group]
        if self._size() >= self._bound and any(each.needs(level, number) for each in others):
            return
        letter = str(next(self._numbers))
        self._dead[letter] = DeadLetter(
            letter=letter, message=self._levels[level][number], group=group, attempts=attempts, why=why
        )
        self.settle(group, [_place(level, number)])

    def _add(self, message: QueueMessage) -> None:
        number = next(self._numbers)
        self._levels[message.priority][number] = message
        for group in self._groups.values():
            group.waiting[message.priority].append(number)
        self._came.set()

    def _size(self) -> int:
        return sum(map(len, self._levels.values())) + len(self._dead)


class InMemoryTaker:
    """One consumer of a group of an :class:`InMemoryMessageQueue`."""

    def __init__(self, queue: InMemoryMessageQueue, group: str, consumer: str) -> None:
        self._queue = queue
        self._group = group
        self._consumer = consumer

    async def take(self, *, most: int, wait_s: float) -> Sequence[Delivery]:
        """Take the next messages, in their order."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            given = self._queue.given_out(self._group, self._consumer, min(most, BATCH_MAX))
            left_s = until - loop.time()
            if given or left_s <= 0:
                return given
            await self._queue.wait(min(left_s, self._queue.idle_s / 4))

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Say that messages were handled."""
        self._queue.settle(self._group, [delivery.place for delivery in deliveries])

    async def fail(self, deliveries: Sequence[Delivery], why: str, *, final: bool = False) -> None:
        """Say that messages were handled in vain."""
        for delivery in deliveries:
            self._queue.give_back(self._group, self._consumer, delivery.place, why, final=final)


def _place(level: Priority, number: int) -> str:
    return f"{level.value}:{number}"


def _level_and_number(place: str) -> tuple[Priority, int]:
    level, _, number = place.partition(":")
    return Priority(int(level)), int(number)
