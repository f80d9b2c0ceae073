"""Candlesticks: how prices moved minute by minute, hour by hour, day by day."""

from dataclasses import dataclass

from domain.quantities import PAYOUT_TICKS
from projections.folds.market_book import TopRow
from projections.running.table import Table

CANDLE_MINUTES = (1, 60, 1_440)
"""The periods candlesticks are kept for."""

MINUTE_US = 60_000_000


@dataclass(slots=True)
class CandleRow:
    """A market through one period. Nothing bid is 0 ticks, nothing asked 10,000.

    ``value`` is price times quantity over the trades; ``previous_ticks`` the last price before the period.
    """

    ticker: str
    minutes: int
    start_us: int
    price_open: int | None
    price_high: int | None
    price_low: int | None
    price_close: int | None
    previous_ticks: int | None
    bid_open: int
    bid_high: int
    bid_low: int
    bid_close: int
    ask_open: int
    ask_high: int
    ask_low: int
    ask_close: int
    value: int
    volume: int
    open_interest: int


CANDLES = Table("candlesticks", CandleRow, key=("ticker", "minutes", "start_us"))

Quote = tuple[int, int]
"""The best yes bid and yes ask."""


def quote_of(top: TopRow) -> Quote:
    """Return the best yes bid, 0 if there is none, and the best yes ask, 10,000 if there is none."""
    return top.yes_bid_ticks or 0, PAYOUT_TICKS - (top.no_bid_ticks or 0)


def keys_at(ticker: str, at_us: int) -> list[tuple[str, int, int]]:
    """Return the keys of the candlesticks that a moment falls into."""
    return [(ticker, minutes, at_us - at_us % (minutes * MINUTE_US)) for minutes in CANDLE_MINUTES]


def opened(key: tuple[str, int, int], quote: Quote, last_price_ticks: int | None) -> CandleRow:
    """Return a candlestick at the start of its period, when things stood as stated."""
    ticker, minutes, start_us = key
    bid, ask = quote
    return CandleRow(
        ticker=ticker,
        minutes=minutes,
        start_us=start_us,
        price_open=None,
        price_high=None,
        price_low=None,
        price_close=None,
        previous_ticks=last_price_ticks,
        bid_open=bid,
        bid_high=bid,
        bid_low=bid,
        bid_close=bid,
        ask_open=ask,
        ask_high=ask,
        ask_low=ask,
        ask_close=ask,
        value=0,
        volume=0,
        open_interest=0,
    )


def quoted(row: CandleRow, quote: Quote) -> None:
    """Take in new best prices."""
    bid, ask = quote
    row.bid_close, row.ask_close = bid, ask
    row.bid_high, row.bid_low = max(row.bid_high, bid), min(row.bid_low, bid)
    row.ask_high, row.ask_low = max(row.ask_high, ask), min(row.ask_low, ask)


def traded(row: CandleRow, price_ticks: int, quantity: int) -> None:
    """Take in a trade."""
    if row.price_open is None or row.price_high is None or row.price_low is None:
        row.price_open = row.price_high = row.price_low = price_ticks
    else:
        row.price_high = max(row.price_high, price_ticks)
        row.price_low = min(row.price_low, price_ticks)
    row.price_close = price_ticks
    row.value += price_ticks * quantity
    row.volume += quantity
