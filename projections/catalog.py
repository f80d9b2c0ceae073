"""Every projection there is, and the tables each keeps its rows in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from projections.api_keys import API_KEYS, ApiKeysProjection
from projections.balances import ACCOUNTS, ENTRIES, LEDGERS, LOCKED, BalancesProjection
from projections.exchange import EXCHANGES, ExchangeProjection
from projections.folds.candles import CANDLES
from projections.folds.market_book import BOOK_ORDERS, TOPS
from projections.folds.market_facts import GROUPS, MARKETS
from projections.leaderboard import PROFITS, STAKES, STANDINGS, LeaderboardProjection
from projections.markets import MarketsProjection
from projections.order_book import OrderBookProjection
from projections.order_groups import ORDER_GROUPS, OrderGroupsProjection
from projections.order_keys import ORDER_KEYS, OrderKeysProjection
from projections.orders import ORDERS, RENAMES, OrdersProjection
from projections.portfolio import (
    OUTCOMES,
    POSITIONS,
    REDEMPTIONS,
    SETTLEMENTS,
    PortfolioProjection,
)
from projections.reading.queries import LeaderboardQueries, PortfolioQueries
from projections.running.projection import Projection
from projections.running.store import ReadModelOutdated
from projections.running.table import Table
from projections.trades import FILLS, TRADES, TradesProjection
from projections.transfer_keys import TRANSFER_KEYS, TransferKeysProjection

TABLES: Mapping[str, Sequence[Table[Any]]] = {
    ExchangeProjection.name: (EXCHANGES,),
    MarketsProjection.name: (MARKETS, GROUPS),
    OrderBookProjection.name: (BOOK_ORDERS, TOPS, CANDLES),
    OrdersProjection.name: (ORDERS, RENAMES),
    TradesProjection.name: (TRADES, FILLS),
    PortfolioProjection.name: (POSITIONS, OUTCOMES, SETTLEMENTS, REDEMPTIONS),
    LeaderboardProjection.name: (STAKES, STANDINGS, PROFITS),
    BalancesProjection.name: (ACCOUNTS, LOCKED, LEDGERS, ENTRIES),
    OrderKeysProjection.name: (ORDER_KEYS,),
    TransferKeysProjection.name: (TRANSFER_KEYS,),
    ApiKeysProjection.name: (API_KEYS,),
    OrderGroupsProjection.name: (ORDER_GROUPS,),
}
"""The tables of each projection; no two share one."""


class Answers(Protocol):
    """What the projections that can be asked themselves need of the store their rows are in."""

    @property
    def portfolio(self) -> PortfolioQueries:
        """Money and holdings."""
        ...

    @property
    def leaderboard(self) -> LeaderboardQueries:
        """Who made the most."""
        ...


def all_projections(answers: Answers) -> list[Projection]:
    """Return every projection, over a store that answers for their rows."""
    return [
        ExchangeProjection(),
        MarketsProjection(),
        OrderBookProjection(),
        OrdersProjection(),
        TradesProjection(),
        PortfolioProjection(answers.portfolio),
        LeaderboardProjection(answers.leaderboard),
        BalancesProjection(),
        OrderKeysProjection(),
        TransferKeysProjection(),
        ApiKeysProjection(),
        OrderGroupsProjection(),
    ]


def check_versions(projections: Sequence[Projection], kept: Mapping[str, int]) -> None:
    """Raise :class:`ReadModelOutdated` unless all rows are of the versions that run, or there are none.

    ``kept`` is the version of each projection's rows.
    """
    outdated = [each for each in projections if kept.get(each.name) != each.version] if kept else []
    if outdated:
        found = ", ".join(f"{each.name} {_found(each, kept)}, needs {each.version}" for each in outdated)
        names = " ".join(each.name for each in outdated)
        raise ReadModelOutdated(
            f"the read model was written by another version of Presage ({found}): "
            f"run `presage rebuild {names}`"
        )


def _found(projection: Projection, kept: Mapping[str, int]) -> str:
    version = kept.get(projection.name)
    return "is missing" if version is None else f"has version {version}"
