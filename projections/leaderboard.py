"""Who made the most, by day, week, month and all time.

Profit is what sales and payments brought beyond average cost, fees taken off, counted when it is made. What
a called-off market takes back is taken back when it is called off. Each profit is noted too, so that the
standings of any moment can be added up: those of the days before it, and what was made that day by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

from application.events import Recorded
from application.streams import MARKET
from domain.market.events import Leg, PairsRedeemed, PositionSettled, PositionUnwound, TradeExecuted
from domain.market.vocabulary import Side
from domain.quantities import PAYOUT_TICKS
from projections.folds import holding
from projections.reading.queries import LeaderboardQueries
from projections.reading.views import LeaderboardEntry, LeaderboardPeriod
from projections.running.projection import Projection
from projections.running.rows import Journal, Rows
from projections.running.table import Table

_DAY_US = 86_400_000_000

Profitable = TradeExecuted | PairsRedeemed | PositionSettled | PositionUnwound
"""What brings profit, or loss."""


@dataclass(slots=True)
class StakeRow:
    """What an account holds in a market that has not ended, and its profit there so far."""

    account_id: str
    ticker: str
    yes: int
    no: int
    yes_cost: int
    no_cost: int
    profit: int


@dataclass(slots=True)
class StandingRow:
    """A trader's profit in one day, week, month or of all time; ``start_us`` is when that began."""

    period: str
    start_us: int
    account_id: str
    profit: int


@dataclass(slots=True)
class ProfitRow:
    """What one event brought a trader."""

    at_us: int
    position: int
    account_id: str
    profit: int


STAKES = Table("leaderboard_stakes", StakeRow, key=("account_id", "ticker"))
STANDINGS = Table("leaderboard", StandingRow, key=("period", "start_us", "account_id"))
PROFITS = Table("leaderboard_profits", ProfitRow, key=("at_us", "position", "account_id"))


def period_start_us(period: LeaderboardPeriod, at_us: int) -> int:
    """Return when the period that holds a time began, in UTC; weeks begin on Monday."""
    return dict(_starts(at_us // _DAY_US))[period.value]


def day_start_us(at_us: int) -> int:
    """Return when the day that holds a time began, in UTC."""
    return at_us - at_us % _DAY_US


@lru_cache(maxsize=64)
def _starts(day: int) -> tuple[tuple[str, int], ...]:
    """Return the periods that hold a day (counted from the epoch, a Thursday) and when each began."""
    month_day = datetime.fromtimestamp(day * 86_400, UTC).day
    return (
        (LeaderboardPeriod.DAY.value, day * _DAY_US),
        (LeaderboardPeriod.WEEK.value, (day - (day + 3) % 7) * _DAY_US),
        (LeaderboardPeriod.MONTH.value, (day - month_day + 1) * _DAY_US),
        (LeaderboardPeriod.ALL.value, 0),
    )


class LeaderboardProjection(Projection):
    """Adds each profit to the standings it counts in; nothing is ever recomputed."""

    name: ClassVar[str] = "leaderboard"
    version: ClassVar[int] = 2

    def __init__(self, leaderboard: LeaderboardQueries) -> None:
        self._leaderboard = leaderboard
        self._stakes = Rows(STAKES)
        self._standings = Rows(STANDINGS)
        self._profits = Journal(PROFITS)
        super().__init__(
            parts=(self._stakes, self._standings, self._profits),
            handlers={
                TradeExecuted: self._traded,
                PairsRedeemed: self._redeemed,
                PositionSettled: self._settled,
                PositionUnwound: self._unwound,
            },
            wants={
                TradeExecuted: self._want_both,
                PairsRedeemed: self._want_one,
                PositionSettled: self._want_one,
                PositionUnwound: self._want_one,
            },
        )

    async def get_top(
        self, n: int, period: LeaderboardPeriod = LeaderboardPeriod.ALL, *, at_us: int | None = None
    ) -> Sequence[LeaderboardEntry]:
        """Return the ``n`` traders with the most profit, most first; with ``at_us`` as it stood then."""
        return await self._leaderboard.get_top(n, period, at_us=at_us)

    def _want_both(self, recorded: Recorded[TradeExecuted]) -> None:
        self._want(recorded, recorded.event.maker.account_id)
        self._want(recorded, recorded.event.taker.account_id)

    def _want_one(self, recorded: Recorded[PairsRedeemed | PositionSettled | PositionUnwound]) -> None:
        self._want(recorded, recorded.event.account_id)

    def _want(self, recorded: Recorded[Profitable], account_id: str) -> None:
        self._stakes.want((account_id, recorded.stream.removeprefix(MARKET)))
        for period, start_us in _starts(recorded.cause.at_us // _DAY_US):
            self._standings.want((period, start_us, account_id))

    def _traded(self, recorded: Recorded[TradeExecuted]) -> None:
        self._filled(recorded, recorded.event.maker)
        self._filled(recorded, recorded.event.taker)

    def _filled(self, recorded: Recorded[TradeExecuted], leg: Leg) -> None:
        trade = recorded.event
        ticker = recorded.stream.removeprefix(MARKET)
        stake = self._stakes.get((leg.account_id, ticker))
        if stake is None:
            stake = StakeRow(leg.account_id, ticker, 0, 0, 0, 0, 0)
        price = trade.price_ticks if leg.side is Side.YES else PAYOUT_TICKS - trade.price_ticks
        profit = holding.trade(stake, leg.side, leg.action, trade.quantity, price * trade.quantity) - leg.fee
        stake.profit += profit
        self._stakes.put(stake)
        self._count(recorded, leg.account_id, profit)

    def _redeemed(self, recorded: Recorded[PairsRedeemed]) -> None:
        event = recorded.event
        stake = self._stakes.get((event.account_id, recorded.stream.removeprefix(MARKET)))
        assert stake is not None, "an account redeems what it never bought"
        profit = holding.redeem(stake, event.quantity)
        stake.profit += profit
        self._stakes.put(stake)
        self._count(recorded, event.account_id, profit)

    def _settled(self, recorded: Recorded[PositionSettled]) -> None:
        event = recorded.event
        key = (event.account_id, recorded.stream.removeprefix(MARKET))
        stake = self._stakes.get(key)
        if stake is None:
            return
        returned = event.fees if event.fees_returned else 0
        self._count(recorded, event.account_id, holding.close(stake, event.payout) + returned)
        self._stakes.drop(key)

    def _unwound(self, recorded: Recorded[PositionUnwound]) -> None:
        key = (recorded.event.account_id, recorded.stream.removeprefix(MARKET))
        stake = self._stakes.get(key)
        if stake is None:
            return
        self._count(recorded, recorded.event.account_id, -stake.profit)
        self._stakes.drop(key)

    def _count(self, recorded: Recorded[Profitable], account_id: str, profit: int) -> None:
        at_us = recorded.cause.at_us
        first = False
        for period, start_us in _starts(at_us // _DAY_US):
            row = self._standings.get((period, start_us, account_id))
            if row is None:
                first = True
                self._standings.put(StandingRow(period, start_us, account_id, profit))
            elif profit:
                row.profit += profit
                self._standings.put(row)
        if profit or first:
            self._profits.add(ProfitRow(at_us, recorded.position, account_id, profit))
