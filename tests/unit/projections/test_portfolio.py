"""The portfolio projection (exercise 6), fed by hand: what a position cost, and how it ended."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.read_models.opening import open_store
from domain.identifiers import AccountId
from domain.market.events import MarketFinalized, MarketVoided, PositionSettled
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity, Ticks
from projections.portfolio import PortfolioProjection
from projections.reading.queries import PortfolioQueries
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from tests.unit.projections.events import Log, leg, trade

ANN, BOB = AccountId("ann"), AccountId("bob")


class Fixed:
    def now_us(self) -> int:
        return 0


class Portfolios(Log):
    answers: PortfolioQueries
    projection: PortfolioProjection
    runner: ProjectionRunner

    async def take(self) -> None:
        await self.runner.take(Batch(self.events, self.events[-1].position, caught_up=True))
        assert self.runner.stats.parked == {}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Portfolios]:
    world = Portfolios()
    async with open_store(tmp_path / "read.db", Fixed()) as (store, answers):
        world.answers = answers.portfolio
        world.projection = PortfolioProjection(answers.portfolio)
        world.runner = ProjectionRunner(
            store=store,
            source=None,
            codec=None,
            projections=[world.projection],
            progress=Progress(),  # type: ignore[arg-type]
        )
        yield world


def traded(world: Portfolios) -> None:
    """Ann takes yes at 40 and 60 cents and gives a third of it at 70; Bob has the other side."""
    for cents, quantity, at_us in ((40, 100, 1), (60, 200, 2)):
        ann, bob = leg(ANN, Side.YES, fee=7), leg(BOB, Side.NO)
        world.add("market-M", trade(bob, ann, 100 * cents, quantity), at_us=at_us)
    ann, bob = leg(ANN, Side.YES, Action.SELL, fee=3), leg(BOB, Side.NO, Action.SELL)
    world.add("market-M", trade(bob, ann, 7_000, 100), at_us=3)


def settled(account: AccountId, *, yes: int, no: int, payout: int, fees: int, back: bool) -> PositionSettled:
    return PositionSettled(
        account_id=account, yes=Quantity(yes), no=Quantity(no), payout=Money(payout), fees=Money(fees),
        fees_returned=back,
    )  # fmt: skip


# Bought for 400,000 and 1,200,000; a third of that went with the shares that were sold for 700,000.
COST, LEFT = 1_600_000, 1_600_000 - 533_333


async def test_a_position_is_what_is_held_what_it_cost_and_what_was_made(world: Portfolios) -> None:
    traded(world)
    await world.take()
    [ann] = await world.projection.get_positions(ANN)
    assert (ann.yes, ann.no, ann.yes_cost, ann.no_cost) == (200, 0, LEFT, 0)
    assert (ann.realized_pnl, ann.fees) == (700_000 - 533_333, 17)
    assert (ann.shares_traded, ann.total_traded, ann.updated_at_us) == (400, 2_300_000, 3)
    [bob] = await world.projection.get_positions(BOB)
    # The no side of the same trades: 60 and 40 cents, and 30 when it was given up.
    assert (bob.yes, bob.no, bob.yes_cost, bob.no_cost) == (0, 200, 0, 1_400_000 - 466_666)
    assert (bob.realized_pnl, bob.total_traded) == (300_000 - 466_666, 1_700_000)


async def test_a_settlement_has_the_cost_of_each_side_and_what_it_paid(world: Portfolios) -> None:
    traded(world)
    world.add("market-M", MarketFinalized(result=Result.YES), at_us=4)
    world.add("market-M", settled(ANN, yes=200, no=0, payout=2_000_000, fees=17, back=False), at_us=5)
    world.add("market-M", settled(BOB, yes=0, no=200, payout=0, fees=0, back=False), at_us=5)
    await world.take()
    [ann] = (await world.answers.settlements(ANN)).items
    assert (ann.yes, ann.no, ann.yes_cost, ann.no_cost) == (200, 0, LEFT, 0)
    assert (ann.payout, ann.fees, ann.fees_returned, ann.unwound) == (2_000_000, 17, False, False)
    assert (ann.result, ann.yes_ticks, ann.at_us) == (Result.YES, 10_000, 5)
    [bob] = (await world.answers.settlements(BOB)).items
    assert (bob.yes_cost, bob.no_cost, bob.payout) == (0, 1_400_000 - 466_666, 0)
    assert await world.projection.get_positions(ANN) == []
    [ended] = (await world.answers.get_positions(ANN)).items
    assert (ended.realized_pnl, ended.fees) == (700_000 - 533_333 + 2_000_000 - LEFT, 17)


async def test_a_void_pays_its_price_and_gives_the_fees_back(world: Portfolios) -> None:
    traded(world)
    world.add("market-M", MarketVoided(yes_price_ticks=Ticks(5_500), reason="no figure"), at_us=4)
    world.add("market-M", settled(ANN, yes=200, no=0, payout=1_100_000, fees=17, back=True), at_us=5)
    await world.take()
    [ann] = (await world.answers.settlements(ANN)).items
    assert (ann.result, ann.yes_ticks, ann.fees_returned) == (Result.VOID, 5_500, True)
    [ended] = (await world.answers.get_positions(ANN)).items
    assert (ended.yes, ended.realized_pnl, ended.fees) == (0, 700_000 - 533_333 + 1_100_000 - LEFT, 0)
