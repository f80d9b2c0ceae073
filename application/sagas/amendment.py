"""Amending an order that needs more money: reserve more, amend, and give back what was not needed."""

from uuid import UUID, uuid5

from msgspec.structs import replace

from application.hosting.directory import Directory
from application.orders import order_state_of
from application.ports.event_store import AppendOutcomeUnknown
from application.requests import AmendRequest, OrderAccepted, OrderAnswer
from domain.identifiers import Ticker
from domain.ledger.commands import IncreaseReservation, ReleaseReservation
from domain.market.commands import AmendOrder
from domain.market.events import OrderAmended
from domain.market.trading import amended_reservation, amended_terms
from domain.quantities import Money
from domain.rejections import Reason, Rejected

_NOT_OPEN = Rejected(Reason.ORDER_NOT_FOUND, "no such open order; it may have filled or been canceled")


async def amend(request: AmendRequest, ticker: Ticker, directory: Directory, saga_id: UUID) -> OrderAnswer:
    """Amend an order; raises the store's errors when the outcome is not known to be durable."""
    market, ledger = directory.market(ticker), directory.ledger(request.account_id)
    state = await market.state()
    order = state.orders.get(request.order_id)
    if order is None or order.account_id != request.account_id:
        return _NOT_OPEN
    command = AmendOrder(
        order_id=request.order_id,
        account_id=request.account_id,
        price_ticks=request.price_ticks,
        total=request.total,
        client_order_id=request.client_order_id,
    )
    needed = amended_reservation(order, *amended_terms(command, order), state)
    extra = Money(max(0, needed - order.reserved))
    if extra:
        increased = await ledger.ask(
            IncreaseReservation(
                order_id=request.order_id, account_id=request.account_id, ticker=ticker, amount=extra
            ),
            command_id=uuid5(saga_id, "reserve"),
            correlation_id=saga_id,
        )
        if increased.rejected is not None:
            return increased.rejected
        command = replace(command, extra=extra)
    try:
        decision = await market.ask(command, command_id=saga_id)
    except AppendOutcomeUnknown:
        raise
    except Exception:
        await _give_back(extra, request, directory, saga_id)
        raise
    if not any(isinstance(event, OrderAmended) for event in decision.events):
        await _give_back(extra, request, directory, saga_id)
    if decision.rejected is not None:
        return decision.rejected
    order = (await market.state()).orders.get(request.order_id)
    return OrderAccepted(
        position=decision.position,
        order_id=request.order_id,
        order=order_state_of(ticker, order) if order else None,
    )


async def _give_back(extra: Money, request: AmendRequest, directory: Directory, saga_id: UUID) -> None:
    if extra:
        await directory.ledger(request.account_id).ask(
            ReleaseReservation(order_id=request.order_id, extra=extra),
            command_id=uuid5(saga_id, "release"),
            correlation_id=saga_id,
        )
