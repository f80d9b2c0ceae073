"""Candlesticks of several markets, and what they say together, as they are told."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from typing_extensions import TypedDict

from adapters.http.answers.trading import Candlestick
from domain.identifiers import Ticker
from projections.reading.views import CandleView

PERCENT_OF_A_PERCENT = 10_000
"""Percentiles are told in hundredths of a per cent."""


class MarketCandles(TypedDict):
    """One market's candlesticks, oldest first."""

    market_ticker: str
    candlesticks: list[Candlestick]


class BatchCandlesAnswer(TypedDict):
    """The candlesticks of several markets."""

    markets: list[MarketCandles]


class EventCandlesAnswer(TypedDict):
    """The candlesticks of an event's markets, up to ``adjusted_end_ts``: as far as one answer goes."""

    market_tickers: list[str]
    market_candlesticks: list[list[Candlestick]]
    adjusted_end_ts: int


class PercentilePoint(TypedDict):
    """Which market of an event a percentile falls on: by its number, the first is 1, and by its title."""

    percentile: int
    raw_numerical_forecast: int
    numerical_forecast: int
    formatted_forecast: str


class ForecastPoint(TypedDict):
    """What the prices of an event's markets said at the end of a period."""

    event_ticker: str
    end_period_ts: int
    period_interval: int
    percentile_points: list[PercentilePoint]


class ForecastAnswer(TypedDict):
    """How an event's forecast moved, oldest first; periods in which nothing happened are left out."""

    forecast_history: list[ForecastPoint]


def prices_over_time(
    tickers: Sequence[Ticker], candles: Iterable[CandleView]
) -> Iterator[tuple[CandleView, tuple[int, ...]]]:
    """Yield a candlestick of each period in which one of the markets moved, and the last prices of all."""
    prices: dict[Ticker, int] = dict.fromkeys(tickers, 0)
    for _, period in groupby(sorted(candles, key=_ended), key=_ended):
        for candle in period:
            if candle.price is not None:
                prices[candle.ticker] = candle.price.close_ticks
        if any(prices.values()):
            yield candle, tuple(prices.values())


def forecast_answer(
    event_ticker: str,
    titles: Sequence[str],
    percentiles: Sequence[int],
    then: tuple[CandleView, Sequence[int]],
) -> ForecastPoint:
    """Return an event's forecast at the end of a period.

    The last prices are taken as chances, in the order in which the markets were listed. A percentile falls on
    the first market up to which they add up to as much of their sum.
    """
    candle, prices = then
    return ForecastPoint(
        event_ticker=event_ticker,
        end_period_ts=candle.end_at_us // 1_000_000,
        period_interval=candle.period_minutes,
        percentile_points=list(_points(titles, prices, percentiles)),
    )


def _ended(candle: CandleView) -> int:
    return candle.end_at_us


def _points(
    titles: Sequence[str], prices: Sequence[int], percentiles: Sequence[int]
) -> Iterator[PercentilePoint]:
    sums = [price * PERCENT_OF_A_PERCENT for price in accumulate(prices)]
    for percentile in percentiles:
        reached = percentile * sums[-1] // PERCENT_OF_A_PERCENT
        number = min(bisect_right(sums, max(0, reached - 1)), len(titles) - 1)
        yield PercentilePoint(
            percentile=percentile,
            raw_numerical_forecast=number + 1,
            numerical_forecast=number + 1,
            formatted_forecast=titles[number],
        )
