"""The last 24 hours minute by minute: what is in them, what was before, and what has gone out of them."""

from projections.folds.candles import MINUTE_US, CandleRow, opened
from projections.folds.market_book import TopRow
from projections.live.last_day import DAY_US, LastDay
from projections.reading.market_view import QUIET_DAY, DayView


def top(price: int | None, yes: int | None = None, no: int | None = None) -> TopRow:
    return TopRow("M", yes, no, 0, price, 0, 0)


def candle(minute: int, *, price: int | None, bid: int, ask: int, volume: int) -> CandleRow:
    row = opened(("M", 1, minute * MINUTE_US), (1, 9_999), 5)
    row.price_close, row.bid_close, row.ask_close, row.volume = price, bid, ask, volume
    return row


def stood(volume: int, price: int | None, yes: int | None = None, no: int | None = None) -> DayView:
    return DayView(volume=volume, price_ticks=price, yes_bid_ticks=yes, no_bid_ticks=no)


def test_a_market_that_just_began_has_no_yesterday() -> None:
    assert LastDay().view(DAY_US) == QUIET_DAY == stood(0, None)


def test_a_minute_leaves_the_day_whole_as_soon_as_a_part_of_it_is_older_than_that() -> None:
    day = LastDay()
    day.note(top(4_000, 3_900, 5_900), 100, 0)
    day.note(top(4_100, 3_800, 5_800), 50, MINUTE_US - 1)
    day.note(top(4_200, 3_700, 5_700), 7, MINUTE_US)
    assert day.view(DAY_US) == stood(157, None)
    assert day.view(DAY_US + 1) == stood(7, 4_100, 3_800, 5_800)
    assert day.view(DAY_US + MINUTE_US) == stood(7, 4_100, 3_800, 5_800)
    assert day.view(DAY_US + MINUTE_US + 1) == stood(0, 4_200, 3_700, 5_700)
    assert day.view(9 * DAY_US) == stood(0, 4_200, 3_700, 5_700)


def test_a_day_goes_on_from_the_candlesticks_of_the_rows() -> None:
    rows = [
        candle(0, price=4_000, bid=3_900, ask=4_100, volume=100),
        candle(3, price=None, bid=0, ask=10_000, volume=20),
    ]
    day = LastDay(rows)
    day.note(top(4_300, 4_200), 1, 3 * MINUTE_US + 5)
    assert day.view(DAY_US) == stood(121, None)
    assert day.view(DAY_US + MINUTE_US) == stood(21, 4_000, 3_900, 5_900)
    assert day.view(DAY_US + 4 * MINUTE_US) == stood(0, 4_300, 4_200)
    day = LastDay(rows)
    assert day.view(DAY_US + 4 * MINUTE_US) == stood(0, 5), "without a trade the price before it stands"


def test_what_comes_late_counts_in_the_latest_minute() -> None:
    day = LastDay()
    day.note(top(4_000), 1, 5 * MINUTE_US)
    day.note(top(4_100), 1, 4 * MINUTE_US)
    assert day.view(DAY_US + 5 * MINUTE_US) == stood(2, None)
    assert day.view(DAY_US + 5 * MINUTE_US + 1) == stood(0, 4_100)


def test_a_minute_takes_the_same_room_however_much_happens_in_it() -> None:
    day = LastDay()
    for at_us in (0, 1, MINUTE_US - 1, MINUTE_US, 2 * MINUTE_US - 1):
        day.note(top(4_000), 1, at_us)
    assert len(day._minutes) == 2
