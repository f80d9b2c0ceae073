"""The Read call: streams and the whole log, once or as a catch-up subscription."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from adapters.eventstore_node import messages
from adapters.eventstore_node.calls import Call, CallRefused, Status
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.filters import everything, filter_from
from adapters.eventstore_node.positions import asked
from adapters.eventstore_node.reader import Reader, StreamNotFound, StreamRange
from adapters.eventstore_node.records import Delivered
from adapters.eventstore_node.refusals import told_to_the_client
from adapters.eventstore_node.requests import id_encoder, only_message, stream_name
from adapters.eventstore_node.subscriptions import Checkpoints, Subscriptions
from adapters.eventstore_node.wire import read_response
from application.ports.event_store import START, Position

_BACKWARDS = 1
_USUAL_WINDOW = 32
"""How many events are considered at once for a client that does not say."""

_MAX_SIGNED = 2**63 - 1


class ReadService:
    """Serves ``event_store.client.streams.Streams/Read``."""

    def __init__(self, engine: Engine, reader: Reader, subscriptions: Subscriptions) -> None:
        self._engine = engine
        self._reader = reader
        self._subscriptions = subscriptions

    async def read(self, call: Call) -> None:
        """Answer with events, and with what a subscription needs besides."""
        options = (await only_message(call, messages.ReadReq)).options
        of_stream = options.WhichOneof("stream_option") == "stream"
        with told_to_the_client():
            if options.WhichOneof("count_option") == "subscription":
                await (self._subscribe_to_stream if of_stream else self._subscribe_to_all)(call, options)
            else:
                await (self._read_stream if of_stream else self._read_all)(call, options)

    async def _read_stream(self, call: Call, options: Any) -> None:
        name = stream_name(options.stream.stream_identifier)
        wanted = StreamRange(
            name,
            from_revision=_first_revision(options),
            backwards=options.read_direction == _BACKWARDS,
            limit=min(options.count, _MAX_SIGNED),
            resolve_links=options.resolve_links,
        )
        if wanted.limit == 0:
            raise CallRefused(Status.INVALID_ARGUMENT, "the count must be positive")
        try:
            await self._send_pages(call, options, self._reader.read_stream(wanted))
        except StreamNotFound:
            response = messages.ReadResp()
            response.stream_not_found.stream_identifier.stream_name = name.encode()
            await call.send(response.SerializeToString())

    async def _read_all(self, call: Call, options: Any) -> None:
        backwards = options.read_direction == _BACKWARDS
        start = await self._first_position(options)
        if backwards and start == START:
            return
        if not backwards and start is None:
            return
        admits = _filter(options)
        remaining = min(options.count, _MAX_SIGNED)
        encode_id = id_encoder(options)
        # Forwards, the log is read from a position on; the engine reads after one.
        after = (start or START) if backwards else Position(max((start or START) - 1, START))
        limit = remaining if admits is everything else None
        async for page in self._engine.read_all(after=after, backwards=backwards, limit=limit, system=True):
            wanted = [event for event in page.events if admits(event)][:remaining]
            delivered = [
                await self._reader.deliver(event, resolve_links=options.resolve_links) for event in wanted
            ]
            await call.send(*[read_response(each, encode_id) for each in delivered])
            remaining -= len(wanted)
            if remaining <= 0:
                return

    async def _subscribe_to_stream(self, call: Call, options: Any) -> None:
        name = stream_name(options.stream.stream_identifier)
        kind = options.stream.WhichOneof("revision_option")
        after = {"revision": options.stream.revision, "end": None}.get(kind, -1)
        await self._subscriptions.follow_stream(
            call, name, after, resolve_links=options.resolve_links, encode_id=id_encoder(options)
        )

    async def _subscribe_to_all(self, call: Call, options: Any) -> None:
        start = await self._first_position(options)
        after = await self._engine.head() if start is None else start
        checkpoints = None
        if options.WhichOneof("filter_option") == "filter":
            given = options.filter
            window = given.max if given.WhichOneof("window") == "max" else _USUAL_WINDOW
            checkpoints = Checkpoints(max(window, 1), max(given.checkpointIntervalMultiplier, 1), after)
        await self._subscriptions.follow_all(
            call,
            after=after,
            admits=_filter(options),
            checkpoints=checkpoints,
            resolve_links=options.resolve_links,
            encode_id=id_encoder(options),
        )

    async def _first_position(self, options: Any) -> Position | None:
        """Return the position at which reading starts, nothing for the end."""
        kind = options.all.WhichOneof("all_option")
        if kind == "position":
            filtered = options.WhichOneof("filter_option") == "filter"
            return asked(options.all.position.commit_position, await self._engine.head(), filtered=filtered)
        return None if kind == "end" else START

    async def _send_pages(self, call: Call, options: Any, pages: AsyncIterator[Sequence[Delivered]]) -> None:
        encode_id = id_encoder(options)
        async for page in pages:
            await call.send(*[read_response(delivered, encode_id) for delivered in page])


def _filter(options: Any) -> Any:
    return filter_from(options.filter) if options.WhichOneof("filter_option") == "filter" else everything


def _first_revision(options: Any) -> int:
    """Return the first revision wanted, -1 for the end."""
    kind = options.stream.WhichOneof("revision_option")
    if kind == "revision":
        return min(int(options.stream.revision), _MAX_SIGNED)
    return -1 if kind == "end" else 0
