"""The latest commands of a stream and what became of them."""

from collections import OrderedDict
from typing import Generic, TypeVar
from uuid import UUID

from application.hosting.decision import Decision

Event = TypeVar("Event")

REMEMBERED_EVENTS = 4_096
"""How many events the remembered decisions may hold: more than can be under way at once."""


class RecentDecisions(Generic[Event]):
    """Remembers the latest decisions, forgetting the oldest."""

    def __init__(self) -> None:
        self._decisions: OrderedDict[UUID, Decision[Event]] = OrderedDict()
        self._events = 0

    def get(self, command_id: UUID) -> Decision[Event] | None:
        """Return what became of a command, or ``None`` if it is not remembered."""
        return self._decisions.get(command_id)

    def add(self, command_id: UUID, decision: Decision[Event]) -> None:
        """Remember a decision."""
        if command_id in self._decisions:
            return
        self._decisions[command_id] = decision
        self._events += len(decision.events)
        while self._events > REMEMBERED_EVENTS and len(self._decisions) > 1:
            _, oldest = self._decisions.popitem(last=False)
            self._events -= len(oldest.events)
