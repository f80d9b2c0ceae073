"""The price at any time, and the rules of all times: public."""

from adapters.http.answers.past import PriceAtAnswer, RulesAnswer, price_at_answer, rules_answer
from adapters.http.operations import Access, NoQuery, ReadCall, Reading, Reply
from adapters.http.requests.past import PriceAtQuery
from adapters.http.routes.exchange import BASE
from adapters.http.routes.markets import find_market


async def price_at(call: ReadCall[PriceAtQuery, None]) -> Reply:
    """Return the price of a market's last trade at or before a time."""
    market = await find_market(call.port, call.path["ticker"])
    ticks = await call.port.past.get_price_at(market.ticker, call.query.ts)
    return Reply(content=price_at_answer(market.ticker, call.query.ts, ticks))


async def rules(call: ReadCall[NoQuery, None]) -> Reply:
    """Return every text that a market's rules have had."""
    port = call.port
    market = await find_market(port, call.path["ticker"])
    versions = await port.rules.versions(port.past, market.ticker, market.rules_version)
    return Reply(
        content=RulesAnswer(ticker=market.ticker, versions=[rules_answer(each) for each in versions])
    )


ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/markets/{{ticker}}/rules",
        access=Access.PUBLIC,
        handler=rules,
        summary="The latest 20 texts of a market's rules, oldest first, and from when on each stood",
        answer=RulesAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/markets/{{ticker}}/price_at",
        access=Access.PUBLIC,
        handler=price_at,
        summary="The last traded price of a market at any time of the past",
        query=PriceAtQuery,
        answer=PriceAtAnswer,
    ),
)
