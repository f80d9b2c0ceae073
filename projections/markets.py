"""Markets and groups: what they are, where they stand, what was traded."""

from typing import Any, ClassVar

from application.events import Recorded
from domain.group.events import GroupCreated
from domain.market.events import MarketCreated
from projections.folds.market_facts import (
    CHANGES,
    GROUP_CHANGES,
    GROUPS,
    MARKETS,
    change,
    change_group,
    group_listed,
    group_of,
    listed,
    ticker_of,
)
from projections.running.projection import Projection
from projections.running.rows import Rows


class MarketsProjection(Projection):
    """Keeps a row for each market and each group."""

    name: ClassVar[str] = "markets"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._markets = Rows(MARKETS)
        self._groups = Rows(GROUPS)
        super().__init__(
            parts=(self._markets, self._groups),
            handlers={
                MarketCreated: lambda r: self._markets.put(listed(r)),
                GroupCreated: lambda r: self._groups.put(group_listed(r)),
                **dict.fromkeys(CHANGES, self._market_changed),
                **dict.fromkeys(GROUP_CHANGES, self._group_changed),
            },
            wants={
                **dict.fromkeys(CHANGES, lambda r: self._markets.want(ticker_of(r.stream))),
                **dict.fromkeys(GROUP_CHANGES, lambda r: self._groups.want(group_of(r.stream))),
            },
        )

    def _market_changed(self, recorded: Recorded[Any]) -> None:
        row = self._markets.get(ticker_of(recorded.stream))
        assert row is not None, f"{recorded.stream} was never listed"
        change(row, recorded)
        self._markets.put(row)

    def _group_changed(self, recorded: Recorded[Any]) -> None:
        row = self._groups.get(group_of(recorded.stream))
        assert row is not None, f"{recorded.stream} was never listed"
        change_group(row, recorded)
        self._groups.put(row)
