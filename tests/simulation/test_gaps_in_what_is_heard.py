"""A store whose subscriptions leave events out: settlement misses none, read models tell which they miss."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.read_models.opening import open_read_models
from adapters.read_models.rebuilding import rebuild
from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.health import Health, Trouble
from application.ports.event_store import START, Filter, Page, Position
from tests.acceptance.read_rows import rows_of
from tests.simulation.scenarios import A, B, fund, open_market

ORDERS = 40


class Forgetful(FailingStore):
    """A store that does not tell its subscribers of every tenth event, while it is forgetful."""

    forgets = True

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        async for page in super().subscribe(after=after, matching=matching):
            told = [event for event in page.events if not (self.forgets and event.position % 10 == 3)]
            yield Page(events=told, position=page.position, caught_up=page.caught_up)


async def traded(world: World) -> None:
    """Trade while events are left out, then a little more while none are."""
    assert isinstance(world.store, Forgetful)
    await fund(world)
    await open_market(world, "M")
    draw = random.Random(3)
    for forgets, orders in ((True, ORDERS), (False, 4)):
        world.store.forgets = forgets
        for number in range(orders):
            side = ("yes", "no")[number % 2]
            await world.place((A, B)[number % 2], side, "buy", draw.randint(45, 55), draw.randint(1, 5))
        await world.exchange.settled()


async def test_settlement_books_what_its_subscription_left_out(caplog: pytest.LogCaptureFixture) -> None:
    world = World(1, Forgetful)
    await world.start()
    await traded(world)
    assert await world.violations(0) == []
    await world.finish()
    assert await world.leftovers() == []
    assert "not delivered: read from the log again (events_missing)" in caplog.text
    await world.exchange.close()


async def test_read_models_tell_what_they_lack_until_they_are_rebuilt(tmp_path: Path) -> None:
    world, health = World(1, Forgetful), Health()
    await world.start()
    live, again = tmp_path / "live", tmp_path / "again"
    live.mkdir()
    again.mkdir()
    async with open_read_models(
        live / "read.db", source=world.store, codec=world.codec, clock=world.clock, health=health
    ) as models:
        await traded(world)
        async with asyncio.timeout(20):
            head = await world.log.head()
            while models.stats.position < head and not models.stats.halted:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)
        [told] = [each.message for each in health.conditions if each.code is Trouble.EVENTS_LEFT_OUT]
    await world.exchange.close()
    assert "presage rebuild --all takes them in" in told
    late = [position for position, error in parked_in(live) if error == "it was delivered after later events"]
    assert {position % 10 for position in late} == {3}
    for folder in (live, again):
        await rebuild(
            folder / "read.db",
            log=world.log,
            codec=world.codec,
            clock=world.clock,
            resume=False,
            on_progress=lambda _: None,
        )
    assert rows_of(live) == rows_of(again)
    assert parked_in(live) == []


def parked_in(folder: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(folder / "read.db")) as file:
        return file.execute("SELECT position, error FROM parked_events").fetchall()
