"""Accounts are told of every order at least once, whatever dies and whoever does not listen."""

import pytest

from adapters.simulation.world import World
from domain.identifiers import AccountId
from domain.market.events import OrderPlaced
from domain.webhooks.aggregate import WebhookSet

from .scenarios import A, B, fund, open_market
from .told import ToldWorld

GOOD, BAD = "https://good.example/", "https://bad.example/"


def deaf(url: str, _request: int) -> str | None:
    return "the answer was 500" if url == BAD else None


async def story(world: World) -> None:
    """One account's endpoint takes everything, the other's nothing."""
    assert isinstance(world, ToldWorld)
    world.endpoint.fault = deaf
    await fund(world)
    await open_market(world, "M")
    await world.place(A, "yes", "buy", 30, 1)
    await world.exchange.webhooks.set(A, "desk", GOOD)
    await world.exchange.webhooks.set(B, "desk", BAD)
    await world.place(A, "yes", "buy", 40, 5, client_order_id="first")
    await world.place(B, "no", "buy", 60, 2)
    await world.place(A, "yes", "buy", 40, 5, client_order_id="first")
    await world.place(B, "no", "buy", 55, 1)
    await world.told()
    await world.exchange.webhooks.retry(B, "desk", ())
    await world.told()
    await world.place(A, "yes", "buy", 41, 1)
    await world.told()
    await world.hush()


async def owed(world: World, account: AccountId) -> set[str]:
    """Return the orders of an account that were placed since its webhook was set: from the log alone."""
    since_us, owed = None, set()
    async for page in world.log.read_all():
        for stored in page.events:
            recorded = world.codec.decode(stored)
            event = recorded.event
            if isinstance(event, WebhookSet) and event.account_id == account:
                since_us = event.since_us
            if isinstance(event, OrderPlaced) and event.account_id == account and since_us is not None:
                owed.add(event.order_id)
    return owed


async def check_told(world: ToldWorld, where: str) -> None:
    """Check, after a start, that everybody is told, and that what did not get through can be asked for."""
    await world.exchange.settled()
    await world.told()
    assert world.endpoint.orders(GOOD) == await owed(world, A), where
    dead = await world.exchange.webhooks.dead(B)
    assert len(dead) == len(await owed(world, B)), where
    world.endpoint.fault = lambda _url, _request: None
    if dead:
        await world.exchange.webhooks.retry(B, "desk", ())
    await world.told()
    assert world.endpoint.orders(BAD) == await owed(world, B), where
    assert await world.exchange.webhooks.dead(B) == [], where
    assert world.health.conditions == [], where
    assert await world.violations() == [], where


async def test_everybody_is_told_once_while_nothing_dies() -> None:
    world = ToldWorld()
    assert not await world.run(story)
    assert sorted(order for url, order in world.endpoint.taken if url == GOOD) == sorted(await owed(world, A))
    tries = [order for url, order in world.endpoint.requests if url == BAD]
    assert len(tries) == 2 * 12 * 2, "two orders, twelve tries each, and once more after they were asked for"
    await world.start()
    await check_told(world, "afterwards")
    once_more = [order for url, order in world.endpoint.taken if url == GOOD]
    assert sorted(once_more) == sorted(await owed(world, A)), "who closed in order tells nobody twice"
    await world.hush()
    await world.exchange.close()
    await world.end()


async def uses_and_appends() -> tuple[int, int]:
    world = ToldWorld()
    assert not await world.run(story)
    await world.end()
    return world.outbox.uses, world.store.appends


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_append_loses_no_notice_and_no_order(after: bool) -> None:  # noqa: FBT001
    _, appends = await uses_and_appends()
    for crash_at in range(1, appends + 1):
        world = ToldWorld()
        crashed = await world.run(story, crash_at=crash_at, after=after)
        await after_the_crash(world, f"crash {'after' if after else 'before'} append {crash_at}: {crashed}")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_use_of_the_outbox_loses_no_notice_and_no_order(after: bool) -> None:  # noqa: FBT001
    uses, _ = await uses_and_appends()
    assert uses > 50
    crashes = 0
    for die_at in range(1, uses + 1):
        world = ToldWorld()
        world.die_at, world.after = die_at, after
        crashes += await world.run(story)
        await after_the_crash(world, f"crash {'after' if after else 'before'} use {die_at} of the outbox")
    assert crashes > 50


async def after_the_crash(world: ToldWorld, where: str) -> None:
    world.die_at = None
    world.endpoint.fault = deaf
    await world.start()
    await check_told(world, where)
    await world.hush()
    await world.finish()
    assert await world.leftovers() == [], where
    await world.exchange.close()
    await world.end()
