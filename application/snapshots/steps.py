"""Long work in small steps, so that an event loop full of orders hardly notices."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

from application.ports.clock import Clock

T = TypeVar("T")


async def gently(work: Generator[None, None, T]) -> T:
    """Carry work out to its end, and let others have their turn after each step."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)


def at_once(work: Generator[None, None, T]) -> T:
    """Carry work out to its end."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result


def metered(work: Generator[None, None, T], clock: Clock, steps_us: list[int]) -> Generator[None, None, T]:
    """Do the same work, noting how long each step took."""
    while True:
        begun_us = clock.now_us()
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            steps_us.append(clock.now_us() - begun_us)
        yield
