"""Questions about markets, groups, trades and candlesticks."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from adapters.read_models.queries.reader import Reader, Row, Where, checked, number, paged
from adapters.read_models.queries.trades import TradeAnswers
from application.ports.clock import Clock
from application.turns import AT_ONCE, in_turns
from domain.identifiers import GroupId, Ticker
from projections.folds.candles import CANDLES, MINUTE_US, CandleRow
from projections.folds.market_book import TOPS, TopRow
from projections.folds.market_facts import GROUPS, MARKETS, GroupRow, MarketRow
from projections.reading.market_view import QUIET_DAY, DayView, group_view, market_view, standing_of
from projections.reading.queries import (
    ALL_GROUPS,
    ALL_MARKETS,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    GroupFilter,
    MarketFilter,
    Page,
)
from projections.reading.views import OPEN_ENDED_US, GroupView, MarketView, SeriesView

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000

# When trading ended or is due to end, as :attr:`MarketView.close_time_us` tells it.
CLOSE_TIME = f"COALESCE(m.closed_at_us, m.close_at_us, {OPEN_ENDED_US})"

MARKET_COLUMNS = ", ".join(f"m.{name}" for name in MARKETS.columns)

# Markets with their book's top and their group's series.
MARKETS_PAGE = f"""
SELECT {MARKET_COLUMNS}, {", ".join(f"t.{name}" for name in TOPS.columns)}, COALESCE(g.series, '')
FROM markets m
LEFT JOIN book_tops t ON t.ticker = m.ticker
LEFT JOIN market_groups g ON g.group_id = m.group_id
{{where}} ORDER BY m.listed_position LIMIT :limit
"""

# What was traded in each of some markets within a day: whole hours where there are, minutes before them.
# Two stretches of the primary key of candlesticks for each market.
VOLUME_OF_DAY = """
SELECT ticker, SUM(volume) FROM (
    SELECT ticker, volume FROM candlesticks {where} AND minutes = 60 AND start_us >= :hour
    UNION ALL
    SELECT ticker, volume FROM candlesticks {where} AND minutes = 1
        AND start_us >= :minute AND start_us < :hour
) AS pieces GROUP BY ticker
"""

# The last minute before a moment in which each of some markets moved: one step in the primary key each.
STANDING_BEFORE = f"""
SELECT {", ".join(f"c.{name}" for name in CANDLES.columns)}
FROM markets m JOIN candlesticks c ON c.ticker = m.ticker AND c.minutes = 1
    AND c.start_us = (SELECT MAX(b.start_us) FROM candlesticks b
                      WHERE b.ticker = m.ticker AND b.minutes = 1 AND b.start_us < :minute)
{{where}}
"""

# The markets with the most volume in a day: candlesticks_by_time.
MOST_TRADED = """
SELECT ticker FROM candlesticks
WHERE (minutes = 60 AND start_us >= :hour) OR (minutes = 1 AND start_us >= :minute AND start_us < :hour)
GROUP BY ticker HAVING SUM(volume) > 0 ORDER BY SUM(volume) DESC, ticker LIMIT :limit
"""

# Groups in the order they were listed.
GROUPS_PAGE = f"""
SELECT {", ".join(f"g.{name}" for name in GROUPS.columns)} FROM market_groups g
{{where}} ORDER BY g.listed_position LIMIT :limit
"""

# What groups of a series have in common; title and category are those of the first group listed.
SERIES = """
SELECT g.series, g.title, g.category, s.groups, COALESCE(f.quadratic, 0), COALESCE(f.flat, 0),
    COALESCE(f.maker, 0)
FROM market_groups g
JOIN (SELECT series, MIN(listed_position) AS first, COUNT(*) AS groups FROM market_groups
      WHERE series <> '' GROUP BY series) s ON s.first = g.listed_position
LEFT JOIN (SELECT o.series, MAX(m.fee_taker_quadratic_bps) AS quadratic, MAX(m.fee_taker_flat_ticks) AS flat,
               MAX(m.fee_maker_quadratic_bps + m.fee_maker_flat_ticks) AS maker
           FROM market_groups o JOIN markets m ON m.group_id = o.group_id
           GROUP BY o.series) f ON f.series = g.series
{where} ORDER BY g.series
"""


class MarketAnswers(TradeAnswers):
    """Answers :class:`projections.reading.queries.MarketQueries`.

    ``search`` is the database's own way to search.
    """

    def __init__(self, reader: Reader, clock: Clock, search: str) -> None:
        self._reader = reader
        self._clock = clock
        self._search = search

    async def market(self, ticker: Ticker) -> MarketView | None:
        """Return a market."""
        found = await self._markets(Where().add("m.ticker = :ticker", ticker=ticker), 1)
        return found[0][0] if found else None

    async def markets(
        self, matching: MarketFilter = ALL_MARKETS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[MarketView]:
        """Return markets, in the order they were listed."""
        where = (
            Where()
            .among("m.ticker", matching.tickers)
            .among("m.group_id", matching.group_ids)
            .equal("g.series", matching.series)
            .among("m.status", matching.statuses)
            .within("m.created_at_us", matching.created)
            .within(CLOSE_TIME, matching.closes)
            .within("m.settled_at_us", matching.settled)
        )
        if cursor:
            where.add("m.listed_position > :cursor", cursor=number(cursor))
        found = await self._markets(where, checked(limit))
        return paged([view for view, _ in found], limit, [str(position) for _, position in found])

    async def search(self, text: str, *, limit: int = DEFAULT_LIMIT) -> Sequence[MarketView]:
        """Return the markets whose question or rules hold all words of ``text``, best first."""
        said = "".join(char if char.isalnum() else " " for char in text).split()
        # The same word again would ask for nothing more, and take as long.
        words = list({word.lower(): word for word in said}.values())
        if not words:
            return []
        quoted = " ".join(f'"{word}"' for word in words)
        rows = await self._reader.fetch(
            self._search, {"words": " ".join(words), "quoted": quoted, "limit": checked(limit) - 1}
        )
        await asyncio.sleep(0)  # ranking many takes a while
        return await self._in_order([row[0] for row in rows])

    async def most_traded(self, *, limit: int) -> Sequence[MarketView]:
        """Return the markets with the most volume in the last 24 hours, most first."""
        rows = await self._reader.fetch(MOST_TRADED, {**self._day(), "limit": checked(limit) - 1})
        await asyncio.sleep(0)
        return await self._in_order([row[0] for row in rows])

    async def group(self, group_id: GroupId) -> GroupView | None:
        """Return a group."""
        where = Where().add("g.group_id = :group_id", group_id=group_id)
        rows = await self._groups(where, 1)
        return group_view(rows[0]) if rows else None

    async def groups(
        self, matching: GroupFilter = ALL_GROUPS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[GroupView]:
        """Return groups, in the order they were listed."""
        of_group = (
            Where("m")
            .add("m.group_id = g.group_id")
            .among("m.status", matching.statuses)
            .within(CLOSE_TIME, matching.closes)
        )
        where = Where().equal("g.series", matching.series)
        if len(of_group.parameters):
            where.add(f"EXISTS (SELECT 1 FROM markets m {of_group})", **of_group.parameters)
        if cursor:
            where.add("g.listed_position > :cursor", cursor=number(cursor))
        rows = await self._groups(where, checked(limit))
        cursors = [str(row.listed_position) for row in rows]
        return paged([group_view(row) for row in rows], limit, cursors)

    async def series(self, series: str) -> SeriesView | None:
        """Return a series."""
        found = await self._series(Where().add("g.series = :series", series=series))
        return found[0] if found else None

    async def series_list(self, *, category: str = "") -> Sequence[SeriesView]:
        """Return all series, or those of a category, by name."""
        return await self._series(Where().equal("g.category", category))

    async def _series(self, where: Where) -> Sequence[SeriesView]:
        rows = await self._reader.fetch(SERIES.format(where=where), where.parameters)
        return [
            SeriesView(
                series=series,
                title=title,
                category=category,
                groups=groups,
                quadratic_bps=quadratic,
                flat_ticks=flat,
                makers_pay=maker > 0,
            )
            for series, title, category, groups, quadratic, flat, maker in rows
        ]

    async def _groups(self, where: Where, limit: int) -> Sequence[GroupRow]:
        sql = GROUPS_PAGE.format(where=where)
        return [GroupRow(*row) for row in await self._reader.fetch(sql, {**where.parameters, "limit": limit})]

    async def _in_order(self, tickers: Sequence[str]) -> Sequence[MarketView]:
        if not tickers:
            return []
        found = await self._markets(Where().among("m.ticker", tickers), MAX_LIMIT)
        views = {view.ticker: view for view, _ in found}
        return [views[Ticker(ticker)] for ticker in tickers if ticker in views]

    async def _markets(self, where: Where, limit: int) -> Sequence[tuple[MarketView, int]]:
        """Return markets and the positions they were listed at. Others have their turn between the steps."""
        sql = MARKETS_PAGE.format(where=where)
        rows = await self._reader.fetch(sql, {**where.parameters, "limit": limit})
        await _let_others(rows)
        days = await self._days([row[0] for row in rows])
        return [_listed_view(row, days.get(row[0], QUIET_DAY)) async for row in in_turns(rows)]

    def _day(self) -> dict[str, int]:
        """Return where the last 24 hours begin: with a minute, and the first whole hour after it."""
        begins = self._clock.now_us() - DAY_US
        return {"minute": -(-begins // MINUTE_US) * MINUTE_US, "hour": -(-begins // HOUR_US) * HOUR_US}

    async def _days(self, tickers: Sequence[str]) -> dict[str, DayView]:
        if not tickers:
            return {}
        day = self._day()
        where = Where().among("ticker", tickers)
        sums = await self._reader.fetch(VOLUME_OF_DAY.format(where=where), {**where.parameters, **day})
        volumes = {ticker: int(volume) for ticker, volume in sums}
        await _let_others(tickers)
        where = Where().among("m.ticker", tickers)
        rows = await self._reader.fetch(
            STANDING_BEFORE.format(where=where), {**where.parameters, "minute": day["minute"]}
        )
        await _let_others(tickers)
        before = {row[0]: standing_of(CandleRow(*row)) for row in rows}
        return {
            ticker: replace(before.get(ticker, QUIET_DAY), volume=volumes.get(ticker, 0))
            for ticker in tickers
        }


async def _let_others(asked: Sequence[object]) -> None:
    """Let others have their turn after a question about many."""
    if len(asked) > AT_ONCE:
        await asyncio.sleep(0)


def _listed_view(row: Row, day: DayView) -> tuple[MarketView, int]:
    facts = len(MARKETS.columns)
    market = MarketRow(*row[:facts])
    top = None if row[facts] is None else TopRow(*row[facts:-1])
    return market_view(market, top, row[-1], day), market.listed_position
