"""A log that holds anything of a newer version is refused before it is used, wherever in it that stands."""

from uuid import UUID

import pytest

from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.log.landmarks import Landmark
from application.log.readable import readable_up_to, refuse_unknown_events
from application.ports.codec import UnreadableEvent
from application.ports.event_store import NewEvent
from application.streams import EXCHANGE_PREFIXES

CODEC = JsonCodec()
KNOWN = next(iter(CODEC.vocabulary))
STREAMS = [f"{prefix}RAIN" if prefix.endswith("-") else prefix for prefix in EXCHANGE_PREFIXES]


def event(number: int, kind: str, version: int) -> NewEvent:
    return NewEvent(id=UUID(int=number), type=kind, data=b"{}", metadata=b'{"version": %d}' % version)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize(("kind", "version"), [("MoonShot", 1), (KNOWN, CODEC.vocabulary[KNOWN] + 1)])
async def test_an_event_that_this_version_does_not_know_refuses_the_log_and_notes_nothing(
    stream: str, kind: str, version: int
) -> None:
    log, checkpoints = MemoryEventStore(), MemoryCheckpoints()
    for revision in range(3):
        await log.append(stream, [event(revision, KNOWN, 1)], expected=revision - 1)
    await refuse_unknown_events(log, CODEC, checkpoints)
    noted = await checkpoints.load(readable_up_to(CODEC))
    assert noted is not None
    await log.append(stream, [event(3, kind, version)], expected=2)
    await log.append(stream, [event(4, KNOWN, 1)], expected=3)  # it need not be the last
    with pytest.raises(UnreadableEvent, match="newer Presage"):
        await refuse_unknown_events(log, CODEC, checkpoints)
    assert await checkpoints.load(readable_up_to(CODEC)) == noted


async def test_what_another_version_noted_counts_for_nothing() -> None:
    log, checkpoints = MemoryEventStore(), MemoryCheckpoints()
    await log.append("exchange", [event(0, "MoonShot", 1), event(1, KNOWN, 1)], expected=-1)
    [noted] = [page.events[-1] async for page in log.read_all()]
    landmark = Landmark(position=noted.position, event_id=noted.id, stream=noted.stream, revision=1)
    await checkpoints.save("readable 0123456789abcdef", landmark)
    with pytest.raises(UnreadableEvent):
        await refuse_unknown_events(log, CODEC, checkpoints)


async def test_what_was_noted_of_another_log_counts_for_nothing() -> None:
    newer, older, checkpoints = MemoryEventStore(), MemoryEventStore(), MemoryCheckpoints()
    await older.append("exchange", [event(0, KNOWN, 1), event(1, KNOWN, 1)], expected=-1)
    await refuse_unknown_events(older, CODEC, checkpoints)
    await newer.append("exchange", [event(2, "MoonShot", 1), event(3, KNOWN, 1)], expected=-1)
    with pytest.raises(UnreadableEvent):
        await refuse_unknown_events(newer, CODEC, checkpoints)
