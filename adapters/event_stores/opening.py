"""Opens the event store that settings or an address name: to write, to read beside the writer, to fill."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from adapters.checkpoints import NotedCheckpoints
from adapters.data_folder import UNFINISHED, DataFolder
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.data_files import ProcessLock, is_there, remove_what_is_left, sync_folder
from adapters.event_stores.embedded.view import EmbeddedLogView
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.json_lines_view import FileLogView
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.reading_ahead import ReadingAhead
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_view import SqliteLogView
from adapters.event_stores.unfinished_copies import marked_unfinished, refuse_unfinished
from adapters.settings import EVENTSTOREDB, Settings, without_secrets
from application.log.readable import refuse_unknown_events
from application.ports.event_store import EventStore, LogReader, LogSubscriber, StreamReader
from application.streams import EXCHANGE_EVENTS
from application.transfer import refuse_unless_empty


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
    elif settings.log_folder is not None:
        store = FileEventStore.open(settings.log_folder)
    else:
        store = await _connect(settings.event_store)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_log(settings: Settings) -> AsyncIterator[ReadableLog]:
    """Open the log for reading only, beside the process that writes it."""
    DataFolder(settings.data).refuse_unfinished()
    log: EventStore | EmbeddedLogView | ReadingAhead
    if settings.event_store == "memory":
        log = MemoryEventStore()
    elif settings.event_store == "sqlite":
        log = SqliteLogView.open(settings.log_file)
    elif settings.log_folder is not None:
        log = FileLogView.open(settings.log_folder)
    else:
        log = ReadingAhead(await _connect(settings.event_store, reading=True), settings.event_store)
    try:
        await refuse_unfinished(log, place_of(settings))
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def open_known_log(settings: Settings) -> AsyncIterator[ReadableLog]:
    """Open the log as :func:`open_log` does; refuse it if it holds events that this version does not know.

    What a running exchange of this version has looked at is not looked at again.
    """
    async with open_log(settings) as log:
        await refuse_unknown_events(log, JsonCodec(), NotedCheckpoints(settings.checkpoints_file))
        yield log


@asynccontextmanager
async def open_source(place: str) -> AsyncIterator[ReadableLog]:
    """Open a store by where it is, as :func:`open_place` does, for reading: nothing there is written."""
    if "://" in place:
        async with open_place(place) as store:
            yield store
    elif place.endswith(".db"):
        view = SqliteLogView.open(Path(place))
        try:
            yield view
        finally:
            await view.close()
    else:
        folder = FileLogView.open(Path(place))
        try:
            yield folder
        finally:
            await folder.close()


@asynccontextmanager
async def open_place(place: str) -> AsyncIterator[EventStore]:
    """Open a store by where it is: an EventStoreDB's address, an SQLite file (``*.db``), a folder of text."""
    store: EventStore
    if re.match(EVENTSTOREDB, place):
        store = await _connect(place)
    elif place.endswith(".db"):
        store = SqliteEventStore.open(Path(place))
    else:
        store = FileEventStore.open(Path(place))
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def new_place(place: str) -> AsyncIterator[EventStore]:
    """Open a store to be filled. A file or folder has its name only once the block has ended well.

    A store that is there already says so in itself, if it is empty.
    """
    path = Path(place)
    if re.match(EVENTSTOREDB, place) or is_there(path):
        async with open_place(place) as store:
            await refuse_unless_empty(store, EXCHANGE_EVENTS)
            async with marked_unfinished(store):
                yield store
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = ProcessLock(path.with_name(f"{path.name}.lock"))
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        remove_what_is_left(unfinished)
        embedded = SqliteEventStore if place.endswith(".db") else FileEventStore
        filled = embedded.open(unfinished)
        try:
            yield filled
        finally:
            await filled.close()
        unfinished.rename(path)
        sync_folder(path.parent)
        remove_what_is_left(unfinished)
    finally:
        lock.release()


def place_of(settings: Settings) -> str:
    """Return where the log of the settings is, as people are told."""
    sqlite = settings.event_store == "sqlite"
    return str(settings.log_file) if sqlite else without_secrets(settings.event_store)


async def _connect(uri: str, *, reading: bool = False) -> EventStore:
    from adapters.event_stores.eventstoredb import EventStoreDBStore  # noqa: PLC0415 (gRPC takes long to load)
    from adapters.event_stores.eventstoredb_address import refuse_default_password  # noqa: PLC0415

    refuse_default_password(uri)

    return await EventStoreDBStore.connect(uri, reading=reading)
