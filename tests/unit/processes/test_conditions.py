"""Who is told that a parent has ended, and who is not."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from application.processes.conditions import Conditions, remind
from domain.group.aggregate import GroupStatus
from domain.identifiers import GroupId, Ticker
from domain.market.commands import DecideCondition, FinalizeMarket
from domain.market.events import (
    ConditionLinked,
    ConditionMet,
    MarketCalledOff,
    MarketClosed,
    MarketFinalized,
    MarketVoided,
)
from domain.market.vocabulary import Condition, Result
from domain.quantities import Ticks


class Directory:
    """Markets by ticker, and what they were told."""

    def __init__(self, **markets: SimpleNamespace) -> None:
        self._markets = markets
        self.told: list[tuple[str, str, Result]] = []

    async def find_market(self, ticker: str) -> SimpleNamespace | None:
        return self._markets.get(ticker)

    def market(self, ticker: str) -> SimpleNamespace:
        async def ask(command: SimpleNamespace, *, command_id: object, shared: bool) -> None:
            assert shared, "another instance may tell it the same"
            self.told.append((ticker, command.parent, command.parent_result))

        return SimpleNamespace(ask=ask)


def child(
    *, parent: str | None = "P", condition: Condition = Condition.PENDING, ended: bool = False
) -> SimpleNamespace:
    return SimpleNamespace(parent=parent, condition=condition, ended=ended)


def parent(*, result: Result | None = Result.NO, ended: bool = True) -> SimpleNamespace:
    return SimpleNamespace(result=result, ended=ended)


async def test_a_market_that_waits_for_a_parent_that_has_ended_is_told() -> None:
    directory = Directory(
        P=parent(), OPEN=parent(ended=False), RUNNING=parent(result=None), C=child(),
        LATER=child(parent="OPEN"), EARLY=child(parent="RUNNING"),
        ORPHAN=child(parent="NOWHERE"), MET=child(condition=Condition.MET),
        OVER=child(ended=True), FREE=child(parent=None, condition=Condition.NONE),
    )  # fmt: skip
    tickers = ["NOPE", "C", "LATER", "EARLY", "ORPHAN", "MET", "OVER", "FREE"]
    await remind(directory, map(Ticker, tickers))  # type: ignore[arg-type]
    assert directory.told == [("C", "P", Result.NO)]


class Live:
    """Markets that know their events up to a revision, groups, and what is asked, in order."""

    def __init__(self, groups: dict[str, GroupStatus] | None = None, **markets: SimpleNamespace) -> None:
        self._groups = groups or {}
        self._markets = markets
        self.asked: list[object] = []

    async def find_market(self, ticker: str) -> SimpleNamespace | None:
        self.asked.append(f"find {ticker}")
        return self._markets.get(ticker)

    async def present_group(self, group_id: str) -> SimpleNamespace | None:
        status = self._groups.get(group_id)
        return SimpleNamespace(status=status) if status else None

    def market(self, ticker: str) -> SimpleNamespace:
        async def ask(command: object, *, command_id: object, correlation_id: UUID, shared: bool) -> None:
            assert shared, "another instance may tell it the same"
            assert correlation_id == UUID(int=2)
            self.asked.append((ticker, command))

        async def state_after(revision: int) -> SimpleNamespace | None:
            self.asked.append(f"{ticker} after {revision}")
            return self._markets.get(ticker)

        return SimpleNamespace(ask=ask, state_after=state_after)


async def handle(directory: Live, event: DomainEvent, ticker: str) -> list[object]:
    cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=2), at_us=1)
    recorded = Recorded(
        event=event,
        id=UUID(int=3),
        stream=f"market-{ticker}",
        revision=5,
        position=Position(9),
        cause=cause,
    )
    await Conditions(directory).handle([recorded])  # type: ignore[arg-type]
    return directory.asked


def ended_with(result: Result) -> DecideCondition:
    return DecideCondition(parent=Ticker("P"), parent_result=result)


@pytest.mark.parametrize(
    ("event", "result"),
    [
        (MarketFinalized(result=Result.YES), Result.YES),
        (MarketFinalized(result=Result.NO), Result.NO),
        (MarketVoided(yes_price_ticks=Ticks(5_000), reason="rain"), Result.VOID),
        (MarketCalledOff(parent=Ticker("Q"), parent_result=Result.NO), Result.VOID),
        (MarketClosed(), None),
    ],
    ids=str,
)
async def test_all_that_depend_on_a_market_are_told_how_it_ended(
    event: DomainEvent, result: Result | None
) -> None:
    asked = await handle(Live(P=SimpleNamespace(children={"D", "C"})), event, "P")
    assert asked == (
        [] if result is None else ["P after 5", ("C", ended_with(result)), ("D", ended_with(result))]
    )


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        (None, []),
        (SimpleNamespace(ended=False, result=Result.NO), []),
        (SimpleNamespace(ended=True, result=Result.NO), [("C", ended_with(Result.NO))]),
    ],
    ids=str,
)
async def test_who_depends_on_a_market_that_has_ended_is_told_once_this_process_knows_that_it_does(
    parent: SimpleNamespace | None, told: list[object]
) -> None:
    linked = ConditionLinked(parent=Ticker("P"), required=Result.YES)
    directory = Live(P=parent) if parent else Live()
    assert await handle(directory, linked, "C") == ["find P", "C after 5", *told]


@pytest.mark.parametrize(
    ("group_id", "finalized"), [(None, False), ("NOWHERE", False), ("OPEN", False), ("FINAL", True)]
)
async def test_a_market_whose_condition_is_met_after_its_group_was_final_is_final_too(
    group_id: str | None, *, finalized: bool
) -> None:
    groups = {"OPEN": GroupStatus.DETERMINED, "FINAL": GroupStatus.FINALIZED}
    directory = Live(groups, C=SimpleNamespace(group_id=group_id))
    asked = await handle(directory, ConditionMet(parent=Ticker("P")), "C")
    final = [("C", FinalizeMarket(by_group=GroupId("FINAL")))]
    assert asked == ["C after 5", *(final if finalized else [])]
