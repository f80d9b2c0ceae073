"""Readers in one process, the projector in another: books are followed, rows read, both waited for."""

import pytest

from adapters.read_models.opening import open_read_models, open_readers
from domain.identifiers import AccountId
from projections.queries import OrderFilter
from projections.views import OrderStatus
from tests.databases import fresh_postgres
from tests.integration.read_models.projecting import CODEC
from tests.integration.read_models.random_flow import ACCOUNTS, MARKETS, random_flow


@pytest.mark.parametrize("started", ["readers first", "projector first"])
async def test_readers_see_what_the_projector_of_another_process_writes(started: str) -> None:
    async with random_flow(51) as flow:
        await flow.trade(40)
        with fresh_postgres() as address:
            one = open_read_models(address, source=flow.log, codec=CODEC, clock=flow.clock)
            other = open_readers(address, source=flow.log, codec=CODEC, clock=flow.clock)
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


async def test_readers_whose_projector_stands_still_are_told_in_time() -> None:
    async with random_flow(52) as flow:
        with fresh_postgres() as address:
            async with open_read_models(address, source=flow.log, codec=CODEC, clock=flow.clock) as projector:
                assert await projector.models.freshness.await_position(await flow.log.head(), 10)
            async with open_readers(address, source=flow.log, codec=CODEC, clock=flow.clock) as readers:
                assert await readers.models.freshness.await_position(await flow.log.head(), 10)
                await flow.trade(10)
                assert not await readers.models.freshness.await_position(await flow.log.head(), 0.2)
