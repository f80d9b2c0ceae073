"""Which engines share the work of an exchange, as the log tells it.

An engine that goes, or that another one relieves of a part of its work, owns that part until it has handed
over. So who owns what is said by the events alone; that an engine has died is nothing they know of.
"""

from typing import assert_never

from domain.fields import EngineLost, EngineName
from domain.messages import Message


class EngineJoined(Message, frozen=True, kw_only=True):
    """An engine takes its share, once those who own it have handed it over."""

    engine: EngineName


class EngineLeft(Message, frozen=True, kw_only=True):
    """An engine owns nothing any more, once it has handed over what it had."""

    engine: EngineName


class EngineHandedOver(Message, frozen=True, kw_only=True):
    """An engine has given away what is not its own any more. ``lost`` says that others found it so."""

    engine: EngineName
    lost: EngineLost


ClusterEvent = EngineJoined | EngineLeft | EngineHandedOver


class ClusterState:
    """The engines. Those that are ``owing`` own what was theirs when the members were those of ``before``."""

    def __init__(self) -> None:
        self.members: frozenset[str] = frozenset()
        self.before: frozenset[str] = frozenset()
        self.owing: frozenset[str] = frozenset()
        self.left: frozenset[str] = frozenset()
        self.revision = -1


def evolve(state: ClusterState, event: ClusterEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case EngineJoined():
            state.before, state.owing = state.members, state.members
            state.members |= {event.engine}
            state.left -= {event.engine}
        case EngineLeft():
            state.before, state.owing = state.members, frozenset({event.engine})
            state.members -= {event.engine}
            state.left |= {event.engine}
        case EngineHandedOver():
            state.owing -= {event.engine}
        case _:
            assert_never(event)


def fault_of(state: ClusterState, event: ClusterEvent) -> str | None:
    """Return what cannot be if ``event`` comes next, ``None`` if all is well."""
    match event:
        case EngineJoined():
            if event.engine in state.members:
                return f"{event.engine} joins, and is a member"
        case EngineLeft():
            if event.engine not in state.members:
                return f"{event.engine} leaves, and is no member"
            if len(state.members) == 1:
                return f"{event.engine} leaves, and nobody is left"
        case EngineHandedOver():
            return None if event.engine in state.owing else f"{event.engine} hands over, and owes nothing"
        case _:
            assert_never(event)
    if state.owing:
        return f"{event.engine} comes or goes while {', '.join(sorted(state.owing))} has still to hand over"
    return None
