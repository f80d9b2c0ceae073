"""Orders and cancels in batches: every item has its own answer, and none spoils the others."""

import asyncio
from collections.abc import Sequence
from typing import cast

from adapters.http.answers.batches import (
    BatchCancel,
    BatchCancelAnswer,
    BatchOrder,
    BatchOrdersAnswer,
    ItemError,
)
from adapters.http.answers.display import contracts, whole_contracts
from adapters.http.answers.orders import order_answer
from adapters.http.answers.problems import Problem
from adapters.http.answers.replies import problem_of
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply
from adapters.http.port import HttpPort
from adapters.http.positions import show
from adapters.http.requests import orders as r
from adapters.http.requests.validation import checked_body
from adapters.http.routes.orders import ORDERS, carried_out, changed, find_order, placed
from application.ports.event_store import Position
from application.requests import OrderAccepted, OrderAnswer, OrderRequest
from domain.identifiers import AccountId, OrderId
from domain.rejections import Rejected
from projections.reading.views import OrderView

Outcome = OrderAnswer | Exception

CHECKED_AT_ONCE = 25
"""After how many items everything else has its turn."""


async def create_orders(call: Call[NoQuery, r.OrdersBody]) -> Reply:
    """Place several orders at once."""
    items: Sequence[object] = call.body.orders
    requests: list[OrderRequest | Problem] = []
    for item in items:
        requests.append(_request(item, call))
        if len(requests) % CHECKED_AT_ONCE == 0:
            await asyncio.sleep(0)
    sound = [request for request in requests if isinstance(request, OrderRequest)]
    outcomes = iter(await call.port.exchange.trading.place_many(sound))
    answers: list[BatchOrder] = []
    positions: list[Position] = []
    for item, request in zip(items, requests, strict=True):
        outcome = next(outcomes) if isinstance(request, OrderRequest) else request
        if isinstance(outcome, OrderAccepted):
            positions.append(outcome.position)
        answers.append(await _placed(call.port, item, request, outcome))
    return Reply(content=BatchOrdersAnswer(orders=answers), position=max(positions) if positions else None)


def _request(item: object, call: Call[NoQuery, r.OrdersBody]) -> OrderRequest | Problem:
    try:
        return r.order_request(checked_body(r.OrderBody, item), call.caller)
    except Problem as problem:
        return problem


async def _placed(
    port: HttpPort, item: object, request: OrderRequest | Problem, outcome: Outcome
) -> BatchOrder:
    client_order_id = item.get("client_order_id") if isinstance(item, dict) else None
    name = client_order_id if isinstance(client_order_id, str) else None
    if not isinstance(outcome, OrderAccepted) or not isinstance(request, OrderRequest):
        return BatchOrder(client_order_id=name, order=None, error=_error(outcome))
    try:
        order = await placed(port, request, outcome)
    except Exception as fault:  # noqa: BLE001 (the order stands; only its telling failed)
        return BatchOrder(client_order_id=name, order=None, error=_error(fault))
    return BatchOrder(client_order_id=name, order=order)


async def cancel_orders(call: Call[NoQuery, r.OrderIdsBody]) -> Reply:
    """Take several orders off at once."""
    ids = [OrderId(order_id) for order_id in call.body.ids]
    before = [await _found(call.port, call.account_id, order_id) for order_id in ids]
    known = [order.order_id for order in before if isinstance(order, OrderView)]
    outcomes = iter(await call.port.exchange.trading.cancel_many(call.account_id, known))
    ended = [_ended(order, next(outcomes)) if isinstance(order, OrderView) else order for order in before]
    positions = [outcome.position for outcome in ended if isinstance(outcome, OrderAccepted)]
    latest = max(positions) if positions else None
    if latest is not None:
        await show(call.port, latest)
    answers = [
        await _canceled(call.port, order_id, order, outcome)
        for order_id, order, outcome in zip(ids, before, ended, strict=True)
    ]
    return Reply(content=BatchCancelAnswer(orders=answers), position=latest)


def _ended(order: OrderView, outcome: Outcome) -> OrderAccepted | Exception:
    if isinstance(outcome, Exception):
        return outcome
    try:
        return carried_out(order, outcome)
    except Problem as problem:
        return problem


async def _found(port: HttpPort, account_id: AccountId, order_id: OrderId) -> OrderView | Problem:
    try:
        return await find_order(port, account_id, order_id)
    except Problem as problem:
        return problem


async def _canceled(
    port: HttpPort, order_id: OrderId, order: OrderView | Problem, outcome: Outcome
) -> BatchCancel:
    if not isinstance(outcome, OrderAccepted) or not isinstance(order, OrderView):
        return BatchCancel(
            order_id=order_id, order=None, reduced_by=0, reduced_by_fp="0.00", error=_error(outcome)
        )
    return BatchCancel(
        order_id=order_id,
        order=order_answer(await changed(port, order, outcome)),
        reduced_by=whole_contracts(outcome.reduced),
        reduced_by_fp=contracts(outcome.reduced),
    )


def _error(outcome: Outcome) -> ItemError:
    """Return why an item was refused."""
    assert not isinstance(outcome, OrderAccepted)
    problem = Problem.refused(outcome) if isinstance(outcome, Rejected) else problem_of(outcome)
    return cast(ItemError, problem.body())


ROUTES = (
    Operation(
        method="POST",
        path=f"{ORDERS}/batched",
        access=Access.TRADE,
        handler=create_orders,
        summary="Place several orders; each has its own answer",
        body=r.OrdersBody,
        answer=BatchOrdersAnswer,
        status=201,
    ),
    Operation(
        method="DELETE",
        path=f"{ORDERS}/batched",
        access=Access.TRADE,
        handler=cancel_orders,
        summary="Cancel several orders; each has its own answer",
        body=r.OrderIdsBody,
        answer=BatchCancelAnswer,
    ),
)
