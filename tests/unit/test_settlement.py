"""The process that books what markets decided, by itself."""

import asyncio
from types import SimpleNamespace
from uuid import UUID

import pytest

from application.events import Cause, Recorded
from application.ports.event_store import Position, StoreUnavailable
from application.processes.settlement import Settlement
from domain.identifiers import AccountId, OrderId
from domain.ledger.commands import BookMarketEvents
from domain.market.events import OrderCanceled
from domain.market.vocabulary import EndReason
from domain.quantities import Quantity


class Ledger:
    """Books nothing until it is let, and then perhaps fails."""

    def __init__(self, fault: Exception | None) -> None:
        self._fault = fault
        self.may = asyncio.Event()
        self.booked = False

    async def state(self) -> SimpleNamespace:
        return SimpleNamespace(booked={})

    async def ask(self, command: BookMarketEvents, **_: object) -> None:
        await self.may.wait()
        if self._fault:
            raise self._fault
        self.booked = True


def canceled(number: int) -> Recorded[OrderCanceled]:
    event = OrderCanceled(
        order_id=OrderId(f"o{number}"),
        account_id=AccountId(str(number)),
        quantity=Quantity(100),
        reason=EndReason.REQUESTED,
    )
    cause = Cause(command_id=UUID(int=number), correlation_id=UUID(int=number), at_us=1)
    return Recorded(
        event=event,
        id=UUID(int=number),
        stream="market-M",
        revision=number,
        position=Position(number),
        cause=cause,
    )


async def test_nothing_is_under_way_any_more_when_a_booking_has_failed() -> None:
    ledgers = [Ledger(StoreUnavailable("away")), Ledger(None)]
    directory = SimpleNamespace(ledgers=ledgers, partitions=2, partition_of=int)
    handled = asyncio.ensure_future(Settlement(directory).handle([canceled(0), canceled(1)]))  # type: ignore[arg-type]
    ledgers[0].may.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not handled.done()
    ledgers[1].may.set()
    with pytest.raises(StoreUnavailable):
        await handled
    assert ledgers[1].booked
