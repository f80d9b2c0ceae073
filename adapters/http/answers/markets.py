"""Markets and series as they are told."""

from typing import NotRequired

from typing_extensions import TypedDict

from adapters.http.answers.display import (
    EXCHANGE_INDEX,
    contracts,
    money_cents,
    money_dollars,
    other_side,
    price_cents,
    price_dollars,
    timestamp,
    whole_contracts,
)
from domain.fees import FeeRate, FeeSchedule
from domain.market.vocabulary import Condition, MarketStatus, Result
from domain.quantities import CONTRACT, PAYOUT_TICKS
from projections.reading.views import MarketView, SeriesView

GENERAL_FEE_BPS = 700
"""The rate of Kalshi's general fees, of which a series' fees are a multiple."""

_STATUS = {
    MarketStatus.INITIALIZED: "initialized",
    MarketStatus.ACTIVE: "active",
    MarketStatus.PAUSED: "closed",
    MarketStatus.CLOSED: "closed",
    MarketStatus.DETERMINED: "determined",
    MarketStatus.DISPUTED: "determined",
    MarketStatus.FINALIZED: "settled",
}
"""The words the official clients know; ``lifecycle_status`` has the state itself."""

_LINEAR = {100: "linear_cent", 10: "deci_cent"}


class FeeRateAnswer(TypedDict):
    """A contract costs ``quadratic_bps`` (700 is 0.07) x p x (1 - p), and ``flat_ticks`` of $0.0001."""

    quadratic_bps: int
    flat_ticks: int


class FeeScheduleAnswer(TypedDict):
    """What trading costs. The fees of an order's fills are added up, and the sum rounded up to the grain."""

    maker: FeeRateAnswer
    taker: FeeRateAnswer
    grain_microdollars: int


class PriceRange(TypedDict):
    """Prices at which orders may stand, in dollars."""

    start: str
    end: str
    step: str


class ConditionAnswer(TypedDict):
    """What a conditional market depends on, and how that stands: pending, met or failed."""

    status: str
    parent_ticker: str | None
    required_result: str | None


class Market(TypedDict):
    """A market."""

    ticker: str
    event_ticker: str
    market_type: str
    title: str
    subtitle: str
    yes_sub_title: str
    no_sub_title: str
    created_time: str
    updated_time: str
    open_time: str
    close_time: str
    expiration_time: str
    latest_expiration_time: str
    settlement_timer_seconds: int
    status: str
    response_price_units: str
    yes_bid: int
    yes_bid_dollars: str
    yes_ask: int
    yes_ask_dollars: str
    no_bid: int
    no_bid_dollars: str
    no_ask: int
    no_ask_dollars: str
    yes_bid_size_fp: str
    yes_ask_size_fp: str
    no_bid_size_fp: str
    no_ask_size_fp: str
    last_price: int
    last_price_dollars: str
    volume: int
    volume_fp: str
    volume_24h: int
    volume_24h_fp: str
    result: str
    can_close_early: bool
    open_interest: int
    open_interest_fp: str
    notional_value: int
    notional_value_dollars: str
    previous_yes_bid: int
    previous_yes_bid_dollars: str
    previous_yes_ask: int
    previous_yes_ask_dollars: str
    previous_price: int
    previous_price_dollars: str
    liquidity: int
    liquidity_dollars: str
    fractional_trading_enabled: bool
    settlement_bounds_type: str
    exchange_index: int
    settlement_value: NotRequired[int]
    settlement_value_dollars: NotRequired[str]
    expiration_value: str
    category: str
    risk_limit_cents: int
    tick_size: int
    tick_size_dollars: str
    rules_primary: str
    rules_secondary: str
    price_level_structure: str
    price_ranges: list[PriceRange]
    lifecycle_status: str
    lifecycle_result: str | None
    status_reason: str
    rules_version: int
    market_version: int
    condition: ConditionAnswer | None
    quantity_min_fp: str
    quantity_step_fp: str
    position_limit_fp: str | None
    fee_schedule: FeeScheduleAnswer


class MarketAnswer(TypedDict):
    """One market."""

    market: Market


class MarketsAnswer(TypedDict):
    """A page of markets."""

    markets: list[Market]
    cursor: str


class Series(TypedDict):
    """What the events of a series have in common."""

    ticker: str
    frequency: str
    title: str
    category: str
    tags: list[str]
    settlement_sources: list[str]
    contract_url: str
    contract_terms_url: str
    fee_type: str
    fee_multiplier: float
    additional_prohibitions: list[str]


class SeriesAnswer(TypedDict):
    """One series."""

    series: Series


class SeriesListAnswer(TypedDict):
    """All series."""

    series: list[Series]


def _fee_schedule(fees: FeeSchedule) -> FeeScheduleAnswer:
    return FeeScheduleAnswer(
        maker=_fee_rate(fees.maker), taker=_fee_rate(fees.taker), grain_microdollars=fees.grain
    )


def _fee_rate(rate: FeeRate) -> FeeRateAnswer:
    return FeeRateAnswer(quadratic_bps=rate.quadratic_bps, flat_ticks=rate.flat_ticks)


def market_answer(view: MarketView) -> Market:
    """Return a market as it is told."""
    yes_bid, no_bid = view.yes_bid_ticks or 0, view.no_bid_ticks or 0
    yes_ask, no_ask = other_side(view.no_bid_ticks), other_side(view.yes_bid_ticks)
    previous_bid, previous_ask = view.previous_yes_bid_ticks or 0, other_side(view.previous_no_bid_ticks)
    last, previous = view.last_price_ticks or 0, view.previous_price_ticks or 0
    close_time = timestamp(view.close_time_us)
    market = Market(
        ticker=view.ticker,
        event_ticker=view.group_id or "",
        market_type="binary",
        title=view.title,
        subtitle="",
        yes_sub_title=view.title,
        no_sub_title=view.title,
        created_time=timestamp(view.created_at_us),
        updated_time=timestamp(view.last_step_at_us),
        open_time=timestamp(view.created_at_us if view.opened_at_us is None else view.opened_at_us),
        close_time=close_time,
        expiration_time=close_time,
        latest_expiration_time=close_time,
        settlement_timer_seconds=0,
        status=_STATUS[view.status],
        response_price_units="usd_cent",
        yes_bid=price_cents(yes_bid),
        yes_bid_dollars=price_dollars(yes_bid),
        yes_ask=price_cents(yes_ask),
        yes_ask_dollars=price_dollars(yes_ask),
        no_bid=price_cents(no_bid),
        no_bid_dollars=price_dollars(no_bid),
        no_ask=price_cents(no_ask),
        no_ask_dollars=price_dollars(no_ask),
        yes_bid_size_fp=contracts(view.yes_bid_size),
        yes_ask_size_fp=contracts(view.no_bid_size),
        no_bid_size_fp=contracts(view.no_bid_size),
        no_ask_size_fp=contracts(view.yes_bid_size),
        last_price=price_cents(last),
        last_price_dollars=price_dollars(last),
        volume=whole_contracts(view.volume),
        volume_fp=contracts(view.volume),
        volume_24h=whole_contracts(view.volume_24h),
        volume_24h_fp=contracts(view.volume_24h),
        result=view.result.value if view.result in (Result.YES, Result.NO) else "",
        can_close_early=True,
        open_interest=whole_contracts(view.open_interest),
        open_interest_fp=contracts(view.open_interest),
        notional_value=price_cents(PAYOUT_TICKS),
        notional_value_dollars=price_dollars(PAYOUT_TICKS),
        previous_yes_bid=price_cents(previous_bid),
        previous_yes_bid_dollars=price_dollars(previous_bid),
        previous_yes_ask=price_cents(previous_ask),
        previous_yes_ask_dollars=price_dollars(previous_ask),
        previous_price=price_cents(previous),
        previous_price_dollars=price_dollars(previous),
        liquidity=money_cents(view.liquidity),
        liquidity_dollars=money_dollars(view.liquidity),
        fractional_trading_enabled=view.quantity_step < CONTRACT,
        settlement_bounds_type="default",
        exchange_index=EXCHANGE_INDEX,
        expiration_value=view.result.value if view.result else "",
        category=view.category,
        risk_limit_cents=0,
        tick_size=max(1, price_cents(view.tick_size_ticks)),
        tick_size_dollars=price_dollars(view.tick_size_ticks),
        rules_primary=view.rules,
        rules_secondary="",
        price_level_structure=_LINEAR.get(view.tick_size_ticks, "linear"),
        price_ranges=[_range(view)],
        lifecycle_status=view.status.value,
        lifecycle_result=view.result.value if view.result else None,
        status_reason=view.status_reason,
        rules_version=view.rules_version,
        market_version=view.revision,
        condition=_condition(view),
        quantity_min_fp=contracts(view.quantity_min),
        quantity_step_fp=contracts(view.quantity_step),
        position_limit_fp=None if view.position_limit is None else contracts(view.position_limit),
        fee_schedule=_fee_schedule(view.fees),
    )
    if view.settlement_ticks is not None:
        market["settlement_value"] = price_cents(view.settlement_ticks)
        market["settlement_value_dollars"] = price_dollars(view.settlement_ticks)
    return market


def _range(view: MarketView) -> PriceRange:
    step = view.tick_size_ticks
    return PriceRange(
        start=price_dollars(-(-view.price_min_ticks // step) * step),
        end=price_dollars(view.price_max_ticks // step * step),
        step=price_dollars(step),
    )


def _condition(view: MarketView) -> ConditionAnswer | None:
    if view.condition is Condition.NONE:
        return None
    return ConditionAnswer(
        status=view.condition.value,
        parent_ticker=view.parent,
        required_result=view.required.value if view.required else None,
    )


def _fee_type(view: SeriesView) -> str:
    if view.makers_pay:
        return "quadratic_with_maker_fees"
    return "flat" if view.flat_ticks and not view.quadratic_bps else "quadratic"


def series_answer(view: SeriesView) -> Series:
    """Return a series as it is told."""
    return Series(
        ticker=view.series,
        frequency="one_off",
        title=view.title,
        category=view.category,
        tags=[],
        settlement_sources=[],
        contract_url="",
        contract_terms_url="",
        fee_type=_fee_type(view),
        fee_multiplier=view.quadratic_bps / GENERAL_FEE_BPS,
        additional_prohibitions=[],
    )
