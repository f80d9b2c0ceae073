"""Wakes the subscriptions of an in-process store when the log grows or the store closes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Wakeups:
    """A set of waiting subscriptions, all in one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def waiter(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at every wake-up; the subscription clears it before it looks."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    def wake(self) -> None:
        """Wake every subscription."""
        for event in self._waiting:
            event.set()
