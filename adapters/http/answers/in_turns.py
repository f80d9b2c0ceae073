"""Long answers, made a part at a time: others have their turn in between."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

AT_ONCE = 100
"""How many items are told before others have a turn: a page of the usual length is told at once."""

View = TypeVar("View")
Told = TypeVar("Told")


async def in_turns(tell: Callable[[View], Told], views: Sequence[View]) -> list[Told]:
    """Return how each item is told. Reading many of them has taken its time already."""
    if len(views) <= AT_ONCE:
        return [tell(view) for view in views]
    told: list[Told] = []
    for start in range(0, len(views), AT_ONCE):
        await asyncio.sleep(0)
        told += [tell(view) for view in views[start : start + AT_ONCE]]
    await asyncio.sleep(0)
    return told
