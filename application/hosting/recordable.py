"""Deciders whose events can all be written: what could not is refused before anything has happened.

An event that cannot be encoded would otherwise be found when the state has changed already, and cost
everybody who uses the stream the time to load it again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from application.events import DomainEvent
from application.ports.codec import EventCodec
from domain.decider import Decider
from domain.rejections import Reason, Rejected

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event", bound=DomainEvent)


def recordable(decider: Decider[State, Command, Event], codec: EventCodec) -> Decider[State, Command, Event]:
    """Return the decider with a refusal for commands whose events the log could not hold."""
    decide_anything, always_fit = decider.decide, codec.always_fit

    def decide(command: Command, state: State) -> Sequence[Event] | Rejected:
        decided = decide_anything(command, state)
        if isinstance(decided, Rejected):
            return decided
        for event in decided:
            if type(event) not in always_fit and (fault := codec.fault_in(event)) is not None:
                return Rejected(Reason.NOT_RECORDABLE, fault)
        return decided

    return replace(decider, decide=decide)
