"""Ending in order: every step has its turn and its time, and a second signal leaves the rest out."""

import asyncio
from collections.abc import Awaitable, Callable

from application.shutdown import Ending, GracefulShutdown, Outcome, Step, StepReport


class DrivenClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_s(self) -> float:
        return self.now

    async def sleep(self, for_s: float) -> None:
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + for_s, wakes))
        await wakes

    async def pass_s(self, seconds: float) -> None:
        await settled()
        self.now += seconds
        for at, wakes in self._sleepers:
            if at <= self.now and not wakes.done():
                wakes.set_result(None)
        await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Closing:
    """A shutdown under way on a driven clock."""

    def __init__(self, *steps: tuple[str, Callable[[], Awaitable[object]], float]) -> None:
        self.clock, self.at_once = DrivenClock(), asyncio.Event()
        self.told: list[StepReport] = []
        self.shutdown = GracefulShutdown(
            [Step(name=name, action=action, limit_s=limit_s) for name, action, limit_s in steps],
            at_once=self.at_once,
            tell=self.told.append,
            now_s=self.clock.now_s,
            sleep=self.clock.sleep,
        )
        self.running = asyncio.create_task(self.shutdown.run())

    @property
    def outcomes(self) -> list[tuple[str, str, float]]:
        return [(each.step, each.outcome.value, each.duration_s) for each in self.told]


async def nothing() -> None:
    pass


async def test_steps_are_taken_one_after_the_other_and_each_is_told_with_its_duration() -> None:
    order: list[str] = []
    gate = asyncio.Event()

    async def first() -> None:
        await gate.wait()
        order.append("first")

    async def second() -> None:
        order.append("second")

    closing = Closing(("first", first, 5), ("second", second, 5))
    await closing.clock.pass_s(3)
    assert (order, closing.told) == ([], [])
    gate.set()
    report = await closing.running
    assert order == ["first", "second"]
    assert closing.outcomes == [("first", "done", 3.0), ("second", "done", 0.0)]
    assert (report.ending, report.status, report.duration_s) == (Ending.CLEAN, 0, 3.0)
    assert report.document() == {"ended": "clean", "duration_s": 3.0, "status": 0}


async def test_a_step_that_runs_out_of_time_is_broken_off_and_the_next_has_its_turn() -> None:
    let_go = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()

    closing = Closing(("endless", endless, 30), ("next", nothing, 5))
    await closing.clock.pass_s(29.9)
    assert closing.told == []
    await closing.clock.pass_s(0.1)
    report = await closing.running
    assert let_go.is_set()
    assert [each.outcome for each in report.steps] == [Outcome.OUT_OF_TIME, Outcome.DONE]
    assert report.steps[0].message == "it took more than 30 s"
    assert (report.ending, report.status) == (Ending.INCOMPLETE, 3)


async def test_a_step_that_fails_says_why_and_the_next_has_its_turn() -> None:
    async def fail() -> None:
        raise OSError("the disk is full")

    report = await Closing(("failing", fail, 5), ("next", nothing, 5)).running
    assert [each.document() for each in report.steps] == [
        {"step": "failing", "outcome": "failed", "duration_s": 0.0, "message": "OSError: the disk is full"},
        {"step": "next", "outcome": "done", "duration_s": 0.0},
    ]
    assert report.status == 3


async def test_told_to_end_at_once_it_breaks_off_what_goes_on_and_leaves_out_the_rest() -> None:
    begun: list[str] = []

    async def endless() -> None:
        begun.append("endless")
        await asyncio.Event().wait()

    async def later() -> None:
        begun.append("later")

    closing = Closing(("before", nothing, 5), ("endless", endless, 30), ("later", later, 5))
    await closing.clock.pass_s(2)
    closing.at_once.set()
    report = await closing.running
    assert begun == ["endless"]
    assert closing.outcomes == [
        ("before", "done", 0.0),
        ("endless", "broken_off", 2.0),
        ("later", "left_out", 0.0),
    ]
    assert (report.ending, report.status) == (Ending.AT_ONCE, 4)


async def test_a_step_that_does_not_let_go_when_broken_off_keeps_nobody() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    closing = Closing(("stubborn", stubborn, 1), ("next", nothing, 5))
    await closing.clock.pass_s(1)
    report = await asyncio.wait_for(closing.running, 10)
    assert [each.outcome.value for each in report.steps] == ["out_of_time", "done"]
    released.set()
    await settled()
