"""An order that takes many steps, and many appends: wherever the process stops, it is matched to its end."""

from collections.abc import Sequence

import pytest

from adapters.simulation.world import World
from application.hosting import owner
from application.ports.event_store import Appended, AppendOutcomeUnknown, NewEvent, StoreUnavailable
from application.requests import OrderAccepted
from domain.identifiers import Ticker
from domain.market import matching
from domain.market.vocabulary import OrderType, TimeInForce
from domain.quantities import Ticks

from .scenarios import A, B, C, fund, open_market

M = Ticker("M")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step ends within an append, and an append within a step."""
    monkeypatch.setattr(matching, "STEP", 3)
    monkeypatch.setattr(owner, "APPEND_BYTES", 4_000)


async def one_order_meets_many(world: World) -> None:
    await fund(world)
    await open_market(world, "M")
    for number in range(8):
        await world.place(A, "no", "buy", 40 - number % 2, 1)
    await world.place(C, "yes", "buy", 70, 2, order_type=OrderType.STOP, stop_price_ticks=Ticks(6_100))
    await world.place(C, "no", "buy", 35, 2)
    await world.place(B, "yes", "buy", 61, 20)
    await world.place(B, "no", "buy", 39, 12, time_in_force=TimeInForce.FILL_OR_KILL)
    await world.exchange.settled()


async def appends() -> int:
    world = World()
    assert not await world.run(one_order_meets_many)
    return world.store.appends


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_append_leaves_no_order_half_matched(*, after: bool) -> None:
    for crash_at in range(1, await appends() + 1):
        world = World()
        await world.run(one_order_meets_many, crash_at=crash_at, after=after)
        where = f"crash {'after' if after else 'before'} append {crash_at}"
        assert await world.violations() == [], where
        await world.start()
        await world.exchange.settled()
        state = await world.exchange.directory.market(M).state()
        assert state.taker is None, where
        assert await world.violations(patience_us=0) == [], where
        await world.finish()
        assert await world.leftovers() == [], where
        await world.exchange.close()


async def test_an_order_of_which_a_part_is_in_the_log_is_not_said_to_have_left_no_trace() -> None:
    number, told = 0, ""
    while told != "accepted":
        number += 1
        world = World()
        await world.start()
        await fund(world)
        await open_market(world, "M")
        for _ in range(12):
            await world.place(A, "no", "buy", 40, 1)
        await world.exchange.settled()
        refuse_the(number, world, "market-M")
        try:
            answer = await world.place(B, "yes", "buy", 61, 12)
            assert isinstance(answer, OrderAccepted), answer
            told = "accepted"
        except AppendOutcomeUnknown:
            told = "unknown"
        except StoreUnavailable:
            told = "nothing was done"
        assert (told == "nothing was done") == (number == 1), f"append {number} was refused"
        await world.exchange.settled()
        assert await world.violations() == []
        await world.exchange.close()
    assert number > 3, "it took several appends"


def refuse_the(number: int, world: World, stream: str) -> None:
    """Have the store be away for an append to a stream, counted from here."""
    append, count = world.store.append, 0

    async def refusing(to: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        nonlocal count
        count += to == stream
        if to == stream and count == number:
            raise StoreUnavailable("the store is away")
        return await append(to, events, expected=expected)

    world.store.append = refusing  # type: ignore[method-assign]
