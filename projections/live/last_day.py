"""The last 24 hours of a market, kept minute by minute in memory."""

from collections import deque
from collections.abc import Iterable

from projections.folds.candles import MINUTE_US, CandleRow
from projections.folds.market_book import TopRow
from projections.reading.market_view import QUIET_DAY, DayView, standing_of

DAY_US = 1_440 * MINUTE_US


class _Minute:
    __slots__ = ("no_bid", "price", "start_us", "volume", "yes_bid")

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.volume = 0
        self.price: int | None = None
        self.yes_bid: int | None = None
        self.no_bid: int | None = None


class LastDay:
    """A rolling window: minutes in which something moved, and how things stood before the first of them."""

    __slots__ = ("_before", "_minutes", "_volume")

    def __init__(self, candles: Iterable[CandleRow] = ()) -> None:
        """Take in the one-minute candlesticks of the last day, and the one before, in order."""
        self._before = QUIET_DAY
        self._minutes: deque[_Minute] = deque()
        self._volume = 0
        for candle in candles:
            standing = standing_of(candle)
            minute = self._minute(candle.start_us)
            minute.volume = candle.volume
            minute.price = standing.price_ticks
            minute.yes_bid, minute.no_bid = standing.yes_bid_ticks, standing.no_bid_ticks
            self._volume += candle.volume

    def note(self, top: TopRow, traded: int, at_us: int) -> None:
        """Take in how things stand after an event in which so much was traded."""
        minute = self._minute(at_us - at_us % MINUTE_US)
        minute.price = top.last_price_ticks
        minute.yes_bid, minute.no_bid = top.yes_bid_ticks, top.no_bid_ticks
        minute.volume += traded
        self._volume += traded

    def _minute(self, start_us: int) -> _Minute:
        if not self._minutes or self._minutes[-1].start_us < start_us:
            self._minutes.append(_Minute(start_us))
        return self._minutes[-1]

    def view(self, now_us: int) -> DayView:
        """Return what the last 24 hours look like now, letting go of what is older."""
        begins = -(-(now_us - DAY_US) // MINUTE_US) * MINUTE_US
        minutes = self._minutes
        while minutes and minutes[0].start_us < begins:
            minute = minutes.popleft()
            self._volume -= minute.volume
            self._before = DayView(
                price_ticks=minute.price, yes_bid_ticks=minute.yes_bid, no_bid_ticks=minute.no_bid
            )
        before = self._before
        return DayView(
            volume=self._volume,
            price_ticks=before.price_ticks,
            yes_bid_ticks=before.yes_bid_ticks,
            no_bid_ticks=before.no_bid_ticks,
        )
