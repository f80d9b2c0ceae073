"""Orders: one by one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.http.answers.display import contracts, whole_contracts
from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.order_groups import QueueAnswer, QueuesAnswer, queue_answer
from adapters.http.answers.orders import (
    AmendAnswer,
    CancelAnswer,
    CanceledAllAnswer,
    Order,
    OrderAnswer,
    OrdersAnswer,
    order_answer,
    placed_answer,
)
from adapters.http.answers.problems import Code, Problem
from adapters.http.operations import Access, Call, Operation, ReadCall, Reading, Reply
from adapters.http.outcomes import accepted
from adapters.http.port import HttpPort, ReadPort
from adapters.http.positions import show
from adapters.http.requests import orders as r
from adapters.http.requests import queries as q
from adapters.http.requests.fields import AccountQuery
from adapters.http.routes.exchange import BASE
from adapters.http.routes.markets import find_market
from application.requests import AmendRequest, OrderAccepted, OrderRequest
from application.requests import OrderAnswer as OrderAnswered
from domain.identifiers import AccountId, OrderId
from domain.market.vocabulary import EndReason
from domain.quantities import Quantity
from domain.rejections import Reason, Rejected
from projections.reading.queries import OrderFilter, Page
from projections.reading.views import OrderStatus, OrderView


async def find_order(port: ReadPort, account_id: AccountId, order_id: OrderId) -> OrderView:
    """Return an account's order, waiting for it if the account wrote just now.

    Raises :class:`Problem` if there is none, or it is somebody else's: that makes no difference.
    """
    view = await port.reads.orders.order(account_id, order_id)
    if view is None and await show(port, port.own_writes.of(account_id)):
        view = await port.reads.orders.order(account_id, order_id)
    if view is None:
        raise Problem(Reason.ORDER_NOT_FOUND, "there is no such order")
    return view


async def placed(port: ReadPort, request: OrderRequest, answer: OrderAccepted) -> Order:
    """Return an order that was accepted, from the read model where the request was a repeat."""
    if answer.order is None or answer.repeated:
        return order_answer(await placed_before(port, request, answer))
    return placed_answer(request, answer.order, at_us=answer.placed_at_us)


async def placed_before(port: ReadPort, request: OrderRequest, answer: OrderAccepted) -> OrderView:
    """Return an order that was placed by an earlier request. Raises :class:`Problem` if it cannot be seen."""
    await show(port, answer.position)
    view = await port.reads.orders.order(request.account_id, answer.order_id)
    if view is None:
        raise Problem(
            Code.READ_MODEL_BEHIND,
            f"order {answer.order_id} was placed before; the read models do not show it yet",
            position=port.reads.freshness.position,
        )
    return view


def carried_out(before: OrderView, answer: OrderAnswered) -> OrderAccepted:
    """Return the answer to a command about an order that exists. Raises :class:`Problem` for a refusal."""
    if isinstance(answer, Rejected) and answer.reason is Reason.ORDER_NOT_FOUND:
        raise Problem(
            Code.ORDER_NOT_OPEN,
            "the order is no longer open: it has filled or was canceled",
            details=f"order_id: {before.order_id}",
        )
    return accepted(answer)


async def changed(port: ReadPort, before: OrderView, answer: OrderAccepted) -> OrderView:
    """Return an order after a command; what is known of it if the read models do not show it in time."""
    if await show(port, answer.position):
        after = await port.reads.orders.order(before.account_id, before.order_id)
        if after is not None:
            return after
    return _reduced(before, answer.reduced)


def _reduced(order: OrderView, reduced: Quantity) -> OrderView:
    remaining = Quantity(order.remaining - reduced)
    ended = not remaining
    return replace(
        order,
        remaining=remaining,
        canceled=Quantity(order.canceled + reduced),
        status=OrderStatus.CANCELED if ended else order.status,
        end_reason=EndReason.REQUESTED if ended else order.end_reason,
    )


async def create_order(call: Call[AccountQuery, r.OrderBody]) -> Reply:
    """Place an order."""
    request = r.order_request(call.body, call.caller)
    answer = accepted(await call.port.exchange.trading.place(request))
    order = await placed(call.port, request, answer)
    return Reply(content=OrderAnswer(order=order), position=answer.position)


async def get_order(call: ReadCall[AccountQuery, None]) -> Reply:
    """Return an order."""
    view = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    return Reply(content=OrderAnswer(order=order_answer(view)))


async def list_orders(call: ReadCall[q.OrdersQuery, None]) -> Reply:
    """Return a page of orders."""
    query = call.query
    if query.open_ones:
        page = await call.port.reads.portfolio.get_open_orders(
            call.account_id, limit=query.limit, cursor=query.cursor
        )
        return await _orders(page)
    matching = OrderFilter(
        tickers=query.ticker,
        group_ids=query.event_ticker,
        status=query.status,
        order_group_id=query.order_group_id,
        created=query.period,
    )
    page = await call.port.reads.orders.orders(
        call.account_id, matching, limit=query.limit, cursor=query.cursor
    )
    return await _orders(page)


async def _orders(page: Page[OrderView]) -> Reply:
    return Reply(content=OrdersAnswer(orders=await in_turns(order_answer, page.items), cursor=page.cursor))


async def cancel_order(call: Call[AccountQuery, None]) -> Reply:
    """Take an order off."""
    before = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    answer = carried_out(before, await call.port.exchange.trading.cancel(call.account_id, before.order_id))
    after = await changed(call.port, before, answer)
    content = CancelAnswer(
        order=order_answer(after),
        reduced_by=whole_contracts(answer.reduced),
        reduced_by_fp=contracts(answer.reduced),
    )
    return Reply(content=content, position=answer.position)


async def cancel_all(call: Call[q.CancelAllQuery, None]) -> Reply:
    """Take off all orders of a market, or all there are."""
    if call.query.ticker is not None:
        await find_market(call.port, call.query.ticker)
    canceled = await call.port.exchange.trading.cancel_all(call.account_id, call.query.ticker)
    return Reply(content=CanceledAllAnswer(canceled=canceled.orders), position=canceled.position)


async def amend_order(call: Call[AccountQuery, r.AmendBody]) -> Reply:
    """Change an order's price or size."""
    body = call.body
    before = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    said: dict[str, tuple[str | None, str]] = {
        "ticker": (body.ticker, before.ticker),
        "side": (body.side, before.side),
        "action": (body.action, before.action),
    }
    await check_same_order(call.port, before, body.client_order_id, said)
    request = AmendRequest(
        account_id=call.account_id,
        order_id=before.order_id,
        price_ticks=r.price_of(body, before.side),
        total=r.quantity(body.count, body.count_fp, "count"),
        client_order_id=body.updated_client_order_id,
    )
    answer, after = await amended(call.port, before, request)
    content = AmendAnswer(old_order=order_answer(before), order=order_answer(after))
    return Reply(content=content, position=answer.position)


async def amended(
    port: HttpPort, before: OrderView, request: AmendRequest
) -> tuple[OrderAccepted, OrderView]:
    """Carry out an amendment; return its answer and the order after it."""
    if request.price_ticks is None and request.total is None and not request.client_order_id:
        raise Problem(
            Code.MISSING_FIELD,
            "say what is to change",
            details="count: or a price, or updated_client_order_id",
        )
    answer = carried_out(before, await port.exchange.trading.amend(request))
    return answer, await changed(port, before, answer)


async def check_same_order(
    port: HttpPort, order: OrderView, name: str, said: Mapping[str, tuple[str | None, str]]
) -> None:
    """Refuse an amendment that speaks of another order than the one it names.

    ``name`` is the client id it states, ``said`` what else it states beside what is so. An order answers to
    every client id it ever had: who amends it again need not have heard of the last.
    """
    if name not in ("", order.client_order_id) and not await port.exchange.trading.is_called(
        order.account_id, order.order_id, name
    ):
        said = {**said, "client_order_id": (name, order.client_order_id)}
    for field, (stated, actual) in said.items():
        if stated is not None and stated != actual:
            raise Problem(
                Reason.INVALID_ORDER, "the order is another one", details=f"{field}: is {actual or 'not set'}"
            )


async def decrease_order(call: Call[AccountQuery, r.DecreaseBody]) -> Reply:
    """Make an order smaller without losing its place in the queue."""
    body = call.body
    by = r.quantity(body.reduce_by, body.reduce_by_fp, "reduce_by")
    to = r.quantity(body.reduce_to, body.reduce_to_fp, "reduce_to")
    answer, after = await decreased(call, by=by, to=to)
    return Reply(content=OrderAnswer(order=order_answer(after)), position=answer.position)


async def decreased(
    call: Call[AccountQuery, Any], *, by: Quantity | None, to: Quantity | None
) -> tuple[OrderAccepted, OrderView]:
    """Make the order that the path names smaller; return the answer and the order after it."""
    if (by is None) == (to is None):
        raise Problem(
            Code.INVALID_FIELD, "say either reduce_by or reduce_to", details="reduce_by: or reduce_to"
        )
    before = await find_order(call.port, call.account_id, OrderId(call.path["order_id"]))
    answer = carried_out(
        before, await call.port.exchange.trading.decrease(call.account_id, before.order_id, by=by, to=to)
    )
    return answer, await changed(call.port, before, answer)


async def queue_position(call: ReadCall[AccountQuery, None]) -> Reply:
    """Return how many contracts stand before an order."""
    view = await call.port.reads.books.queue_position(call.account_id, OrderId(call.path["order_id"]))
    if view is None:
        raise Problem(Reason.ORDER_NOT_FOUND, "there is no such order, or it does not rest")
    queue = queue_answer(view)
    content = QueueAnswer(
        queue_position=queue["queue_position"], queue_position_fp=queue["queue_position_fp"]
    )
    return Reply(content=content)


async def queue_positions(call: ReadCall[q.QueueQuery, None]) -> Reply:
    """Return how many contracts stand before each resting order."""
    query = call.query
    found = await call.port.reads.books.queue_positions(
        call.account_id,
        tickers=query.market_tickers,
        group_ids=(query.event_ticker,) if query.event_ticker else (),
    )
    return Reply(content=QueuesAnswer(queue_positions=await in_turns(queue_answer, found)))


ORDERS = f"{BASE}/portfolio/orders"

ROUTES = (
    Operation(
        method="POST",
        path=ORDERS,
        access=Access.TRADE,
        handler=create_order,
        summary="Place an order",
        query=AccountQuery,
        body=r.OrderBody,
        answer=OrderAnswer,
        status=201,
    ),
    Reading(
        method="GET",
        path=f"{ORDERS}/queue_positions",
        access=Access.READ,
        handler=queue_positions,
        summary="How many contracts stand before each resting order",
        query=q.QueueQuery,
        answer=QueuesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{ORDERS}/{{order_id}}",
        access=Access.READ,
        handler=get_order,
        summary="An order",
        query=AccountQuery,
        answer=OrderAnswer,
    ),
    Operation(
        method="DELETE",
        path=f"{ORDERS}/{{order_id}}",
        access=Access.TRADE,
        handler=cancel_order,
        summary="Cancel an order",
        query=AccountQuery,
        answer=CancelAnswer,
    ),
    Operation(
        method="POST",
        path=f"{ORDERS}/{{order_id}}/amend",
        access=Access.TRADE,
        handler=amend_order,
        summary="Change the price or size of an order",
        query=AccountQuery,
        body=r.AmendBody,
        answer=AmendAnswer,
    ),
    Operation(
        method="POST",
        path=f"{ORDERS}/{{order_id}}/decrease",
        access=Access.TRADE,
        handler=decrease_order,
        summary="Make an order smaller; it keeps its place in the queue",
        query=AccountQuery,
        body=r.DecreaseBody,
        answer=OrderAnswer,
    ),
    Reading(
        method="GET",
        path=f"{ORDERS}/{{order_id}}/queue_position",
        access=Access.READ,
        handler=queue_position,
        summary="How many contracts stand before an order",
        query=AccountQuery,
        answer=QueueAnswer,
    ),
    Reading(
        method="GET",
        path=ORDERS,
        access=Access.READ,
        handler=list_orders,
        summary="Orders, newest first",
        query=q.OrdersQuery,
        answer=OrdersAnswer,
    ),
    Operation(
        method="DELETE",
        path=ORDERS,
        access=Access.TRADE,
        handler=cancel_all,
        summary="Cancel all orders, or all of one market",
        query=q.CancelAllQuery,
        answer=CanceledAllAnswer,
    ),
)
