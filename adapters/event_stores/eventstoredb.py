"""The event store in EventStoreDB, or whatever speaks its protocol."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from adapters.event_stores.append_rules import MAX_APPEND_BYTES, check_append, store_closed
from adapters.event_stores.eventstoredb_address import make_client
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
    responses,
)
from adapters.event_stores.eventstoredb_errors import (
    append_refused,
    elsewhere,
    not_carried_out,
    read_errors,
    refusal,
    said,
)
from adapters.event_stores.eventstoredb_leader import PATIENCE_S, PAUSE_S, Leader
from adapters.event_stores.eventstoredb_records import recorded, server_filter
from adapters.event_stores.eventstoredb_subscription import Subscription
from adapters.event_stores.filtering import admits
from application.ports.event_store import (
    NO_STREAM,
    START,
    Appended,
    AppendOutcomeUnknown,
    AppendTooLarge,
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
"""How long an append may take. The server itself gives up after 2 s."""

HEAD_TIMEOUT_S = 5.0
FIRST_ANSWER_S = 5.0
"""How long a read may take to bring its first event."""


class EventStoreDBStore:
    """An event store over gRPC. Make it with :meth:`connect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._leader = Leader(client)
        self._appends: set[asyncio.Task[Appended]] = set()
        self._closed = asyncio.Event()

    @classmethod
    async def connect(
        cls, uri: str, *, root_certificates: bytes | None = None, reading: bool = False
    ) -> "EventStoreDBStore":
        """Return a store for an ``esdb://`` or ``kurrentdb://`` URI, which is contacted when it is needed.

        ``reading`` lets the URI's ``NodePreference`` send everything to another member than the leader.
        Raises :class:`StoreMisconfigured`.
        """
        return cls(make_client(uri, root_certificates, reading=reading))

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
        proof = await self._leader.reached()
        opening = self._client.read_stream(
            stream,
            stream_position=None if from_revision < 0 else from_revision,
            backwards=backwards,
            limit=sys.maxsize if limit is None else limit,
        )
        page: list[RecordedEvent] = []
        with self._watched(proof):
            try:
                async with responses(opening, first_s=FIRST_ANSWER_S) as records:
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
        proof = await self._leader.reached()
        opening = self._client.read_all(
            commit_position=after if after > START else None, backwards=backwards, **server_filter(matching)
        )
        remaining = limit
        page: list[RecordedEvent] = []
        with self._watched(proof):
            async with responses(opening, first_s=FIRST_ANSWER_S) as records:
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
        proof = await self._leader.reached()
        with self._watched(proof):
            return Position(await self._client.head(timeout_s=HEAD_TIMEOUT_S))

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        """Yield pages after ``after``, then new ones as they come."""
        subscription = Subscription(
            self._client, self._leader, after=after, matching=matching, closed=self._closed
        )
        try:
            while True:
                self._check_open()
                yield await subscription.next_page()
        finally:
            await subscription.stop()

    @property
    def losses(self) -> int:
        """How many times the server was lost: each time another log may have come back."""
        return self._leader.losses

    async def close(self) -> None:
        """Wait for the appends under way, end the subscriptions, hang up."""
        if self._closed.is_set():
            return
        self._closed.set()
        await asyncio.gather(*self._appends, return_exceptions=True)
        await self._leader.close()
        await self._client.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise store_closed()

    async def _append(self, stream: str, events: Sequence[NewEvent], expected: int) -> Appended:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while True:
            proof = await self._leader.reached(until - loop.time())
            try:
                return await self._append_once(stream, events, expected)
            except ClientError as error:
                if not not_carried_out(error):
                    raise self._told(stream, error, proof) from error
                # Nothing was recorded: it may be sent again, to whoever leads.
                self._leader.lost(error, proof)
                if loop.time() + PAUSE_S >= until:
                    raise StoreUnavailable(
                        f"stream {stream}: EventStoreDB takes no appends: {said(error)}"
                    ) from error
            await asyncio.sleep(PAUSE_S)

    async def _append_once(self, stream: str, events: Sequence[NewEvent], expected: int) -> Appended:
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
        return Appended(revision=expected + len(events), position=Position(position))

    def _told(self, stream: str, error: ClientError, proof: int) -> Exception:
        if append_refused(error):
            return refusal(error, right=f"write ($w) stream {stream}")
        self._leader.lost(error, proof)
        return AppendOutcomeUnknown(f"stream {stream}: no answer ({said(error)}); repeat it as it was")

    @contextmanager
    def _watched(self, proof: int) -> Iterator[None]:
        with read_errors():
            try:
                yield
            except ClientError as error:
                if elsewhere(error):
                    self._leader.lost(error, proof)
                raise
