"""The composition root: the one place where everything is made, wired together, opened and closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from adapters.event_schemas.codec import PydanticCodec
from adapters.event_schemas.remembering import RememberingCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_view import SqliteLogView
from adapters.settings import Settings
from application.exchange import Exchange
from application.founding import found
from application.hosting.directory import Directory
from application.keys import Keys
from application.operations import Operations
from application.ports.checkpoints import Checkpoints
from application.ports.clock import Clock, Ids
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, LogReader, LogSubscriber, StreamReader
from application.ports.notifier import Notifier
from application.ports.order_keys import OrderKeys
from application.processes.conditions import Conditions
from application.processes.groups import Groups
from application.processes.order_groups import OrderGroups
from application.processes.runner import ProcessRunner
from application.processes.settlement import Settlement
from application.sagas.recovery import SagaRecovery
from application.trading import Trading


async def build_exchange(
    store: EventStore,
    codec: EventCodec,
    *,
    order_keys: OrderKeys,
    checkpoints: Checkpoints,
    notifier: Notifier,
    clock: Clock,
    ids: Ids,
    partitions: int,
) -> Exchange:
    """Wire an exchange on top of a store; start it before use."""
    founding = await found(store, codec, clock, partitions=partitions)
    directory = Directory(
        reader=store, appender=store, codec=codec, clock=clock, partitions=founding.partitions
    )
    runner = ProcessRunner(
        subscriber=store,
        reader=store,
        codec=codec,
        checkpoints=checkpoints,
        processes=[
            Settlement(directory),
            Conditions(directory),
            Groups(directory),
            OrderGroups(directory),
        ],
    )
    trading = Trading(directory, order_keys=order_keys, notifier=notifier, clock=clock, ids=ids)
    return Exchange(
        directory=directory,
        trading=trading,
        operations=Operations(directory, ids),
        keys=Keys(directory, ids),
        runner=runner,
        recovery=SagaRecovery(directory, runner, ids, trading.busy),
        reader=store,
        codec=codec,
    )


class ReadableLog(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read and followed."""


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[EventStore]:
    """Open the event store that the settings name, for this process to write."""
    store: EventStore
    if settings.event_store == "memory":
        store = MemoryEventStore()
    elif settings.event_store == "sqlite":
        store = SqliteEventStore.open(settings.log_file)
    else:
        store = await _connect(settings.event_store)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_log(settings: Settings) -> AsyncIterator[ReadableLog]:
    """Open the log for reading only, beside the process that writes it."""
    if settings.event_store != "sqlite":
        async with open_store(settings) as store:
            yield store
        return
    view = SqliteLogView.open(settings.log_file)
    try:
        yield view
    finally:
        await view.close()


async def _connect(uri: str) -> EventStore:
    from adapters.event_stores.eventstoredb import EventStoreDBStore  # noqa: PLC0415 (gRPC takes long to load)

    return await EventStoreDBStore.connect(uri)


def make_codec() -> EventCodec:
    """Return the codec every store of the exchange is read and written with."""
    return RememberingCodec(PydanticCodec())
