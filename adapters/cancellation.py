"""A cancellation that a client of something else loses is one all the same."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def cancellable(asking: Awaitable[T]) -> T:
    """Await something; whoever was cancelled meanwhile is, whatever came of it.

    Redis's client sends and reads within `wait_for`, which in Python 3.11 loses a cancellation that arrives
    as it ends. Who asks again and again would then never end.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await asking
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
