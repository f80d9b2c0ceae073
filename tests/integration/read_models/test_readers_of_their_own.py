"""Readers in one process, the projector in another: books are followed, rows read, both waited for."""

import asyncio
from contextlib import suppress

import pytest

from adapters.read_models.opening import open_projector, open_read_models, open_readers
from domain.identifiers import AccountId
from projections.reading.queries import OrderFilter
from projections.reading.views import OrderStatus
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import CODEC
from tests.integration.read_models.random_flow import ACCOUNTS, MARKETS, random_flow
from tests.integration.read_models.test_faults import MOON_SHOT, CodecOfAnOldProgram, eventually


@pytest.mark.parametrize("started", ["readers first", "projector first"])
async def test_readers_see_what_the_projector_of_another_process_writes(
    database: Database, started: str
) -> None:
    async with random_flow(51) as flow:
        await flow.trade(40)
        one = open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock)
        other = open_readers(database, source=flow.log, codec=CODEC, clock=flow.clock)
        if started == "readers first":
            async with other as readers, one as projector:
                await check(flow, readers, projector)
        else:
            async with one as projector:
                assert await projector.models.freshness.await_position(await flow.log.head(), 10)
                async with other as readers:
                    await check(flow, readers, projector)


async def check(flow, readers, projector) -> None:  # noqa: ANN001
    for _ in range(3):
        await flow.trade(20)
        head = await flow.log.head()
        assert await readers.models.freshness.await_position(head, 10)
        assert readers.models.freshness.position >= head
        assert (readers.stats.position, readers.stats.caught_up) == (head, True)
        assert await projector.models.freshness.await_position(head, 10)
        for ticker in MARKETS:
            book = await readers.models.books.book(ticker)
            assert book == await projector.models.books.book(ticker)
        for account in ACCOUNTS:
            resting = OrderFilter(status=OrderStatus.RESTING)
            orders = await readers.models.orders.orders(AccountId(account), resting)
            queue = await readers.models.books.queue_positions(AccountId(account))
            resting_ids = {order.order_id for order in orders.items if not order.stop_price_ticks}
            assert resting_ids <= {position.order_id for position in queue}
    assert readers.audit.good > 0, "trades and their bookings are followed here too"
    assert readers.stats.behind_s.observations > 0


async def test_readers_whose_projector_stands_still_are_told_in_time(database: Database) -> None:
    async with random_flow(52) as flow:
        async with open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock) as projector:
            assert await projector.models.freshness.await_position(await flow.log.head(), 10)
        async with open_readers(database, source=flow.log, codec=CODEC, clock=flow.clock) as readers:
            assert await readers.models.freshness.await_position(await flow.log.head(), 10)
            await flow.trade(10)
            assert not await readers.models.freshness.await_position(await flow.log.head(), 0.2)
            await eventually(lambda: not readers.stats.caught_up)
            assert readers.stats.lag_us(flow.clock.now_us()) > 0


async def test_those_who_watch_from_another_process_learn_what_stands_still_and_why(
    database: Database,
) -> None:
    async with random_flow(53) as flow:
        await flow.trade(10)
        before = await flow.log.head()
        await flow.close()
        await flow.log.append("market-MOON", [MOON_SHOT], expected=-1)
        old = CodecOfAnOldProgram()
        projecting = open_projector(database, source=flow.log, codec=old, clock=flow.clock)
        async with (
            projecting as runner,
            open_readers(database, source=flow.log, codec=old, clock=flow.clock) as readers,
        ):
            running = asyncio.create_task(runner.run())
            await eventually(lambda: "portfolio" in readers.stats.halted)
            assert readers.stats.halted == runner.stats.halted
            assert "MarketMoonShot at market-MOON/0" in readers.stats.halted["portfolio"]
            assert readers.stats.parked == runner.stats.parked
            assert readers.models.freshness.position == before
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        async with (
            open_projector(database, source=flow.log, codec=CODEC, clock=flow.clock),
            open_readers(database, source=flow.log, codec=CODEC, clock=flow.clock) as readers,
        ):
            assert "portfolio" in readers.stats.halted, "it is known before the projector has begun again"
