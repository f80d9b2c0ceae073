"""The idempotency table: what becomes of an append, by what it expects and which ids it brings."""

import pytest

from tests.integration.eventstore_node.cases import noted, revisions_of
from tests.integration.eventstore_node.client_library import (
    Client,
    StreamIsDeleted,
    StreamState,
    WrongCurrentVersion,
)

ANY, EXISTS, NO_STREAM = StreamState.ANY, StreamState.EXISTS, StreamState.NO_STREAM


async def test_revisions_start_at_zero_and_grow_by_one(client: Client, stream: str) -> None:
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(3))
    await client.append_to_stream(stream, current_version=2, events=noted(2))
    assert await revisions_of(client, stream) == [0, 1, 2, 3, 4]


async def test_positions_are_greater_than_zero_and_grow(client: Client, stream: str) -> None:
    first = await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(2))
    second = await client.append_to_stream(stream, current_version=1, events=noted(2))
    events = await client.get_stream(stream)
    positions = [event.commit_position or 0 for event in events]
    assert 0 < positions[0] < positions[1] < positions[2] < positions[3]
    assert (positions[1], positions[3]) == (first, second)
    assert [event.prepare_position for event in events] == positions


@pytest.mark.parametrize("expected", [ANY, EXISTS])
async def test_a_known_append_at_no_particular_revision_is_answered_as_the_first_time(
    client: Client, stream: str, expected: StreamState
) -> None:
    events = noted(3)
    original = await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    await client.append_to_stream(stream, current_version=2, events=noted(2))
    assert await client.append_to_stream(stream, current_version=expected, events=events) == original
    assert await revisions_of(client, stream) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("expected", [ANY, EXISTS])
async def test_a_known_id_then_an_unknown_one_is_a_wrong_version(
    client: Client, stream: str, expected: StreamState
) -> None:
    events = noted(2)
    await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    with pytest.raises(WrongCurrentVersion):
        await client.append_to_stream(stream, current_version=expected, events=[*events, *noted()])
    assert await revisions_of(client, stream) == [0, 1]


async def test_an_unknown_id_first_has_everything_appended_known_ids_twice(
    client: Client, stream: str
) -> None:
    known = noted(2)
    await client.append_to_stream(stream, current_version=NO_STREAM, events=known)
    await client.append_to_stream(stream, current_version=ANY, events=[*noted(), *known])
    stored = [event.id for event in await client.get_stream(stream)]
    assert [stored.count(event.id) for event in known] == [2, 2]


async def test_an_id_is_known_in_its_own_stream_only(client: Client, stream: str) -> None:
    events = noted(2)
    await client.append_to_stream(stream, current_version=ANY, events=events)
    await client.append_to_stream(f"{stream}2", current_version=ANY, events=events)
    assert await revisions_of(client, f"{stream}2") == [0, 1]


async def test_below_the_current_revision_equal_slots_are_the_same_append(
    client: Client, stream: str
) -> None:
    events = noted(3)
    original = await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    await client.append_to_stream(stream, current_version=2, events=noted(2))
    assert await client.append_to_stream(stream, current_version=NO_STREAM, events=events) == original
    again = await client.append_to_stream(stream, current_version=0, events=events[1:])
    assert again == original


async def test_below_the_current_revision_any_other_slot_is_a_wrong_version(
    client: Client, stream: str
) -> None:
    events = noted(3)
    await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    for others in (noted(), [events[1], events[0]], [*events, *noted()]):
        with pytest.raises(WrongCurrentVersion, match="2"):
            await client.append_to_stream(stream, current_version=NO_STREAM, events=others)


async def test_at_the_current_revision_ids_are_not_looked_at(client: Client, stream: str) -> None:
    events = noted(2)
    await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    await client.append_to_stream(stream, current_version=1, events=events)
    assert await revisions_of(client, stream) == [0, 1, 2, 3]


async def test_above_the_current_revision_is_a_wrong_version(client: Client, stream: str) -> None:
    events = noted()
    await client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    with pytest.raises(WrongCurrentVersion):
        await client.append_to_stream(stream, current_version=1, events=noted())
    with pytest.raises(WrongCurrentVersion, match="does not exist"):
        await client.append_to_stream(f"{stream}2", current_version=0, events=noted())


async def test_a_stream_that_must_exist_and_does_not_is_a_wrong_version(client: Client, stream: str) -> None:
    with pytest.raises(WrongCurrentVersion):
        await client.append_to_stream(stream, current_version=EXISTS, events=noted())


async def test_no_stream_on_a_soft_deleted_stream_succeeds_and_exists_does_not(
    client: Client, stream: str
) -> None:
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(2))
    await client.delete_stream(stream, current_version=1)
    with pytest.raises(StreamIsDeleted):
        await client.append_to_stream(stream, current_version=EXISTS, events=noted())
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted())
    assert await revisions_of(client, stream) == [2]


async def test_the_exact_revision_of_a_soft_deleted_stream_is_still_its_last(
    client: Client, stream: str
) -> None:
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(2))
    await client.delete_stream(stream, current_version=1)
    with pytest.raises(WrongCurrentVersion):
        await client.append_to_stream(stream, current_version=0, events=noted())
    await client.append_to_stream(stream, current_version=1, events=noted())
    assert await revisions_of(client, stream) == [2]
