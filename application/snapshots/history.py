"""A stream's states, the latest and any before: from the nearest good snapshot, then event by event."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

from application.events import DomainEvent, Recorded
from application.ports.codec import EventCodec
from application.ports.event_store import RecordedEvent, StreamReader
from application.ports.snapshots import Snapshot, Snapshots
from application.snapshots.form import Form, State, digesting
from application.snapshots.keeper import SnapshotKeeper
from application.snapshots.policy import SPACING
from application.snapshots.standing import Standing, Tip, tip_of
from application.snapshots.steps import gently
from domain.decider import Decider

log = logging.getLogger(__name__)

Command = TypeVar("Command")
Event = TypeVar("Event")

STRETCH = 100
"""How many events are applied before others get their turn, and read at a time for a look at the past."""


class StreamHistory(Generic[State, Command, Event]):
    """The states one stream went through. Without a ``form`` there are no snapshots of them."""

    def __init__(
        self,
        stream: str,
        decider: Decider[State, Command, Event],
        form: Form[State] | None,
        *,
        reader: StreamReader,
        codec: EventCodec,
        snapshots: Snapshots,
    ) -> None:
        self._stream = stream
        self._decider = decider
        self._form = form
        self._reader = reader
        self._codec = codec
        self._snapshots = snapshots

    async def latest(self) -> Standing[State]:
        """Return the present state, of a stream without events the initial one."""
        if self._form is not None:
            others = await self._snapshots.retire(self._stream, schema=self._form.schema)
            if others:
                log.warning("%s: %d snapshots were made by other code and are ignored", self._stream, others)
        return await self._replayed(await self._nearest(), None)

    async def at_revision(self, revision: int) -> Standing[State]:
        """Return the state that the event at ``revision`` left, or the latest if there is none such yet."""
        start = await self._nearest(revision=revision)
        return await self._replayed(start, lambda event: event.revision <= revision)

    async def at_time(self, at_us: int) -> Standing[State]:
        """Return the state at a time: what the last event decided by then left."""
        start = await self._nearest(at_us=at_us)
        return await self._replayed(start, lambda event: event.cause.at_us <= at_us)

    # ------------------------------------------------------------------------------ from a snapshot

    async def _nearest(self, *, revision: int | None = None, at_us: int | None = None) -> Standing[State]:
        """Return what the latest good snapshot holds. What is wrong is thrown away with a warning."""
        form = self._form
        while form is not None:
            snapshot = await self._snapshots.find(
                self._stream, schema=form.schema, revision=revision, at_us=at_us
            )
            if snapshot is None:
                break
            found = await self._restored(snapshot, form)
            if isinstance(found, Standing):
                return found
            log.warning("%s: the snapshot at revision %d %s; ignored", self._stream, snapshot.revision, found)
            await self._snapshots.drop(self._stream, snapshot.revision)
        return Standing(state=self._decider.initial())

    async def _restored(self, snapshot: Snapshot, form: Form[State]) -> Standing[State] | str:
        """Return what a snapshot holds, or what is wrong with it."""
        event = await self._event_at(snapshot.revision)
        if event is None or event.id != snapshot.event_id:
            return "belongs to another log"
        try:
            state = await gently(form.rebuild(snapshot.document))
            if await gently(digesting(form.facts(form.capture(state)))) != snapshot.digest:
                return "does not have the hash of its state"
        except Exception as error:  # noqa: BLE001 (whatever is wrong with it, there is another way)
            return f"cannot be read ({type(error).__name__}: {error})"
        tip = Tip(
            revision=snapshot.revision,
            position=snapshot.position,
            event_id=snapshot.event_id,
            at_us=snapshot.at_us,
        )
        return Standing(state=state, tip=tip, kept=tip.revision)

    async def _event_at(self, revision: int) -> RecordedEvent | None:
        async for page in self._reader.read_stream(self._stream, from_revision=revision, limit=1):
            for event in page:
                return event
        return None

    # --------------------------------------------------------------------------------- and from there

    async def _replayed(
        self, standing: Standing[State], wanted: Callable[[Recorded[DomainEvent]], bool] | None
    ) -> Standing[State]:
        """Apply the events that follow, up to the first that is not wanted.

        What takes long leaves landmarks on its way, so that it need not be done again.
        """
        first, at_a_time = standing.tip.revision + 1, None if wanted is None else STRETCH
        async for page in self._following(first, at_a_time):
            for number, stored in enumerate(page, 1):
                recorded = self._codec.decode(stored)
                if wanted is not None and not wanted(recorded):
                    return standing
                self._apply(standing, recorded)
                if number % STRETCH == 0:
                    await asyncio.sleep(0)
            if self._landmark_due(standing, starting=wanted is None):
                await self._leave_landmark(standing)
        return standing

    async def _following(self, first: int, at_a_time: int | None) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield the events from a revision on, asking for so many at a time, or for all of them."""
        found = at_a_time
        while found == at_a_time:
            found = 0
            async for page in self._reader.read_stream(self._stream, from_revision=first, limit=at_a_time):
                yield page
                found += len(page)
            first += found

    def _apply(self, standing: Standing[State], recorded: Recorded[DomainEvent]) -> None:
        event: Event = recorded.event  # type: ignore[assignment]  # the stream holds no others
        self._decider.evolve(standing.state, event)
        standing.tip = tip_of(recorded)

    def _landmark_due(self, standing: Standing[State], *, starting: bool) -> bool:
        """Return whether a snapshot is to be left here.

        There is one in every :data:`SPACING` events; but a start, for which everybody waits, does not take
        longer over snapshots than over applying the events.
        """
        form, revision = self._form, standing.tip.revision
        if form is None or not form.history or revision // SPACING <= standing.kept // SPACING:
            return False
        return not starting or revision - standing.kept > form.size(standing.state)

    async def _leave_landmark(self, standing: Standing[State]) -> None:
        assert self._form is not None
        keeper = SnapshotKeeper(self._stream, self._form, self._snapshots)
        await keeper.keep(self._form.capture(standing.state), standing.tip)
        standing.kept = standing.tip.revision
