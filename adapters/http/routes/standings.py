"""Who leads, which markets are busiest, and which are about something: public."""

from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.markets import MarketsAnswer, market_answer
from adapters.http.answers.standings import LeaderboardAnswer, entry_answer
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.requests import queries as q
from adapters.http.routes.exchange import BASE


async def leaderboard(call: ReadCall[q.LeaderboardQuery, None]) -> Reply:
    """Return the traders with the most profit."""
    query = call.query
    entries = await call.port.reads.leaderboard.get_top(query.limit, query.period, at_us=query.as_of_ts)
    content = LeaderboardAnswer(period=query.period, entries=await in_turns(entry_answer, entries))
    return Reply(content=content)


async def search_markets(call: ReadCall[q.SearchQuery, None]) -> Reply:
    """Return the markets that hold all words of a text."""
    found = await call.port.reads.markets.search(call.query.text, limit=call.query.limit)
    return Reply(content=MarketsAnswer(markets=await in_turns(market_answer, found), cursor=""))


async def most_traded(call: ReadCall[q.MostTradedQuery, None]) -> Reply:
    """Return the markets with the most volume in the last 24 hours."""
    found = await call.port.reads.markets.most_traded(limit=call.query.limit)
    return Reply(content=MarketsAnswer(markets=await in_turns(market_answer, found), cursor=""))


ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/leaderboard",
        access=Access.PUBLIC,
        handler=leaderboard,
        summary="The traders with the most profit, by day, week, month or of all time",
        query=q.LeaderboardQuery,
        answer=LeaderboardAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/search/markets",
        access=Access.PUBLIC,
        handler=search_markets,
        summary="Markets whose question, rules or category hold all words of a text, best first",
        query=q.SearchQuery,
        answer=MarketsAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/search/most_traded",
        access=Access.PUBLIC,
        handler=most_traded,
        summary="The markets with the most volume in the last 24 hours, most first",
        query=q.MostTradedQuery,
        answer=MarketsAnswer,
    ),
)
