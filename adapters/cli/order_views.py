"""Orders as people look at them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from adapters.cli.market_views import price_text
from adapters.cli.output import table


def order_view(order: Mapping[str, Any]) -> RenderableType:
    """Return one order."""
    return orders_view([order])


def orders_view(orders: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return orders in a table."""
    columns = ["order~", "market", "what", "price#", "status", "filled#", "remaining#", "of#"]
    return table(columns, (_row(order) for order in orders))


def _row(order: Mapping[str, Any]) -> Sequence[object]:
    reason = order["end_reason"]
    return (
        order["order_id"],
        order["ticker"],
        f"{order['action']} {order['side']}",
        price_text(order[f"{order['side']}_price_dollars"]),
        f"{order['status']}: {reason}" if reason else order["status"],
        order["fill_count_fp"],
        order["remaining_count_fp"],
        order["initial_count_fp"],
    )


def batch_view(canceled: int) -> str:
    """Return how many orders were cancelled."""
    return f"{canceled} orders cancelled"
