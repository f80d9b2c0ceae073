"""Orders whose placing lost touch with the store: what came of them late counts, and they may be repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.hosting import insistence
from application.ports.event_store import (
    START,
    Appended,
    AppendOutcomeUnknown,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
)
from application.requests import OrderAccepted

from .scenarios import A, B, fund, open_market

HEARD_LATER_S = 0.02
"""How long after an event the processes hear of it."""

Append = tuple[str, Sequence[NewEvent], int]


@pytest.fixture(autouse=True)
def _told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insistence, "TOLD_AFTER_S", 0.0)


class HoldingStore(FailingStore):
    """Goes away with a placement in its hands, and comes back; records the placement late, or never."""

    holds = False
    away = False

    def __init__(
        self, inner: MemoryEventStore, *, late: bool = False, held: Append | None = None, **how: Any
    ) -> None:
        super().__init__(inner, **how)
        self.late = late
        self.held = held

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self._check_here()
        if self.holds and events[0].type == "OrderPlaced":
            self.holds, self.away, self.held = False, True, (stream, events, expected)
            raise AppendOutcomeUnknown("the store went away")
        if self.late and self.held is not None and events[0].type == "PlacementAbandoned":
            (held_stream, held_events, at), self.held = self.held, None
            await super().append(held_stream, held_events, expected=at)
        return await super().append(stream, events, expected=expected)

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        self._check_here()
        async for page in super().read_stream(
            stream, from_revision=from_revision, backwards=backwards, limit=limit
        ):
            yield page

    async def subscribe(self, *, after: Position = START, matching: Filter = Filter()) -> AsyncIterator[Page]:
        async for page in super().subscribe(after=after, matching=matching):
            await asyncio.sleep(HEARD_LATER_S)
            yield page

    def _check_here(self) -> None:
        if self.away:
            raise StoreUnavailable("the store is away")


async def interrupted(*, late: bool) -> World:
    """Return a world that was interrupted while it placed an order that would fill, and has recovered."""
    world = World(store_type=HoldingStore)
    await world.start()
    await fund(world)
    await open_market(world, "M")
    await world.place(A, "yes", "buy", 60, 10)
    await world.exchange.settled()
    store = world.store
    assert isinstance(store, HoldingStore)
    store.holds = True
    with pytest.raises(AppendOutcomeUnknown):
        await world.place(B, "no", "buy", 45, 4, client_order_id="mine")
    # While the process lives it repeats the append until it knows; another one has to find out.
    await world.die()
    world.store_type = partial(HoldingStore, late=late, held=store.held)
    await world.start()
    await world.recover()
    return world


async def test_a_request_whose_order_was_given_up_may_be_sent_again_and_counts_once() -> None:
    world = await interrupted(late=False)
    first = await world.place(B, "no", "buy", 45, 4, client_order_id="mine")
    again = await world.place(B, "no", "buy", 45, 4, client_order_id="mine")
    assert isinstance(first, OrderAccepted)
    assert isinstance(again, OrderAccepted)
    assert (again.order_id, again.repeated) == (first.order_id, True)
    await _ends_well(world)


async def test_an_order_that_was_placed_late_and_filled_at_once_keeps_its_money() -> None:
    world = await interrupted(late=True)
    again = await world.place(B, "no", "buy", 45, 4, client_order_id="mine")
    assert isinstance(again, OrderAccepted)
    assert again.repeated
    await _ends_well(world)


async def _ends_well(world: World) -> None:
    await world.finish()
    assert await world.leftovers() == []
    assert await world.violations() == []
    await world.exchange.close()
