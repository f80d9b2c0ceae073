"""A market of a group becomes conditional while its group is resolved: one of the group still ends yes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.ports.event_store import Appended, NewEvent
from domain.group.aggregate import GroupStatus
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Result
from domain.rejections import Rejected

from .scenarios import FEES, fund, open_market

RACE = GroupId("RACE")
FIRST, SECOND, PARENT = Ticker("RACE-1"), Ticker("RACE-2"), Ticker("PARENT")
TURNS = 300
"""How many turns what comes in between has: all that it takes, unless it has to wait for that very append."""


class InterruptedStore(FailingStore):
    """Lets something else happen before an append."""

    interrupt_at = 0
    interruption: Callable[[], Awaitable[object]]
    under_way: asyncio.Task[object] | None = None

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if self.appends + 1 == self.interrupt_at and self.under_way is None:
            self.under_way = asyncio.ensure_future(self.interruption())  # type: ignore[assignment]
            for _ in range(TURNS):
                await asyncio.sleep(0)
        return await super().append(stream, events, expected=expected)


async def a_race_with_a_member_that_has_not_opened(world: World) -> InterruptedStore:
    await world.start()
    await fund(world)
    await open_market(world, PARENT)
    operations = world.exchange.operations
    await operations.create_group(CreateGroup(group_id=RACE, title="Who wins?"))
    await operations.create_market(CreateMarket(ticker=FIRST, title="first", fees=FEES, group_id=RACE))
    await open_market(world, SECOND, group_id=RACE)
    await world.exchange.settled()
    assert isinstance(world.store, InterruptedStore)
    world.store.interruption = lambda: operations.link_condition(FIRST, PARENT, Result.YES)
    return world.store


async def test_a_market_that_becomes_conditional_while_it_wins_does_not_win_and_end_void() -> None:
    linked = 0
    for number in count(1):
        world = World(store_type=InterruptedStore)
        store = await a_race_with_a_member_that_has_not_opened(world)
        operations, directory = world.exchange.operations, world.exchange.directory
        store.interrupt_at = store.appends + number
        resolved = await operations.resolve_group(RACE, FIRST)
        if store.under_way is None:
            await world.exchange.close()
            break
        linked += not isinstance(await store.under_way, Rejected)
        await operations.resolve(PARENT, Result.NO)
        await world.exchange.settled()
        group = await directory.group(RACE).state()
        if isinstance(resolved, Rejected):
            # It knows the result, which does not stand, and its condition has failed: another one wins.
            assert group.status is GroupStatus.DETERMINED, number
            await operations.dispute_group(RACE, "called off")
            assert not isinstance(await operations.resolve_group(RACE, SECOND), Rejected), number
        await world.exchange.settled()
        results = [(await directory.market(ticker).state()).result for ticker in (FIRST, SECOND)]
        assert results.count(Result.YES) == 1, (number, results)
        assert await world.violations(patience_us=0) == [], number
        await world.exchange.close()
    assert linked == 1
