"""Money, positions, fills and settlements of the caller's account."""

from collections.abc import Sequence

from adapters.http.answers import portfolio as a
from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.orders import order_answer
from adapters.http.as_of import past_positions
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.requests import queries as q
from adapters.http.requests.fields import AccountQuery
from adapters.http.routes.exchange import BASE
from projections.reading.queries import FillFilter, Page, PositionFilter, SettlementFilter
from projections.reading.views import GroupPositionView, PositionView


async def balance(call: ReadCall[AccountQuery, None]) -> Reply:
    """Return the account's money."""
    view = await call.port.reads.portfolio.balance(call.account_id)
    return Reply(content=a.balance_answer(view))


async def portfolio(call: ReadCall[q.PortfolioQuery, None]) -> Reply:
    """Return money, positions and open orders, all of one moment."""
    view = await call.port.reads.portfolio.get_portfolio(call.account_id, limit=call.query.limit)
    return Reply(
        content=a.PortfolioAnswer(
            balance=a.balance_answer(view.balance),
            market_positions=await in_turns(a.position_answer, view.positions.items),
            positions_cursor=view.positions.cursor,
            orders=await in_turns(order_answer, view.open_orders.items),
            orders_cursor=view.open_orders.cursor,
        )
    )


async def resting_value(call: ReadCall[AccountQuery, None]) -> Reply:
    """Return the value of all open orders."""
    micros = await call.port.reads.orders.resting_value(call.account_id)
    return Reply(content=a.resting_value_answer(micros))


async def positions(call: ReadCall[q.PositionsQuery, None]) -> Reply:
    """Return a page of positions, and what they add up to by event."""
    query, reads = call.query, call.port.reads.portfolio
    if query.past:
        stood = await past_positions(call.port, call.account_id, query)
        return Reply(content=await _positions_answer(query, *stood))
    counted = query.count_filter.split(",")
    matching = PositionFilter(
        ticker=query.ticker,
        group_ids=query.event_ticker,
        holding="position" in counted,
        traded="total_traded" in counted,
    )
    page = await reads.get_positions(call.account_id, matching, limit=query.limit, cursor=query.cursor)
    groups = await reads.group_positions(call.account_id, query.event_ticker)
    return Reply(content=await _positions_answer(query, page, groups))


async def _positions_answer(
    query: q.PositionsQuery, page: Page[PositionView], groups: Sequence[GroupPositionView]
) -> a.PositionsAnswer:
    """Tell each event once: on the page into which its first market falls."""
    of_market = {view.group_id for view in page.items} if query.ticker else None
    shown = [
        view
        for view in groups
        if query.cursor < view.first
        and (not page.cursor or view.first <= page.cursor)
        and (of_market is None or view.group_id in of_market)
    ]
    return a.PositionsAnswer(
        market_positions=await in_turns(a.position_answer, page.items),
        event_positions=await in_turns(a.event_position_answer, shown),
        cursor=page.cursor,
    )


async def fills(call: ReadCall[q.FillsQuery, None]) -> Reply:
    """Return a page of fills."""
    query = call.query
    page = await call.port.reads.portfolio.fills(
        call.account_id,
        FillFilter(ticker=query.ticker, order_id=query.order_id, at=query.period),
        limit=query.limit,
        cursor=query.cursor,
    )
    return Reply(content=a.FillsAnswer(fills=await in_turns(a.fill_answer, page.items), cursor=page.cursor))


async def settlements(call: ReadCall[q.SettlementsQuery, None]) -> Reply:
    """Return a page of settlements."""
    query = call.query
    page = await call.port.reads.portfolio.settlements(
        call.account_id,
        SettlementFilter(ticker=query.ticker, group_ids=query.event_ticker, at=query.period),
        limit=query.limit,
        cursor=query.cursor,
    )
    content = a.SettlementsAnswer(
        settlements=await in_turns(a.settlement_answer, page.items), cursor=page.cursor
    )
    return Reply(content=content)


PORTFOLIO = f"{BASE}/portfolio"

ROUTES = (
    Reading(
        method="GET",
        path=PORTFOLIO,
        access=Access.READ,
        handler=portfolio,
        summary="Money, positions and open orders of one moment",
        query=q.PortfolioQuery,
        answer=a.PortfolioAnswer,
    ),
    Reading(
        method="GET",
        path=f"{PORTFOLIO}/balance",
        access=Access.READ,
        handler=balance,
        summary="The account's money",
        query=AccountQuery,
        answer=a.Balance,
    ),
    Reading(
        method="GET",
        path=f"{PORTFOLIO}/positions",
        access=Access.READ,
        handler=positions,
        summary="Positions, by market and by event",
        query=q.PositionsQuery,
        answer=a.PositionsAnswer,
    ),
    Reading(
        method="GET",
        path=f"{PORTFOLIO}/fills",
        access=Access.READ,
        handler=fills,
        summary="Fills, newest first",
        query=q.FillsQuery,
        answer=a.FillsAnswer,
    ),
    Reading(
        method="GET",
        path=f"{PORTFOLIO}/settlements",
        access=Access.READ,
        handler=settlements,
        summary="How positions ended, newest first",
        query=q.SettlementsQuery,
        answer=a.SettlementsAnswer,
    ),
    Reading(
        method="GET",
        path=f"{PORTFOLIO}/summary/total_resting_order_value",
        access=Access.READ,
        handler=resting_value,
        summary="The value of all open orders",
        query=AccountQuery,
        answer=a.RestingValueAnswer,
    ),
)
