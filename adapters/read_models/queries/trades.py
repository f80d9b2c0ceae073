"""Questions about what was traded: trades and candlesticks."""

from collections.abc import Sequence

from adapters.read_models.queries.reader import Reader, Where, checked, paged
from domain.identifiers import Ticker
from projections.folds.candles import CANDLE_MINUTES, CANDLES, MINUTE_US, CandleRow
from projections.reading.market_view import candle_view
from projections.reading.queries import (
    ALL_TRADES,
    ALWAYS,
    DEFAULT_LIMIT,
    MAX_CANDLES,
    InvalidQuery,
    Page,
    Period,
    TradeFilter,
    moment,
)
from projections.reading.views import CandleView, TradeView
from projections.trades import TRADES, TradeRow, trade_view

# A page of trades, newest first: one stretch of trades_by_market, or of trades_by_time.
TRADES_PAGE = f"""
SELECT {", ".join(TRADES.columns)} FROM trades
{{where}} ORDER BY at_us DESC, position DESC LIMIT :limit
"""

# A market's candlesticks in order: one stretch of the primary key.
CANDLES_OF_MARKET = f"""
SELECT {", ".join(CANDLES.columns)} FROM candlesticks {{where}} ORDER BY start_us LIMIT :limit
"""


class TradeAnswers:
    """Answers the part of :class:`projections.reading.queries.MarketQueries` about trading."""

    _reader: Reader

    async def trades(
        self, matching: TradeFilter = ALL_TRADES, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[TradeView]:
        """Return trades, newest first."""
        where = (
            Where()
            .equal("ticker", matching.ticker)
            .within("at_us", matching.at)
            .before("at_us, position", cursor)
        )
        sql = TRADES_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": checked(limit)})
        items = [trade_view(TradeRow(*row)) for row in rows]
        return paged(items, limit, [moment(item.at_us, item.position) for item in items])

    async def candles(
        self, ticker: Ticker, *, period_minutes: int, ends: Period = ALWAYS
    ) -> Sequence[CandleView]:
        """Return a market's candlesticks, oldest first."""
        if period_minutes not in CANDLE_MINUTES:
            raise InvalidQuery(f"candlesticks are kept for {CANDLE_MINUTES} minutes, not {period_minutes}")
        length_us = period_minutes * MINUTE_US
        starts = Period(
            since_us=None if ends.since_us is None else ends.since_us - length_us,
            until_us=None if ends.until_us is None else ends.until_us - length_us,
        )
        where = (
            Where()
            .add("ticker = :ticker AND minutes = :minutes", ticker=ticker, minutes=period_minutes)
            .within("start_us", starts)
        )
        sql = CANDLES_OF_MARKET.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": MAX_CANDLES + 1})
        if len(rows) > MAX_CANDLES:
            raise InvalidQuery(f"that is more than {MAX_CANDLES} candlesticks: ask for a shorter time")
        return [candle_view(CandleRow(*row)) for row in rows]
