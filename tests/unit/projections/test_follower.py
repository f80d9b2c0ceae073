"""Following the log in memory beside rows that another process writes, and waiting for both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from uuid import uuid4

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.virtual_time import run_simulated
from application.events import Cause, DomainEvent, Recorded
from application.health import Health
from application.ports.event_store import NO_STREAM, START, NewEvent, Page, Position
from domain.group.events import GroupFinalized
from domain.identifiers import AccountId, Ticker
from domain.ledger.events import FundsDeposited, OrderGroupTriggered
from domain.market.events import MarketClosed, MarketPaused
from domain.quantities import Money
from projections.running import follower
from projections.running.follower import Follower, SlowestOf
from projections.running.progress import Progress

ANN, M = AccountId("ann"), Ticker("M")
DEPOSITED = FundsDeposited(account_id=ANN, amount=Money(5), reference="first")
TRIGGERED = OrderGroupTriggered(order_group_id="g", account_id=ANN)


class Noting:
    """A listener that remembers what it was given."""

    def __init__(self) -> None:
        self.events: list[DomainEvent] = []

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        self.events += [each.event for each in events]


class Followed:
    """A log, and who follows it from a position on."""

    def __init__(self) -> None:
        self.log, self.codec = MemoryEventStore(), JsonCodec()
        self.noting, self.progress = Noting(), Progress()
        self.follower = Follower(
            source=self.log,
            codec=self.codec,
            listeners=[self.noting],
            progress=self.progress,
            health=Health(),
        )

    async def append(self, stream: str, event: DomainEvent, at_us: int) -> None:
        cause = Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=at_us)
        await self.raw(stream, self.codec.encode(event, uuid4(), cause))

    async def raw(self, stream: str, event: NewEvent) -> None:
        await self.log.append(stream, [event], expected=NO_STREAM)

    async def follow(self, after: int) -> None:
        following = asyncio.create_task(self.follower.run(Position(after)))
        assert await self.progress.await_position(await self.log.head(), 10)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_listeners_are_given_what_happens_in_markets_and_groups_and_a_little_of_ledgers() -> None:
    world = Followed()
    await world.append("market-PASSED", MarketPaused(reason="long ago"), 1)
    await world.append("market-M", MarketClosed(), 2)
    await world.append("ledger-0", DEPOSITED, 3)
    await world.append("group-G", GroupFinalized(winner=M, members=(M,)), 4)
    await world.raw("market-ODD", NewEvent(id=uuid4(), type="MarketMoonShot", data=b"{}"))
    await world.append("ledger-1", TRIGGERED, 5)
    await world.follow(1)
    assert world.noting.events == [MarketClosed(), GroupFinalized(winner=M, members=(M,)), TRIGGERED]
    assert (world.progress.position, world.progress.at_us) == (6, 5)


async def test_it_has_come_as_far_as_the_last_event_though_nobody_is_given_it() -> None:
    world = Followed()
    await world.append("ledger-0", DEPOSITED, 3)
    await world.follow(0)
    assert world.noting.events == []
    assert (world.progress.position, world.progress.at_us) == (1, 0)


async def test_others_have_their_turn_after_every_page() -> None:
    world, turns = Followed(), 0
    for number in range(5):
        await world.append(f"market-M{number}", MarketClosed(), 2)
    pages = [page async for page in world.log.read_all()]

    async def at_once(**_: object) -> AsyncIterator[Page]:
        for event in pages[0].events:
            yield Page(events=[event], position=event.position, caught_up=False)

    world.log.subscribe = at_once  # type: ignore[method-assign, assignment]
    following = asyncio.create_task(world.follower.run(START))
    while not following.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    assert world.progress.position == 5


def test_both_have_come_as_far_as_the_slower_and_so_is_what_was_decided_last() -> None:
    one, other = Progress(), Progress()
    one.reach(Position(5), 50)
    other.reach(Position(7), 70)
    for pair in ((one, other), (other, one)):
        assert (SlowestOf(*pair).position, SlowestOf(*pair).at_us) == (5, 50)
    level = Progress()
    level.reach(Position(5), 40)
    assert SlowestOf(one, level).at_us == 50


@pytest.mark.parametrize(
    ("one_s", "other_s", "timeout_s", "in_time", "took_s"),
    [
        (0, 0, 5, True, 0),
        (3, 1, 5, True, 3),
        (1, 3, 5, True, 3),
        (3, 6, 5, False, 5),
        (6, 1, 5, False, 5),
        (0, 6, 0.5, False, 0.5),
    ],
)
def test_both_are_waited_for_within_one_time(
    monkeypatch: pytest.MonkeyPatch,
    one_s: int,
    other_s: int,
    timeout_s: float,
    took_s: float,
    *,
    in_time: bool,
) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(follower, "time", SimpleNamespace(monotonic=loop.time))
        one, other = Progress(), Progress()
        for progress, at_s in ((one, one_s), (other, other_s)):
            reach: Callable[..., None] = progress.reach
            if at_s:
                loop.call_later(at_s, reach, Position(9), 1)
            else:
                reach(Position(9), 1)
        assert await SlowestOf(one, other).await_position(Position(9), timeout_s) is in_time
        assert loop.time() == pytest.approx(took_s)

    run_simulated(story())
