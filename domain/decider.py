"""What every aggregate is: an empty state and a few pure functions.

A state is changed in place by ``evolve`` and belongs to one owner; the functions are pure in that the
same state and message always give the same result and nothing outside is touched.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.rejections import Rejected

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider(Generic[State, Command, Event]):
    """An aggregate.

    ``decide`` returns the events a command causes, or a refusal; it never changes the state.
    ``evolve`` applies an event; it never refuses and never works out a rule.
    ``react`` names what the aggregate must do by itself at a time (microseconds since the epoch) before
    it takes another command: expire an order, trigger a stop, pay the next holders.
    """

    initial: Callable[[], State]
    decide: Callable[[Command, State], "Sequence[Event] | Rejected"]
    evolve: Callable[[State, Event], None]
    react: Callable[[State, int], Command | None]


def steps(
    decider: Decider[State, Command, Event], state: State, command: Command, now_us: int
) -> Iterator["Sequence[Event] | Rejected"]:
    """Decide a command and apply all that follows from it, reactions included, one decision at a time.

    Yield the events of each decision, in order, and the refusal if the command was refused. What the
    aggregate had to do by itself before the command happens either way. Nothing else may be decided on
    the state before the last step was taken.
    """
    if decider.react(state, now_us) is not None:
        yield from settling(decider, state, now_us)
    decided = decider.decide(command, state)
    if isinstance(decided, Rejected):
        yield decided
        return
    for event in decided:
        decider.evolve(state, event)
    yield decided
    if decider.react(state, now_us) is not None:
        yield from settling(decider, state, now_us)


def settling(decider: Decider[State, Command, Event], state: State, now_us: int) -> Iterator[Sequence[Event]]:
    """Carry out every reaction that is due, one at a time; yield the events of each."""
    while (command := decider.react(state, now_us)) is not None:
        decided = decider.decide(command, state)
        assert not isinstance(decided, Rejected), f"reaction refused: {command} {decided}"
        for event in decided:
            decider.evolve(state, event)
        yield decided


def execute(
    decider: Decider[State, Command, Event], state: State, command: Command, now_us: int
) -> tuple[list[Event], Rejected | None]:
    """Take all :func:`steps` of a command at once; return the events in order, and the refusal if any."""
    events: list[Event] = []
    for step in steps(decider, state, command, now_us):
        if isinstance(step, Rejected):
            return events, step
        events += step
    return events, None


def settle(decider: Decider[State, Command, Event], state: State, now_us: int) -> list[Event]:
    """Carry out every reaction that is due, and return what happened."""
    return [event for step in settling(decider, state, now_us) for event in step]


def foreseen(
    decider: Decider[State, Command, Event], state: State, command: Command
) -> tuple[list[Event], Rejected | None]:
    """Decide a command and apply nothing. Nothing may be due before it; what is due after it, is due then."""
    decided = decider.decide(command, state)
    return ([], decided) if isinstance(decided, Rejected) else (list(decided), None)
