"""What every event store promises about appending and reading, whatever it is made of."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.event_stores.append_rules import MAX_APPEND_BYTES
from application.ports.event_store import (
    NO_STREAM,
    Appended,
    AppendTooLarge,
    Filter,
    NewEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)
from tests.contracts.event_log import Log, ids, noted, open_log
from tests.contracts.stores import DURABLE

CLOCK_SLACK_US = 5_000_000


async def test_the_first_append_starts_a_stream_at_revision_zero(log: Log) -> None:
    answer = await log.put("a", *noted(3))
    assert answer.revision == 2
    assert answer.position > log.start
    assert [event.revision for event in await log.read("a")] == [0, 1, 2]


async def test_an_append_at_the_exact_revision_goes_on(log: Log) -> None:
    first = await log.put("a", *noted(2))
    second = await log.put("a", *noted(1), expected=first.revision)
    assert second.revision == 2
    assert second.position > first.position


async def test_an_event_is_read_back_as_it_was_appended(log: Log) -> None:
    data = '{ "price": 0.6500,\n\t"name": "\\u00e9 é 𝄞", "empty": {} }'.encode()
    event = NewEvent(id=uuid4(), type="Noted", data=data, metadata=b'{"version": 1, "by":"me"}')
    before_us = time.time_ns() // 1000
    answer = await log.put("a", event)
    [read] = await log.read("a")
    assert (read.id, read.type, read.data, read.metadata) == (
        event.id,
        event.type,
        event.data,
        event.metadata,
    )
    assert (read.stream, read.revision, read.position) == (log.stream("a"), 0, answer.position)
    assert abs(read.recorded_at_us - before_us) < CLOCK_SLACK_US
    assert await log.read_all() == [read]


DOCUMENTS = [b'"text"', b"null", b"[1, 2]", b"12345678901234567890123", b"1.0", b"", b"[" * 300 + b"]" * 300]


@pytest.mark.parametrize("data", DOCUMENTS)
async def test_any_document_survives_to_the_byte(log: Log, data: bytes) -> None:
    await log.put("a", NewEvent(id=uuid4(), type="Noted", data=data, metadata=data))
    [read] = await log.read("a")
    assert (read.data, read.metadata) == (data, data)


async def test_an_append_that_expects_no_stream_is_refused_when_there_is_one(log: Log) -> None:
    await log.put("a", *noted())
    with pytest.raises(WrongExpectedRevision) as refusal:
        await log.put("a", *noted())
    assert (refusal.value.stream, refusal.value.expected) == (log.stream("a"), NO_STREAM)
    assert refusal.value.current in (0, None)


async def test_an_append_with_a_stale_revision_is_refused(log: Log) -> None:
    await log.put("a", *noted(3))
    with pytest.raises(WrongExpectedRevision):
        await log.put("a", *noted(), expected=1)
    assert len(await log.read("a")) == 3


@pytest.mark.parametrize("expected", [3, 100])
async def test_an_append_with_a_future_revision_is_refused(log: Log, expected: int) -> None:
    await log.put("a", *noted(3))
    with pytest.raises(WrongExpectedRevision):
        await log.put("a", *noted(), expected=expected)
    assert len(await log.read("a")) == 3


async def test_an_append_to_a_missing_stream_that_expects_events_is_refused(log: Log) -> None:
    with pytest.raises(WrongExpectedRevision):
        await log.put("a", *noted(), expected=0)
    assert await log.read("a") == []


async def test_the_same_append_again_gives_the_original_answer(log: Log) -> None:
    first, second = noted(3), noted(2)
    answers = [await log.put("a", *first), await log.put("a", *second, expected=2)]
    await log.put("a", *noted(1), expected=4)
    assert [await log.put("a", *first), await log.put("a", *second, expected=2)] == answers
    assert len(await log.read("a")) == 6


async def test_the_start_of_an_earlier_append_again_is_the_same_append(log: Log) -> None:
    events = noted(3)
    await log.put("a", *events)
    answer = await log.put("a", *events[:2])
    assert answer.revision == 1
    assert answer.position == (await log.read("a"))[1].position


async def test_known_events_followed_by_unknown_ones_are_refused(log: Log) -> None:
    events = noted(3)
    await log.put("a", *events)
    with pytest.raises(WrongExpectedRevision):
        await log.put("a", *events, *noted(1))
    with pytest.raises(WrongExpectedRevision):
        await log.put("a", events[1], events[0], events[2])
    assert ids(await log.read("a")) == ids(events)


async def test_the_same_ids_in_another_stream_are_other_events(log: Log) -> None:
    events = noted(2)
    await log.put("a", *events)
    await log.put("b", *events)
    assert ids(await log.read("a")) == ids(await log.read("b")) == ids(events)


async def test_one_of_many_writers_at_the_same_revision_wins(log: Log) -> None:
    await log.put("a", *noted())
    answers = await asyncio.gather(
        *(log.put("a", *noted(), expected=0) for _ in range(20)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, WrongExpectedRevision)]
    assert len(refused) == 19
    assert [event.revision for event in await log.read("a")] == [0, 1]


async def test_a_refused_append_does_not_hurt_the_others(log: Log) -> None:
    await log.put("a", *noted())
    answers = await asyncio.gather(
        *(log.put(f"b{n}", *noted()) for n in range(10)),
        log.put("a", *noted()),
        *(log.put(f"c{n}", *noted()) for n in range(10)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(WrongExpectedRevision) == 1
    assert len(await log.read_all()) == 21


async def test_many_appenders_get_gapless_streams_and_one_order(log: Log) -> None:
    async def appender(name: str) -> None:
        for expected in range(-1, 9):
            await log.put(name, *noted(), expected=expected)

    await asyncio.gather(*(appender(f"s{n}") for n in range(32)))
    everything = await log.read_all()
    assert len(everything) == 320
    assert all(one.position < other.position for one, other in pairwise(everything))
    assert all(one.recorded_at_us <= other.recorded_at_us for one, other in pairwise(everything))
    for n in range(32):
        revisions = [event.revision for event in everything if event.stream == log.stream(f"s{n}")]
        assert revisions == list(range(10))


async def test_an_append_at_the_size_limit_is_taken_and_one_byte_more_is_refused(log: Log) -> None:
    room = MAX_APPEND_BYTES - 2 * len("Noted") - len(b"{}")
    with pytest.raises(AppendTooLarge):
        await log.put("a", NewEvent(id=uuid4(), type="Noted", data=b'"%s"' % (b"x" * (room - 1))))
    assert await log.read("a") == []
    await log.put("a", NewEvent(id=uuid4(), type="Noted", data=b'"%s"' % (b"x" * (room - 2))))
    assert [len(event.data) for event in await log.read("a")] == [room]


async def test_the_size_limit_counts_all_events_of_an_append(log: Log) -> None:
    half = b'"%s"' % (b"x" * (MAX_APPEND_BYTES // 2))
    with pytest.raises(AppendTooLarge):
        await log.put("a", *(NewEvent(id=uuid4(), type="Noted", data=half) for _ in range(2)))
    assert await log.read("a") == []


async def test_what_is_no_append_is_a_fault_of_the_caller(log: Log) -> None:
    with pytest.raises(ValueError, match="not an append"):
        await log.put("a")
    with pytest.raises(ValueError, match="not an append"):
        await log.store.append("", noted(), expected=NO_STREAM)
    with pytest.raises(ValueError, match="not an append"):
        await log.put("a", *noted(), expected=-2)


async def test_a_stream_that_does_not_exist_reads_empty(log: Log) -> None:
    assert await log.read("nothing") == []
    assert await log.read("nothing", from_revision=-1, backwards=True) == []


async def test_a_stream_is_read_from_a_revision_on_inclusively_both_ways(log: Log) -> None:
    await log.put("a", *noted(6))
    forwards = await log.read("a", from_revision=2)
    backwards = await log.read("a", from_revision=2, backwards=True)
    from_end = await log.read("a", from_revision=-1, backwards=True)
    assert [event.revision for event in forwards] == [2, 3, 4, 5]
    assert [event.revision for event in backwards] == [2, 1, 0]
    assert [event.revision for event in from_end] == [5, 4, 3, 2, 1, 0]
    assert await log.read("a", from_revision=6) == []


async def test_a_stream_read_ends_at_its_limit(log: Log) -> None:
    await log.put("a", *noted(6))
    assert [event.revision for event in await log.read("a", limit=2)] == [0, 1]
    assert [event.revision for event in await log.read("a", from_revision=4, limit=9)] == [4, 5]
    latest = await log.read("a", from_revision=-1, backwards=True, limit=2)
    assert [event.revision for event in latest] == [5, 4]


async def test_a_long_stream_is_read_whole_in_pages(log: Log) -> None:
    events = noted(2500)
    await log.put("a", *events)
    assert ids(await log.read("a")) == ids(events)
    assert ids(await log.read("a", from_revision=-1, backwards=True)) == ids(events)[::-1]
    assert ids(await log.read("a", from_revision=100, limit=1500)) == ids(events)[100:1600]
    assert ids(await log.read_all()) == ids(events)
    assert ids(await log.read_all(backwards=True)) == ids(events)[::-1]
    assert ids(await log.read_all(limit=1501)) == ids(events)[:1501]


async def test_the_whole_log_is_read_in_the_order_of_appending(log: Log) -> None:
    appended = noted(4)
    for name, expected, event in zip("abab", (-1, -1, 0, 0), appended, strict=True):
        await log.put(name, event, expected=expected)
    assert ids(await log.read_all()) == ids(appended)
    assert ids(await log.read_all(Filter())) == ids(appended)
    assert ids(await log.read_all(backwards=True)) == ids(appended)[::-1]


async def test_the_whole_log_is_read_after_a_position_exclusively_both_ways(log: Log) -> None:
    await log.put("a", *noted(5))
    everything = await log.read_all()
    middle = everything[2].position
    assert await log.read_all(after=middle) == everything[3:]
    assert await log.read_all(after=middle, backwards=True) == everything[1::-1]
    assert await log.read_all(after=everything[-1].position) == []
    assert await log.read_all(limit=2) == everything[:2]
    assert await log.read_all(backwards=True, limit=2) == everything[:2:-1]


async def test_the_head_is_the_position_of_the_last_event(log: Log) -> None:
    answer = await log.put("a", *noted(2))
    assert await log.store.head() == answer.position


async def test_a_page_of_the_log_says_how_far_it_has_read(log: Log) -> None:
    await log.put("a", *noted(700))
    async for page in log.store.read_all(after=log.start, matching=log.ours):
        assert page.position >= (page.events[-1].position if page.events else log.start)


async def test_a_filter_admits_streams_by_any_of_its_prefixes(log: Log) -> None:
    for name in ("market-1", "ledger-1", "market-2", "market", "xmarket-1"):
        await log.put(name, *noted())

    async def names(*prefixes: str) -> list[str]:
        found = await log.read_all(log.streams(*prefixes))
        return [event.stream.removeprefix(f"{log.prefix}-") for event in found]

    assert await names("market-") == ["market-1", "market-2"]
    assert await names("market-", "ledger-") == ["market-1", "ledger-1", "market-2"]
    assert await names("nothing") == []


async def test_a_prefix_is_plain_text_and_case_counts(log: Log) -> None:
    by_prefix = {"a.": "a.b", "a%": "a%b", "a_": "a_b", "A": "A.b", "a[": "a[b", "a*": "a*b", "é": "é.b"}
    for name in ("axb", *by_prefix.values()):
        await log.put(name, *noted())
    for prefix, name in by_prefix.items():
        assert [event.stream for event in await log.read_all(log.streams(prefix))] == [log.stream(name)]


async def test_a_filter_admits_exact_types(log: Log) -> None:
    for event_type in ("OrderPlaced", "Order", "OrderFilled", "order", "PreOrder", "Ord.r"):
        await log.put(event_type, *noted(event_type=event_type))
    both = Filter(stream_prefixes=(log.prefix,), types=("Order", "OrderFilled"))
    assert [event.type for event in await log.read_all(both)] == ["Order", "OrderFilled"]
    assert [event.type for event in await log.read_all(log.streams("", types=("Ord.r",)))] == ["Ord.r"]


async def test_a_filter_by_stream_and_type_admits_what_passes_both(log: Log) -> None:
    for name in ("market-1", "ledger-1"):
        await log.put(name, *noted(event_type="Opened"), *noted(event_type="Closed"))
    found = await log.read_all(log.streams("ledger-", types=("Opened",)))
    assert [(event.stream, event.type) for event in found] == [(log.stream("ledger-1"), "Opened")]


async def test_a_filtered_read_ends_at_its_limit_both_ways(log: Log) -> None:
    for n in range(10):
        await log.put(f"odd-{n}" if n % 2 else f"even-{n}", *noted())
    odd = await log.read_all(log.streams("odd-"))
    assert len(odd) == 5
    assert await log.read_all(log.streams("odd-"), limit=3) == odd[:3]
    assert await log.read_all(log.streams("odd-"), backwards=True, limit=2) == odd[:2:-1]


async def test_a_closed_store_refuses(log: Log) -> None:
    await log.put("a", *noted())
    await log.store.close()
    with pytest.raises(StoreUnavailable):
        await log.put("b", *noted())
    await log.store.close()


@pytest.mark.parametrize("name", sorted(DURABLE))
async def test_a_reopened_store_holds_what_was_acknowledged(name: str, tmp_path: Path) -> None:
    async with DURABLE[name](tmp_path) as store:
        log = await open_log(store)
        await log.put("a", *noted(700))
        await log.put("b", *noted(2))
        before = await log.read_all()
    async with DURABLE[name](tmp_path) as store:
        log.store = store
        assert await log.read_all() == before
        assert await log.store.head() == before[-1].position
        with pytest.raises(WrongExpectedRevision):
            await log.put("a", *noted())
        answer = await log.put("a", *noted(), expected=699)
        assert answer.position > before[-1].position


@pytest.mark.parametrize("name", sorted(DURABLE))
async def test_closing_under_load_loses_nothing_acknowledged(name: str, tmp_path: Path) -> None:
    async with DURABLE[name](tmp_path) as store:
        log = await open_log(store)
        appends = [asyncio.ensure_future(log.put(f"s{n}", *noted())) for n in range(50)]
        await asyncio.wait(appends, return_when=asyncio.FIRST_COMPLETED)
        await store.close()
        answers = await asyncio.gather(*appends, return_exceptions=True)
    acknowledged = {answer.position for answer in answers if isinstance(answer, Appended)}
    assert acknowledged
    async with DURABLE[name](tmp_path) as store:
        log.store = store
        assert acknowledged <= {event.position for event in await log.read_all()}
