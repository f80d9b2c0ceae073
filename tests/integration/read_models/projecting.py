"""Projects a whole log into a database, and opens what answers from it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.event_schemas.codec import JsonCodec
from adapters.read_models.opening import ReadStore, open_store
from adapters.read_models.queries.answers import SqlAnswers
from adapters.read_models.queries.board import read_board
from application.events import DomainEvent, Recorded
from application.ports.event_store import Position
from projections.catalog import all_projections
from projections.live.live_markets import LiveBooks, LiveMarkets
from projections.live.market_board import MarketBoard
from projections.reading.queries import ReadModels
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.projection import Projection
from projections.running.runner import ProjectionRunner
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.random_flow import Flow

CODEC = JsonCodec()


@dataclass
class Projected:
    """Read models that are fed by hand."""

    flow: Flow
    store: ReadStore
    answers: SqlAnswers
    projections: list[Projection]
    progress: Progress
    board: MarketBoard
    runner: ProjectionRunner

    @property
    def models(self) -> ReadModels:
        answers = self.answers
        return ReadModels(
            markets=LiveMarkets(self.board, answers.markets),
            books=LiveBooks(self.board, answers.books),
            orders=answers.orders,
            portfolio=answers.portfolio,
            keys=answers.keys,
            leaderboard=answers.leaderboard,
            freshness=self.progress,
        )

    async def catch_up(self) -> None:
        """Take in everything the log holds by now."""
        async for page in self.flow.log.read_all(after=self.progress.position):
            await self.take([CODEC.decode(event) for event in page.events], page.position)

    async def take(self, events: Sequence[Recorded[DomainEvent]], position: Position) -> None:
        await self.runner.take(Batch(events, position, caught_up=True))


@asynccontextmanager
async def projected(database: Database, flow: Flow) -> AsyncIterator[Projected]:
    """Open read models over a flow's log, as they stand in the database, without following the log."""
    async with open_store(database, flow.clock) as (store, answers):
        board = MarketBoard(flow.clock)
        board.restore(await read_board(store, flow.clock.time_us))
        progress, projections = Progress(), all_projections(answers)
        runner = ProjectionRunner(
            store=store,
            source=flow.log,
            codec=CODEC,
            projections=projections,
            progress=progress,
            listeners=[board],
        )
        await runner.resume()
        yield Projected(flow, store, answers, projections, progress, board, runner)
