"""How markets, books and positions stood, for the routes that otherwise tell how they stand."""

import asyncio

from adapters.http.answers.problems import Code, Problem
from adapters.http.port import ReadPort
from adapters.http.requests.past import AsOfQuery
from adapters.http.requests.queries import PositionsQuery
from domain.identifiers import AccountId, GroupId, Ticker
from projections.portfolio import PositionRow
from projections.reading.as_of import (
    DAY_US,
    Stood,
    book_as_of,
    grouped,
    held_by,
    market_as_of,
    position_as_of,
)
from projections.reading.queries import Page
from projections.reading.views import BookView, GroupPositionView, MarketView, PositionView


async def stood(port: ReadPort, ticker: Ticker, query: AsOfQuery) -> Stood:
    """Return a market as it stood. Raises :class:`Problem` if it did not exist then."""
    past = port.past
    if query.as_of_revision is not None:
        found = await past.market_after(ticker, query.as_of_revision)
        missing = f"market {ticker} has no event {query.as_of_revision}"
    else:
        assert query.as_of_ts is not None
        found = await past.market_at(ticker, query.as_of_ts)
        missing = f"market {ticker} was not listed at that time"
    if found is None:
        raise Problem(Code.NOT_FOUND, missing)
    return found


async def past_market(port: ReadPort, now: MarketView, query: AsOfQuery) -> MarketView:
    """Return a market as it stood."""
    then = await stood(port, now.ticker, query)
    at_us = then.tip.at_us if query.as_of_ts is None else query.as_of_ts
    return market_as_of(now, then, await port.past.market_at(now.ticker, at_us - DAY_US))


async def past_book(port: ReadPort, ticker: Ticker, query: AsOfQuery, depth: int | None) -> BookView:
    """Return a book as it stood."""
    return book_as_of(await stood(port, ticker, query), depth=depth)


async def past_positions(
    port: ReadPort, account_id: AccountId, query: PositionsQuery
) -> tuple[Page[PositionView], list[GroupPositionView]]:
    """Return a page of positions as they stood, and what the whole list comes to by group."""
    if query.as_of_ts is None and query.ticker is None:
        raise Problem(
            Code.MISSING_PARAMETER,
            "the query is not acceptable",
            details="ticker: needed with as_of_revision, which is of one market",
        )
    then = None
    if query.as_of_revision is not None and query.ticker is not None:
        then = await stood(port, query.ticker, query)
    held = await _held(port, account_id, query, then)
    after = [each for each in held if each[0].ticker > query.cursor]
    page = [
        position_as_of(row, group_id, then or await stood(port, Ticker(row.ticker), query))
        for row, group_id in after[: query.limit]
    ]
    cursor = page[-1].ticker if len(after) > len(page) else ""
    return Page(items=page, cursor=cursor), grouped(held)


async def _held(
    port: ReadPort, account_id: AccountId, query: PositionsQuery, then: Stood | None
) -> list[tuple[PositionRow, GroupId | None]]:
    """Return all positions that are asked for, each with the group its market is in."""
    rows = await held_by(
        port.reads.portfolio,
        account_id,
        at_us=then.tip.at_us if then else query.as_of_ts or 0,
        ticker=query.ticker,
        position=then.tip.position if then else None,
    )
    counted = query.count_filter.split(",")
    held: list[tuple[PositionRow, GroupId | None]] = []
    for row in rows:
        await asyncio.sleep(0)  # each is a question of its own
        market = await port.reads.markets.market(Ticker(row.ticker))
        group_id = market.group_id if market else None
        if (
            (not query.event_ticker or group_id in query.event_ticker)
            and ("position" not in counted or row.yes or row.no)
            and ("total_traded" not in counted or row.total_traded)
        ):
            held.append((row, group_id))
    return held
