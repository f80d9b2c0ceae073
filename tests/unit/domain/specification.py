"""Given these events, when this is asked, then these events follow, or this refusal."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.decider import Decider, execute
from domain.rejections import Reason, Rejected

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")


@dataclass
class Outcome(Generic[State, Event]):
    """What a command led to."""

    state: State
    events: list[Event]
    rejected: Rejected | None

    def then(self, *expected: Event | type[Event] | Reason) -> "Outcome[State, Event]":
        """Check what happened: events, their types where the rest does not matter, or a reason."""
        if len(expected) == 1 and isinstance(expected[0], Reason):
            assert self.rejected is not None, f"was not refused: {self.events}"
            assert self.rejected.reason is expected[0], self.rejected
            assert self.rejected.message
            assert self.events == []
            return self
        assert self.rejected is None, self.rejected
        found: list[Any] = [
            type(event) if isinstance(wanted, type) else event
            for event, wanted in zip(self.events, expected, strict=False)
        ]
        assert [*found, *self.events[len(found) :]] == list(expected)
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class Given(Generic[State, Command, Event]):
    """An aggregate to which some things have happened."""

    def __init__(self, decider: Decider[State, Command, Event], *events: Event) -> None:
        self.decider = decider
        self.state = decider.initial()
        self.past = list(events)
        for event in events:
            decider.evolve(self.state, event)
        # Every aggregate knows the revision of the last of its events: -1 before the first.
        assert self.state.revision == len(events) - 1  # type: ignore[attr-defined]

    def and_then(self, *commands: Command, at: int = 0) -> "Given[State, Command, Event]":
        """Carry out commands that are taken without fail."""
        for command in commands:
            outcome = self.when(command, at=at)
            assert outcome.rejected is None, outcome.rejected
        return self

    def when(self, command: Command, *, at: int = 0) -> Outcome[State, Event]:
        """Ask something at a time, in microseconds."""
        before = self.state.revision  # type: ignore[attr-defined]
        events, rejected = execute(self.decider, self.state, command, at)
        assert self.state.revision == before + len(events)  # type: ignore[attr-defined]
        self.past += events
        return Outcome(self.state, events, rejected)
