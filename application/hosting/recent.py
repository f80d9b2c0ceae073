"""The latest commands of a stream and what became of them."""

from collections.abc import Sequence
from typing import Generic, TypeVar
from uuid import UUID

from application.events import DomainEvent, Recorded
from application.hosting.decision import Decision
from application.hosting.latest import Latest
from application.ids import event_ids
from application.ports.codec import EventCodec
from application.ports.event_store import StreamReader

Event = TypeVar("Event")

REMEMBERED_EVENTS = 4_096
"""How many events the remembered decisions hold: more than can be under way at once."""


class RecentDecisions(Generic[Event]):
    """Remembers the latest decisions, forgetting the oldest."""

    def __init__(self) -> None:
        self._latest: Latest[Decision[Event]] = Latest(REMEMBERED_EVENTS)

    def get(self, command_id: UUID) -> Decision[Event] | None:
        """Return what became of a command, or ``None`` if it is not remembered."""
        return self._latest.get(command_id.int)

    def add(self, command_id: UUID, decision: Decision[Event]) -> Decision[Event]:
        """Remember a decision, unless the command has one; return the one it has."""
        first = self._latest.get(command_id.int)
        if first is not None:
            return first
        self._latest.add(command_id.int, decision, weight=len(decision.events))
        return decision


async def recall(
    recent: RecentDecisions[Event],
    stream: str,
    reader: StreamReader,
    codec: EventCodec,
    *,
    after: int,
    revision: int,
) -> None:
    """Remember the latest decisions of a stream after a revision and up to another, read from the log.

    So a command whose append was lost sight of, even by another process, is recognised when it comes again.
    """
    first = max(after + 1, revision + 1 - REMEMBERED_EVENTS)
    if revision >= first:
        pages = reader.read_stream(stream, from_revision=first, limit=revision + 1 - first)
        remember(recent, [codec.decode(stored) async for page in pages for stored in page])


def remember(recent: RecentDecisions[Event], events: Sequence[Recorded[DomainEvent]]) -> None:
    """Remember the decisions that some events of a stream, one after the other, tell of."""
    decision: list[Recorded[DomainEvent]] = []
    for recorded in events:
        if decision and recorded.cause.command_id != decision[0].cause.command_id:
            _remember(recent, decision)
            decision = []
        decision.append(recorded)
    _remember(recent, decision)


def _remember(recent: RecentDecisions[Event], decision: list[Recorded[DomainEvent]]) -> None:
    """Remember a decision, unless its beginning was not read."""
    if decision and decision[0].id == next(event_ids(decision[0].cause.command_id)):
        events: list[Event] = [recorded.event for recorded in decision]  # type: ignore[misc]
        cause = decision[0].cause
        recent.add(
            cause.command_id,
            Decision(events=events, position=decision[-1].position, at_us=cause.at_us),
        )
