"""Reads the parts that several requests share."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from adapters.eventstore_node import content
from adapters.eventstore_node.calls import Call, CallRefused, Status
from adapters.eventstore_node.versioning import ANY, EXISTS, NO_STREAM
from adapters.eventstore_node.wire import IdEncoder, string_id, structured_id
from application.ports.event_store import NewEvent

_EXPECTED = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": EXISTS}


async def only_message(call: Call, message_type: Any) -> Any:
    """Return the first message of a call, which for most calls is the only one."""
    raw = await call.receive()
    if raw is None:
        raise CallRefused(Status.INVALID_ARGUMENT, "the request is empty")
    return message_type.FromString(raw)


def stream_name(identifier: Any) -> str:
    """Return the name in a stream identifier."""
    name: str = identifier.stream_name.decode()
    if not name:
        raise CallRefused(Status.INVALID_ARGUMENT, "a stream name is empty")
    return name


def expected_revision(options: Any, oneof: str, revision_field: str) -> int:
    """Return the expected revision, or one of the constants that stand for a condition."""
    kind = options.WhichOneof(oneof)
    if kind == revision_field:
        revision: int = getattr(options, revision_field)
        return revision
    return _EXPECTED.get(kind, ANY)


def event_id(message: Any) -> UUID:
    """Return the id in a message that holds it as text or as two integers."""
    if message.WhichOneof("value") == "structured":
        high, low = message.structured.most_significant_bits, message.structured.least_significant_bits
        return UUID(int=(high % 2**64) << 64 | low % 2**64)
    try:
        return UUID(message.string)
    except ValueError:
        raise CallRefused(Status.INVALID_ARGUMENT, f"not an id: {message.string!r}") from None


def new_events(proposed: Iterable[Any]) -> list[NewEvent]:
    """Return the events of an append as they are stored."""
    return [_new_event(message) for message in proposed]


def _new_event(message: Any) -> NewEvent:
    described = message.metadata
    return NewEvent(
        id=event_id(message.id),
        type=described["type"],
        data=message.data,
        metadata=content.pack(message.custom_metadata, content_type=described["content-type"]),
    )


def id_encoder(options: Any) -> IdEncoder:
    """Return how the client wants ids."""
    if options.uuid_option.WhichOneof("content") == "structured":
        return structured_id
    return string_id
