"""What every event store promises about following the log."""

import asyncio
from contextlib import aclosing, suppress
from itertools import pairwise

import pytest

from application.ports.event_store import START, Filter, Page, StoreUnavailable
from tests.contracts.event_log import PATIENCE_S, Log, events_of, ids, noted, pages_until


async def test_a_subscription_delivers_the_past_then_says_it_has_caught_up(log: Log) -> None:
    events = noted(1200)
    await log.put("a", *events)
    async with log.following() as pages:
        taken = await pages_until(pages, events=1200, caught_up=True)
    assert ids(events_of(taken)) == ids(events)
    assert taken[-1].caught_up
    assert all(one.position <= other.position for one, other in pairwise(taken))


async def test_a_subscription_at_the_end_catches_up_at_once(log: Log) -> None:
    answer = await log.put("a", *noted(3))
    async with log.following(after=answer.position) as pages:
        page = await anext(pages)
    assert page.caught_up
    assert list(page.events) == []


async def test_a_subscription_goes_on_with_new_events(log: Log) -> None:
    old, new = noted(2), noted(3)
    await log.put("a", *old)
    async with log.following() as pages:
        await pages_until(pages, events=2, caught_up=True)
        for expected, event in enumerate(new, start=1):
            await log.put("a", event, expected=expected)
        taken = await pages_until(pages, events=3)
    assert ids(events_of(taken)) == ids(new)


async def test_an_unfiltered_subscription_delivers_every_stream(log: Log) -> None:
    events = noted(2)
    await log.put("a", events[0])
    async with log.following() as pages:
        taken = await pages_until(pages, events=1, caught_up=True)
        await log.put("b", events[1])
        taken += await pages_until(pages, events=1)
    assert ids(events_of(taken)) == ids(events)


async def test_a_subscription_starts_after_a_position_exclusively(log: Log) -> None:
    await log.put("a", *noted(5))
    everything = await log.read_all()
    async with log.following(after=everything[2].position) as pages:
        taken = await pages_until(pages, events=2)
    assert events_of(taken) == everything[3:]


async def test_a_subscription_from_the_start_sees_the_whole_log(log: Log) -> None:
    events = noted(3)
    await log.put("a", *events)
    async with log.following(after=START) as pages:
        taken = await pages_until(pages, events=3)
    assert ids(events_of(taken)) == ids(events)


async def test_a_filtered_subscription_delivers_only_what_matches(log: Log) -> None:
    wanted = log.streams("market-", types=("Opened",))
    await log.put("market-1", *noted(event_type="Opened"), *noted(event_type="Closed"))
    await log.put("ledger-1", *noted(event_type="Opened"))
    async with log.following(matching=wanted) as pages:
        taken = await pages_until(pages, events=1, caught_up=True)
        await log.put("ledger-2", *noted(event_type="Opened"))
        await log.put("market-2", *noted(event_type="Closed"), *noted(event_type="Opened"))
        taken += await pages_until(pages, events=1)
    found = [(event.stream, event.revision) for event in events_of(taken)]
    assert found == [(log.stream("market-1"), 0), (log.stream("market-2"), 1)]


async def test_no_event_is_missed_or_repeated_while_writers_are_busy(log: Log) -> None:
    writers, appends = 8, 60

    async def writer(name: str) -> None:
        for n in range(appends):
            await log.put(name, *noted(2), expected=2 * n - 1)

    async def reader(delay_s: float, matching: Filter) -> list[Page]:
        await asyncio.sleep(delay_s)
        async with aclosing(log.store.subscribe(after=log.start, matching=matching)) as pages:
            return await pages_until(pages, events=writers * appends * 2)

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        readers = [
            group.create_task(reader(delay_s, matching))
            for delay_s in (0, 0.01, 0.05)
            for matching in (log.ours, Filter())
        ]
        for n in range(writers):
            group.create_task(writer(f"s{n}"))
    stored = await log.read_all()
    for done in readers:
        assert events_of(done.result()) == stored


async def test_a_slow_subscriber_misses_nothing(log: Log) -> None:
    async def write() -> None:
        for n in range(40):
            await log.put("a", *noted(50), expected=50 * n - 1)

    async with log.following() as pages:
        first = await anext(pages)
        writing = asyncio.ensure_future(write())
        await asyncio.sleep(0.02)
        taken = [first, *(await pages_until(pages, events=500))]
        await writing
        rest = 2000 - len(events_of(taken))
        taken += await pages_until(pages, events=rest, caught_up=True) if rest else []
    assert [event.revision for event in events_of(taken)] == list(range(2000))


async def test_closing_the_iterator_ends_a_subscription(log: Log) -> None:
    pages = log.store.subscribe(after=log.start, matching=log.ours)
    await anext(pages)
    await pages.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(pages)
    await log.put("a", *noted())


async def test_a_waiting_subscription_can_be_cancelled(log: Log) -> None:
    async def follow() -> None:
        async with aclosing(log.store.subscribe(after=log.start, matching=log.ours)) as pages:
            async for _page in pages:
                pass

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0.05)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(following, PATIENCE_S)
    assert following.cancelled()
    await log.put("a", *noted())


async def test_closing_the_store_ends_its_subscriptions_aloud(log: Log) -> None:
    async def follow() -> None:
        async with aclosing(log.store.subscribe(after=log.start, matching=log.ours)) as pages:
            async for _page in pages:
                pass

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0.05)
    await log.store.close()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(following, PATIENCE_S)
