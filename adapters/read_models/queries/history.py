"""Questions about what happened to an account: fills, settlements, entries of the ledger."""

from uuid import UUID

from adapters.read_models.queries.reader import Reader, Row, Where, checked, paged
from application.ports.event_store import Position
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.market.vocabulary import Action, FillKind, Result, Side
from domain.quantities import Money, Quantity, Ticks
from projections.balances import ENTRIES, LedgerEntryRow
from projections.reading.queries import (
    ALL_ENTRIES,
    ALL_FILLS,
    ALL_REDEMPTIONS,
    ALL_SETTLEMENTS,
    DEFAULT_LIMIT,
    FillFilter,
    LedgerFilter,
    Page,
    RedemptionFilter,
    SettlementFilter,
    moment,
)
from projections.reading.views import FillView, LedgerEntryView, RedemptionView, SettlementView

# A page of an account's fills, newest first: one stretch of the primary key, which gives them in order. The
# client's name for the order is the one it had then: what it was called until the next time it got another
# name, or is called now. It and the pairs redeemed are looked up for the rows of the page only: of a join,
# PostgreSQL reads all orders there ever were, and sorts.
FILLS_PAGE = """
SELECT f.trade_id, f.order_id,
    COALESCE(
        (SELECT r.client_order_id FROM order_renames r
         WHERE r.order_id = f.order_id AND r.position > f.position ORDER BY r.position LIMIT 1),
        (SELECT MAX(o.client_order_id) FROM orders o WHERE o.order_id = f.order_id),
        ''
    ),
    f.account_id, f.ticker, f.side, f.action, f.price_ticks, f.quantity, f.fee, f.is_taker, f.kind,
    f.rules_version, f.at_us, f.position,
    (SELECT SUM(p.quantity) FROM redemptions p
     WHERE p.account_id = f.account_id AND p.trade_id = f.trade_id)
FROM fills f {where} ORDER BY f.at_us DESC, f.position DESC LIMIT :limit
"""

# A page of how an account's positions ended, newest first: one stretch of the primary key.
SETTLEMENTS_PAGE = """
SELECT s.account_id, s.ticker, m.group_id, s.result, s.unwound, s.yes, s.no, s.yes_cost, s.no_cost,
    s.payout, s.fees, s.fees_returned, s.yes_ticks, s.at_us, s.position
FROM settlements s LEFT JOIN markets m ON m.ticker = s.ticker
{where} ORDER BY s.at_us DESC, s.position DESC LIMIT :limit
"""

# A page of which pairs of an account were redeemed, newest first: one stretch of the primary key.
REDEMPTIONS_PAGE = """
SELECT ticker, quantity, trade_id, at_us, position FROM redemptions
{where} ORDER BY at_us DESC, position DESC LIMIT :limit
"""

# A page of why an account's money moved, newest first: one stretch of the primary key, or
# ledger_entries_by_order.
ENTRIES_PAGE = f"""
SELECT {", ".join(ENTRIES.columns)} FROM ledger_entries
{{where}} ORDER BY at_us DESC, position DESC LIMIT :limit
"""


class HistoryAnswers:
    """Answers the part of :class:`projections.reading.queries.PortfolioQueries` about the past."""

    _reader: Reader

    async def fills(
        self,
        account_id: AccountId,
        matching: FillFilter = ALL_FILLS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[FillView]:
        """Return an account's fills, newest first."""
        where = (
            Where()
            .add("f.account_id = :account_id", account_id=account_id)
            .equal("f.ticker", matching.ticker)
            .equal("f.order_id", matching.order_id)
            .within("f.at_us", matching.at)
            .before("f.at_us, f.position", cursor)
        )
        sql = FILLS_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [_fill_view(row) for row in rows]
        return paged(items, limit, [moment(item.at_us, item.position) for item in items])

    async def settlements(
        self,
        account_id: AccountId,
        matching: SettlementFilter = ALL_SETTLEMENTS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[SettlementView]:
        """Return how an account's positions ended, newest first."""
        where = (
            Where()
            .add("s.account_id = :account_id", account_id=account_id)
            .equal("s.ticker", matching.ticker)
            .among("m.group_id", matching.group_ids)
            .within("s.at_us", matching.at)
            .before("s.at_us, s.position", cursor)
        )
        sql = SETTLEMENTS_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [_settlement_view(row) for row in rows]
        return paged(items, limit, [moment(item.at_us, item.position) for item in items])

    async def redemptions(
        self,
        account_id: AccountId,
        matching: RedemptionFilter = ALL_REDEMPTIONS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[RedemptionView]:
        """Return which of an account's pairs were redeemed, newest first."""
        where = (
            Where()
            .add("account_id = :account_id", account_id=account_id)
            .equal("ticker", matching.ticker)
            .within("at_us", matching.at)
            .before("at_us, position", cursor)
        )
        sql = REDEMPTIONS_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [_redemption_view(row) for row in rows]
        return paged(items, limit, [moment(item.at_us, item.position) for item in items])

    async def ledger_entries(
        self,
        account_id: AccountId,
        matching: LedgerFilter = ALL_ENTRIES,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[LedgerEntryView]:
        """Return why an account's money moved, newest first."""
        where = (
            Where()
            .add("account_id = :account_id", account_id=account_id)
            .equal("order_id", matching.order_id)
            .equal("ticker", matching.ticker)
            .equal("trade_id", matching.trade_id)
            .within("at_us", matching.at)
            .before("at_us, position", cursor)
        )
        sql = ENTRIES_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [_entry_view(LedgerEntryRow(*row)) for row in rows]
        return paged(items, limit, [moment(item.at_us, item.position) for item in items])


def _fill_view(row: Row) -> FillView:
    (
        trade,
        order,
        client,
        account,
        ticker,
        side,
        action,
        price,
        quantity,
        fee,
        taker,
        kind,
        rules,
        at,
        place,
        redeemed,
    ) = row
    return FillView(
        trade_id=TradeId(trade),
        order_id=OrderId(order),
        client_order_id=client,
        account_id=AccountId(account),
        ticker=Ticker(ticker),
        side=Side(side),
        action=Action(action),
        price_ticks=Ticks(price),
        quantity=Quantity(quantity),
        fee=Money(fee),
        is_taker=bool(taker),
        kind=FillKind(kind),
        rules_version=rules,
        at_us=at,
        position=Position(place),
        redeemed=Quantity(int(redeemed or 0)),
    )


def _redemption_view(row: Row) -> RedemptionView:
    ticker, quantity, trade, at, place = row
    return RedemptionView(
        ticker=Ticker(ticker),
        quantity=Quantity(quantity),
        trade_id=None if trade is None else TradeId(trade),
        at_us=at,
        position=Position(place),
    )


def _settlement_view(row: Row) -> SettlementView:
    (
        account,
        ticker,
        group,
        result,
        unwound,
        yes,
        no,
        yes_cost,
        no_cost,
        payout,
        fees,
        back,
        ticks,
        at,
        place,
    ) = row
    return SettlementView(
        account_id=AccountId(account),
        ticker=Ticker(ticker),
        group_id=None if group is None else GroupId(group),
        result=Result(result),
        unwound=bool(unwound),
        yes=Quantity(yes),
        no=Quantity(no),
        yes_cost=Money(yes_cost),
        no_cost=Money(no_cost),
        payout=Money(payout),
        fees=Money(fees),
        fees_returned=bool(back),
        yes_ticks=Ticks(ticks),
        at_us=at,
        position=Position(place),
    )


def _entry_view(row: LedgerEntryRow) -> LedgerEntryView:
    return LedgerEntryView(
        position=Position(row.position),
        account_id=AccountId(row.account_id),
        kind=row.kind,
        cash_delta=Money(row.cash_delta),
        reserved_delta=Money(row.reserved_delta),
        locked_delta=Money(row.locked_delta),
        order_id=None if row.order_id is None else OrderId(row.order_id),
        ticker=None if row.ticker is None else Ticker(row.ticker),
        trade_id=None if row.trade_id is None else TradeId(row.trade_id),
        reference=row.reference,
        market_revision=row.market_revision,
        ledger=row.ledger,
        ledger_revision=row.ledger_revision,
        command_id=UUID(row.command_id),
        correlation_id=UUID(row.correlation_id),
        at_us=row.at_us,
    )
