"""How accounts are told what became of their orders."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from application.notices.notice import Delivery, Lane, Notice
from application.ports.checkpoints import Checkpoints


class Receiver(Protocol):
    """Takes notices on their way to whoever is to know."""

    async def resume(self) -> None:
        """Go on with what was taken before. It may be said again."""
        ...

    async def take(self, notices: Sequence[Notice]) -> None:
        """Take notices for good: they are not given again, unless the process ends before it is noted."""
        ...


class Outbox(Checkpoints, Protocol):
    """Keeps what is to be sent until it was, and up to where in the log all that is to be sent is in it.

    What was put in first is durable first.
    """

    async def waiting(self) -> Mapping[Lane, int]:
        """Return how many deliveries wait, by webhook."""
        ...

    async def put(self, deliveries: Sequence[Delivery]) -> Mapping[Lane, int]:
        """Keep deliveries; one that is there already stays as it is. Return how many are new, by webhook."""
        ...

    async def next(self, lane: Lane) -> Delivery | None:
        """Return what a webhook is to be sent next, ``None`` if nothing waits."""
        ...

    async def postpone(self, delivery: Delivery) -> None:
        """Keep a delivery with another ``due_us`` and ``tries``."""
        ...

    async def remove(self, delivery: Delivery) -> None:
        """Forget a delivery that was made, or that is given up."""
        ...

    async def clear(self, lane: Lane | None = None) -> None:
        """Forget all deliveries to a webhook, or all there are."""
        ...


class Sender(Protocol):
    """Sends one notice to one address."""

    async def send(self, url: str, notice_id: str, body: bytes) -> str | None:
        """Return ``None`` once it was taken, and else in a sentence why not. Never takes long."""
        ...


class Timer(Protocol):
    """Time that passes, and chance."""

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC."""
        ...

    async def pause(self, seconds: float, woken: asyncio.Event) -> None:
        """Wait so long, or until woken."""
        ...

    def chance(self) -> float:
        """Return a number from 0 to 1, 1 left out."""
        ...


Wording = Callable[[Notice], bytes]
"""Puts a notice into words."""
