"""Orders and cancels in batches: every item has its own answer, and none spoils the others."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from adapters.http.operations import Access, Call, Operation, Reply
from adapters.http.port import HttpPort
from adapters.http.positions import show
from adapters.http.requests import orders as r
from adapters.http.requests.fields import AccountQuery
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


@dataclass(frozen=True, slots=True)
class Tried:
    """One item of a batch of orders: the client's name for it, what it asked, and what came of it."""

    name: str | None
    request: OrderRequest | None
    outcome: Outcome


async def place_each(
    port: HttpPort, items: Sequence[object], read: Callable[[object], OrderRequest]
) -> tuple[list[Tried], Position | None]:
    """Place orders at once; return what came of each, and the last position."""
    requests: list[OrderRequest | Problem] = []
    for item in items:
        try:
            requests.append(read(item))
        except Problem as problem:
            requests.append(problem)
        if len(requests) % CHECKED_AT_ONCE == 0:
            await asyncio.sleep(0)
    sound = [request for request in requests if isinstance(request, OrderRequest)]
    outcomes = iter(await port.exchange.trading.place_many(sound))
    tried = [
        Tried(_name(item), request, next(outcomes))
        if isinstance(request, OrderRequest)
        else Tried(_name(item), None, request)
        for item, request in zip(items, requests, strict=True)
    ]
    return tried, _latest([each.outcome for each in tried])


def _name(item: object) -> str | None:
    name = item.get("client_order_id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None


def _latest(outcomes: Sequence[Outcome]) -> Position | None:
    return max((each.position for each in outcomes if isinstance(each, OrderAccepted)), default=None)


async def create_orders(call: Call[AccountQuery, r.OrdersBody]) -> Reply:
    """Place several orders at once."""
    tried, latest = await place_each(
        call.port,
        call.body.orders,
        lambda item: r.order_request(checked_body(r.OrderBody, item), call.caller),
    )
    return Reply(
        content=BatchOrdersAnswer(orders=[await _placed(call.port, each) for each in tried]), position=latest
    )


async def _placed(port: HttpPort, tried: Tried) -> BatchOrder:
    request, outcome = tried.request, tried.outcome
    if not isinstance(outcome, OrderAccepted) or request is None:
        return BatchOrder(client_order_id=tried.name, order=None, error=item_error(outcome))
    try:
        order = await placed(port, request, outcome)
    except Exception as fault:  # noqa: BLE001 (the order stands; only its telling failed)
        return BatchOrder(client_order_id=tried.name, order=None, error=item_error(fault))
    return BatchOrder(client_order_id=tried.name, order=order)


Ended = tuple[OrderView | Problem, OrderAccepted | Exception]


async def cancel_each(
    port: HttpPort, account_id: AccountId, ids: Sequence[OrderId]
) -> tuple[list[Ended], Position | None]:
    """Take orders off at once, and wait until that is seen.

    Return each order as it was and what came of it, and the last position.
    """
    before = [await _found(port, account_id, order_id) for order_id in ids]
    known = [order.order_id for order in before if isinstance(order, OrderView)]
    outcomes = iter(await port.exchange.trading.cancel_many(account_id, known))
    ended = [_ended(order, next(outcomes)) if isinstance(order, OrderView) else order for order in before]
    latest = _latest(ended)
    if latest is not None:
        await show(port, latest)
    return list(zip(before, ended, strict=True)), latest


async def cancel_orders(call: Call[AccountQuery, r.OrderIdsBody]) -> Reply:
    """Take several orders off at once."""
    ids = call.body.order_ids
    ended, latest = await cancel_each(call.port, call.account_id, ids)
    answers = [
        await _canceled(call.port, order_id, order, outcome)
        for order_id, (order, outcome) in zip(ids, ended, strict=True)
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
            order_id=order_id, order=None, reduced_by=0, reduced_by_fp="0.00", error=item_error(outcome)
        )
    return BatchCancel(
        order_id=order_id,
        order=order_answer(await changed(port, order, outcome)),
        reduced_by=whole_contracts(outcome.reduced),
        reduced_by_fp=contracts(outcome.reduced),
    )


def item_error(outcome: Outcome) -> ItemError:
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
        query=AccountQuery,
        body=r.OrdersBody,
        weight=r.orders_in,
        answer=BatchOrdersAnswer,
        status=201,
    ),
    Operation(
        method="DELETE",
        path=f"{ORDERS}/batched",
        access=Access.TRADE,
        handler=cancel_orders,
        summary="Cancel several orders; each has its own answer",
        query=AccountQuery,
        body=r.OrderIdsBody,
        weight=r.orders_in,
        answer=BatchCancelAnswer,
    ),
)
