"""What readers see of the rows: each thing in its own place, and what is worked out for them."""

from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from domain.group.aggregate import GroupStatus
from domain.market.vocabulary import Condition, MarketStatus, Result, Side
from projections.folds.candles import CandleRow, keys_at, opened, quote_of, quoted, traded
from projections.folds.market_book import TopRow
from projections.folds.market_facts import GroupRow, MarketRow
from projections.reading.market_view import DayView, candle_view, group_view, market_view, standing_of
from projections.reading.views import OPEN_ENDED_US, BalanceView, FillView, MarketView, PositionView

WORDS: dict[str, Any] = {
    "ticker": "RAIN",
    "group_id": "WEATHER",
    "title": "Will it rain?",
    "rules": "Rain is rain.",
    "category": "Weather",
    "status": "determined",
    "status_reason": "it rained",
    "result": "yes",
    "condition": "met",
    "parent": "CLOUDS",
    "required": "no",
}
ROW = MarketRow(
    **WORDS,
    **{field.name: 100 + number for number, field in enumerate(fields(MarketRow)) if field.name not in WORDS},
)
TOP = TopRow("RAIN", 41, 52, 603, 45, 7, 900, 8, 9)
DAY = DayView(volume=11, price_ticks=12, yes_bid_ticks=13, no_bid_ticks=14)
MAYBE = (
    "group_id", "result", "settlement_ticks", "parent", "required", "position_limit", "last_price_ticks",
    "opened_at_us", "close_at_us", "closed_at_us", "determined_at_us", "settled_at_us",
)  # fmt: skip


def test_a_market_is_its_row_its_book_s_top_and_its_last_day() -> None:
    view = market_view(ROW, TOP, "SERIES", DAY)
    shown = asdict(view)
    fees = shown.pop("fees")
    of_row = {name: value for name, value in asdict(ROW).items() if name in shown}
    assert shown == of_row | {
        "series": "SERIES",
        "status": MarketStatus.DETERMINED,
        "result": Result.YES,
        "condition": Condition.MET,
        "required": Result.NO,
        "yes_bid_ticks": 41,
        "no_bid_ticks": 52,
        "yes_bid_size": 8,
        "no_bid_size": 9,
        "liquidity": 603,
        "volume_24h": 11,
        "previous_price_ticks": 12,
        "previous_yes_bid_ticks": 13,
        "previous_no_bid_ticks": 14,
        "revision": 900,
    }
    told = view.fees
    assert (told.maker.quadratic_bps, told.maker.flat_ticks) == (
        ROW.fee_maker_quadratic_bps,
        ROW.fee_maker_flat_ticks,
    )
    assert (told.taker.quadratic_bps, told.taker.flat_ticks) == (
        ROW.fee_taker_quadratic_bps,
        ROW.fee_taker_flat_ticks,
    )
    assert (told.grain, bool(fees)) == (ROW.fee_grain, True)


def test_what_a_market_does_not_have_is_not_there() -> None:
    view = market_view(replace(ROW, **dict.fromkeys(MAYBE)), None, "")
    assert [getattr(view, name) for name in MAYBE] == [None] * len(MAYBE)
    assert (view.yes_bid_ticks, view.no_bid_ticks, view.previous_price_ticks) == (None, None, None)
    assert (view.yes_bid_size, view.no_bid_size, view.liquidity, view.volume_24h) == (0, 0, 0, 0)
    assert view.revision == ROW.revision
    assert market_view(ROW, replace(TOP, revision=1), "").revision == ROW.revision, "the later one counts"


def view(**more: Any) -> MarketView:
    return replace(market_view(ROW, TOP, "SERIES", DAY), **more)


def test_trading_ends_when_it_did_or_is_due_to_or_on_a_day_far_away() -> None:
    assert view(closed_at_us=5, close_at_us=9).close_time_us == 5
    assert view(closed_at_us=None, close_at_us=9).close_time_us == 9
    assert view(closed_at_us=None, close_at_us=None).close_time_us == OPEN_ENDED_US == 4_102_444_800_000_000


def test_the_last_step_of_a_market_is_the_latest_of_all_that_it_took() -> None:
    steps = ("created_at_us", "opened_at_us", "closed_at_us", "determined_at_us", "settled_at_us")
    for latest in steps:
        at_us: Any = dict.fromkeys(steps, 3) | {latest: 8}
        assert view(**at_us).last_step_at_us == 8
    listed: Any = dict.fromkeys(steps) | {"created_at_us": 2}
    assert view(**listed).last_step_at_us == 2


def test_a_group_is_its_row() -> None:
    row = GroupRow("CUP", 3, "Who wins?", "Sport", "CUPS", '["AUT", "ITA"]', "determined", "ITA", 5, 6)
    shown = asdict(group_view(row))
    assert shown == {
        "group_id": "CUP",
        "title": "Who wins?",
        "category": "Sport",
        "series": "CUPS",
        "members": ("AUT", "ITA"),
        "status": GroupStatus.DETERMINED,
        "winner": "ITA",
        "created_at_us": 5,
        "updated_at_us": 6,
    }
    assert group_view(replace(row, winner=None)).winner is None


CANDLE = CandleRow(
    ticker="RAIN", minutes=60, start_us=1_000,
    price_open=11, price_high=19, price_low=10, price_close=12, previous_ticks=13,
    bid_open=21, bid_high=29, bid_low=20, bid_close=22,
    ask_open=31, ask_high=39, ask_low=30, ask_close=32,
    value=450, volume=100, open_interest=7,
)  # fmt: skip


def test_a_candlestick_is_its_row_and_ends_where_the_next_one_begins() -> None:
    shown = candle_view(CANDLE)
    assert (shown.ticker, shown.period_minutes, shown.end_at_us) == ("RAIN", 60, 3_600_001_000)
    assert shown.price is not None
    for ohlc, prices in (
        (shown.price, (11, 19, 10, 12)),
        (shown.yes_bid, (21, 29, 20, 22)),
        (shown.yes_ask, (31, 39, 30, 32)),
    ):
        assert (ohlc.open_ticks, ohlc.high_ticks, ohlc.low_ticks, ohlc.close_ticks) == prices
    assert (shown.previous_ticks, shown.volume, shown.open_interest) == (13, 100, 7)


@pytest.mark.parametrize(("value", "mean"), [(449, 4), (450, 5), (451, 5), (549, 5), (550, 6)])
def test_the_mean_price_is_weighted_and_rounded_half_up(value: int, mean: int) -> None:
    assert candle_view(replace(CANDLE, value=value)).mean_ticks == mean


@pytest.mark.parametrize("lacking", ["price_open", "price_high", "price_low", "price_close"])
def test_a_period_without_a_trade_has_neither_prices_nor_a_mean(lacking: str) -> None:
    quiet: Any = {lacking: None}
    shown = candle_view(replace(CANDLE, **quiet, volume=0, value=0, previous_ticks=None))
    assert (shown.price, shown.mean_ticks, shown.previous_ticks) == (None, None, None)


def test_how_things_stood_at_the_end_of_a_candlestick() -> None:
    assert standing_of(CANDLE) == DayView(price_ticks=12, yes_bid_ticks=22, no_bid_ticks=9_968)
    quiet = replace(CANDLE, price_close=None, bid_close=0, ask_close=10_000)
    assert standing_of(quiet) == DayView(price_ticks=13, yes_bid_ticks=None, no_bid_ticks=None)


def test_a_moment_falls_into_one_minute_one_hour_and_one_day() -> None:
    minute_us = 60_000_000
    at_us = 3 * 1_440 * minute_us + 125 * minute_us + 17
    assert keys_at("RAIN", at_us) == [
        ("RAIN", 1, at_us - 17),
        ("RAIN", 60, at_us - 17 - 5 * minute_us),
        ("RAIN", 1_440, 3 * 1_440 * minute_us),
    ]


def test_nothing_bid_is_nothing_and_nothing_asked_is_a_dollar() -> None:
    assert quote_of(replace(TOP, yes_bid_ticks=None, no_bid_ticks=None)) == (0, 10_000)
    assert quote_of(TOP) == (41, 9_948)


def test_a_candlestick_begins_as_things_stand_and_takes_in_quotes_and_trades() -> None:
    row = opened(("RAIN", 60, 1_000), (40, 60), 45)
    assert asdict(row) == asdict(CANDLE) | {
        "price_open": None, "price_high": None, "price_low": None, "price_close": None, "previous_ticks": 45,
        "bid_open": 40, "bid_high": 40, "bid_low": 40, "bid_close": 40,
        "ask_open": 60, "ask_high": 60, "ask_low": 60, "ask_close": 60,
        "value": 0, "volume": 0, "open_interest": 0,
    }  # fmt: skip
    for quote in ((30, 70), (50, 55), (45, 58)):
        quoted(row, quote)
    assert (row.bid_open, row.bid_high, row.bid_low, row.bid_close) == (40, 50, 30, 45)
    assert (row.ask_open, row.ask_high, row.ask_low, row.ask_close) == (60, 70, 55, 58)
    for price, quantity in ((50, 3), (70, 2), (40, 1), (60, 4)):
        traded(row, price, quantity)
    assert (row.price_open, row.price_high, row.price_low, row.price_close) == (50, 70, 40, 60)
    assert (row.value, row.volume) == (570, 10)


def bare(kind: Any, **given: Any) -> Any:
    """Return a view of which only these fields are looked at."""
    return kind(**dict.fromkeys(field.name for field in fields(kind)) | given)


def test_what_shares_are_worth_at_the_mark_and_what_they_cost_while_there_is_none() -> None:
    held = bare(PositionView, yes=300, no=100, yes_cost=900_000, no_cost=50_000, mark_ticks=4_000)
    assert (held.net, held.exposure) == (200, 950_000)
    assert (held.value, held.unrealized_pnl) == (300 * 4_000 + 100 * 6_000, 1_800_000 - 950_000)
    lost = replace(held, mark_ticks=0)
    assert lost.value == 100 * 10_000, "a yes share that pays nothing is worth nothing, whatever it cost"
    unmarked = replace(held, mark_ticks=None)
    assert (unmarked.value, unmarked.unrealized_pnl) == (950_000, 0)


def test_a_fill_is_worth_the_price_of_its_side() -> None:
    assert bare(FillView, side=Side.YES, price_ticks=4_000, quantity=7).value == 28_000
    assert bare(FillView, side=Side.NO, price_ticks=4_000, quantity=7).value == 42_000


def test_all_money_is_what_is_free_what_is_set_aside_and_what_is_locked() -> None:
    assert bare(BalanceView, cash=1, reserved=20, locked=300, portfolio_value=4_000).total == 321
