"""What a projection is: a name, a version, and what it does with each kind of event."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from application.events import DomainEvent, Recorded
from projections.running.rows import Part
from projections.running.store import Transaction

Handler = Callable[[Recorded[Any]], None]


class Projection:
    """Folds events into rows.

    A page of events is taken in two steps: ``wants`` say which rows the handlers will look up, these are
    loaded all at once, and then ``handlers`` change them in memory. Neither does anything else, so that a
    page can be taken again after a fault.

    The ``version`` changes whenever the same events would give other rows. ``halts`` says what happens
    with an event that cannot be taken in: money stops right there, anything else leaves it out.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    halts: ClassVar[bool] = False

    def __init__(
        self,
        *,
        parts: Sequence[Part],
        handlers: Mapping[type, Handler],
        wants: Mapping[type, Handler],
    ) -> None:
        self.parts = parts
        self.handlers = handlers
        self.wants = wants

    async def load(self, transaction: Transaction, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Fetch the rows that the handlers of these events look up."""
        wants = self.wants
        for event in events:
            want = wants.get(type(event.event))
            if want is not None:
                want(event)
        for part in self.parts:
            await part.load(transaction)

    async def save(self, transaction: Transaction) -> None:
        """Write every change."""
        for part in self.parts:
            await part.save(transaction)

    def settle(self) -> None:
        """Take note that what was saved is committed."""
        for part in self.parts:
            part.settle()

    def forget(self) -> None:
        """Drop everything in memory."""
        for part in self.parts:
            part.forget()
