"""Tells conditional markets how the market they depend on ended."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.streams import MARKET
from domain.group.aggregate import GroupStatus
from domain.identifiers import Ticker
from domain.market import events as e
from domain.market.commands import DecideCondition, FinalizeMarket
from domain.market.vocabulary import Condition, Result

_REMINDED = UUID("b1f4f8a5-5a0e-5c57-9d8c-0f3f1f6f2b61")


async def remind(directory: Directory, tickers: Iterable[Ticker]) -> None:
    """Tell markets that wait for a parent that has ended: older versions could leave some behind."""
    for ticker in tickers:
        market = await directory.find_market(ticker)
        if market is None or market.parent is None or market.condition is not Condition.PENDING:
            continue
        parent = await directory.find_market(market.parent)
        if parent is not None and parent.result is not None and parent.ended and not market.ended:
            await directory.market(ticker).ask(
                DecideCondition(parent=market.parent, parent_result=parent.result),
                command_id=uuid5(_REMINDED, f"{ticker} {market.parent}"),
                shared=True,
            )


class Conditions:
    """The process manager between a market and those conditional on it."""

    concerns: frozenset[type[DomainEvent]] = frozenset(
        {e.ConditionLinked, e.MarketFinalized, e.MarketVoided, e.MarketCalledOff, e.ConditionMet}
    )

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Pass on the end of every market that others depend on, be they linked before it or after."""
        for recorded in events:
            event = recorded.event
            ticker = Ticker(recorded.stream.removeprefix(MARKET))
            match event:
                case e.ConditionLinked():
                    await self._tell_late_child(recorded, ticker, event.parent)
                case e.MarketFinalized():
                    await self._tell_children(recorded, ticker, event.result)
                case e.MarketVoided() | e.MarketCalledOff():
                    await self._tell_children(recorded, ticker, Result.VOID)
                case e.ConditionMet():
                    await self._finish_with_group(recorded, ticker)
                case _:
                    pass

    async def _tell_children(self, recorded: Recorded[DomainEvent], ticker: Ticker, result: Result) -> None:
        parent = await self._directory.market(ticker).state_after(recorded.revision)
        for child in sorted(parent.children):
            await self._tell(recorded, child, ticker, result)

    async def _tell_late_child(self, recorded: Recorded[DomainEvent], child: Ticker, parent: Ticker) -> None:
        """Tell a market how its parent ended, if that was before the two were linked."""
        state = await self._directory.find_market(parent)
        await self._directory.market(child).state_after(recorded.revision)
        if state is not None and state.ended:
            assert state.result is not None
            await self._tell(recorded, child, parent, state.result)

    async def _tell(
        self, recorded: Recorded[DomainEvent], child: Ticker, parent: Ticker, result: Result
    ) -> None:
        await self._directory.market(child).ask(
            DecideCondition(parent=parent, parent_result=result),
            command_id=uuid5(recorded.id, f"condition {child}"),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )

    async def _finish_with_group(self, recorded: Recorded[DomainEvent], ticker: Ticker) -> None:
        """Finalize a market whose group was final before its condition was met."""
        market = await self._directory.market(ticker).state_after(recorded.revision)
        if market.group_id is None:
            return
        group = await self._directory.present_group(market.group_id)
        if group is not None and group.status is GroupStatus.FINALIZED:
            await self._directory.market(ticker).ask(
                FinalizeMarket(by_group=market.group_id),
                command_id=uuid5(recorded.id, "finalize"),
                correlation_id=recorded.cause.correlation_id,
                shared=True,
            )
