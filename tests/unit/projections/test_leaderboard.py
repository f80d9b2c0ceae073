"""The leaderboard projection (exercise 7), asked and fed by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from adapters.read_models.opening import open_store
from domain.identifiers import AccountId
from domain.market.events import PositionSettled, PositionUnwound
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity
from projections.leaderboard import LeaderboardProjection, period_start_us
from projections.reading.queries import InvalidQuery
from projections.reading.views import LeaderboardPeriod
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from tests.unit.projections.events import Log, leg, trade

DAY_US = 86_400_000_000


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1_000_000


class Fixed:
    def __init__(self, now_us: int) -> None:
        self.now = now_us

    def now_us(self) -> int:
        return self.now


class Board(Log):
    """A leaderboard over a store, and markets in which traders win and lose."""

    clock: Fixed
    projection: LeaderboardProjection
    runner: ProjectionRunner

    def wins(self, trader: str, cents: int, *, at_us: int | None = None, ticker: str = "M") -> None:
        """Let a trader sell at a profit (or a loss) what it bought at half a dollar."""
        when = self.clock.now if at_us is None else at_us
        stream = f"market-{ticker}"
        self.add(stream, trade(leg("other", Side.NO), leg(trader, Side.YES), 5_000, 100), at_us=when)
        sale = leg(trader, Side.YES, Action.SELL)
        self.add(
            stream, trade(leg("other", Side.NO, Action.SELL), sale, 5_000 + 100 * cents, 100), at_us=when
        )

    async def top(
        self, n: int = 10, period: LeaderboardPeriod = LeaderboardPeriod.ALL
    ) -> list[tuple[int, str, int]]:
        new = self.events[self.taken :]
        self.taken = len(self.events)
        if new:
            await self.runner.take(Batch(new, new[-1].position, caught_up=True))
            assert self.runner.stats.parked == {}
        entries = await self.projection.get_top(n, period)
        return [(entry.rank, entry.account_id, entry.profit) for entry in entries]

    taken = 0


@asynccontextmanager
async def leaderboard(folder: Path) -> AsyncIterator[Board]:
    board = Board()
    board.clock = Fixed(at(2024, 5, 15))
    async with open_store(folder / "read.db", board.clock) as (store, answers):
        board.projection = LeaderboardProjection(answers.leaderboard)
        board.runner = ProjectionRunner(
            store=store,
            source=None,  # type: ignore[arg-type]
            codec=None,  # type: ignore[arg-type]
            projections=[board.projection],
            progress=Progress(),
        )
        yield board


async def test_nobody_leads_before_anybody_traded(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        assert await board.top() == []


async def test_traders_rank_by_profit_and_each_trade_moves_them(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.wins("ann", 10)
        board.wins("bob", 20)
        assert (await board.top())[:2] == [(1, "bob", 200_000), (2, "ann", 100_000)]
        board.wins("ann", 15)
        assert (await board.top())[:2] == [(1, "ann", 250_000), (2, "bob", 200_000)]


async def test_only_as_many_as_asked_for_are_returned(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        for number in range(20):
            board.wins(f"trader-{number:02d}", number)
        assert [name for _, name, _ in await board.top(3)] == ["trader-19", "trader-18", "trader-17"]
        with pytest.raises(InvalidQuery):
            await board.top(0)


async def test_equal_profits_share_a_rank_and_the_next_one_is_left_out(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        for trader, cents in (("ann", 5), ("bob", 9), ("cat", 5), ("dan", 1)):
            board.wins(trader, cents)
        ranks = [(rank, name) for rank, name, _ in await board.top()]
        assert ranks[:4] == [(1, "bob"), (2, "ann"), (2, "cat"), (4, "dan")]


async def test_losers_are_on_the_board_below_those_who_broke_even(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.wins("ann", -30)
        board.wins("bob", 0, ticker="N")
        top = await board.top()
        assert (1, "other", 300_000) in top
        assert top[-2:] == [(2, "bob", 0), (3, "ann", -300_000)]


async def test_a_trader_who_holds_on_has_made_nothing_yet_but_has_paid_its_fee(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.add("market-M", trade(leg("ann", Side.NO), leg("bob", Side.YES, fee=7_000), 9_000, 500))
        assert await board.top() == [(1, "ann", 0), (2, "bob", -7_000)]


async def test_profit_counts_in_the_day_week_and_month_it_was_made_in(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.wins("ann", 10, at_us=at(2024, 4, 30))
        board.wins("ann", 20, at_us=at(2024, 5, 2))
        board.wins("ann", 30, at_us=at(2024, 5, 14))
        board.wins("ann", 40, at_us=at(2024, 5, 15, 1))
        profits = {
            period: {name: profit for _, name, profit in await board.top(10, period)}["ann"]
            for period in LeaderboardPeriod
        }
        assert profits == {
            LeaderboardPeriod.DAY: 400_000,
            LeaderboardPeriod.WEEK: 700_000,
            LeaderboardPeriod.MONTH: 900_000,
            LeaderboardPeriod.ALL: 1_000_000,
        }
        board.clock.now = at(2024, 5, 16)
        assert await board.top(10, LeaderboardPeriod.DAY) == []


async def test_a_payout_counts_with_the_fees_that_were_given_back(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.add("market-M", trade(leg("ann", Side.NO, fee=100), leg("bob", Side.YES, fee=300), 4_000, 100))
        board.add("market-M", settled("bob", yes=100, payout=500_000, fees=300, returned=True))
        board.add("market-M", settled("ann", no=100, payout=500_000, fees=100, returned=True))
        assert await board.top() == [(1, "bob", 100_000), (2, "ann", -100_000)]


async def test_what_was_won_in_a_market_that_is_called_off_is_taken_back(tmp_path: Path) -> None:
    async with leaderboard(tmp_path) as board:
        board.wins("ann", 25)
        board.wins("ann", 5, ticker="N")
        unwound = PositionUnwound(
            account_id=AccountId("ann"),
            yes=Quantity(0),
            no=Quantity(0),
            refund=Money(-250_000),
            fees=Money(0),
        )
        assert (await board.top())[0] == (1, "ann", 300_000)
        board.add("market-M", unwound)
        assert ("ann", 50_000) in [(name, profit) for _, name, profit in await board.top()]


async def test_standings_are_those_of_a_recomputation_on_random_trades(tmp_path: Path) -> None:
    random = Random(9)
    async with leaderboard(tmp_path) as board:
        profits: dict[str, int] = {}
        for _ in range(400):
            trader, cents = f"trader-{random.randint(0, 30)}", random.randint(-20, 20)
            board.wins(trader, cents, ticker=random.choice("MNO"))
            for name, gain in ((trader, cents), ("other", -cents)):
                profits[name] = profits.get(name, 0) + 10_000 * gain
            if random.random() < 0.1:
                await board.top()
        top = await board.top(100)
        assert {name: profit for _, name, profit in top} == profits
        for rank, _, profit in top:
            assert rank == 1 + sum(1 for other in profits.values() if other > profit)


async def test_standings_of_any_moment_are_those_that_were_read_then(tmp_path: Path) -> None:
    random = Random(10)
    async with leaderboard(tmp_path) as board:
        then: list[tuple[int, LeaderboardPeriod, list[tuple[int, str, int]]]] = []
        for _ in range(60):
            board.clock.now += random.choice((1, 1_000_000, DAY_US // 7, DAY_US, 9 * DAY_US))
            for _ in range(random.randint(0, 3)):
                board.wins(
                    f"trader-{random.randint(0, 9)}", random.randint(-9, 9), ticker=random.choice("MN")
                )
            then.extend(
                [(board.clock.now, period, await board.top(5, period)) for period in LeaderboardPeriod]
            )
        for at_us, period, top in then:
            entries = await board.projection.get_top(5, period, at_us=at_us)
            assert [(entry.rank, entry.account_id, entry.profit) for entry in entries] == top


def settled(
    account: str, *, payout: int, fees: int, returned: bool, yes: int = 0, no: int = 0
) -> PositionSettled:
    return PositionSettled(
        account_id=AccountId(account),
        yes=Quantity(yes),
        no=Quantity(no),
        payout=Money(payout),
        fees=Money(fees),
        fees_returned=returned,
    )


@pytest.mark.parametrize(
    ("moment", "day", "week", "month"),
    [
        (at(2024, 5, 15), at(2024, 5, 15, 0), at(2024, 5, 13, 0), at(2024, 5, 1, 0)),
        (at(2024, 1, 1, 0), at(2024, 1, 1, 0), at(2024, 1, 1, 0), at(2024, 1, 1, 0)),
        (at(2023, 12, 31, 23), at(2023, 12, 31, 0), at(2023, 12, 25, 0), at(2023, 12, 1, 0)),
        (at(2024, 2, 29), at(2024, 2, 29, 0), at(2024, 2, 26, 0), at(2024, 2, 1, 0)),
    ],
)
def test_days_weeks_and_months_begin_at_midnight_mondays_and_firsts(
    moment: int, day: int, week: int, month: int
) -> None:
    assert period_start_us(LeaderboardPeriod.DAY, moment) == day
    assert period_start_us(LeaderboardPeriod.WEEK, moment) == week
    assert period_start_us(LeaderboardPeriod.MONTH, moment) == month
    assert period_start_us(LeaderboardPeriod.ALL, moment) == 0


def test_who_is_paid_for_what_it_never_traded_has_no_profit_from_it() -> None:
    projection = LeaderboardProjection(None)  # type: ignore[arg-type]
    projection._stakes.expect_new(("ann", "M"))
    account, none = AccountId("ann"), Quantity(0)
    paid = PositionSettled(
        account_id=account, yes=none, no=none, payout=Money(5), fees=Money(0), fees_returned=True
    )
    undone = PositionUnwound(account_id=account, yes=none, no=none, refund=Money(5), fees=Money(0))
    for event in (paid, undone):
        projection.handlers[type(event)](Log().add("market-M", event))
    assert list(projection._standings.at_hand()) == []
