"""The one place that names the client library of EventStoreDB.

``esdbclient`` is what the project installs. ``kurrentdbclient``, its successor, pins other versions of gRPC
and is no dependency; in an environment that has it, it takes over without other changes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or find_spec("kurrentdbclient") is None:
    from esdbclient import AsyncEventStoreDBClient as Client
    from esdbclient import NewEvent as ClientEvent
    from esdbclient import RecordedEvent as ClientRecord
    from esdbclient import StreamState
    from esdbclient.exceptions import DeadlineExceeded, DiscoveryFailed, GrpcError, NotFound
    from esdbclient.exceptions import EventStoreDBClientException as ClientError
    from esdbclient.exceptions import MaximumAppendSizeExceededError as AppendSizeExceeded
    from esdbclient.exceptions import WrongCurrentVersion as WrongVersion

    _CALL = "aio_call"
else:
    from kurrentdbclient import AsyncKurrentDBClient as Client
    from kurrentdbclient import NewEvent as ClientEvent
    from kurrentdbclient import RecordedEvent as ClientRecord
    from kurrentdbclient import StreamState
    from kurrentdbclient.exceptions import DeadlineExceededError as DeadlineExceeded
    from kurrentdbclient.exceptions import DiscoveryFailedError as DiscoveryFailed
    from kurrentdbclient.exceptions import GrpcError
    from kurrentdbclient.exceptions import KurrentDBClientError as ClientError
    from kurrentdbclient.exceptions import MaximumAppendSizeExceededError as AppendSizeExceeded
    from kurrentdbclient.exceptions import NotFoundError as NotFound
    from kurrentdbclient.exceptions import WrongCurrentVersionError as WrongVersion

    _CALL = "_unary_stream_call"

__all__ = [
    "AppendSizeExceeded",
    "Client",
    "ClientError",
    "ClientEvent",
    "ClientRecord",
    "HungUp",
    "NotFound",
    "StreamState",
    "WrongVersion",
    "call",
    "current_revision",
    "make_client",
    "outcome_is_open",
    "responses",
]

_CHANNEL_OPTIONS = (
    # A server that comes back is found within a second, however long it was away.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A server that is gone without a word is noticed, by pings while calls are open.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)
_CURRENT = re.compile(r"last event is (\d+)")


def make_client(uri: str, root_certificates: bytes | None) -> Client:
    """Return a client that is not connected yet."""
    client = Client(uri, root_certificates=root_certificates)
    client.grpc_options += _CHANNEL_OPTIONS
    return client


class HungUp(GrpcError):
    """The client gave up its connection for a new one, and with it this call."""


def outcome_is_open(error: ClientError) -> bool:
    """Return whether a call failed on the way, so that nobody knows whether it was carried out."""
    return isinstance(error, DeadlineExceeded | DiscoveryFailed | GrpcError)


def current_revision(error: WrongVersion) -> int | None:
    """Return the stream's revision as a refused append tells it."""
    found = _CURRENT.search(str(error))
    return int(found[1]) if found else None


@contextmanager
def call() -> Iterator[None]:
    """Tell a call that the client gave up from one whose caller was cancelled: both look alike."""
    try:
        yield
    except asyncio.CancelledError:
        if _cancelled():
            raise
        raise HungUp("the client connected anew") from None


@asynccontextmanager
async def responses(opening: Any) -> AsyncIterator[AsyncIterator[ClientRecord]]:
    """Open a read or a subscription and give what it brings; close it at the end."""
    with call():
        response = await opening
    try:
        yield _all_of(response)
    finally:
        await response.stop()


async def _all_of(response: Any) -> AsyncIterator[ClientRecord]:
    async for record in response:
        yield record
    # The client ends the iteration of a call that was cut off as if that were all there is.
    if _cancelled():
        raise asyncio.CancelledError
    if getattr(response, _CALL).cancelled():
        raise HungUp("the client connected anew")


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
