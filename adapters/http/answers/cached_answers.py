"""Public answers that are kept as they were sent: a market, and its latest trades.

An answer is kept with the position it goes to, and only given out while nothing newer that readers can see
has changed what it tells. So a reader who waited for a position sees it, whatever a cache missed. Figures
of the last 24 hours move without an event; they are as old as the time to live at most.

Books are not in here: they change with almost every order, are in memory anyway, and have a rendering
known by its revision (:mod:`adapters.http.answers.rendered_books`).
"""

from collections.abc import Awaitable, Callable

import orjson

from adapters.http.answers.markets import MarketAnswer, market_answer
from adapters.http.answers.problems import Problem
from adapters.http.answers.trading import TradesAnswer, trade_answer
from application.caching.stampede import StampedeGuard
from application.ports.cache import Cache
from application.ports.event_store import Position
from application.watching.cache_counts import CacheCounts
from domain.identifiers import Ticker
from domain.rejections import Reason
from projections.reading.changes import Changes
from projections.reading.queries import DEFAULT_LIMIT, ReadModels, TradeFilter

TTL_S = 60.0

_POSITION_BYTES = 8


class CachedAnswers:
    """Gives the answers of the busiest public routes, computed once for all who ask."""

    def __init__(self, reads: ReadModels, cache: Cache, changes: Changes) -> None:
        self._reads = reads
        self._cache = cache
        self._changes = changes
        self._guard = StampedeGuard(cache)

    @property
    def counts(self) -> CacheCounts:
        """How often an answer was at hand."""
        return self._guard.counts

    async def market(self, ticker: Ticker) -> bytes:
        """Return the answer about a market. Raises :class:`Problem` if there is none of that name."""

        async def compute() -> bytes:
            view = await self._reads.markets.market(ticker)
            if view is None:
                raise Problem(Reason.MARKET_NOT_FOUND, f"there is no market {ticker}")
            return orjson.dumps(MarketAnswer(market=market_answer(view)))

        return await self._answer(f"market:{ticker}", self._changes.market_needs(ticker), compute)

    async def trades(self, ticker: Ticker) -> bytes:
        """Return the first page of a market's trades, of the usual length."""

        async def compute() -> bytes:
            page = await self._reads.markets.trades(TradeFilter(ticker=ticker), limit=DEFAULT_LIMIT)
            return orjson.dumps(
                TradesAnswer(trades=[trade_answer(view) for view in page.items], cursor=page.cursor)
            )

        return await self._answer(f"trades:{ticker}", self._changes.trades_need(ticker), compute)

    async def _answer(
        self, key: str, needed: Position | None, compute: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        if needed is None:
            return await compute()

        async def dated() -> bytes:
            # Asked before the answer is made, which may know more.
            reaches = self._reads.freshness.position
            return reaches.to_bytes(_POSITION_BYTES, "big") + await compute()

        kept = await self._guard.stampede_protected_get(key, dated, ttl_s=TTL_S)
        if _reach(kept) < needed:
            await self._cache.invalidate((key,))
            kept = await self._guard.stampede_protected_get(key, dated, ttl_s=TTL_S)
            if _reach(kept) < needed:  # made by a process that is further behind
                return await compute()
        return kept[_POSITION_BYTES:]


def _reach(kept: bytes) -> int:
    return int.from_bytes(kept[:_POSITION_BYTES], "big")
