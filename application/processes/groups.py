"""Between a group and its markets: takes in what is listed for it, and carries its decisions into each."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from uuid import uuid5

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.streams import GROUP, MARKET
from domain.group import events as g
from domain.group.commands import AddMarket
from domain.identifiers import GroupId, Ticker
from domain.market import events as m
from domain.market.commands import (
    ActivateMarket,
    CloseMarket,
    DetermineMarket,
    DisputeMarket,
    FinalizeMarket,
    MarketCommand,
    VoidMarket,
)
from domain.market.vocabulary import Result
from domain.quantities import PAYOUT_TICKS, Ticks


class Groups:
    """The process manager between a group and its markets."""

    concerns: frozenset[type[DomainEvent]] = frozenset(
        {
            m.MarketCreated,
            m.OpeningRequested,
            g.GroupDetermined,
            g.GroupDisputed,
            g.GroupFinalized,
            g.GroupVoided,
        }
    )

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in the markets that propose themselves; send members what their group's decision means."""
        for recorded in events:
            event = recorded.event
            if isinstance(event, m.MarketCreated):
                if event.group_id is not None:
                    await self._take_in(recorded, event.ticker, event.group_id)
            elif isinstance(event, m.OpeningRequested):
                ticker = Ticker(recorded.stream.removeprefix(MARKET))
                group = await self._directory.present_group(event.group_id)
                if group is not None and ticker in group.members:
                    opening = partial(_opening, event.group_id)
                    await self._tell(recorded, ticker, opening, "open")
            else:
                group_id = GroupId(recorded.stream.removeprefix(GROUP))
                for number, (ticker, command) in enumerate(_consequences(event, group_id)):
                    await self._tell(recorded, ticker, command, f"group {number} {ticker}")

    async def _take_in(self, recorded: Recorded[DomainEvent], ticker: Ticker, group_id: GroupId) -> None:
        """Let the group decide; a market that it cannot take any more is over before it began."""
        await self._directory.market(ticker).state_after(recorded.revision)
        decision = await self._directory.group(group_id).ask(
            AddMarket(ticker=ticker),
            command_id=uuid5(recorded.id, "join"),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )
        if decision.rejected is not None:
            command = VoidMarket(by_group=group_id, reason=decision.rejected.message)
            await self._tell(recorded, ticker, command, "not taken in")

    async def _tell(
        self,
        recorded: Recorded[DomainEvent],
        ticker: Ticker,
        command: MarketCommand | Callable[[int], MarketCommand],
        step: str,
    ) -> None:
        await self._directory.market(ticker).ask(
            command,
            command_id=uuid5(recorded.id, step),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )


def _opening(group_id: GroupId, now_us: int) -> ActivateMarket:
    return ActivateMarket(member_of=group_id, now_us=now_us)


def _consequences(event: DomainEvent, by_group: GroupId) -> Iterator[tuple[Ticker, MarketCommand]]:
    match event:
        case g.GroupDetermined():
            for ticker in event.members:
                result = Result.YES if ticker == event.winner else Result.NO
                yield ticker, CloseMarket(by_group=by_group)
                yield ticker, DetermineMarket(result=result, evidence=event.evidence, by_group=by_group)
        case g.GroupDisputed():
            for ticker in event.members:
                yield ticker, DisputeMarket(reason=event.reason, by_group=by_group)
        case g.GroupFinalized():
            for ticker in event.members:
                yield ticker, FinalizeMarket(by_group=by_group)
        case g.GroupVoided():
            share = Ticks(PAYOUT_TICKS // max(1, len(event.members)))
            for ticker in event.members:
                yield ticker, VoidMarket(yes_price_ticks=share, reason=event.reason, by_group=by_group)
        case _:
            return
