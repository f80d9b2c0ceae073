"""The latest decisions are remembered, whichever came first for a command; the oldest are forgotten."""

from uuid import UUID

from application.hosting.decision import Decision
from application.hosting.recent import REMEMBERED_EVENTS, RecentDecisions


def decided(events: int = 1, position: int = 0) -> Decision[str]:
    return Decision(events=["something"] * events, position=position, at_us=7)


def test_the_first_decision_on_a_command_stands() -> None:
    recent: RecentDecisions[str] = RecentDecisions()
    first = recent.add(UUID(int=1), decided(position=1))
    assert recent.add(UUID(int=1), decided(position=2)) is first
    assert recent.get(UUID(int=1)) is first
    assert recent.get(UUID(int=2)) is None


def test_it_stands_after_as_many_events_as_are_remembered_and_is_forgotten_after_twice_as_many() -> None:
    recent: RecentDecisions[str] = RecentDecisions()
    first = recent.add(UUID(int=0), decided())
    for number in range(1, REMEMBERED_EVENTS + 1):
        recent.add(UUID(int=number), decided())
    assert recent.add(UUID(int=0), decided()) is first
    for number in range(REMEMBERED_EVENTS + 1, 2 * REMEMBERED_EVENTS + 1):
        recent.add(UUID(int=number), decided())
    assert recent.get(UUID(int=0)) is None
    assert recent.get(UUID(int=REMEMBERED_EVENTS)) is not None


def test_a_decision_with_more_events_than_are_remembered_is_remembered() -> None:
    recent: RecentDecisions[str] = RecentDecisions()
    large = recent.add(UUID(int=1), decided(events=REMEMBERED_EVENTS + 1))
    recent.add(UUID(int=2), decided())
    assert recent.get(UUID(int=1)) is large
