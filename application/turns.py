"""Going through very many of something, and letting others have their turn in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 200
"""After how many others have their turn: some milliseconds, where each is an event to be decoded."""


async def in_turns(many: Iterable[T]) -> AsyncIterator[T]:
    """Yield one after another; others have their turn after every :data:`AT_ONCE`."""
    for number, each in enumerate(many, start=1):
        yield each
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
