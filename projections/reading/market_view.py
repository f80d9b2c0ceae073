"""Puts the rows about a market together into what readers see."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from domain.fees import FeeRate, FeeSchedule
from domain.group.aggregate import GroupStatus
from domain.identifiers import GroupId, Ticker
from domain.market.vocabulary import Condition, MarketStatus, Result
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks
from projections.folds.candles import CandleRow
from projections.folds.market_book import TopRow
from projections.folds.market_facts import GroupRow, MarketRow
from projections.reading.views import CandleView, GroupView, MarketView, Ohlc


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """The last 24 hours of a market: volume, and how it stood before them."""

    volume: int = 0
    price_ticks: int | None = None
    yes_bid_ticks: int | None = None
    no_bid_ticks: int | None = None


QUIET_DAY = DayView()


def market_view(row: MarketRow, top: TopRow | None, series: str, day: DayView = QUIET_DAY) -> MarketView:
    """Return a market as readers see it."""
    return MarketView(
        ticker=Ticker(row.ticker),
        group_id=None if row.group_id is None else GroupId(row.group_id),
        series=series,
        title=row.title,
        rules=row.rules,
        rules_version=row.rules_version,
        category=row.category,
        status=MarketStatus(row.status),
        status_reason=row.status_reason,
        result=None if row.result is None else Result(row.result),
        settlement_ticks=_ticks(row.settlement_ticks),
        condition=Condition(row.condition),
        parent=None if row.parent is None else Ticker(row.parent),
        required=None if row.required is None else Result(row.required),
        tick_size_ticks=Ticks(row.tick_size_ticks),
        price_min_ticks=Ticks(row.price_min_ticks),
        price_max_ticks=Ticks(row.price_max_ticks),
        quantity_min=Quantity(row.quantity_min),
        quantity_step=Quantity(row.quantity_step),
        position_limit=None if row.position_limit is None else Quantity(row.position_limit),
        fees=_fees(row),
        yes_bid_ticks=_ticks(top.yes_bid_ticks) if top else None,
        no_bid_ticks=_ticks(top.no_bid_ticks) if top else None,
        yes_bid_size=Quantity(top.yes_bid_size if top else 0),
        no_bid_size=Quantity(top.no_bid_size if top else 0),
        liquidity=Money(top.liquidity if top else 0),
        last_price_ticks=_ticks(row.last_price_ticks),
        volume=Quantity(row.volume),
        volume_24h=Quantity(day.volume),
        open_interest=Quantity(row.open_interest),
        trades=row.trades,
        previous_price_ticks=_ticks(day.price_ticks),
        previous_yes_bid_ticks=_ticks(day.yes_bid_ticks),
        previous_no_bid_ticks=_ticks(day.no_bid_ticks),
        created_at_us=row.created_at_us,
        opened_at_us=row.opened_at_us,
        close_at_us=row.close_at_us,
        closed_at_us=row.closed_at_us,
        determined_at_us=row.determined_at_us,
        settled_at_us=row.settled_at_us,
        updated_at_us=row.updated_at_us,
        revision=max(row.revision, top.revision) if top else row.revision,
    )


def _ticks(value: int | None) -> Ticks | None:
    return None if value is None else Ticks(value)


def _fees(row: MarketRow) -> FeeSchedule:
    return FeeSchedule(
        maker=FeeRate(quadratic_bps=row.fee_maker_quadratic_bps, flat_ticks=row.fee_maker_flat_ticks),
        taker=FeeRate(quadratic_bps=row.fee_taker_quadratic_bps, flat_ticks=row.fee_taker_flat_ticks),
        grain=Money(row.fee_grain),
    )


def group_view(row: GroupRow) -> GroupView:
    """Return a group as readers see it."""
    members: Sequence[str] = json.loads(row.members)
    return GroupView(
        group_id=GroupId(row.group_id),
        title=row.title,
        category=row.category,
        series=row.series,
        members=tuple(Ticker(member) for member in members),
        status=GroupStatus(row.status),
        winner=None if row.winner is None else Ticker(row.winner),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
    )


def candle_view(row: CandleRow) -> CandleView:
    """Return a candlestick as readers see it. The mean is weighted by quantity and rounded half up."""
    return CandleView(
        ticker=Ticker(row.ticker),
        period_minutes=row.minutes,
        end_at_us=row.start_us + row.minutes * 60_000_000,
        price=_price(row),
        mean_ticks=Ticks((2 * row.value + row.volume) // (2 * row.volume)) if row.volume else None,
        previous_ticks=_ticks(row.previous_ticks),
        yes_bid=_ohlc(row.bid_open, row.bid_high, row.bid_low, row.bid_close),
        yes_ask=_ohlc(row.ask_open, row.ask_high, row.ask_low, row.ask_close),
        volume=Quantity(row.volume),
        open_interest=Quantity(row.open_interest),
    )


def _price(row: CandleRow) -> Ohlc | None:
    if row.price_open is None or row.price_high is None or row.price_low is None or row.price_close is None:
        return None
    return _ohlc(row.price_open, row.price_high, row.price_low, row.price_close)


def _ohlc(opening: int, high: int, low: int, close: int) -> Ohlc:
    return Ohlc(
        open_ticks=Ticks(opening), high_ticks=Ticks(high), low_ticks=Ticks(low), close_ticks=Ticks(close)
    )


def standing_of(row: CandleRow) -> DayView:
    """Return how a market stood at the end of a candlestick."""
    return DayView(
        price_ticks=row.previous_ticks if row.price_close is None else row.price_close,
        yes_bid_ticks=row.bid_close or None,
        no_bid_ticks=(PAYOUT_TICKS - row.ask_close) or None,
    )
