"""Candlesticks of several markets at once, and the forecast that an event's markets make together."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain

from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.many_candles import (
    BatchCandlesAnswer,
    EventCandlesAnswer,
    ForecastAnswer,
    MarketCandles,
    forecast_answer,
    prices_over_time,
)
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.trading import candle_answer
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.port import ReadPort
from adapters.http.requests import queries as q
from adapters.http.requests.queries import period
from adapters.http.routes.events import find_group
from adapters.http.routes.exchange import BASE
from adapters.http.routes.markets import check_period, find_market
from domain.identifiers import Ticker
from domain.rejections import Reason
from projections.reading.queries import MAX_CANDLES
from projections.reading.views import CandleView, GroupView


async def batch_candles(call: ReadCall[q.BatchCandlesQuery, None]) -> Reply:
    """Return the candlesticks of several markets."""
    query = call.query
    check_period(query)
    if _last_second(query, len(query.market_tickers)) < query.end_ts:
        raise Problem(
            Code.INVALID_PARAMETER,
            "the query cannot be answered",
            details=f"end_ts: {MAX_CANDLES} candlesticks are the most of one answer",
        )
    for ticker in query.market_tickers:
        await find_market(call.port, ticker)
    candles = await _candles(call.port, query.market_tickers, query, query.end_ts)
    markets = [
        MarketCandles(market_ticker=ticker, candlesticks=await in_turns(candle_answer, found))
        for ticker, found in zip(query.market_tickers, candles, strict=True)
    ]
    return Reply(content=BatchCandlesAnswer(markets=markets))


async def event_candles(call: ReadCall[q.CandlesQuery, None]) -> Reply:
    """Return the candlesticks of an event's markets, as far as one answer goes."""
    group, query = await _group(call.port, call.path, call.query), call.query
    end_s = _last_second(query, len(group.members))
    candles = await _candles(call.port, group.members, query, end_s)
    content = EventCandlesAnswer(
        market_tickers=list(group.members),
        market_candlesticks=[await in_turns(candle_answer, found) for found in candles],
        adjusted_end_ts=end_s,
    )
    return Reply(content=content)


async def forecast_history(call: ReadCall[q.ForecastQuery, None]) -> Reply:
    """Return how the forecast of an event moved."""
    group, query = await _group(call.port, call.path, call.query), call.query
    candles = await _candles(call.port, group.members, query, _last_second(query, len(group.members)))
    titles = [(await find_market(call.port, ticker)).title for ticker in group.members]
    moments = list(prices_over_time(group.members, chain.from_iterable(candles)))
    tell = partial(forecast_answer, group.group_id, titles, query.percentiles)
    return Reply(content=ForecastAnswer(forecast_history=await in_turns(tell, moments)))


async def _group(port: ReadPort, path: Mapping[str, str], query: q.CandlesQuery) -> GroupView:
    check_period(query)
    group = await find_group(port, path["event_ticker"])
    if group.series and group.series != path["series_ticker"]:
        raise Problem(Reason.GROUP_NOT_FOUND, f"event {group.group_id} is in series {group.series}")
    return group


async def _candles(
    port: ReadPort, tickers: Sequence[Ticker], query: q.CandlesQuery, end_s: int
) -> list[Sequence[CandleView]]:
    ends = period(query.start_ts, end_s)
    return [
        await port.reads.markets.candles(ticker, period_minutes=query.period_interval, ends=ends)
        for ticker in tickers
    ]


def _last_second(query: q.CandlesQuery, markets: int) -> int:
    """Return up to when one answer holds the candlesticks of so many markets."""
    each = MAX_CANDLES // max(1, markets)
    return min(query.end_ts, query.start_ts + each * query.period_interval * 60 - 1)


IN_EVENT = f"{BASE}/series/{{series_ticker}}/events/{{event_ticker}}"

BATCH = Reading(
    method="GET",
    path=f"{BASE}/markets/candlesticks",
    access=Access.PUBLIC,
    handler=batch_candles,
    summary="Candlesticks of several markets",
    query=q.BatchCandlesQuery,
    answer=BatchCandlesAnswer,
)
"""Goes before the routes of a single market."""

ROUTES = (
    Reading(
        method="GET",
        path=f"{IN_EVENT}/candlesticks",
        access=Access.PUBLIC,
        handler=event_candles,
        summary="Candlesticks of an event's markets",
        query=q.CandlesQuery,
        answer=EventCandlesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{IN_EVENT}/forecast_percentile_history",
        access=Access.PUBLIC,
        handler=forecast_history,
        summary="How the forecast moved that an event's markets make together",
        query=q.ForecastQuery,
        answer=ForecastAnswer,
    ),
)
