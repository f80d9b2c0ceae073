"""Questions about orders."""

from collections.abc import Sequence

from adapters.read_models.queries.reader import Reader, Where, checked, number, paged
from application.ports.event_store import Position
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import (
    Action,
    EndReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks
from projections.order_groups import ORDER_GROUPS, OrderGroupRow
from projections.orders import ORDERS, OrderRow
from projections.reading.queries import ALL_ORDERS, DEFAULT_LIMIT, OrderFilter, Page, moment
from projections.reading.views import OrderGroupView, OrderStatus, OrderView

ORDER_COLUMNS = ", ".join(ORDERS.columns)

# An account's order: the primary key.
ORDER = f"SELECT {ORDER_COLUMNS} FROM orders {{where}}"

# A page of an account's open or ended orders, newest first: one stretch of orders_by_account, or of
# orders_open_by_account. Where ended orders are kept by month, months are read from the newest on until
# the page is full.
ORDERS_PAGE = f"""
SELECT {ORDER_COLUMNS} FROM {{table}} {{where}}
ORDER BY created_at_us DESC, placed_position DESC LIMIT :limit
"""

# A page of both. Asked of the whole table at once, every month would be looked into.
MIXED_PAGE = f"""
SELECT {ORDER_COLUMNS} FROM (
    SELECT * FROM ({ORDERS_PAGE.replace("{table}", "orders_resting")}) resting
    UNION ALL SELECT * FROM ({ORDERS_PAGE.replace("{table}", "orders_ended")}) ended
) orders ORDER BY created_at_us DESC, placed_position DESC LIMIT :limit
"""

# The money bid and asked by an account's open orders: orders_open_by_account.
RESTING_VALUE = """
SELECT COALESCE(SUM(price_ticks * remaining), 0) FROM orders
WHERE account_id = :account_id AND status = 'resting'
"""

# A page of an account's order groups, oldest first: of the bounded number that an account may have.
ORDER_GROUPS_PAGE = f"""
SELECT {", ".join(ORDER_GROUPS.columns)} FROM order_groups {{where}}
ORDER BY created_at_us, order_group_id LIMIT :limit
"""


class OrderAnswers:
    """Answers :class:`projections.reading.queries.OrderQueries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def order(self, account_id: AccountId, order_id: OrderId) -> OrderView | None:
        """Return an account's order."""
        where = Where().equal("order_id", order_id).equal("account_id", account_id)
        rows = await self._reader.fetch(ORDER.format(where=where), where.parameters)
        return order_view(OrderRow(*rows[0])) if rows else None

    async def orders(
        self,
        account_id: AccountId,
        matching: OrderFilter = ALL_ORDERS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[OrderView]:
        """Return an account's orders, newest first."""
        where = (
            Where()
            .add("account_id = :account_id", account_id=account_id)
            .among("ticker", matching.tickers)
            .in_groups(matching.group_ids)
            .equal("order_group_id", matching.order_group_id)
            .within("created_at_us", matching.created)
            .before("created_at_us, placed_position", cursor)
        )
        sql = orders_page(where, matching.status)
        rows = [
            OrderRow(*row)
            for row in await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        ]
        cursors = [moment(row.created_at_us, row.placed_position) for row in rows]
        return paged([order_view(row) for row in rows], limit, cursors)

    async def resting_value(self, account_id: AccountId) -> int:
        """Return price times remaining quantity over all open orders of an account."""
        rows = await self._reader.fetch(RESTING_VALUE, {"account_id": account_id})
        return int(rows[0][0])

    async def order_group(self, account_id: AccountId, order_group_id: str) -> OrderGroupView | None:
        """Return an account's order group."""
        where = Where().equal("order_group_id", order_group_id).equal("account_id", account_id)
        groups = await self._order_groups(where, 1)
        return groups[0] if groups else None

    async def order_groups(
        self, account_id: AccountId, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[OrderGroupView]:
        """Return an account's order groups, oldest first."""
        where = Where().add("account_id = :account_id", account_id=account_id)
        if cursor:
            at_us, _, name = cursor.partition("-")
            where.add(
                "(created_at_us, order_group_id) > (:cursor_us, :cursor_name)",
                cursor_us=number(at_us),
                cursor_name=name,
            )
        groups = await self._order_groups(where, checked(limit))
        return paged(groups, limit, [f"{group.created_at_us}-{group.order_group_id}" for group in groups])

    async def _order_groups(self, where: Where, limit: int) -> Sequence[OrderGroupView]:
        rows = await self._reader.fetch(
            ORDER_GROUPS_PAGE.format(where=where), {**where.parameters, "limit": limit}
        )
        return [_order_group_view(OrderGroupRow(*row)) for row in rows]


def orders_page(where: Where, status: OrderStatus | None) -> str:
    """Return the question for a page of orders."""
    if status is None:
        return MIXED_PAGE.format(where=where)
    table = "orders_resting" if status is OrderStatus.RESTING else "orders_ended"
    return ORDERS_PAGE.format(table=table, where=where.equal("status", status))


def order_view(row: OrderRow) -> OrderView:
    """Return an order as readers see it."""
    return OrderView(
        order_id=OrderId(row.order_id),
        account_id=AccountId(row.account_id),
        client_order_id=row.client_order_id,
        ticker=Ticker(row.ticker),
        side=Side(row.side),
        action=Action(row.action),
        order_type=OrderType(row.order_type),
        price_ticks=Ticks(row.price_ticks),
        time_in_force=TimeInForce(row.time_in_force),
        status=OrderStatus(row.status),
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
        initial=Quantity(row.initial),
        filled=Quantity(row.filled),
        remaining=Quantity(row.remaining),
        canceled=Quantity(row.canceled),
        lapsed=Quantity(row.lapsed),
        voided=Quantity(row.voided),
        maker_fill_cost=Money(row.maker_fill_cost),
        taker_fill_cost=Money(row.taker_fill_cost),
        maker_fees=Money(row.maker_fees),
        taker_fees=Money(row.taker_fees),
        reserved=Money(row.reserved),
        expires_at_us=row.expires_at_us,
        stop_price_ticks=None if row.stop_price_ticks is None else Ticks(row.stop_price_ticks),
        triggered_at_us=row.triggered_at_us,
        post_only=bool(row.post_only),
        reduce_only=bool(row.reduce_only),
        self_trade_prevention=SelfTradePrevention(row.self_trade_prevention),
        order_group_id=row.order_group_id,
        cancel_on_pause=bool(row.cancel_on_pause),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
        revision=row.revision,
        position=Position(row.position),
    )


def _order_group_view(row: OrderGroupRow) -> OrderGroupView:
    return OrderGroupView(
        order_group_id=row.order_group_id,
        account_id=AccountId(row.account_id),
        limit=Quantity(row.quantity_limit),
        filled=Quantity(row.filled),
        triggered=bool(row.triggered),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
    )
