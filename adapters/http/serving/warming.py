"""What is kept warm: summary, latest trades and book of the busiest markets (exercise 16)."""

from collections.abc import Sequence

from adapters.http.answers.rendered_books import rendered_book
from adapters.http.port import ReadPort
from application.caching.warmer import CacheWarmer
from domain.identifiers import Ticker
from domain.market.vocabulary import MarketStatus
from projections.reading.queries import MAX_LIMIT

TRADING = (MarketStatus.ACTIVE, MarketStatus.PAUSED)
"""Markets that have ended are not worth keeping warm, however much they traded today."""


def make_warmer(port: ReadPort) -> CacheWarmer:
    """Return a warmer of the cache behind a port; start it before use."""

    async def busiest(count: int) -> Sequence[Ticker]:
        asked = count
        while True:
            found = await port.reads.markets.most_traded(limit=asked)
            active = [market.ticker for market in found if market.status in TRADING]
            if len(active) >= count or len(found) < asked or asked == MAX_LIMIT:
                return active[:count]
            asked = min(2 * asked, MAX_LIMIT)

    async def book(ticker: Ticker) -> None:
        view = await port.reads.books.book(ticker)
        if view is not None:
            rendered_book(port.books, view, 0)

    return CacheWarmer(busiest, (port.cached.market, port.cached.trades, book), health=port.exchange.health)
