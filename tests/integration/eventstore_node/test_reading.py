"""Reading streams and the whole log: where reads begin and end, content, filters, links."""

import pytest

from tests.integration.eventstore_node.cases import noted, read_all, revisions, revisions_of
from tests.integration.eventstore_node.client_library import Client, NewEvent, NotFound, StreamState

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


async def put(client: Client, stream: str, count: int, event_type: str = "Noted") -> int:
    return await client.append_to_stream(stream, current_version=ANY, events=noted(count, event_type))


async def test_a_stream_read_includes_its_start_both_ways(client: Client, stream: str) -> None:
    await put(client, stream, 5)
    assert await revisions_of(client, stream, stream_position=2) == [2, 3, 4]
    assert await revisions_of(client, stream, stream_position=2, backwards=True) == [2, 1, 0]
    assert await revisions_of(client, stream, backwards=True) == [4, 3, 2, 1, 0]
    assert await revisions_of(client, stream, limit=2) == [0, 1]
    assert await revisions_of(client, stream, stream_position=9) == []
    assert await revisions_of(client, stream, stream_position=9, backwards=True) == [4, 3, 2, 1, 0]


async def test_a_stream_that_does_not_exist_is_not_found(client: Client, stream: str) -> None:
    with pytest.raises(NotFound):
        await client.get_stream(stream)


async def test_the_log_read_forwards_includes_its_start_and_backwards_excludes_it(
    client: Client, stream: str
) -> None:
    await put(client, stream, 5)
    events = await client.get_stream(stream)
    middle = events[2].commit_position
    ours = {"filter_include": [stream], "filter_by_stream_name": True}
    assert revisions(await read_all(client, commit_position=middle, **ours)) == [2, 3, 4]
    assert revisions(await read_all(client, commit_position=middle, backwards=True, **ours)) == [1, 0]
    assert revisions(await read_all(client, backwards=True, limit=2, **ours)) == [4, 3]


async def test_content_comes_back_as_it_was_sent(client: Client, stream: str) -> None:
    sent = [
        NewEvent(type="Json", data='{"é": "𝄞"}'.encode(), metadata=b'{"by": "me"}'),
        NewEvent(type="Binary", data=b"\x00\x01\xff", content_type="application/octet-stream"),
        NewEvent(type="Both", data=b"\x00", metadata=b"\x01\x00x", content_type="application/octet-stream"),
        NewEvent(type="Marked", data=b"{}", metadata=b"\x00\x01"),
        NewEvent(type="Nothing", data=b""),
        NewEvent(type="Long" * 60, data=b'"%s"' % (b"x" * 70_000)),
    ]
    await client.append_to_stream(stream, current_version=NO_STREAM, events=sent)
    read = await client.get_stream(stream)
    for one, other in zip(sent, read, strict=True):
        assert (one.id, one.type, one.data) == (other.id, other.type, other.data)
        assert (one.metadata, one.content_type) == (other.metadata, other.content_type)
        assert other.stream_name == stream
        assert other.recorded_at is not None


async def test_system_events_are_in_an_unfiltered_log(client: Client, stream: str) -> None:
    position = await put(client, stream, 1)
    await client.set_stream_metadata(stream, metadata={"$maxCount": 7})
    everything = await read_all(client, commit_position=position, filter_exclude=())
    assert (f"$${stream}", "$metadata") in [(event.stream_name, event.type) for event in everything]
    usual = await read_all(client, commit_position=position)
    assert "$metadata" not in [event.type for event in usual]


async def test_the_log_of_a_new_server_is_not_empty(client: Client, stream: str) -> None:
    """Clients that take the first position of all for the beginning of their own would lose an event."""
    first = await anext(await client.read_all(filter_exclude=(), limit=1))
    assert first.stream_name.startswith("$")
    assert await put(client, stream, 1) > (first.commit_position or 0)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("Order.*", {"OrderPlaced", "OrderFilled"}), ("OrderPlaced", {"OrderPlaced"}), ("rder", set())],
)
async def test_a_filter_on_types_is_a_regular_expression(
    client: Client, stream: str, pattern: str, found: set[str]
) -> None:
    start = await put(client, stream, 1, "Start")
    for event_type in ("OrderPlaced", "OrderFilled", "PreOrder"):
        await put(client, stream, 1, event_type)
    events = await read_all(client, commit_position=start, filter_include=[pattern])
    assert {event.type for event in events if event.stream_name == stream} == found


async def test_a_filter_is_a_search_and_not_a_full_match(client: Client, stream: str) -> None:
    # The client anchors what it is given as a whole, so an alternative escapes the anchors.
    await put(client, stream, 1, "PreOrder")
    events = await read_all(client, filter_include=["Nothing", "Order"])
    assert stream in {event.stream_name for event in events}


async def test_types_can_be_excluded(client: Client, stream: str) -> None:
    start = await put(client, stream, 1, "Kept")
    await put(client, stream, 1, "Dropped")
    events = await read_all(client, commit_position=start, filter_exclude=["Dropped"])
    assert [event.type for event in events if event.stream_name == stream] == ["Kept"]


async def test_a_filtered_read_counts_what_it_delivers(client: Client, stream: str) -> None:
    for n in range(6):
        await put(client, f"{stream}-{n % 2}", 1)
    wanted = {"filter_include": [f"{stream}-1"], "filter_by_stream_name": True}
    assert revisions(await read_all(client, limit=2, **wanted)) == [0, 1]
    assert revisions(await read_all(client, limit=2, backwards=True, **wanted)) == [2, 1]


async def test_a_link_is_followed_when_that_is_asked(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    links = [NewEvent(type="$>", data=f"{n}@{stream}".encode()) for n in (2, 0)]
    await client.append_to_stream(f"{stream}-links", current_version=NO_STREAM, events=links)
    plain = await client.get_stream(f"{stream}-links")
    followed = await client.get_stream(f"{stream}-links", resolve_links=True)
    assert [(event.type, event.stream_position) for event in plain] == [("$>", 0), ("$>", 1)]
    assert [(event.stream_name, event.stream_position) for event in followed] == [(stream, 2), (stream, 0)]
    assert [event.link.stream_position for event in followed if event.link] == [0, 1]


async def test_a_link_to_what_is_gone_leads_nowhere(client: Client, stream: str) -> None:
    await put(client, stream, 1)
    link = NewEvent(type="$>", data=f"0@{stream}".encode())
    await client.append_to_stream(f"{stream}-links", current_version=NO_STREAM, events=[link])
    await client.delete_stream(stream, current_version=0)
    assert await client.get_stream(f"{stream}-links", resolve_links=True) == ()
