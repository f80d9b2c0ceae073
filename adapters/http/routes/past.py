"""The price at any time: public."""

from adapters.http.answers.past import PriceAtAnswer, price_at_answer
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.requests.past import PriceAtQuery
from adapters.http.routes.exchange import BASE
from adapters.http.routes.markets import find_market


async def price_at(call: ReadCall[PriceAtQuery, None]) -> Reply:
    """Return the price of a market's last trade at or before a time."""
    market = await find_market(call.port, call.path["ticker"])
    ticks = await call.port.past.get_price_at(market.ticker, call.query.ts)
    return Reply(content=price_at_answer(market.ticker, call.query.ts, ticks))


ROUTES = (
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
