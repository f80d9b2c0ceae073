"""How the faults of the node are told over gRPC: a status, a text that clients parse, and trailers."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.event_stores.append_rules import MAX_APPEND_BYTES
from adapters.eventstore_node.appender import AppendTimedOut, StreamIsDeleted, WrongStreamVersion
from adapters.eventstore_node.calls import CallRefused, Status
from application.ports.event_store import AppendTooLarge, EventStoreError


@contextmanager
def told_to_the_client() -> Iterator[None]:
    """Turn the node's own exceptions into refusals of the call."""
    try:
        yield
    except WrongStreamVersion as error:
        raise wrong_version(error) from None
    except StreamIsDeleted as error:
        trailers = [("exception", "stream-deleted"), ("stream-name", error.stream)]
        raise CallRefused(Status.FAILED_PRECONDITION, str(error), trailers) from None
    except AppendTooLarge:
        trailers = [
            ("exception", "maximum-append-size-exceeded"),
            ("maximum-append-size", str(MAX_APPEND_BYTES)),
        ]
        message = f"Maximum Append Size of {MAX_APPEND_BYTES} Exceeded."
        raise CallRefused(Status.INVALID_ARGUMENT, message, trailers) from None
    except AppendTimedOut:
        message = "Operation timed out: Request canceled by server"
        raise CallRefused(Status.ABORTED, message) from None
    except EventStoreError as error:
        raise CallRefused(Status.UNAVAILABLE, str(error)) from None


def wrong_version(error: WrongStreamVersion) -> CallRefused:
    """Return the refusal of a write that expected another version."""
    return CallRefused(
        Status.FAILED_PRECONDITION,
        f"Append failed due to WrongExpectedVersion. Stream: {error.stream}, "
        f"Expected version: {error.expected}, Actual version: {error.current}",
        [
            ("exception", "wrong-expected-version"),
            ("stream-name", error.stream),
            ("expected-version", str(error.expected)),
            ("actual-version", str(error.current)),
        ],
    )
