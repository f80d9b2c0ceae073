"""Carries a group's decision into every market of the group."""

from collections.abc import Iterator, Sequence
from uuid import uuid5

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from domain.group import events as g
from domain.identifiers import Ticker
from domain.market.commands import (
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
        {g.GroupDetermined, g.GroupDisputed, g.GroupFinalized, g.GroupVoided}
    )

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Send every market of a group what the group's decision means for it."""
        for recorded in events:
            for number, (ticker, command) in enumerate(_consequences(recorded.event)):
                await self._directory.market(ticker).ask(
                    command,
                    command_id=uuid5(recorded.id, f"group {number} {ticker}"),
                    correlation_id=recorded.cause.correlation_id,
                )


def _consequences(event: DomainEvent) -> Iterator[tuple[Ticker, MarketCommand]]:
    match event:
        case g.GroupDetermined():
            for ticker in event.members:
                result = Result.YES if ticker == event.winner else Result.NO
                yield ticker, CloseMarket()
                yield ticker, DetermineMarket(result=result, evidence=event.evidence, by_group=True)
        case g.GroupDisputed():
            for ticker in event.members:
                yield ticker, DisputeMarket(reason=event.reason, by_group=True)
        case g.GroupFinalized():
            for ticker in event.members:
                yield ticker, FinalizeMarket(by_group=True)
        case g.GroupVoided():
            share = Ticks(PAYOUT_TICKS // max(1, len(event.members)))
            for ticker in event.members:
                yield ticker, VoidMarket(yes_price_ticks=share, reason=event.reason, by_group=True)
        case _:
            return
