"""The stores that keep files answer as the one in memory does, on seeded streams of appends and reads."""

import random
from pathlib import Path
from uuid import UUID

import pytest

from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import (
    Appended,
    EventStore,
    Filter,
    NewEvent,
    Position,
    WrongExpectedRevision,
)

SEEDS = 6
STEPS = 120
STREAMS = ("market-1", "market-2", "ledger-1", "ledger-22")
TYPES = ("OrderPlaced", "OrderFilled", "Opened")

Append = tuple[str, list[NewEvent], int]


async def outcome(store: EventStore, append: Append) -> Appended | tuple[int, int | None]:
    stream, events, expected = append
    try:
        return await store.append(stream, events, expected=expected)
    except WrongExpectedRevision as refusal:
        return refusal.expected, refusal.current


async def reads(store: EventStore, choices: random.Random, head: int) -> list[object]:
    """Read in ways drawn from the seed; leave out the times, which differ."""
    matching = Filter(
        stream_prefixes=tuple(choices.sample(["market-", "ledger-2", "l"], choices.randrange(3))),
        types=tuple(choices.sample(TYPES, choices.randrange(3))),
    )
    after, backwards = Position(choices.randrange(head + 1)), choices.random() < 0.5
    limit = choices.choice([None, 1, 5, 1000])
    log = store.read_all(after=after, backwards=backwards, limit=limit, matching=matching)
    found = [event async for page in log for event in page.events]
    stream = choices.choice(STREAMS)
    start = choices.randrange(-1 if backwards else 0, 40)
    pages = store.read_stream(stream, from_revision=start, backwards=backwards, limit=limit)
    found += [event async for page in pages for event in page]
    return [(e.position, e.stream, e.revision, e.id, e.type, e.data, e.metadata) for e in found]


class Appends:
    """Draws appends: most of them right, some stale, too early, or sent before."""

    def __init__(self, choices: random.Random) -> None:
        self.choices = choices
        self.ends = dict.fromkeys(STREAMS, -1)
        self.sent: list[Append] = []

    def draw(self) -> Append:
        if self.sent and self.choices.random() < 0.2:
            stream, events, expected = self.choices.choice(self.sent)
            return stream, events[: self.choices.randrange(1, len(events) + 1)], expected
        stream = self.choices.choice(STREAMS)
        events = [
            NewEvent(
                id=UUID(int=self.choices.getrandbits(128)),
                type=self.choices.choice(TYPES),
                data=b'{"n":%d}' % self.choices.randrange(10**6),
            )
            for _ in range(self.choices.randrange(1, 5))
        ]
        shift = self.choices.choice([0, 0, 0, 0, -1, 1])
        return stream, events, max(-1, self.ends[stream] + shift)

    def done(self, append: Append, answer: object) -> None:
        stream, _events, _expected = append
        if isinstance(answer, Appended):
            self.ends[stream] = max(self.ends[stream], answer.revision)
            self.sent.append(append)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", ["sqlite", "json_lines"])
async def test_every_answer_and_every_read_is_the_same(kind: str, seed: int, tmp_path: Path) -> None:
    oracle = MemoryEventStore()
    store = SqliteEventStore.open(tmp_path / "db") if kind == "sqlite" else FileEventStore.open(tmp_path)
    appends = Appends(random.Random(seed))
    try:
        for step in range(STEPS):
            append = appends.draw()
            answer = await outcome(oracle, append)
            assert await outcome(store, append) == answer, (seed, step)
            appends.done(append, answer)
            head = await oracle.head()
            assert await store.head() == head
            expected = await reads(oracle, random.Random(f"{seed}.{step}"), head)
            assert await reads(store, random.Random(f"{seed}.{step}"), head) == expected, (seed, step)
    finally:
        await store.close()
