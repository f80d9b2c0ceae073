"""A saga that another instance may be carrying out is left to it for a while, and then ended."""

import asyncio
from collections.abc import Iterator

from adapters.simulation.virtual_time import run_simulated
from application.sagas.courtesy import GRACE_S, OthersMayBeBusy
from domain.identifiers import OrderId

ORDER, SECOND, THIRD = OrderId("o"), OrderId("p"), OrderId("q")


async def until(at_s: float) -> None:
    await asyncio.sleep(at_s - asyncio.get_running_loop().time())


def test_a_saga_is_left_alone_for_fifteen_seconds_even_where_the_machine_has_just_started() -> None:
    async def story() -> None:
        may_be_busy = OthersMayBeBusy(lambda _: False)
        assert asyncio.get_running_loop().time() == 0.0
        told = []
        for at_s in (0.0, 14.5, 15.0, 30.0):
            await until(at_s)
            told.append(may_be_busy(ORDER))
        assert told == [True, True, False, False]

    run_simulated(story())


def test_a_later_saga_of_the_same_order_is_left_alone_as_long_as_the_first() -> None:
    async def story() -> None:
        may_be_busy = OthersMayBeBusy(lambda _: False)
        told = []
        for at_s in (8.0, 38.0, 38.5, 53.0, 53.5):
            await until(at_s)
            told.append(may_be_busy(ORDER))
        assert told == [True, False, True, True, False]

    run_simulated(story())


def test_orders_that_were_seen_long_ago_are_forgotten_and_the_others_are_not() -> None:
    async def story() -> None:
        may_be_busy = OthersMayBeBusy(lambda _: False)
        may_be_busy(ORDER)
        await until(0.5)
        may_be_busy(SECOND)
        await until(30.5)
        may_be_busy(THIRD)
        assert may_be_busy._first_seen_s == {SECOND: 0.5, THIRD: 30.5}

    run_simulated(story())


async def test_what_is_carried_out_here_is_never_ended() -> None:
    may_be_busy = OthersMayBeBusy(lambda order_id: order_id == ORDER)
    assert may_be_busy(ORDER)
    assert may_be_busy._first_seen_s == {}, "its time begins when nobody here has it any more"


class Looked(dict[OrderId, float]):
    """What was seen when, and how often somebody looked at an item."""

    looks = 0

    def items(self) -> Iterator[tuple[OrderId, float]]:  # type: ignore[override]
        for item in super().items():
            self.looks += 1
            yield item


def test_very_many_sagas_are_looked_at_once_each_and_those_of_long_ago_forgotten() -> None:
    async def story() -> None:
        may_be_busy, seen = OthersMayBeBusy(lambda _: False), Looked()
        may_be_busy._first_seen_s = seen
        for number in range(2_000):
            may_be_busy(OrderId(f"early-{number}"))
        await until(2 * GRACE_S + 1)
        for number in range(2_000):
            may_be_busy(OrderId(f"late-{number}"))
        assert len(seen) == 2_000
        assert seen.looks <= 3 * 4_000

    run_simulated(story())
