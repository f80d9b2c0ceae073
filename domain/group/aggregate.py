"""The group as a decider. Its decision is the one moment at which all its markets resolve."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from domain.decider import Decider
from domain.group import commands as c
from domain.group import events as e
from domain.identifiers import GroupId, Ticker
from domain.rejections import Reason, Rejected


class GroupStatus(StrEnum):
    """Where a group stands in its life."""

    OPEN = "open"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    FINALIZED = "finalized"
    VOIDED = "voided"


class GroupState:
    """Everything a group decides on."""

    def __init__(self) -> None:
        self.created = False
        self.group_id = GroupId("")
        self.title = ""
        self.category = ""
        self.series = ""
        self.members: list[Ticker] = []
        self.status = GroupStatus.OPEN
        self.winner: Ticker | None = None
        self.revision = -1

    @property
    def ended(self) -> bool:
        """Whether nothing can change any more."""
        return self.status in (GroupStatus.FINALIZED, GroupStatus.VOIDED)


def decide(command: c.GroupCommand, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    """Return what a command causes in this group, or why it is refused."""
    if isinstance(command, c.CreateGroup):
        return _create(command, state)
    if not state.created:
        return Rejected(Reason.GROUP_NOT_FOUND, "there is no such group")
    match command:
        case c.AddMarket():
            return _add(command, state)
        case c.DetermineGroup():
            return _determine(command, state)
        case c.DisputeGroup():
            disputed = e.GroupDisputed(members=tuple(state.members), reason=command.reason)
            return _when(state, (GroupStatus.DETERMINED,), disputed, "disputed")
        case c.FinalizeGroup():
            return _finalize(command, state)
        case c.VoidGroup():
            return _void(command, state)
        case _:
            assert_never(command)


def _create(command: c.CreateGroup, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    if state.created:
        return Rejected(Reason.GROUP_EXISTS, f"group {command.group_id} exists")
    return [
        e.GroupCreated(
            group_id=command.group_id,
            title=command.title,
            category=command.category,
            series=command.series,
        )
    ]


def _add(command: c.AddMarket, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    if command.ticker in state.members:
        return []
    return _when(state, (GroupStatus.OPEN,), e.MarketAdded(ticker=command.ticker), "extended")


def _determine(command: c.DetermineGroup, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    if command.winner not in state.members:
        return Rejected(Reason.MARKET_NOT_FOUND, f"{command.winner} is not in group {state.group_id}")
    determined = e.GroupDetermined(
        winner=command.winner, members=tuple(state.members), evidence=command.evidence
    )
    return _when(state, (GroupStatus.OPEN, GroupStatus.DISPUTED), determined, "determined")


def _finalize(command: c.FinalizeGroup, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    if state.winner != command.winner:
        stands = "no result yet" if state.winner is None else f"another winner, {state.winner}"
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"group {state.group_id} has {stands}")
    finalized = e.GroupFinalized(winner=command.winner, members=tuple(state.members))
    return _when(state, (GroupStatus.DETERMINED,), finalized, "finalized")


def _void(command: c.VoidGroup, state: GroupState) -> Sequence[e.GroupEvent] | Rejected:
    if state.ended:
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"group {state.group_id} has ended")
    return [e.GroupVoided(members=tuple(state.members), reason=command.reason)]


def _when(
    state: GroupState, allowed: Sequence[GroupStatus], event: e.GroupEvent, verb: str
) -> Sequence[e.GroupEvent] | Rejected:
    if state.status in allowed:
        return [event]
    return Rejected(
        Reason.TRANSITION_NOT_ALLOWED, f"group {state.group_id} is {state.status} and cannot be {verb}"
    )


def evolve(state: GroupState, event: e.GroupEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case e.GroupCreated():
            state.created = True
            state.group_id, state.title = event.group_id, event.title
            state.category, state.series = event.category, event.series
        case e.MarketAdded():
            state.members.append(event.ticker)
        case e.GroupDetermined():
            state.status, state.winner = GroupStatus.DETERMINED, event.winner
        case e.GroupDisputed():
            state.status = GroupStatus.DISPUTED
        case e.GroupFinalized():
            state.status = GroupStatus.FINALIZED
        case e.GroupVoided():
            state.status = GroupStatus.VOIDED
        case _:
            assert_never(event)


def _react(_state: GroupState, _now_us: int) -> c.GroupCommand | None:
    return None


GROUP: Decider[GroupState, c.GroupCommand, e.GroupEvent] = Decider(
    initial=GroupState, decide=decide, evolve=evolve, react=_react
)
