"""The query parameters of each list."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from adapters.http.requests.fields import (
    PARTS,
    Cursor,
    Flag,
    GroupField,
    Groups,
    Limit,
    NameField,
    Number,
    OrderIdField,
    RequestQuery,
    SearchText,
    Seconds,
    TickerField,
    Tickers,
    line,
    words,
)
from adapters.http.requests.past import AsOfQuery, Moment
from domain import fields as recorded
from domain.market.vocabulary import MarketStatus
from projections.reading.queries import ALWAYS, DEFAULT_LIMIT, MAX_LIMIT, Period
from projections.reading.views import LeaderboardPeriod, OrderStatus

_US_PER_S = 1_000_000

_STATUSES = {
    "unopened": (MarketStatus.INITIALIZED,),
    "open": (MarketStatus.ACTIVE,),
    "paused": (MarketStatus.PAUSED,),
    "closed": (MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.DISPUTED),
    "settled": (MarketStatus.FINALIZED,),
    # A disputed market is told as determined, which is what the official client knows.
    "determined": (MarketStatus.DETERMINED, MarketStatus.DISPUTED),
}
"""The public interface's words for filtering, coarser than the states themselves."""


def period(since_s: int | None, until_s: int | None) -> Period:
    """Return the period from the beginning of one second to the end of another, either of them open.

    Times are told in whole seconds, so a second that is named is meant to its last microsecond.
    """
    return Period(
        since_us=None if since_s is None else since_s * _US_PER_S,
        until_us=None if until_s is None else until_s * _US_PER_S + _US_PER_S - 1,
    )


def _statuses(value: object) -> object:
    if not isinstance(value, str):
        return value
    chosen: list[MarketStatus] = []
    for word in words(value):
        chosen.extend(_STATUSES.get(word) or (MarketStatus(word),))
    return tuple(dict.fromkeys(chosen))


Statuses = Annotated[
    tuple[MarketStatus, ...],
    BeforeValidator(_statuses),
    WithJsonSchema({"type": "string", "description": f"{', '.join(_STATUSES)}, or a state, comma-separated"}),
]


MARKETS_AT_ONCE = 100
"""Of how many markets candlesticks are given in one answer."""


def _separate(value: object) -> object:
    return tuple(words(value)) if isinstance(value, str) else value


SeriesWord = Annotated[str, line(recorded.Category)]


class PageQuery(RequestQuery):
    """A page of a list: hand the cursor back to get the next one."""

    passed_over = PARTS | {"use_dollars"}

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class TimesQuery(PageQuery):
    """A page of what happened between two times, in seconds."""

    min_ts: Seconds | None = None
    max_ts: Seconds | None = None

    @property
    def period(self) -> Period:
        """Between the two times."""
        return period(self.min_ts, self.max_ts)


class MarketsQuery(PageQuery):
    """Which markets."""

    event_ticker: Groups = ()
    series_ticker: NameField | None = None
    tickers: Tickers = ()
    status: Statuses = ()
    min_created_ts: Seconds | None = None
    max_created_ts: Seconds | None = None
    min_close_ts: Seconds | None = None
    max_close_ts: Seconds | None = None
    min_settled_ts: Seconds | None = None
    max_settled_ts: Seconds | None = None
    mve_filter: Literal["only", "exclude"] | None = None


class EventsQuery(PageQuery):
    """Which events."""

    series_ticker: NameField | None = None
    status: Statuses = ()
    min_close_ts: Seconds | None = None
    with_nested_markets: Flag = False
    with_milestones: Flag = False


class EventQuery(RequestQuery):
    """How much to tell of an event."""

    with_nested_markets: Flag = False


class BookQuery(AsOfQuery):
    """How deep a book: all levels when 0 or left out."""

    passed_over = frozenset({"use_dollars"})

    depth: Annotated[Number, Field(le=10_000)] = 0


class TradesQuery(TimesQuery):
    """Which trades."""

    ticker: TickerField | None = None

    @property
    def latest(self) -> bool:
        """Whether the latest trades are asked for, as many as are usual."""
        return not self.cursor and self.limit == DEFAULT_LIMIT and self.period == ALWAYS


class CandlesQuery(RequestQuery):
    """Which candlesticks."""

    start_ts: Seconds
    end_ts: Seconds
    period_interval: Number


class BatchCandlesQuery(CandlesQuery):
    """Which candlesticks, of which markets."""

    passed_over = frozenset({"include_latest_before_start"})

    market_tickers: Annotated[Tickers, Field(min_length=1, max_length=MARKETS_AT_ONCE)]


Percentile = Annotated[Number, Field(le=10_000)]


class ForecastQuery(CandlesQuery):
    """Which percentiles of a forecast, in hundredths of a per cent."""

    listed = frozenset({"percentiles"})

    percentiles: Annotated[
        tuple[Percentile, ...],
        Field(min_length=1, max_length=10),
        BeforeValidator(_separate),
        WithJsonSchema({"type": "string"}),
    ]


class NothingQuery(RequestQuery):
    """What Kalshi's clients say of lists that are always empty here."""

    listed = frozenset({"milestone_ids"})
    passed_over = frozenset(
        {
            "associated_event_ticker",
            "category",
            "collection_ticker",
            "competition",
            "count_filter",
            "cursor",
            "event_ticker",
            "limit",
            "market_ticker",
            "max_ts",
            "milestone_ids",
            "min_ts",
            "minimum_start_date",
            "page_size",
            "related_event_ticker",
            "series_ticker",
            "settlement_status",
            "show_historical",
            "source_id",
            "status",
            "subtrader_id",
            "ticker",
            "type",
            "with_nested_markets",
        }
    )


class SeriesQuery(RequestQuery):
    """A series."""

    passed_over = frozenset({"include_volume"})


class SeriesListQuery(RequestQuery):
    """Which series: all of them in one answer, however few are asked for."""

    passed_over = frozenset({"limit", "cursor", "include_volume"})

    category: SeriesWord = ""
    tags: SeriesWord = ""
    include_product_metadata: Flag = False


class OrdersQuery(TimesQuery):
    """Which orders."""

    ticker: Tickers = ()
    event_ticker: Groups = ()
    status: OrderStatus | None = None
    order_group_id: NameField | None = None

    @property
    def open_ones(self) -> bool:
        """Whether all open orders are asked for, and nothing else."""
        chosen = self.ticker or self.event_ticker or self.order_group_id
        return self.status is OrderStatus.RESTING and not chosen and self.period == ALWAYS


class CancelAllQuery(RequestQuery):
    """Which orders to cancel: all of a market, or all there are."""

    passed_over = PARTS

    ticker: TickerField | None = None


class LongPageQuery(RequestQuery):
    """A page of what the official client asks for without paging: as long as pages are by itself."""

    passed_over = PARTS

    limit: Limit = MAX_LIMIT
    cursor: Cursor = ""


class QueueQuery(RequestQuery):
    """Which orders' places in the queue."""

    passed_over = PARTS

    market_tickers: Tickers = ()
    event_ticker: GroupField | None = None


class FillsQuery(TimesQuery):
    """Which fills."""

    ticker: TickerField | None = None
    order_id: OrderIdField | None = None


class PositionsQuery(PageQuery, AsOfQuery):
    """Which positions: those of markets that are settled have gone."""

    passed_over = PageQuery.passed_over | {"settlement_status"}

    ticker: TickerField | None = None
    event_ticker: Groups = ()
    count_filter: str = Field(default="", pattern=r"^((position|total_traded)(,(position|total_traded))*)?$")


class PortfolioQuery(RequestQuery):
    """How many positions, and how many open orders, at most."""

    limit: Limit = DEFAULT_LIMIT


class SettlementsQuery(TimesQuery):
    """Which settlements."""

    ticker: TickerField | None = None
    event_ticker: Groups = ()


class LeaderboardQuery(RequestQuery):
    """Which standings: of the present day, week or month, or of all time; or as they stood at a time."""

    period: LeaderboardPeriod = LeaderboardPeriod.ALL
    limit: Limit = DEFAULT_LIMIT
    as_of_ts: Moment | None = None


class SearchQuery(RequestQuery):
    """Which words, in any order."""

    text: SearchText
    limit: Limit = DEFAULT_LIMIT


class MostTradedQuery(RequestQuery):
    """How many markets."""

    limit: Limit = 10
