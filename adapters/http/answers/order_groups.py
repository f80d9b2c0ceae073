"""Order groups, and places in the queue, as they are told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import contracts, whole_contracts
from projections.reading.views import OrderGroupView, QueuePosition


class Queue(TypedDict):
    """How many contracts stand before an order."""

    order_id: str
    market_ticker: str
    queue_position: int
    queue_position_fp: str


class QueueAnswer(TypedDict):
    """How many contracts stand before one order."""

    queue_position: int
    queue_position_fp: str


class QueuesAnswer(TypedDict):
    """How many contracts stand before each order."""

    queue_positions: list[Queue]


class OrderGroup(TypedDict):
    """A group of orders that is taken off once its limit has filled."""

    id: str
    is_auto_cancel_enabled: bool
    contracts_limit: int
    contracts_limit_fp: str
    filled_count_fp: str
    triggered: bool


class OrderGroupsAnswer(TypedDict):
    """A page of order groups."""

    order_groups: list[OrderGroup]
    cursor: str


class OrderGroupAnswer(TypedDict):
    """An order group and a page of its open orders."""

    is_auto_cancel_enabled: bool
    orders: list[str]
    cursor: str
    contracts_limit: int
    contracts_limit_fp: str
    order_group: OrderGroup


class OrderGroupCreatedAnswer(TypedDict):
    """A new order group."""

    order_group_id: str


def queue_answer(view: QueuePosition) -> Queue:
    """Return an order's place in the queue as it is told."""
    return Queue(
        order_id=view.order_id,
        market_ticker=view.ticker,
        queue_position=whole_contracts(view.ahead),
        queue_position_fp=contracts(view.ahead),
    )


def order_group_answer(view: OrderGroupView) -> OrderGroup:
    """Return an order group as it is told."""
    return OrderGroup(
        id=view.order_group_id,
        is_auto_cancel_enabled=not view.triggered,
        contracts_limit=whole_contracts(view.limit),
        contracts_limit_fp=contracts(view.limit),
        filled_count_fp=contracts(view.filled),
        triggered=view.triggered,
    )
