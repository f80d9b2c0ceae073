"""Answers to batches, item by item."""

from typing import NotRequired

from typing_extensions import TypedDict

from adapters.http.answers.orders import Order


class ItemError(TypedDict):
    """Why one item of a batch was refused."""

    code: str
    message: str
    details: str
    service: str


class BatchOrder(TypedDict):
    """The answer to one order of a batch: the order, or why not."""

    client_order_id: str | None
    order: Order | None
    error: NotRequired[ItemError]


class BatchOrdersAnswer(TypedDict):
    """The answers to a batch of orders, in their order."""

    orders: list[BatchOrder]


class BatchCancel(TypedDict):
    """The answer to one cancel of a batch."""

    order_id: str
    order: Order | None
    reduced_by: int
    reduced_by_fp: str
    error: NotRequired[ItemError]


class BatchCancelAnswer(TypedDict):
    """The answers to a batch of cancels, in their order."""

    orders: list[BatchCancel]
