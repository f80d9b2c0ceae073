"""A log from before pairs were redeemed opens, verifies and rebuilds as ever, and its pairs are redeemed."""

from typing import Any

import pytest

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.simulation.older_keys import NoOlderKeys
from adapters.simulation.sources import SeededIds
from application.verification.verify import verify
from domain.market.state import MarketState
from domain.market.vocabulary import MarketStatus
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import CODEC, Projected, projected
from tests.integration.read_models.random_flow import ACCOUNTS, PARENT, SINGLE, Flow, random_flow
from tests.integration.read_models.test_rows_agree_with_the_exchange import check_all, states

Holdings = dict[tuple[str, str], tuple[int, int, int, int, int]]


def redeems_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let markets forget who holds both outcomes, as they did when they knew no better."""
    forgotten = property(lambda _: {}, lambda _, value: None)
    patch.setattr(MarketState, "paired", forgotten, raising=False)


async def holdings(read: Projected) -> Holdings:
    """Return the shares of each account in each market, what they cost and what was earned."""
    positions = [
        (account, each)
        for account in ACCOUNTS
        for each in (await read.answers.portfolio.get_positions(account, limit=1_000)).items
    ]
    return {
        (account, each.ticker): (each.yes, each.no, each.yes_cost, each.no_cost, each.realized_pnl)
        for account, each in positions
    }


async def names(flow: Flow) -> list[Any]:
    return [event.type async for page in flow.log.read_all() for event in page.events]


async def taken_up(flow: Flow) -> Flow:
    """Open the exchange again on the log of one that was closed."""
    exchange = await build_exchange(
        flow.log,
        JsonCodec(),
        order_keys=NoOlderKeys(),
        transfer_keys=NoOlderKeys(),
        checkpoints=MemoryCheckpoints(),
        clock=flow.clock,
        ids=SeededIds(99),
        partitions=3,
    )
    await exchange.start()
    later = Flow(exchange, flow.log, flow.clock, seed=99)
    later.orders = flow.orders
    return later


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_log_with_pairs_is_read_as_ever_and_each_market_redeems_its_own(database: Database) -> None:
    with pytest.MonkeyPatch.context() as patch:
        redeems_nothing(patch)
        flow_of_before = random_flow(21)
        flow = await flow_of_before.__aenter__()
        await flow.trade(200)
        async with projected(database, flow) as read:
            await check_all(flow, read)
            before = await holdings(read)
        await flow.close()
    assert sum(bool(yes and no) for yes, no, *_ in before.values()) > 5
    written = await names(flow)
    assert "PairsRedeemed" not in written

    # Only looked at, it is as it was.
    assert (await verify(flow.log, CODEC)).violations == []
    assert await names(flow) == written

    later = await taken_up(flow)
    async with projected(database, later) as read:
        await later.trade(80)
        await check_all(later, read)
        found = await states(later)
        assert sum(name == "PairsRedeemed" for name in await names(later)) > 5
        traded = [state for state in found.values() if state.status is MarketStatus.ACTIVE]
        assert [state.ticker for state in traded if state.paired] == []
        assert found[SINGLE].status is found[PARENT].status is MarketStatus.ACTIVE
        await later.resolve()
        await check_all(later, read)
    await later.close()
    assert (await verify(flow.log, CODEC)).violations == []
    await flow_of_before.__aexit__(None, None, None)
