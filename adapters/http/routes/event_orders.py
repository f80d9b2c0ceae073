"""Orders as the newer clients send them: bids and asks on the one book, in yes terms."""

from typing import cast

from adapters.http.answers.batches import ItemError
from adapters.http.answers.display import book_side
from adapters.http.answers.event_orders import (
    BatchPlacedAck,
    BatchPlacedAnswer,
    BatchReducedAck,
    BatchReducedAnswer,
    PlacedAck,
    ReducedAck,
    reduced_ack,
    state_ack,
    view_ack,
)
from adapters.http.answers.orders import CanceledAllAnswer
from adapters.http.operations import Access, Call, Operation, Reply
from adapters.http.outcomes import accepted
from adapters.http.port import HttpPort
from adapters.http.requests import orders as r
from adapters.http.requests import queries as q
from adapters.http.requests.fields import AccountQuery
from adapters.http.requests.validation import checked_body
from adapters.http.routes.batches import Ended, Tried, cancel_each, item_error, place_each
from adapters.http.routes.exchange import BASE
from adapters.http.routes.orders import (
    amended,
    cancel_all,
    carried_out,
    changed,
    check_same_order,
    decreased,
    find_order,
    placed_before,
)
from application.requests import AmendRequest, OrderAccepted, OrderRequest
from domain.identifiers import OrderId
from domain.market.vocabulary import Side
from domain.quantities import Ticks, complement
from projections.reading.views import OrderView


async def create_order(call: Call[AccountQuery, r.EventOrderBody]) -> Reply:
    """Place an order."""
    request = r.event_order_request(call.body, call.caller)
    answer = accepted(await call.port.exchange.trading.place(request))
    return Reply(content=await _placed(call.port, request, answer), position=answer.position)


async def _placed(port: HttpPort, request: OrderRequest, answer: OrderAccepted) -> PlacedAck:
    if answer.order is None or answer.repeated:
        return view_ack(await placed_before(port, request, answer))
    return state_ack(answer.order, at_us=answer.placed_at_us)


async def create_orders(call: Call[AccountQuery, r.EventOrdersBody]) -> Reply:
    """Place several orders at once."""
    tried, latest = await place_each(
        call.port,
        call.body.orders,
        lambda item: r.event_order_request(checked_body(r.EventOrderBody, item), call.caller),
    )
    answers = [await _placed_or_not(call.port, each) for each in tried]
    return Reply(content=BatchPlacedAnswer(orders=answers), position=latest)


async def _placed_or_not(port: HttpPort, tried: Tried) -> BatchPlacedAck:
    request, outcome = tried.request, tried.outcome
    if not isinstance(outcome, OrderAccepted) or request is None:
        return BatchPlacedAck(client_order_id=tried.name, error=item_error(outcome))
    try:
        ack = await _placed(port, request, outcome)
    except Exception as fault:  # noqa: BLE001 (the order stands; only its telling failed)
        return BatchPlacedAck(client_order_id=tried.name, error=item_error(fault))
    return cast("BatchPlacedAck", ack)


async def cancel_order(call: Call[AccountQuery, None]) -> Reply:
    """Take an order off."""
    before = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    answer = carried_out(before, await call.port.exchange.trading.cancel(call.account_id, before.order_id))
    after = await changed(call.port, before, answer)
    return Reply(content=reduced_ack(after, answer.reduced), position=answer.position)


async def cancel_orders(call: Call[AccountQuery, r.OrderIdsBody]) -> Reply:
    """Take several orders off at once."""
    ids = call.body.order_ids
    ended, latest = await cancel_each(call.port, call.account_id, ids)
    answers = [await _canceled(call.port, order_id, each) for order_id, each in zip(ids, ended, strict=True)]
    return Reply(content=BatchReducedAnswer(orders=answers), position=latest)


async def _canceled(port: HttpPort, order_id: OrderId, ended: Ended) -> BatchReducedAck:
    order, outcome = ended
    if not isinstance(outcome, OrderAccepted) or not isinstance(order, OrderView):
        error: ItemError = item_error(outcome)
        return BatchReducedAck(order_id=order_id, reduced_by="0.00", error=error)
    return cast("BatchReducedAck", reduced_ack(await changed(port, order, outcome), outcome.reduced))


async def amend_order(call: Call[AccountQuery, r.EventAmendBody]) -> Reply:
    """Change an order's price or size."""
    body = call.body
    before = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    stands = book_side(before.side, before.action)
    await check_same_order(
        call.port,
        before,
        body.client_order_id,
        {"ticker": (body.ticker, before.ticker), "side": (body.side, stands)},
    )
    request = AmendRequest(
        account_id=call.account_id,
        order_id=before.order_id,
        price_ticks=_own_price(body.price, before.side),
        total=body.count,
        client_order_id=body.updated_client_order_id,
    )
    answer, after = await amended(call.port, before, request)
    return Reply(content=view_ack(after), position=answer.position)


def _own_price(yes_ticks: Ticks | None, side: Side) -> Ticks | None:
    return yes_ticks if yes_ticks is None or side is Side.YES else complement(yes_ticks)


async def decrease_order(call: Call[AccountQuery, r.EventDecreaseBody]) -> Reply:
    """Make an order smaller without losing its place in the queue."""
    answer, after = await decreased(call, by=call.body.reduce_by, to=call.body.reduce_to)
    return Reply(content=view_ack(after), position=answer.position)


EVENT_ORDERS = f"{BASE}/portfolio/events/orders"
EVENT_ORDER = f"{EVENT_ORDERS}/{{order_id}}"

ROUTES = (
    Operation(
        method="POST",
        path=EVENT_ORDERS,
        access=Access.TRADE,
        handler=create_order,
        summary="Place a bid for yes, or an ask",
        query=AccountQuery,
        body=r.EventOrderBody,
        answer=PlacedAck,
        status=201,
    ),
    Operation(
        method="POST",
        path=f"{EVENT_ORDERS}/batched",
        access=Access.TRADE,
        handler=create_orders,
        summary="Place several bids and asks; each has its own answer",
        query=AccountQuery,
        body=r.EventOrdersBody,
        weight=r.orders_in,
        answer=BatchPlacedAnswer,
        status=201,
    ),
    Operation(
        method="DELETE",
        path=f"{EVENT_ORDERS}/batched",
        access=Access.TRADE,
        handler=cancel_orders,
        summary="Cancel several orders, and answer in few words",
        query=AccountQuery,
        body=r.OrderIdsBody,
        weight=r.orders_in,
        answer=BatchReducedAnswer,
    ),
    Operation(
        method="DELETE",
        path=EVENT_ORDERS,
        access=Access.TRADE,
        handler=cancel_all,
        summary="Cancel all orders, or all of one market",
        query=q.CancelAllQuery,
        answer=CanceledAllAnswer,
    ),
    Operation(
        method="DELETE",
        path=EVENT_ORDER,
        access=Access.TRADE,
        handler=cancel_order,
        summary="Cancel an order, and answer in few words",
        query=AccountQuery,
        answer=ReducedAck,
    ),
    Operation(
        method="POST",
        path=f"{EVENT_ORDER}/amend",
        access=Access.TRADE,
        handler=amend_order,
        summary="Change the price, in yes terms, or the size of an order",
        query=AccountQuery,
        body=r.EventAmendBody,
        answer=PlacedAck,
    ),
    Operation(
        method="POST",
        path=f"{EVENT_ORDER}/decrease",
        access=Access.TRADE,
        handler=decrease_order,
        summary="Make an order smaller, and answer in few words",
        query=AccountQuery,
        body=r.EventDecreaseBody,
        answer=PlacedAck,
    ),
)
