"""Amending an order: reserve what more it needs and take its new client id, amend, or give both back.

The saga's progress is what stands in the log. An amendment that needs no more money and no client id is one
decision of the market; any other begins in the ledger and has an id of its own, so that it can be ruled out
in the market before what was set aside for it is given back.
"""

from dataclasses import dataclass
from uuid import UUID, uuid5

from msgspec.structs import replace

from application.hosting.directory import Directory
from application.ports.event_store import AppendOutcomeUnknown
from application.ports.tracing import NO_SPANS, Spans
from application.requests import AmendRequest, OrderAccepted, OrderAnswer
from application.sagas.funds import Funds
from application.sagas.orders import order_state_of
from domain.identifiers import OrderId, Ticker
from domain.ledger.commands import BeginAmendment, GiveUpAmendment
from domain.market.book import Order
from domain.market.commands import AmendOrder
from domain.market.events import MarketEvent, OrderAmended, OrderRenamed
from domain.market.policies import amended_terms, first_amendment_refusal
from domain.market.state import MarketState
from domain.market.trading import amended_reservation
from domain.quantities import Money
from domain.rejections import Reason, Rejected

_NOT_OPEN = Rejected(Reason.ORDER_NOT_FOUND, "no such open order; it may have filled or been canceled")


@dataclass(frozen=True, slots=True)
class Naming:
    """The client id that an amendment gives its order: what it stands for, and a hash of what was asked."""

    key: OrderId
    digest: str


async def amend(
    request: AmendRequest,
    ticker: Ticker,
    naming: Naming | None,
    *,
    directory: Directory,
    funds: Funds,
    saga_id: UUID,
    spans: Spans = NO_SPANS,
) -> OrderAnswer:
    """Amend an order; raises the store's errors when the outcome is not known to be durable."""
    market = directory.market(ticker)
    state = await market.state()
    order = state.orders.get(request.order_id)
    if order is None or order.account_id != request.account_id:
        return _NOT_OPEN
    command = _command(request, saga_id)
    # The rules come before the money: nothing is set aside for what they refuse.
    if refused := first_amendment_refusal(command, order, state):
        return refused
    needed = amended_reservation(order, *amended_terms(command, order), state)
    command = replace(command, extra=Money(max(0, needed - order.reserved)))
    begun = bool(command.extra or naming)
    if begun:
        with spans.span("reserve", saga_id):
            decision = await funds.ask(
                directory.ledger(request.account_id),
                _beginning(command, ticker, naming),
                command_id=uuid5(saga_id, "reserve"),
                correlation_id=saga_id,
            )
        if decision.rejected is not None:
            return decision.rejected
    try:
        with spans.span("amend", saga_id):
            amended = await market.ask(command, command_id=saga_id)
    except AppendOutcomeUnknown:
        raise
    except Exception:
        await _give_up(begun, request, directory, saga_id, spans)
        raise
    if amended.rejected is not None or not any(map(_books, amended.events)):
        await _give_up(begun, request, directory, saga_id, spans)
    if amended.rejected is not None:
        return amended.rejected
    order = (await market.state()).orders.get(request.order_id)
    return OrderAccepted(
        position=amended.position,
        order_id=request.order_id,
        order=order_state_of(ticker, order) if order else None,
    )


def refused_by_rules(request: AmendRequest, order: Order, market: MarketState) -> Rejected | None:
    """Return why the market as it stands would not amend an order, if it would not."""
    return first_amendment_refusal(_command(request, UUID(int=0)), order, market)


def _command(request: AmendRequest, saga_id: UUID) -> AmendOrder:
    return AmendOrder(
        order_id=request.order_id,
        account_id=request.account_id,
        amendment_id=str(saga_id),
        price_ticks=request.price_ticks,
        total=request.total,
        client_order_id=request.client_order_id,
    )


def _beginning(command: AmendOrder, ticker: Ticker, naming: Naming | None) -> BeginAmendment:
    return BeginAmendment(
        amendment_id=command.amendment_id,
        order_id=command.order_id,
        account_id=command.account_id,
        ticker=ticker,
        amount=command.extra,
        key=naming.key if naming else None,
        request_digest=naming.digest if naming else "",
    )


def _books(event: MarketEvent) -> bool:
    """Return whether an event ends the amendment in the ledger, once it is booked."""
    return isinstance(event, OrderAmended | OrderRenamed)


async def _give_up(
    begun: bool,  # noqa: FBT001
    request: AmendRequest,
    directory: Directory,
    saga_id: UUID,
    spans: Spans,
) -> None:
    if not begun:
        return
    with spans.span("release", saga_id):
        await directory.ledger(request.account_id).ask(
            GiveUpAmendment(amendment_id=str(saga_id)),
            command_id=uuid5(saga_id, "release"),
            correlation_id=saga_id,
        )
