"""Books in the ledgers what the markets decided: confirmations, fills, releases, payouts, refunds.

Each ledger gets each market's events in the market's order and remembers the last one it has booked, so
an event is booked exactly once however often it is delivered.
"""

import asyncio
from collections.abc import Iterator, Sequence

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.ids import derived_id
from application.streams import MARKET
from application.turns import in_turns
from domain.identifiers import AccountId, Ticker
from domain.ledger.commands import BookMarketEvents, MarketEntry
from domain.market import events as e
from domain.market.events import MarketEvent

BOOKED_AT_ONCE = 300
"""How many market events one booking holds, so that its entries fit into one append."""

_Key = tuple[int, Ticker]


class Settlement:
    """The process manager between markets and ledgers."""

    concerns: frozenset[type[DomainEvent]] = frozenset(
        {
            e.TradeExecuted,
            e.OrderPlaced,
            e.OrderCanceled,
            e.OrderDecreased,
            e.OrderAmended,
            e.OrderRenamed,
            e.PairsRedeemed,
            e.PositionSettled,
            e.PositionUnwound,
            e.ConditionMet,
        }
    )

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Book everything that moves money in ledgers of this process."""
        work: dict[_Key, list[tuple[Recorded[DomainEvent], MarketEntry]]] = {}
        mine = [self._directory.here(ledger.stream) for ledger in self._directory.ledgers]
        async for recorded in in_turns(events):
            ticker = Ticker(recorded.stream[len(MARKET) :])
            for partition, entry in self._entries(recorded):
                if mine[partition]:
                    work.setdefault((partition, ticker), []).append((recorded, entry))
        bookings = (self._book(key, entries) for key, entries in work.items())
        # The others come to their end if one fails: what is tried again finds nothing under way.
        ends = await asyncio.gather(*bookings, return_exceptions=True)
        faults = [end for end in ends if end is not None]
        if faults:
            raise faults[0]

    def _entries(self, recorded: Recorded[DomainEvent]) -> Iterator[tuple[int, MarketEntry]]:
        event: MarketEvent = recorded.event  # type: ignore[assignment]  # a market stream holds no others
        if isinstance(event, e.ConditionMet):
            for partition in range(self._directory.partitions):
                yield partition, MarketEntry(revision=recorded.revision, event=event, accounts=frozenset())
            return
        accounts = concerned(event)
        partitions = list(map(self._directory.partition_of, accounts))
        for partition in dict.fromkeys(partitions):
            here = frozenset(
                account_id for account_id, its in zip(accounts, partitions, strict=True) if its == partition
            )
            yield partition, MarketEntry(revision=recorded.revision, event=event, accounts=here)

    async def _book(self, key: _Key, work: list[tuple[Recorded[DomainEvent], MarketEntry]]) -> None:
        partition, ticker = key
        ledger = self._directory.ledgers[partition]
        booked = (await ledger.state()).booked.get(ticker, -1)
        due = [(recorded, entry) for recorded, entry in work if entry.revision > booked]
        for start in range(0, len(due), BOOKED_AT_ONCE):
            batch = due[start : start + BOOKED_AT_ONCE]
            first = batch[0][0]
            await ledger.ask(
                BookMarketEvents(ticker=ticker, entries=tuple(entry for _, entry in batch)),
                command_id=derived_id(first.id, f"book {partition} {len(batch)}"),
                correlation_id=first.cause.correlation_id,
                shared=True,
            )


def concerned(event: DomainEvent) -> tuple[AccountId, ...]:
    """Return the accounts whose money a market event may move."""
    match event:
        case e.TradeExecuted():
            return event.maker.account_id, event.taker.account_id
        case (
            e.OrderPlaced()
            | e.OrderCanceled()
            | e.OrderDecreased()
            | e.OrderAmended()
            | e.OrderRenamed()
            | e.PairsRedeemed()
            | e.PositionSettled()
            | e.PositionUnwound()
        ):
            return (event.account_id,)
        case _:
            return ()
