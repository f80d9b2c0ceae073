"""Puts the node together and runs it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.eventstore_node.append_service import AppendService
from adapters.eventstore_node.appender import Appender, warm
from adapters.eventstore_node.calls import CallRefused, Handler, Status
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.following import Follower
from adapters.eventstore_node.listener import Listener, Router
from adapters.eventstore_node.node_services import OPEN_TO_ALL, NodeServices
from adapters.eventstore_node.persistent.group import Tools
from adapters.eventstore_node.persistent.groups import Groups
from adapters.eventstore_node.persistent.service import PersistentService
from adapters.eventstore_node.read_service import ReadService
from adapters.eventstore_node.reader import Reader
from adapters.eventstore_node.recent_ids import RecentIds
from adapters.eventstore_node.security import Tls, check_credentials
from adapters.eventstore_node.stream_metadata import METADATA_TYPE, metadata_stream
from adapters.eventstore_node.streams import Streams
from adapters.eventstore_node.subscriptions import Subscriptions
from adapters.eventstore_node.system_streams import SystemStreams
from adapters.eventstore_node.versioning import NO_STREAM
from application.ports.event_store import START, NewEvent

DEFAULT_PORT = 2113
LOG_FILE = "events.db"
SHUTDOWN_GRACE_S = 0.2
_WARM_EVENTS = 10_000
_STREAMS = "/event_store.client.streams.Streams"

_FIRST_EVENT = (
    metadata_stream("$scavenges"),
    [NewEvent(id=uuid4(), type=METADATA_TYPE, data=b'{"$maxAge":2592000}')],
)
"""EventStoreDB's log begins with events of its own; clients must not take the first for theirs."""


@dataclass(frozen=True, slots=True)
class Node:
    """A running node."""

    host: str
    port: int
    tls: bool
    end_calls: Callable[[], Awaitable[None]]
    """Takes no more calls, lets short ones finish and ends the others; the log stays open."""

    @property
    def uri(self) -> str:
        """The connection string for its clients."""
        return f"esdb://{self.host}:{self.port}?Tls={'true' if self.tls else 'false'}"


@asynccontextmanager
async def running_node(
    data: Path | None,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: Tls | None = None,
    users: Mapping[str, str] | None = None,
) -> AsyncIterator[Node]:
    """Give a running node, on a port that the system chooses when ``port`` is 0; stop it at the end."""
    engine: Engine = MemoryEventStore() if data is None else SqliteEventStore.open(data / LOG_FILE)
    try:
        async with running_node_on(engine, host, port, tls=tls, users=users) as node:
            yield node
    finally:
        await engine.close()


@asynccontextmanager
async def running_node_on(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: Tls | None = None,
    users: Mapping[str, str] | None = None,
) -> AsyncIterator[Node]:
    """Give a running node on a log that stays open at its end."""
    credentials = None if tls is None else tls.credentials()
    streams, recent = Streams(engine), RecentIds()
    await warm(recent, engine, _WARM_EVENTS)
    system = SystemStreams(engine)
    appender, reader = Appender(engine, streams, recent), Reader(engine, streams, system)
    if await engine.head() == START:
        await appender.append(*_FIRST_EVENT, NO_STREAM)
    follower = Follower(engine, reader, system)
    groups = Groups(Tools(engine, streams, appender, reader, follower))
    await groups.load()
    routes = _stream_routes(engine, appender, reader, follower) | PersistentService(groups).routes()
    about = NodeServices(sorted(routes))
    listener = Listener(_router(routes | about.routes(), users))
    try:
        bound = await listener.start(host, port, credentials)
        about.listens_on(host, bound)
        yield Node(host, bound, tls is not None, partial(listener.close, SHUTDOWN_GRACE_S))
    finally:
        await listener.close(SHUTDOWN_GRACE_S)
        await groups.close()


def _stream_routes(
    engine: Engine, appender: Appender, reader: Reader, follower: Follower
) -> dict[str, Handler]:
    writing = AppendService(appender)
    reading = ReadService(engine, reader, Subscriptions(engine, reader, follower))
    return {
        f"{_STREAMS}/Read": reading.read,
        f"{_STREAMS}/Append": writing.append,
        f"{_STREAMS}/BatchAppend": writing.batch_append,
        f"{_STREAMS}/Delete": writing.delete,
        f"{_STREAMS}/Tombstone": writing.tombstone,
    }


def _router(routes: Mapping[str, Handler], users: Mapping[str, str] | None) -> Router:
    def route(path: str, headers: Mapping[str, str]) -> Handler:
        handler = routes.get(path)
        if handler is None:
            raise CallRefused(Status.UNIMPLEMENTED, f"the node does not serve {path}")
        if users is not None and path not in OPEN_TO_ALL:
            check_credentials(users, headers)
        return handler

    return route
