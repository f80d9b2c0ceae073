"""Waiting between tries."""

import pytest

from presage.client.patience import Patience, told_to_wait


class Clock:
    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def now_s(self) -> float:
        return sum(self.waits)


def patience(limit_s: float | None, clock: Clock, chance: float = 1.0) -> Patience:
    return Patience(limit_s, sleep=clock.sleep, now_s=clock.now_s, chance=lambda: chance)


async def test_waits_become_longer_up_to_five_seconds_and_short_again_once_something_worked() -> None:
    clock = Clock()
    waiting = patience(None, clock)
    for _ in range(8):
        assert await waiting.wait()
    waiting.again()
    await waiting.wait()
    assert clock.waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 0.1])


async def test_bots_that_were_cut_off_together_do_not_come_back_together() -> None:
    early, late = Clock(), Clock()
    await patience(None, early, 0.0).wait()
    await patience(None, late, 1.0).wait()
    assert (early.waits, late.waits) == ([0.05], [0.1])


async def test_what_the_exchange_asks_for_is_waited_and_never_less() -> None:
    for chance in (0.0, 0.5, 1.0):
        clock = Clock()
        assert await patience(60, clock, chance).wait(3.0)
        assert clock.waits == [3.0 + 0.75 * chance]


async def test_it_ends_before_a_wait_that_would_take_too_long() -> None:
    clock = Clock()
    waiting = patience(1.0, clock)
    tries = 1
    while await waiting.wait():
        tries += 1
    assert (tries, clock.now_s()) == (4, pytest.approx(0.7))
    assert not await patience(1.0, Clock()).wait(2.0)


def test_only_seconds_are_understood_as_a_time_to_wait() -> None:
    told = [told_to_wait(header) for header in ("2", "0", None, "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "٣")]
    assert told == [2.0, 0.0, None, None, None, None]
