"""Tells markets what may fill of an order group there, and so has its orders taken off when it is closed."""

from collections.abc import Sequence

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.ids import derived_id
from domain.ledger.events import OrderGroupAllotted
from domain.market.commands import BoundOrderGroup


class OrderGroups:
    """The process manager between a ledger's order groups and the markets their orders are in."""

    concerns: frozenset[type[DomainEvent]] = frozenset({OrderGroupAllotted})

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Carry what a ledger allots to the market concerned. A market passes over what it knows already."""
        latest: dict[tuple[str, str, int], tuple[Recorded[DomainEvent], OrderGroupAllotted]] = {}
        for recorded in events:
            event = recorded.event
            if isinstance(event, OrderGroupAllotted):
                # Within a version what comes later is less.
                latest[event.order_group_id, event.ticker, event.version] = recorded, event
        for recorded, event in latest.values():
            await self._directory.market(event.ticker).ask(
                bounding(event),
                command_id=derived_id(recorded.id, "order group"),
                correlation_id=recorded.cause.correlation_id,
                shared=True,
            )


def bounding(event: OrderGroupAllotted) -> BoundOrderGroup:
    """Return what an allotment says to its market."""
    return BoundOrderGroup(
        order_group_id=event.order_group_id,
        account_id=event.account_id,
        round=event.round,
        version=event.version,
        closed_at=event.closed_at,
        allowance=event.allowance,
    )
