"""What the adapter takes each status for that a server, or its own client, can end a call with."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.memory import MemoryEventStore
from adapters.eventstore_node import append_service
from adapters.eventstore_node.calls import CallRefused, Status
from adapters.eventstore_node.server import running_node_on
from application.ports.event_store import (
    NO_STREAM,
    Appended,
    AppendOutcomeUnknown,
    AppendTooLarge,
    EventStoreError,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
)

REFUSALS = {
    Status.INVALID_ARGUMENT,
    Status.FAILED_PRECONDITION,
    Status.UNIMPLEMENTED,
    Status.OUT_OF_RANGE,
    Status.UNAUTHENTICATED,
    Status.PERMISSION_DENIED,
}
DETAILS_OF_A_REFUSAL = {"AccessDenied", "BadRequest", "StreamDeleted"}
"""Those of a wrong version and of too large an append have errors of their own."""

ELSEWHERE = set(Status) - REFUSALS - {Status.OK, Status.NOT_FOUND, Status.ALREADY_EXISTS}


class Refusing(MemoryEventStore):
    """A log of which calls for streams of users end with one status."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self._refusal = CallRefused(status, "so it is")

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if not stream.startswith("$"):
            raise self._refusal
        return await super().append(stream, events, expected=expected)

    async def read_stream(self, stream: str, **kwargs: Any) -> AsyncIterator[Sequence[RecordedEvent]]:
        if not stream.startswith("$"):
            raise self._refusal
        async for page in super().read_stream(stream, **kwargs):
            yield page


async def said_of_an_append_and_a_read(status: Status) -> tuple[EventStoreError, EventStoreError]:
    engine = Refusing(status)
    async with running_node_on(engine) as node:
        store = await EventStoreDBStore.connect(node.uri)
        with pytest.raises(EventStoreError) as append:
            await store.append("a", [NewEvent(id=uuid4(), type="Noted", data=b"{}")], expected=NO_STREAM)
        with pytest.raises(EventStoreError) as read:
            _ = [page async for page in store.read_stream("a")]
        await store.close()
    await engine.close()
    return append.value, read.value


@pytest.mark.parametrize("status", sorted(ELSEWHERE, key=str), ids=str)
async def test_a_status_that_does_not_refuse_leaves_an_append_open_and_a_read_to_be_repeated(
    status: Status,
) -> None:
    """INTERNAL too: gRPC's client says it itself when the server ends a call that it still writes to."""
    append, read = await said_of_an_append_and_a_read(status)
    assert type(append) is AppendOutcomeUnknown
    assert type(read) is StoreUnavailable


@pytest.mark.parametrize("status", sorted(REFUSALS, key=str), ids=str)
async def test_a_refusal_is_told_as_one(status: Status) -> None:
    append, read = await said_of_an_append_and_a_read(status)
    assert not isinstance(append, AppendOutcomeUnknown | StoreUnavailable)
    assert not isinstance(read, AppendOutcomeUnknown | StoreUnavailable)


async def said_of_a_batch(details: str, patch: pytest.MonkeyPatch) -> EventStoreError:
    """Have an append answered by a server whose error has details of a kind."""

    def tell(status: Any, error: Exception) -> None:
        status.code, status.message = Status.INTERNAL.value[0], str(error)
        status.details.type_url = f"type.googleapis.com/event_store.client.{details}"

    class Full(MemoryEventStore):
        async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
            if stream.startswith("$"):
                return await super().append(stream, events, expected=expected)
            raise AppendTooLarge("so it is")

    patch.setattr(append_service, "_tell_error", tell)
    engine = Full()
    async with running_node_on(engine) as node:
        store = await EventStoreDBStore.connect(node.uri)
        with pytest.raises(EventStoreError) as told:
            await store.append("a", [NewEvent(id=uuid4(), type="Noted", data=b"{}")], expected=NO_STREAM)
        await store.close()
    await engine.close()
    return told.value


@pytest.mark.parametrize("details", sorted(DETAILS_OF_A_REFUSAL))
async def test_details_that_refuse_are_told_as_a_refusal(
    details: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await said_of_a_batch(details, monkeypatch)
    assert not isinstance(told, AppendOutcomeUnknown | StoreUnavailable)


@pytest.mark.parametrize("details", ["InvalidTransaction", "OfANewerServer", "Timeout", "Unknown"])
async def test_details_of_any_other_kind_leave_an_append_open(
    details: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(await said_of_a_batch(details, monkeypatch)) is AppendOutcomeUnknown
