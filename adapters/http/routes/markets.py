"""Markets, their books, trades and candlesticks: public."""

from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.markets import (
    MarketAnswer,
    MarketsAnswer,
    SeriesAnswer,
    SeriesListAnswer,
    market_answer,
    series_answer,
)
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.rendered_books import rendered_book
from adapters.http.answers.trading import (
    BookAnswer,
    CandlesAnswer,
    TradesAnswer,
    book_answer,
    candle_answer,
    trade_answer,
)
from adapters.http.as_of import past_book, past_market
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.port import ReadPort
from adapters.http.requests import queries as q
from adapters.http.requests.past import AsOfQuery
from adapters.http.requests.queries import period
from adapters.http.routes.exchange import BASE
from domain.identifiers import Ticker
from domain.rejections import Reason
from projections.reading.queries import MarketFilter, TradeFilter
from projections.reading.views import MarketView


async def find_market(port: ReadPort, ticker: str) -> MarketView:
    """Return a market. Raises :class:`Problem` if there is none of that name."""
    view = await port.reads.markets.market(Ticker(ticker))
    if view is None:
        raise Problem(Reason.MARKET_NOT_FOUND, f"there is no market {ticker}")
    return view


async def list_markets(call: ReadCall[q.MarketsQuery, None]) -> Reply:
    """Return a page of markets."""
    query = call.query
    if query.mve_filter == "only":  # there are no markets on combinations of events
        return Reply(content=MarketsAnswer(markets=[], cursor=""))
    matching = MarketFilter(
        tickers=query.tickers,
        group_ids=query.event_ticker,
        series=query.series_ticker or "",
        statuses=query.status,
        created=period(query.min_created_ts, query.max_created_ts),
        closes=period(query.min_close_ts, query.max_close_ts),
        settled=period(query.min_settled_ts, query.max_settled_ts),
    )
    page = await call.port.reads.markets.markets(matching, limit=query.limit, cursor=query.cursor)
    return Reply(content=MarketsAnswer(markets=await in_turns(market_answer, page.items), cursor=page.cursor))


async def get_market(call: ReadCall[AsOfQuery, None]) -> Reply:
    """Return a market."""
    ticker = Ticker(call.path["ticker"])
    if not call.query.past:
        return Reply(content=await call.port.cached.market(ticker))
    view = await past_market(call.port, await find_market(call.port, ticker), call.query)
    return Reply(content=MarketAnswer(market=market_answer(view)))


async def get_orderbook(call: ReadCall[q.BookQuery, None]) -> Reply:
    """Return a market's book."""
    ticker, depth = Ticker(call.path["ticker"]), call.query.depth
    if call.query.past:
        await find_market(call.port, ticker)
        return Reply(content=book_answer(await past_book(call.port, ticker, call.query, depth or None)))
    view = await call.port.reads.books.book(ticker, depth=depth or None)
    if view is None:
        raise Problem(Reason.MARKET_NOT_FOUND, f"there is no market {ticker}")
    return Reply(content=rendered_book(call.port.books, view, depth))


async def list_trades(call: ReadCall[q.TradesQuery, None]) -> Reply:
    """Return a page of trades."""
    query = call.query
    if query.ticker is not None and query.latest:
        return Reply(content=await call.port.cached.trades(query.ticker))
    page = await call.port.reads.markets.trades(
        TradeFilter(ticker=query.ticker, at=query.period), limit=query.limit, cursor=query.cursor
    )
    return Reply(content=TradesAnswer(trades=await in_turns(trade_answer, page.items), cursor=page.cursor))


def check_period(query: q.CandlesQuery) -> None:
    """Refuse a period that ends before it begins."""
    if query.start_ts > query.end_ts:
        raise Problem(
            Code.INVALID_PARAMETER, "the query cannot be answered", details="start_ts: lies after end_ts"
        )


async def list_candles(call: ReadCall[q.CandlesQuery, None]) -> Reply:
    """Return a market's candlesticks."""
    query = call.query
    check_period(query)
    market = await find_market(call.port, call.path["ticker"])
    if market.series and market.series != call.path["series_ticker"]:
        raise Problem(Reason.MARKET_NOT_FOUND, f"market {market.ticker} is in series {market.series}")
    candles = await call.port.reads.markets.candles(
        market.ticker, period_minutes=query.period_interval, ends=period(query.start_ts, query.end_ts)
    )
    return Reply(
        content=CandlesAnswer(ticker=market.ticker, candlesticks=await in_turns(candle_answer, candles))
    )


async def list_series(call: ReadCall[q.SeriesListQuery, None]) -> Reply:
    """Return all series, or those of a category."""
    found = await call.port.reads.markets.series_list(category=call.query.category)
    return Reply(content=SeriesListAnswer(series=await in_turns(series_answer, found)))


async def get_series(call: ReadCall[q.SeriesQuery, None]) -> Reply:
    """Return a series."""
    view = await call.port.reads.markets.series(call.path["series_ticker"])
    if view is None:
        raise Problem(Code.NOT_FOUND, f"there is no series {call.path['series_ticker']}")
    return Reply(content=SeriesAnswer(series=series_answer(view)))


ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/markets/{{ticker}}/orderbook",
        access=Access.PUBLIC,
        handler=get_orderbook,
        summary="The order book of a market: bids for yes and bids for no, best last",
        query=q.BookQuery,
        answer=BookAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/markets/trades",
        access=Access.PUBLIC,
        handler=list_trades,
        summary="Trades, newest first",
        query=q.TradesQuery,
        answer=TradesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/markets/{{ticker}}",
        access=Access.PUBLIC,
        handler=get_market,
        summary="A market",
        query=AsOfQuery,
        answer=MarketAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/markets",
        access=Access.PUBLIC,
        handler=list_markets,
        summary="Markets",
        query=q.MarketsQuery,
        answer=MarketsAnswer,
    ),
)

SERIES_ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/series/{{series_ticker}}/markets/{{ticker}}/candlesticks",
        access=Access.PUBLIC,
        handler=list_candles,
        summary="Candlesticks of a market, for periods of 1, 60 or 1,440 minutes",
        query=q.CandlesQuery,
        answer=CandlesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/series/{{series_ticker}}",
        access=Access.PUBLIC,
        handler=get_series,
        summary="A series of events",
        query=q.SeriesQuery,
        answer=SeriesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/series",
        access=Access.PUBLIC,
        handler=list_series,
        summary="All series of events",
        query=q.SeriesListQuery,
        answer=SeriesListAnswer,
    ),
)
