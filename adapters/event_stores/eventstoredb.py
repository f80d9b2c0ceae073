"""The event store in EventStoreDB, or whatever speaks its protocol."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from adapters.event_stores.append_rules import MAX_APPEND_BYTES, check_append, store_closed
from adapters.event_stores.eventstoredb_client import (
    AppendSizeExceeded,
    Client,
    ClientError,
    ClientEvent,
    NotFound,
    StreamState,
    WrongVersion,
    call,
    current_revision,
    make_client,
    outcome_is_open,
    responses,
)
from adapters.event_stores.eventstoredb_records import recorded, server_filter
from adapters.event_stores.eventstoredb_subscription import Subscription
from adapters.event_stores.filtering import admits
from application.ports.event_store import (
    NO_STREAM,
    START,
    Appended,
    AppendOutcomeUnknown,
    AppendTooLarge,
    EventStoreError,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)

PAGE_EVENTS = 500
APPEND_TIMEOUT_S = 2.5
"""How long one try of an append may take; the client tries twice, with the same event ids. The server itself
gives up after 2 s."""

PROBE_TIMEOUT_S = 1.0
HEAD_TIMEOUT_S = 5.0


class EventStoreDBStore:
    """An event store over gRPC. Make it with :meth:`connect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reachable = False
        self._probe: asyncio.Task[Position] | None = None
        self._appends: set[asyncio.Task[Appended]] = set()
        self._closed = asyncio.Event()

    @classmethod
    async def connect(cls, uri: str, *, root_certificates: bytes | None = None) -> "EventStoreDBStore":
        """Return a store for an ``esdb://`` URI. One address is not contacted before it is needed."""
        client = make_client(uri, root_certificates)
        with _read_errors():
            await client.connect()
        return cls(client)

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none, in one call."""
        check_append(stream, events, expected)
        self._check_open()
        under_way = asyncio.ensure_future(self._append(stream, events, expected))
        self._appends.add(under_way)
        under_way.add_done_callback(self._appends.discard)
        return await under_way

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield pages of one stream."""
        self._check_open()
        if limit is not None and limit <= 0:
            return
        await self._check_reachable()
        opening = self._client.read_stream(
            stream,
            stream_position=None if from_revision < 0 else from_revision,
            backwards=backwards,
            limit=sys.maxsize if limit is None else limit,
        )
        page: list[RecordedEvent] = []
        with _read_errors():
            try:
                async with responses(opening) as records:
                    async for record in records:
                        page.append(recorded(record))
                        if len(page) == PAGE_EVENTS:
                            yield page
                            page = []
            except NotFound:
                return
        if page:
            yield page

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
    ) -> AsyncIterator[Page]:
        """Yield pages of the whole log up to its present end."""
        self._check_open()
        if limit is not None and limit <= 0:
            return
        await self._check_reachable()
        opening = self._client.read_all(
            commit_position=after if after > START else None, backwards=backwards, **server_filter(matching)
        )
        remaining = limit
        page: list[RecordedEvent] = []
        with _read_errors():
            async with responses(opening) as records:
                async for record in records:
                    event = recorded(record)
                    # Forwards, the server begins with the event at the position itself.
                    if event.position == after or not admits(matching, event.stream, event.type):
                        continue
                    page.append(event)
                    if len(page) == (PAGE_EVENTS if remaining is None else min(remaining, PAGE_EVENTS)):
                        yield Page(events=page, position=event.position)
                        remaining = None if remaining is None else remaining - len(page)
                        if remaining == 0:
                            return
                        page = []
        if page:
            yield Page(events=page, position=page[-1].position)

    async def head(self) -> Position:
        """Return the position of the last event that is not the server's own."""
        self._check_open()
        return await self._head(HEAD_TIMEOUT_S)

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        """Yield pages after ``after``, then new ones as they come."""
        subscription = Subscription(self._client, after=after, matching=matching, closed=self._closed)
        try:
            while True:
                self._check_open()
                yield await subscription.next_page()
        finally:
            await subscription.stop()

    async def close(self) -> None:
        """Wait for the appends under way, end the subscriptions, hang up."""
        if self._closed.is_set():
            return
        self._closed.set()
        under_way = [*self._appends, *([self._probe] if self._probe else [])]
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._client.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise store_closed()

    async def _append(self, stream: str, events: Sequence[NewEvent], expected: int) -> Appended:
        await self._check_reachable()
        try:
            with call():
                position = await self._client.append_to_stream(
                    stream,
                    current_version=StreamState.NO_STREAM if expected == NO_STREAM else expected,
                    events=[
                        ClientEvent(id=e.id, type=e.type, data=e.data, metadata=e.metadata) for e in events
                    ],
                    timeout=APPEND_TIMEOUT_S,
                )
        except WrongVersion as error:
            raise WrongExpectedRevision(stream, expected=expected, current=current_revision(error)) from None
        except AppendSizeExceeded:
            raise AppendTooLarge(f"stream {stream}: at most {MAX_APPEND_BYTES} bytes in one append") from None
        except ClientError as error:
            if not outcome_is_open(error):
                raise EventStoreError(f"stream {stream}: {error}") from error
            self._reachable = False
            raise AppendOutcomeUnknown(f"stream {stream}: no answer ({error}); reload and look") from error
        return Appended(revision=expected + len(events), position=Position(position))

    async def _check_reachable(self) -> None:
        # Only an append that was never sent is known not to be recorded. So after a call without an answer
        # the server is asked something harmless first. Reads wait for that too: one that is sent to a frozen
        # server would hang until the connection is given up.
        if self._reachable:
            return
        if self._probe is None:
            self._probe = asyncio.create_task(self._head(PROBE_TIMEOUT_S))
            self._probe.add_done_callback(self._probed)
        await asyncio.shield(self._probe)

    def _probed(self, probe: asyncio.Task[Position]) -> None:
        self._probe = None
        self._reachable = not probe.cancelled() and probe.exception() is None

    async def _head(self, timeout_s: float) -> Position:
        with _read_errors(), call():
            return Position(await self._client.get_commit_position(timeout=timeout_s))


@contextmanager
def _read_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if outcome_is_open(error):
            raise StoreUnavailable(f"EventStoreDB cannot be reached: {error}") from error
        raise EventStoreError(f"EventStoreDB refused: {error}") from error
