"""Appends whose outcome nobody knows, and which arrive when none is expected."""

import asyncio
from collections.abc import Sequence

from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.ports.event_store import Appended, NewEvent, WrongExpectedRevision

Held = tuple[str, Sequence[NewEvent], int]


class HoldingStore(FailingStore):
    """Dies with an append in its hands: nobody knows whether it will ever arrive."""

    held: Held | None = None

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        await self._alive()
        if self.appends + 1 == self._crash_at:
            self.held = stream, events, expected
        return await super().append(stream, events, expected=expected)


class FreezingStore(FailingStore):
    """Freezes with an append in its hands, and goes on with it when it is thawed."""

    freeze_at = 0

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.frozen, self.thawed = asyncio.Event(), asyncio.Event()

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if self.appends + 1 == self.freeze_at:
            self.freeze_at = 0
            self.frozen.set()
            await self.thawed.wait()
        return await super().append(stream, events, expected=expected)


async def arrives(world: World, held: Held | None) -> bool:
    """Let an append come late; return whether it was taken."""
    if held is None:
        return False
    stream, events, expected = held
    try:
        await world.log.append(stream, events, expected=expected)
    except WrongExpectedRevision:
        return False
    return True
