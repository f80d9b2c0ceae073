"""Wakes the subscriptions of an in-process store when the log grows or the store closes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Wakeups:
    """Waiting subscriptions in the order in which they came, all in one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, None] = {}

    @contextmanager
    def waiter(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at every wake-up; the subscription clears it before it looks."""
        event = asyncio.Event()
        self._waiting[event] = None
        try:
            yield event
        finally:
            del self._waiting[event]

    def wake(self) -> None:
        """Wake every subscription."""
        for event in self._waiting:
            event.set()
