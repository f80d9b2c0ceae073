"""Questions about an account's money and holdings."""

from collections.abc import Sequence
from typing import Any

from adapters.read_models.checkpoints import CHECKPOINTS, by_name
from adapters.read_models.queries.history import HistoryAnswers
from adapters.read_models.queries.orders import OrderAnswers
from adapters.read_models.queries.reader import Reader, Row, Where, checked, paged
from application.ports.event_store import START
from domain.identifiers import AccountId, GroupId, Ticker
from domain.quantities import Money, Quantity, Ticks
from projections.reading.queries import (
    ALL_POSITIONS,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    AccountStanding,
    OrderFilter,
    Page,
    PortfolioView,
    PositionFilter,
    everything,
)
from projections.reading.views import (
    BalanceView,
    GroupPositionView,
    OrderStatus,
    OrderView,
    PositionView,
)

# What a yes share is taken to be worth.
MARK = "COALESCE(m.settlement_ticks, m.last_price_ticks)"

# A page of an account's positions by ticker, with what is needed to value them: the primary key of
# positions, that of markets, and book_orders_by_account.
POSITIONS_PAGE = f"""
SELECT p.account_id, p.ticker, m.group_id, p.yes, p.no, p.yes_cost, p.no_cost, p.realized_pnl, p.fees,
    p.total_traded, p.shares_traded,
    (SELECT COALESCE(SUM(o.resting), 0) FROM book_orders o
     WHERE o.account_id = p.account_id AND o.ticker = p.ticker),
    {MARK}, p.updated_at_us
FROM positions p LEFT JOIN markets m ON m.ticker = p.ticker
{{where}} ORDER BY p.ticker LIMIT :limit
"""

# An account's money, and its shares at their marks (at cost where there is none): positions_held.
BALANCE = f"""
SELECT COALESCE(SUM(cash), 0), COALESCE(SUM(reserved), 0), COALESCE(SUM(locked), 0),
    COALESCE(MAX(updated_at_us), 0),
    (SELECT COALESCE(SUM(COALESCE(p.yes * {MARK} + p.no * (10000 - {MARK}), p.yes_cost + p.no_cost)), 0)
     FROM positions p LEFT JOIN markets m ON m.ticker = p.ticker WHERE p.account_id = :account_id
         AND (p.yes > 0 OR p.no > 0))
FROM accounts WHERE account_id = :account_id
"""

# An account's positions added up by group.
GROUP_POSITIONS = """
SELECT m.group_id, SUM(p.total_traded), SUM(p.shares_traded), SUM(p.yes_cost + p.no_cost),
    SUM(p.realized_pnl), SUM(p.fees), MIN(p.ticker)
FROM positions p JOIN markets m ON m.ticker = p.ticker
{where} GROUP BY m.group_id ORDER BY m.group_id
"""


class PortfolioAnswers(HistoryAnswers):
    """Answers :class:`projections.reading.queries.PortfolioQueries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def balance(self, account_id: AccountId) -> BalanceView:
        """Return an account's money."""
        [(cash, reserved, locked, at_us, value)] = await self._reader.fetch(
            BALANCE, {"account_id": account_id}
        )
        return BalanceView(
            account_id=account_id,
            cash=Money(int(cash)),
            reserved=Money(int(reserved)),
            locked=Money(int(locked)),
            portfolio_value=Money(int(value)),
            updated_at_us=at_us,
        )

    async def get_portfolio(self, account_id: AccountId, *, limit: int = MAX_LIMIT) -> PortfolioView:
        """Return money, and the first page each of positions and open orders, all of the same moment."""
        async with self._reader.snapshot() as moment:
            answers = PortfolioAnswers(moment)
            return PortfolioView(
                balance=await answers.balance(account_id),
                positions=await answers.get_positions(account_id, limit=limit),
                open_orders=await answers.get_open_orders(account_id, limit=limit),
            )

    async def standing(self, account_id: AccountId) -> AccountStanding:
        """Return what an account holds and waits for, all of it and of the same moment."""
        async with self._reader.snapshot() as moment:
            answers, marks = PortfolioAnswers(moment), by_name(await moment.fetch(CHECKPOINTS, {}))
            return AccountStanding(
                positions=await everything(
                    lambda cursor: answers.get_positions(account_id, limit=MAX_LIMIT, cursor=cursor)
                ),
                positions_at=marks["portfolio"].position if "portfolio" in marks else START,
                open_orders=await everything(
                    lambda cursor: answers.get_open_orders(account_id, limit=MAX_LIMIT, cursor=cursor)
                ),
                orders_at=marks["orders"].position if "orders" in marks else START,
            )

    async def get_open_orders(
        self, account_id: AccountId, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[OrderView]:
        """Return an account's open orders, newest first."""
        resting = OrderFilter(status=OrderStatus.RESTING)
        return await OrderAnswers(self._reader).orders(account_id, resting, limit=limit, cursor=cursor)

    async def get_positions(
        self,
        account_id: AccountId,
        matching: PositionFilter = ALL_POSITIONS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[PositionView]:
        """Return an account's positions, by ticker."""
        where = (
            Where()
            .add("p.account_id = :account_id", account_id=account_id)
            .equal("p.ticker", matching.ticker)
            .among("m.group_id", matching.group_ids)
        )
        if matching.holding:
            where.add("(p.yes > 0 OR p.no > 0)")
        if matching.traded:
            where.add("p.total_traded > 0")
        if cursor:
            where.add("p.ticker > :cursor", cursor=cursor)
        sql = POSITIONS_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [_position_view(row) for row in rows]
        return paged(items, limit, [item.ticker for item in items])

    async def group_positions(
        self, account_id: AccountId, group_ids: tuple[GroupId, ...] = ()
    ) -> Sequence[GroupPositionView]:
        """Return an account's positions added up by group."""
        where = (
            Where()
            .add("p.account_id = :account_id AND m.group_id IS NOT NULL", account_id=account_id)
            .among("m.group_id", group_ids)
        )
        rows = await self._reader.fetch(GROUP_POSITIONS.format(where=where), where.parameters)
        return [_group_position_view(account_id, *row) for row in rows]


def _position_view(row: Row) -> PositionView:
    account_id, ticker, group_id, yes, no, yes_cost, no_cost, pnl, fees, traded, shares, resting, mark, at = (
        row
    )
    return PositionView(
        account_id=AccountId(account_id),
        ticker=Ticker(ticker),
        group_id=None if group_id is None else GroupId(group_id),
        yes=Quantity(yes),
        no=Quantity(no),
        yes_cost=Money(yes_cost),
        no_cost=Money(no_cost),
        realized_pnl=Money(pnl),
        fees=Money(fees),
        total_traded=Money(traded),
        shares_traded=Quantity(shares),
        resting=Quantity(int(resting)),
        mark_ticks=None if mark is None else Ticks(mark),
        updated_at_us=at,
    )


def _group_position_view(account_id: AccountId, group_id: str, *sums: Any) -> GroupPositionView:
    # PostgreSQL adds 64-bit integers up to a decimal.
    traded, shares, exposure, pnl, fees = map(int, sums[:-1])
    return GroupPositionView(
        account_id=account_id,
        group_id=GroupId(group_id),
        total_traded=Money(traded),
        shares_traded=Quantity(shares),
        exposure=Money(exposure),
        realized_pnl=Money(pnl),
        fees=Money(fees),
        first=Ticker(sums[-1]),
    )
