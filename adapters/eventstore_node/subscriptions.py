"""Catch-up subscriptions: what was written, then what is being written, without a gap or a repeat."""

import time
from collections.abc import Sequence
from contextlib import aclosing
from uuid import uuid4

from adapters.eventstore_node import messages
from adapters.eventstore_node.calls import Call
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.filters import Admits, everything
from adapters.eventstore_node.following import Follower
from adapters.eventstore_node.positions import shown
from adapters.eventstore_node.reader import Reader
from adapters.eventstore_node.records import Delivered
from adapters.eventstore_node.wire import IdEncoder, read_response
from application.ports.event_store import START, Position

MAX_WANTED_IN_A_PAGE = 32


class Checkpoints:
    """Says when a filtered subscription is due a checkpoint, and where: after so many events considered.

    The past is read page by page, a window at most, and a checkpoint then stands where the last page began,
    or at the last event in it that was wanted. The event at which a subscription starts counts as considered.
    """

    def __init__(self, window: int, multiplier: int, start: Position) -> None:
        self._window = window
        self._interval = window * multiplier
        self._considered = 0
        self._in_page = 0
        self._wanted_in_page = 0
        self._place = start
        if start > START:
            self.while_catching_up(start, wanted=False)

    def while_catching_up(self, position: Position, *, wanted: bool) -> Position | None:
        """Count an event of the past, and return where a checkpoint stands that follows it, if one does."""
        if wanted or not self._in_page:
            self._place = position
        self._in_page += 1
        self._wanted_in_page += wanted
        if self._in_page < self._window and self._wanted_in_page < MAX_WANTED_IN_A_PAGE:
            return None
        self._considered += self._in_page
        self._in_page = self._wanted_in_page = 0
        return self._place if self._due() else None

    def while_live(self, position: Position) -> Position | None:
        """Count an event as it comes, and return where a checkpoint stands that follows it, if one does."""
        self._considered += 1
        return position if self._due() else None

    def _due(self) -> bool:
        due = self._considered >= self._interval
        self._considered %= self._interval
        return due


class _Feed:
    """Sends to one subscriber, and tells it when it has caught up or fallen behind."""

    def __init__(self, call: Call, encode_id: IdEncoder) -> None:
        self._call = call
        self._encode_id = encode_id
        self._live = False

    async def confirm(self) -> None:
        response = messages.ReadResp()
        response.confirmation.subscription_id = str(uuid4())
        await self._call.send(response.SerializeToString())

    async def send(
        self, items: Sequence[Delivered | Position], *, caught_up: bool, position: int, revision: int | None
    ) -> None:
        """Send events and checkpoints in order, and the transition that ends the page, if there is one."""
        payloads = [self._encode(item) for item in items]
        if caught_up != self._live:
            payloads.append(_transition(caught_up=caught_up, position=position, revision=revision))
            self._live = caught_up
        await self._call.send(*payloads)

    def _encode(self, item: Delivered | Position) -> bytes:
        if isinstance(item, Delivered):
            return read_response(item, self._encode_id)
        response = messages.ReadResp()
        response.checkpoint.commit_position = response.checkpoint.prepare_position = shown(item)
        response.checkpoint.timestamp.FromNanoseconds(time.time_ns())
        return bytes(response.SerializeToString())

    @property
    def is_live(self) -> bool:
        """Whether the subscriber was told that it has caught up, and has not fallen behind."""
        return self._live


class Subscriptions:
    """Runs catch-up subscriptions until their clients go away."""

    def __init__(self, engine: Engine, reader: Reader, follower: Follower) -> None:
        self._engine = engine
        self._reader = reader
        self._follower = follower

    async def follow_all(
        self,
        call: Call,
        *,
        after: Position,
        admits: Admits,
        checkpoints: Checkpoints | None,
        resolve_links: bool,
        encode_id: IdEncoder,
    ) -> None:
        """Follow the whole log after a position."""
        feed = _Feed(call, encode_id)
        await feed.confirm()
        async with aclosing(self._engine.subscribe(after=after, system=True)) as pages:
            async for page in pages:
                items: list[Delivered | Position] = []
                for event in page.events:
                    wanted = admits is everything or admits(event)
                    if wanted:
                        items.append(await self._reader.deliver(event, resolve_links=resolve_links))
                    if checkpoints is None:
                        continue
                    if feed.is_live:
                        reached = checkpoints.while_live(event.position)
                    else:
                        reached = checkpoints.while_catching_up(event.position, wanted=wanted)
                    if reached is not None:
                        items.append(reached)
                if page.caught_up and not feed.is_live and checkpoints is not None and page.position:
                    items.append(page.position)
                await feed.send(items, caught_up=page.caught_up, position=page.position, revision=None)

    async def follow_stream(
        self, call: Call, name: str, after: int | None, *, resolve_links: bool, encode_id: IdEncoder
    ) -> None:
        """Follow one stream after a revision, or from its end."""
        feed = _Feed(call, encode_id)
        await self._reader.check_not_tombstoned(name)
        last = await self._follower.last_revision(name) if after is None else after
        await feed.confirm()
        async with aclosing(self._follower.follow(name, last, resolve_links=resolve_links)) as pages:
            async for page in pages:
                await feed.send(page.items, caught_up=page.caught_up, position=0, revision=page.revision)


def _transition(*, caught_up: bool, position: int, revision: int | None) -> bytes:
    response = messages.ReadResp()
    moment = response.caught_up if caught_up else response.fell_behind
    moment.timestamp.FromNanoseconds(time.time_ns())
    if revision is None:
        moment.position.commit_position = moment.position.prepare_position = shown(position)
    else:
        moment.stream_revision = revision
    return bytes(response.SerializeToString())
