"""Views of what was: a market, its book and an account's positions as they stood."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from application.ports.event_store import Position
from application.snapshots.standing import Standing
from application.turns import in_turns
from domain.identifiers import AccountId, GroupId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import Condition, MarketStatus, Result, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks
from projections.folds import holding
from projections.portfolio import PositionRow
from projections.reading.queries import (
    MAX_LIMIT,
    FillFilter,
    Period,
    PortfolioQueries,
    RedemptionFilter,
    SettlementFilter,
    everything,
)
from projections.reading.views import (
    BookView,
    FillView,
    GroupPositionView,
    MarketView,
    PositionView,
    RedemptionView,
    SettlementView,
)

DAY_US = 24 * 3_600 * 1_000_000

Stood = Standing[MarketState]


def book_as_of(stood: Stood, *, depth: int | None = None) -> BookView:
    """Return a market's book as it stood."""
    book = stood.state.book
    return BookView(
        ticker=stood.state.ticker,
        yes=tuple(book.depth(Side.YES, depth)),
        no=tuple(book.depth(Side.NO, depth)),
        revision=stood.tip.revision,
    )


def market_as_of(now: MarketView, stood: Stood, day_before: Stood | None) -> MarketView:
    """Return a market as it stood. ``now`` gives what never changes and when things happened.

    ``day_before`` is how it stood 24 hours earlier, if it was listed. Why a status was taken is not told.
    """
    state, at_us = stood.state, stood.tip.at_us
    before = day_before.state if day_before else MarketState()
    return replace(
        now,
        rules=state.rules,
        rules_version=state.rules_version,
        status=state.status,
        status_reason="",
        result=state.result,
        settlement_ticks=settlement_ticks(state),
        condition=state.condition,
        parent=state.parent,
        required=state.required,
        tick_size_ticks=state.tick_size,
        yes_bid_ticks=state.book.yes.best_ticks,
        no_bid_ticks=state.book.no.best_ticks,
        yes_bid_size=_best_size(state, Side.YES),
        no_bid_size=_best_size(state, Side.NO),
        liquidity=_liquidity(state),
        last_price_ticks=state.last_price,
        volume=Quantity(state.volume),
        volume_24h=Quantity(state.volume - before.volume),
        open_interest=Quantity(state.outstanding),
        trades=state.trades,
        previous_price_ticks=before.last_price,
        previous_yes_bid_ticks=before.book.yes.best_ticks,
        previous_no_bid_ticks=before.book.no.best_ticks,
        opened_at_us=_by(now.opened_at_us, at_us),
        closed_at_us=_by(now.closed_at_us, at_us),
        determined_at_us=_by(now.determined_at_us, at_us),
        settled_at_us=_by(now.settled_at_us, at_us),
        updated_at_us=at_us,
        revision=stood.tip.revision,
    )


def _by(happened_us: int | None, at_us: int) -> int | None:
    return None if happened_us is None or happened_us > at_us else happened_us


def _best_size(state: MarketState, side: Side) -> Quantity:
    for _, quantity in state.book.depth(side, levels=1):
        return quantity
    return Quantity(0)


def _liquidity(state: MarketState) -> Money:
    return Money(
        sum(level.ticks * level.total for side in Side for level in state.book.ladder(side).down_from_best())
    )


def settlement_ticks(state: MarketState) -> Ticks | None:
    """Return what a yes share pays, ``None`` while that is not known, or where trades are undone."""
    if state.status not in (MarketStatus.DETERMINED, MarketStatus.FINALIZED):
        return None
    match state.result:
        case Result.YES:
            return PAYOUT_TICKS
        case Result.NO:
            return Ticks(0)
        case _:
            return None if state.condition is Condition.FAILED else state.void_price


# ---------------------------------------------------------------------------------------- positions


async def held_by(
    portfolio: PortfolioQueries,
    account_id: AccountId,
    *,
    at_us: int,
    ticker: Ticker | None = None,
    position: Position | None = None,
) -> Sequence[PositionRow]:
    """Return what an account held at a time, by ticker: what its trades and payments up to then come to.

    ``position`` says which was the last event, where several happened at that time.
    """
    by_then = Period(until_us=at_us)
    fills = await everything(
        lambda cursor: portfolio.fills(
            account_id, FillFilter(ticker=ticker, at=by_then), limit=MAX_LIMIT, cursor=cursor
        )
    )
    ends = await everything(
        lambda cursor: portfolio.settlements(
            account_id, SettlementFilter(ticker=ticker, at=by_then), limit=MAX_LIMIT, cursor=cursor
        )
    )
    redeemed = await everything(
        lambda cursor: portfolio.redemptions(
            account_id, RedemptionFilter(ticker=ticker, at=by_then), limit=MAX_LIMIT, cursor=cursor
        )
    )
    rows: dict[str, PositionRow] = {}
    story: list[FillView | RedemptionView | SettlementView] = [*fills, *redeemed, *ends]
    async for happened in in_turns(sorted(story, key=lambda view: view.position)):
        if position is None or happened.position <= position:
            row = rows.setdefault(happened.ticker, PositionRow(account_id, happened.ticker, *[0] * 9))
            row.updated_at_us = happened.at_us
            if isinstance(happened, FillView):
                _trade(row, happened)
            elif isinstance(happened, RedemptionView):
                row.realized_pnl += holding.redeem(row, happened.quantity)
            else:
                _end(row, happened)
    return [rows[name] for name in sorted(rows)]


def _trade(row: PositionRow, fill: FillView) -> None:
    row.realized_pnl += holding.trade(row, fill.side, fill.action, fill.quantity, fill.value)
    row.fees += fill.fee
    row.total_traded += fill.value
    row.shares_traded += fill.quantity


def _end(row: PositionRow, end: SettlementView) -> None:
    if end.unwound:
        holding.close(row, 0)
        row.realized_pnl = row.fees = 0
        return
    row.realized_pnl += holding.close(row, end.payout)
    if end.fees_returned:
        row.fees -= end.fees


def position_as_of(row: PositionRow, group_id: GroupId | None, stood: Stood) -> PositionView:
    """Return a position in a market as both stood."""
    ends = settlement_ticks(stood.state)
    account_id = AccountId(row.account_id)
    orders, stops = stood.state.orders_of(account_id), stood.state.stops
    resting = (order.remaining for order in orders if order.order_id not in stops)
    return PositionView(
        account_id=account_id,
        ticker=Ticker(row.ticker),
        group_id=group_id,
        yes=Quantity(row.yes),
        no=Quantity(row.no),
        yes_cost=Money(row.yes_cost),
        no_cost=Money(row.no_cost),
        realized_pnl=Money(row.realized_pnl),
        fees=Money(row.fees),
        total_traded=Money(row.total_traded),
        shares_traded=Quantity(row.shares_traded),
        resting=Quantity(sum(resting)),
        mark_ticks=stood.state.last_price if ends is None else ends,
        updated_at_us=row.updated_at_us,
    )


def grouped(rows: Iterable[tuple[PositionRow, GroupId | None]]) -> list[GroupPositionView]:
    """Return positions, each with the group its market is in, added up by group."""
    groups: dict[GroupId, list[PositionRow]] = {}
    for row, group_id in rows:
        if group_id is not None:
            groups.setdefault(group_id, []).append(row)
    return [_group(group_id, groups[group_id]) for group_id in sorted(groups)]


def _group(group_id: GroupId, rows: Sequence[PositionRow]) -> GroupPositionView:
    return GroupPositionView(
        account_id=AccountId(rows[0].account_id),
        group_id=group_id,
        total_traded=Money(sum(row.total_traded for row in rows)),
        shares_traded=Quantity(sum(row.shares_traded for row in rows)),
        exposure=Money(sum(row.yes_cost + row.no_cost for row in rows)),
        realized_pnl=Money(sum(row.realized_pnl for row in rows)),
        fees=Money(sum(row.fees for row in rows)),
        first=Ticker(min(row.ticker for row in rows)),
    )
