"""What a stream's owner does while nobody knows what became of its append."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from application.hosting import insistence, owner
from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    EventStoreError,
    NewEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)
from domain.market import commands as c
from tests.unit.domain.trading_words import ANN, BOB, buy, listing
from tests.unit.test_stream_owner import STREAM, NotingStore, Owner, ask_all, owner_of

Append = tuple[Sequence[NewEvent], int]


class ScriptedStore(NotingStore):
    """Answers appends with errors as long as there are any; ``keeps`` has the next one carried out too."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        self.keeps = False
        self.asked: list[Append] = []

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self.asked.append((list(events), expected))
        if self.errors:
            error = self.errors.pop(0)
            if self.keeps:
                self.keeps = False
                await super().append(stream, events, expected=expected)
            raise error
        return await super().append(stream, events, expected=expected)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insistence, "FIRST_PAUSE_S", 0.001)


@pytest.fixture
async def store() -> ScriptedStore:
    return ScriptedStore()


async def opened(store: ScriptedStore) -> Owner:
    owner = owner_of(store)
    await ask_all(owner, [listing(), c.ActivateMarket()])
    store.asked.clear()
    return owner


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
async def test_an_append_without_an_answer_is_repeated_byte_for_byte(
    store: ScriptedStore, *, kept: bool
) -> None:
    owner = await opened(store)
    store.keeps = kept
    # A repetition that is refused says nothing of the first.
    store.errors = [AppendOutcomeUnknown("?"), StoreUnavailable("away"), EventStoreError("denied")]
    answer = await owner.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    assert answer.rejected is None
    assert len(store.asked) == 4
    assert all(each == store.asked[0] for each in store.asked)
    stored = [event async for page in store.read_stream(STREAM) for event in page]
    assert [event.type for event in stored].count("OrderPlaced") == 1


async def test_what_is_asked_while_the_outcome_is_open_is_told_so_and_decided_by_nobody(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insistence, "TOLD_AFTER_S", 0.0)
    owner = await opened(store)
    store.keeps = True
    store.errors = [AppendOutcomeUnknown("?")] + [StoreUnavailable("away")] * 10_000
    first = owner.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    with pytest.raises(AppendOutcomeUnknown):
        await first
    for asked in (
        owner.ask(buy("o", ANN, 1, 40), command_id=UUID(int=101)),
        owner.ask(buy("p", BOB, 1, 40), command_id=UUID(int=102)),
        owner.state(),
    ):
        with pytest.raises(AppendOutcomeUnknown):
            await asked
    assert owner.loaded is None, "what is in memory is not known to be in the log"
    assert {tuple(event.id for event in events) for events, _ in store.asked} == {
        tuple(event.id for event in store.asked[0][0])
    }
    store.errors.clear()
    async with asyncio.timeout(10):
        while owner.loaded is None:  # noqa: ASYNC110 (nobody is told)
            await asyncio.sleep(0.001)
    assert set((await owner.state()).orders) == {"o"}


async def test_what_came_to_nothing_is_not_decided_again_for_who_was_told_that_nobody_knows(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insistence, "TOLD_AFTER_S", 0.0)
    owner, other = await opened(store), owner_of(store)
    store.errors = [AppendOutcomeUnknown("?"), StoreUnavailable("away")]
    first = owner.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    with pytest.raises(AppendOutcomeUnknown):
        await first
    store.errors = []
    await ask_all(other, [buy("p", BOB, 1, 40)], first=200)
    async with asyncio.timeout(10):
        while owner.loaded is None or not owner.idle:
            with_other = owner.ask(buy("q", BOB, 1, 40), command_id=UUID(int=300))
            await asyncio.wait([with_other])
            if with_other.exception() is None:
                break
    assert "o" not in (await owner.state()).orders
    assert {"p", "q"} <= set((await owner.state()).orders)


async def test_events_that_no_read_shows_are_waited_for_with_growing_pauses(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_under_test = await opened(store)
    monkeypatch.setattr(owner, "UNSEEN_S", 0.2)
    store.errors = [WrongExpectedRevision(STREAM, expected=1, current=5)] * 10_000
    asked = owner_under_test.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    with pytest.raises(AppendOutcomeUnknown):
        await asked
    assert len(store.asked) == 1, "it is no reason to spin"
    store.errors.clear()
    again = await owner_under_test.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    assert again.rejected is None


async def test_an_owner_that_closes_leaves_what_is_open_open(store: ScriptedStore) -> None:
    owner = await opened(store)
    store.errors = [AppendOutcomeUnknown("?")] * 10_000
    asked = owner.ask(buy("o", ANN, 1, 40), command_id=UUID(int=100))
    while not store.asked:  # noqa: ASYNC110 (nobody is told)
        await asyncio.sleep(0)
    await asyncio.wait_for(owner.close(), 10)
    with pytest.raises(AppendOutcomeUnknown):
        await asked
