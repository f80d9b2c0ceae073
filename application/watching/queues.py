"""How full the queues between processes are, and whether anything in them was given up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping

from application.health import Health, Trouble
from application.ports.measures import Labels, Measure, gauge
from application.ports.queue import QueueFigures, QueueUnavailable, UnusableQueue

LOOK_EVERY_S = 10.0

NAMED_MAX = 50
"""How many queues have a name in the measures, the fullest; the rest is told together as ``other``."""

PART = "queues"


class Queues:
    """Looks at all queues from time to time; what it finds goes to the measures and to readiness."""

    def __init__(self, figures: Callable[[], Awaitable[Mapping[str, QueueFigures]]], health: Health) -> None:
        self._figures = figures
        self._health = health
        self._found: Mapping[str, QueueFigures] = {}
        self._available = False

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
                self._health.clear(PART, Trouble.QUEUES_UNUSABLE)
            except UnusableQueue as error:
                self._health.report(PART, Trouble.QUEUES_UNUSABLE, str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once. Raises :class:`UnusableQueue` if what is behind the queues cannot serve as such."""
        self._available = False
        try:
            self._found = await self._figures()
        except QueueUnavailable:
            return  # Redis away is told by the caches already; what was found last is not said to be so now
        self._available = True
        dead = {name: each.dead for name, each in self._found.items() if each.dead}
        if dead:
            told = ", ".join(f"{many:,} in {name}" for name, many in sorted(dead.items())[:NAMED_MAX])
            self._health.report(
                PART,
                Trouble.DEAD_LETTERS,
                f"messages were handled in vain: {told}; see presage queue dead QUEUE",
            )
        else:
            self._health.clear(PART, Trouble.DEAD_LETTERS)

    def measures(self) -> Iterator[Measure]:
        """Yield what the queues held when they could last be looked at."""
        held, in_hand, dead = Counter[Labels](), Counter[Labels](), Counter[Labels]()
        for name, figures in self._named():
            for level, many in figures.held.items():
                held[name, level.name.lower()] += many
            for group, many in figures.in_hand.items():
                in_hand[name, group] += many
            dead[name,] += figures.dead
        yield gauge("presage_queues_available", "Whether the queues could be looked at.", self._available)
        yield gauge(
            "presage_queue_messages",
            "Messages in a queue, of one level, handled or not.",
            held,
            "queue",
            "level",
        )
        yield gauge(
            "presage_queue_in_hand", "Messages that a group's consumers have.", in_hand, "queue", "group"
        )
        yield gauge("presage_queue_dead", "Messages that were given up.", dead, "queue")

    def _named(self) -> Iterator[tuple[str, QueueFigures]]:
        if not self._available:
            return
        fullest = sorted(self._found.items(), key=lambda each: (-sum(each[1].held.values()), each[0]))
        for number, (name, figures) in enumerate(fullest):
            yield name if number < NAMED_MAX else "other", figures
