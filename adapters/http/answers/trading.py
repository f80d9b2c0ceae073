"""Trades, order books and candlesticks as they are told."""

from collections.abc import Iterable

from typing_extensions import TypedDict

from adapters.http.answers.display import (
    book_side,
    contracts,
    other_side,
    price_cents,
    price_dollars,
    seconds,
    timestamp,
    whole_contracts,
)
from domain.market.vocabulary import Action
from domain.quantities import PAYOUT_TICKS, Quantity, Ticks
from projections.reading.views import BookView, CandleView, Ohlc, TradeView


class Trade(TypedDict):
    """A trade. ``price`` is in dollars and only for clients that still read it."""

    trade_id: str
    ticker: str
    price: float
    count: int
    count_fp: str
    yes_price: int
    no_price: int
    yes_price_dollars: str
    no_price_dollars: str
    taker_side: str
    taker_outcome_side: str
    taker_book_side: str
    is_block_trade: bool
    created_time: str
    kind: str
    rules_version: int
    market_version: int


class TradesAnswer(TypedDict):
    """A page of trades, newest first."""

    trades: list[Trade]
    cursor: str


class FixedBook(TypedDict):
    """Bids for yes and for no: price in dollars and count, exact, best last."""

    yes_dollars: list[tuple[str, str]]
    no_dollars: list[tuple[str, str]]


class Book(FixedBook):
    """The same in cents and whole contracts as well."""

    yes: list[tuple[int, int]]
    no: list[tuple[int, int]]


class BookAnswer(TypedDict):
    """An order book, in both generations, and the market's version that it is of."""

    orderbook: Book
    orderbook_fp: FixedBook
    market_version: int


class Offers(TypedDict):
    """How the best offer moved through a period."""

    open: int
    open_dollars: str
    low: int
    low_dollars: str
    high: int
    high_dollars: str
    close: int
    close_dollars: str


class Prices(TypedDict):
    """How the price of yes moved through a period; nothing where nothing was traded."""

    open: int | None
    open_dollars: str | None
    low: int | None
    low_dollars: str | None
    high: int | None
    high_dollars: str | None
    close: int | None
    close_dollars: str | None
    mean: int | None
    mean_dollars: str | None
    previous: int | None
    previous_dollars: str | None


class Candlestick(TypedDict):
    """A market through one period."""

    end_period_ts: int
    yes_bid: Offers
    yes_ask: Offers
    price: Prices
    volume: int
    volume_fp: str
    open_interest: int
    open_interest_fp: str


class CandlesAnswer(TypedDict):
    """A market's candlesticks, oldest first; periods in which nothing happened are left out."""

    ticker: str
    candlesticks: list[Candlestick]


def trade_answer(view: TradeView) -> Trade:
    """Return a trade as it is told."""
    no_ticks = other_side(view.price_ticks)
    return Trade(
        trade_id=view.trade_id,
        ticker=view.ticker,
        price=view.price_ticks / PAYOUT_TICKS,
        count=whole_contracts(view.quantity),
        count_fp=contracts(view.quantity),
        yes_price=price_cents(view.price_ticks),
        no_price=price_cents(no_ticks),
        yes_price_dollars=price_dollars(view.price_ticks),
        no_price_dollars=price_dollars(no_ticks),
        taker_side=view.taker_side.value,
        taker_outcome_side=view.taker_side.value,
        taker_book_side=book_side(view.taker_side, Action.BUY),
        is_block_trade=False,
        created_time=timestamp(view.at_us),
        kind=view.kind.value,
        rules_version=view.rules_version,
        market_version=view.revision,
    )


def book_answer(view: BookView) -> BookAnswer:
    """Return an order book as it is told."""
    yes, no = view.yes[::-1], view.no[::-1]
    fixed = FixedBook(yes_dollars=_fixed(yes), no_dollars=_fixed(no))
    return BookAnswer(
        orderbook=Book(yes=_rounded(yes), no=_rounded(no), **fixed),
        orderbook_fp=fixed,
        market_version=view.revision,
    )


Levels = Iterable[tuple[Ticks, Quantity]]


def _fixed(levels: Levels) -> list[tuple[str, str]]:
    return [(price_dollars(price), contracts(count)) for price, count in levels]


def _rounded(levels: Levels) -> list[tuple[int, int]]:
    """Return levels in cents; those that fall on the same cent are one."""
    by_cent: dict[int, int] = {}
    for price, count in levels:
        cents = price_cents(price)
        by_cent[cents] = by_cent.get(cents, 0) + count
    return [(cents, whole) for cents, count in by_cent.items() if (whole := whole_contracts(count))]


def candle_answer(view: CandleView) -> Candlestick:
    """Return a candlestick as it is told."""
    return Candlestick(
        end_period_ts=seconds(view.end_at_us),
        yes_bid=_offers(view.yes_bid, Ticks(0)),
        yes_ask=_offers(view.yes_ask, PAYOUT_TICKS),
        price=_prices(view),
        volume=whole_contracts(view.volume),
        volume_fp=contracts(view.volume),
        open_interest=whole_contracts(view.open_interest),
        open_interest_fp=contracts(view.open_interest),
    )


def _offers(moved: Ohlc | None, otherwise: Ticks) -> Offers:
    stood = moved or Ohlc(
        open_ticks=otherwise, high_ticks=otherwise, low_ticks=otherwise, close_ticks=otherwise
    )
    return Offers(
        open=price_cents(stood.open_ticks),
        open_dollars=price_dollars(stood.open_ticks),
        low=price_cents(stood.low_ticks),
        low_dollars=price_dollars(stood.low_ticks),
        high=price_cents(stood.high_ticks),
        high_dollars=price_dollars(stood.high_ticks),
        close=price_cents(stood.close_ticks),
        close_dollars=price_dollars(stood.close_ticks),
    )


def _prices(view: CandleView) -> Prices:
    first, low, high, last = (
        (view.price.open_ticks, view.price.low_ticks, view.price.high_ticks, view.price.close_ticks)
        if view.price
        else (None, None, None, None)
    )
    return Prices(
        open=_cents(first),
        open_dollars=_dollars(first),
        low=_cents(low),
        low_dollars=_dollars(low),
        high=_cents(high),
        high_dollars=_dollars(high),
        close=_cents(last),
        close_dollars=_dollars(last),
        mean=_cents(view.mean_ticks),
        mean_dollars=_dollars(view.mean_ticks),
        previous=_cents(view.previous_ticks),
        previous_dollars=_dollars(view.previous_ticks),
    )


def _cents(ticks: Ticks | None) -> int | None:
    return None if ticks is None else price_cents(ticks)


def _dollars(ticks: Ticks | None) -> str | None:
    return None if ticks is None else price_dollars(ticks)
