"""Order groups: orders that are taken off together once enough has filled."""

from adapters.http.answers.exchange import WriteAnswer
from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.order_groups import (
    OrderGroupAnswer,
    OrderGroupCreatedAnswer,
    OrderGroupsAnswer,
    order_group_answer,
)
from adapters.http.answers.problems import Problem
from adapters.http.operations import Access, Call, Operation, ReadCall, Reading, Reply
from adapters.http.outcomes import accepted, written
from adapters.http.requests import orders as r
from adapters.http.requests import queries as q
from adapters.http.requests.fields import AccountQuery
from adapters.http.routes.exchange import BASE
from domain.quantities import Quantity
from domain.rejections import Reason
from projections.reading.queries import OrderFilter
from projections.reading.views import OrderStatus

Plain = Call[AccountQuery, None]
Paged = ReadCall[q.LongPageQuery, None]


def _limit(body: r.OrderGroupBody) -> Quantity:
    said = r.quantity(body.contracts_limit, body.contracts_limit_fp, "contracts_limit")
    return r.required(said, "contracts_limit")


async def create_group(call: Call[AccountQuery, r.OrderGroupBody]) -> Reply:
    """Open an order group."""
    name, answer = await call.port.exchange.trading.create_order_group(call.account_id, _limit(call.body))
    position = accepted(answer).position
    return Reply(content=OrderGroupCreatedAnswer(order_group_id=name), position=position)


async def list_groups(call: Paged) -> Reply:
    """Return order groups, oldest first."""
    query = call.query
    page = await call.port.reads.orders.order_groups(call.account_id, limit=query.limit, cursor=query.cursor)
    content = OrderGroupsAnswer(
        order_groups=await in_turns(order_group_answer, page.items), cursor=page.cursor
    )
    return Reply(content=content)


async def get_group(call: Paged) -> Reply:
    """Return an order group and its open orders."""
    name, orders, query = call.path["order_group_id"], call.port.reads.orders, call.query
    view = await orders.order_group(call.account_id, name)
    if view is None:
        raise Problem(Reason.ORDER_GROUP_NOT_FOUND, "there is no such order group")
    resting = OrderFilter(order_group_id=name, status=OrderStatus.RESTING)
    page = await orders.orders(call.account_id, resting, limit=query.limit, cursor=query.cursor)
    group = order_group_answer(view)
    content = OrderGroupAnswer(
        is_auto_cancel_enabled=group["is_auto_cancel_enabled"],
        orders=[order.order_id for order in page.items],
        cursor=page.cursor,
        contracts_limit=group["contracts_limit"],
        contracts_limit_fp=group["contracts_limit_fp"],
        order_group=group,
    )
    return Reply(content=content)


async def change_limit(call: Call[AccountQuery, r.OrderGroupBody]) -> Reply:
    """Give an order group another limit."""
    return written(
        await call.port.exchange.trading.change_order_group_limit(
            call.account_id, call.path["order_group_id"], _limit(call.body)
        )
    )


async def trigger_group(call: Call[AccountQuery, r.NothingBody]) -> Reply:
    """Take off a group's orders now."""
    return written(
        await call.port.exchange.trading.trigger_order_group(call.account_id, call.path["order_group_id"])
    )


async def reset_group(call: Call[AccountQuery, r.NothingBody]) -> Reply:
    """Let a group take orders again."""
    return written(
        await call.port.exchange.trading.reset_order_group(call.account_id, call.path["order_group_id"])
    )


async def delete_group(call: Plain) -> Reply:
    """Remove a group and take off its orders."""
    return written(
        await call.port.exchange.trading.delete_order_group(call.account_id, call.path["order_group_id"])
    )


GROUPS = f"{BASE}/portfolio/order_groups"
GROUP = f"{GROUPS}/{{order_group_id}}"

ROUTES = (
    Operation(
        method="POST",
        path=f"{GROUPS}/create",
        access=Access.TRADE,
        handler=create_group,
        summary="Open an order group",
        query=AccountQuery,
        body=r.OrderGroupBody,
        answer=OrderGroupCreatedAnswer,
        status=201,
    ),
    Reading(
        method="GET",
        path=GROUPS,
        access=Access.READ,
        handler=list_groups,
        summary="Order groups",
        query=q.LongPageQuery,
        answer=OrderGroupsAnswer,
    ),
    Reading(
        method="GET",
        path=GROUP,
        access=Access.READ,
        handler=get_group,
        summary="An order group and its open orders",
        query=q.LongPageQuery,
        answer=OrderGroupAnswer,
    ),
    Operation(
        method="DELETE",
        path=GROUP,
        access=Access.TRADE,
        handler=delete_group,
        summary="Remove an order group and cancel its orders",
        query=AccountQuery,
        answer=WriteAnswer,
    ),
    Operation(
        method="PUT",
        path=f"{GROUP}/reset",
        access=Access.TRADE,
        handler=reset_group,
        summary="Let an order group count from zero and take orders again",
        query=AccountQuery,
        body=r.NothingBody,
        answer=WriteAnswer,
    ),
    Operation(
        method="PUT",
        path=f"{GROUP}/trigger",
        access=Access.TRADE,
        handler=trigger_group,
        summary="Cancel the orders of an order group now",
        query=AccountQuery,
        body=r.NothingBody,
        answer=WriteAnswer,
    ),
    Operation(
        method="PUT",
        path=f"{GROUP}/limit",
        access=Access.TRADE,
        handler=change_limit,
        summary="Give an order group another limit",
        query=AccountQuery,
        body=r.OrderGroupBody,
        answer=WriteAnswer,
    ),
)
