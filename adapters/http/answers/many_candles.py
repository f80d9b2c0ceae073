"""Candlesticks of several markets, and what they say together, as they are told."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

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


def forecasts(
    event_ticker: str,
    titles: Mapping[Ticker, str],
    candles: Sequence[Sequence[CandleView]],
    percentiles: Sequence[int],
) -> Iterator[ForecastPoint]:
    """Yield an event's forecast at the end of each period in which one of its markets moved.

    The last prices are taken as chances, in the order in which the markets were listed. A percentile falls on
    the first market up to which they add up to as much of their sum.
    """
    prices: dict[Ticker, int] = dict.fromkeys(titles, 0)
    for candle in sorted((each for market in candles for each in market), key=lambda each: each.end_at_us):
        if candle.price is not None:
            prices[candle.ticker] = candle.price.close_ticks
        if not any(prices.values()):
            continue
        yield ForecastPoint(
            event_ticker=event_ticker,
            end_period_ts=candle.end_at_us // 1_000_000,
            period_interval=candle.period_minutes,
            percentile_points=list(_points(list(titles.values()), list(prices.values()), percentiles)),
        )


def _points(
    titles: Sequence[str], prices: Sequence[int], percentiles: Sequence[int]
) -> Iterator[PercentilePoint]:
    sums = [sum(prices[: number + 1]) * PERCENT_OF_A_PERCENT for number in range(len(prices))]
    for percentile in percentiles:
        reached = percentile * sum(prices)
        number = min(bisect_right(sums, max(0, reached - 1)), len(titles) - 1)
        yield PercentilePoint(
            percentile=percentile,
            raw_numerical_forecast=number + 1,
            numerical_forecast=number + 1,
            formatted_forecast=titles[number],
        )
