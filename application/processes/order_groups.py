"""Takes off the orders of an order group that has reached its limit or was deleted."""

from collections.abc import Sequence
from uuid import uuid5

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from domain.ledger.events import OrderGroupDeleted, OrderGroupTriggered
from domain.market.commands import CancelOrders
from domain.market.vocabulary import EndReason


class OrderGroups:
    """The process manager between a ledger's order groups and the markets their orders are in."""

    concerns: frozenset[type[DomainEvent]] = frozenset({OrderGroupTriggered, OrderGroupDeleted})

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Cancel what belongs to the groups that were triggered or deleted."""
        for recorded in events:
            event = recorded.event
            if isinstance(event, OrderGroupTriggered | OrderGroupDeleted):
                await self._cancel(recorded, event)

    async def _cancel(
        self, recorded: Recorded[DomainEvent], event: OrderGroupTriggered | OrderGroupDeleted
    ) -> None:
        for ticker, market in list(self._directory.markets.items()):
            state = market.loaded
            round_ = 0
            while state is not None and any(
                order.order_group_id == event.order_group_id for order in state.orders.values()
            ):
                await market.ask(
                    CancelOrders(
                        account_id=event.account_id,
                        order_group_id=event.order_group_id,
                        reason=EndReason.ORDER_GROUP,
                    ),
                    command_id=uuid5(recorded.id, f"order group {ticker} {round_}"),
                    correlation_id=recorded.cause.correlation_id,
                )
                state, round_ = market.loaded, round_ + 1
