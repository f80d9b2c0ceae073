"""A command on its way to a decision, and whoever waits for that."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from application.events import DomainEvent
from application.hosting.decision import Decision
from domain.rejections import Rejected

Command = TypeVar("Command")
Event = TypeVar("Event", bound=DomainEvent)

LOOKING = BY_ITSELF = UUID("8a4e4d2c-3d3e-5f0a-9c57-6a0f7c9b1d11")
"""Stands for the command where there is none: what a stream does by itself, or only a look at it."""


@dataclass(slots=True, eq=False)
class Letter(Generic[Command, Event]):
    """What waits in an owner's mailbox, and what was decided about it."""

    command: Command | Callable[[int], Command] | None
    command_id: UUID
    correlation_id: UUID
    answer: "asyncio.Future[Decision[Event]]"
    shared: bool = False
    looks: bool = False
    """It asks for nothing but a state that was the log's after it was asked."""
    events: list[Event] = field(default_factory=list)
    rejected: Rejected | None = None
    at_us: int = 0
    told: bool = False

    @property
    def without_trace(self) -> bool:
        """Whether the answer is that nothing is to be done: no append proves that it still held."""
        if self.looks:
            return not self.events
        return self.command is not None and (self.rejected is not None or not self.events)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that there is no decision."""
        if not self.answer.done():
            self.answer.set_exception(error)


def by_itself() -> Letter[Command, Event]:
    """Return a letter that nobody wrote: for what a stream does by itself."""
    answer: asyncio.Future[Decision[Event]] = asyncio.get_running_loop().create_future()
    answer.add_done_callback(consume)
    return Letter(None, BY_ITSELF, BY_ITSELF, answer)


def fail_all(letters: deque[Letter[Command, Event]], error: Exception) -> None:
    """Tell everybody that there is no decision."""
    while letters:
        letters.popleft().fail(error)


def consume(answer: "asyncio.Future[Decision[Event]]") -> None:
    """Take an answer that nobody waits for."""
    if not answer.cancelled():
        answer.exception()
