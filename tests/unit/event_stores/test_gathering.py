"""EventStoreDB sends events one by one; the adapter hands them on together."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from adapters.event_stores.eventstoredb_leader import Leader
from adapters.event_stores.eventstoredb_subscription import LONGEST_GATHERED_S, Subscription
from application.ports.event_store import START, Filter

EVENTS = 300


class OneByOne:
    """A client whose subscription brings an event at every turn of the loop, and then none."""

    def __init__(self, events: int) -> None:
        self._left = list(range(1, events + 1))
        self.cancelled = False

    async def subscribe_to_all(self, **_wanted: Any) -> "OneByOne":
        return self

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._records()

    async def _records(self) -> AsyncIterator[Any]:
        for number in self._left:
            await asyncio.sleep(0)
            yield SimpleNamespace(
                id=uuid4(),
                type="Happened",
                data=b"{}",
                metadata=b"{}",
                stream_name="market-M",
                stream_position=number,
                commit_position=number,
                recorded_at=None,
                is_caught_up=False,
                is_checkpoint=False,
                link=None,
            )
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self.cancelled = True


class Leads(Leader):
    """A member that need not be looked for."""

    def __init__(self) -> None:
        self._proved = True
        self._proofs = 1


def subscription(events: int) -> Subscription:
    client: Any = OneByOne(events)
    return Subscription(client, Leads(), after=START, matching=Filter(), closed=asyncio.Event())


async def test_events_that_follow_each_other_closely_come_in_few_pages() -> None:
    following = subscription(EVENTS)
    pages = []
    while sum(len(page.events) for page in pages) < EVENTS:
        pages.append(await following.next_page())
    await following.stop()
    assert [event.position for page in pages for event in page.events] == list(range(1, EVENTS + 1))
    assert len(pages) < EVENTS / 10


async def test_a_lone_event_is_handed_on_at_once() -> None:
    following = subscription(1)
    async with asyncio.timeout(100 * LONGEST_GATHERED_S):
        page = await following.next_page()
    await following.stop()
    assert [event.position for event in page.events] == [1]
