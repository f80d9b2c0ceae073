"""One seed from its first step to its end: several lives of an exchange with faults, and what must hold."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from adapters.simulation.failing_store import Hidden
from adapters.simulation.steps import Doing, Step, set_up, steps_of
from adapters.simulation.virtual_time import StoodStill, run_simulated
from adapters.simulation.world import World
from application.ports.event_store import AppendOutcomeUnknown, StoreUnavailable
from application.processes.consequences import StillUnderWay

LIVES = 4
IN_FLIGHT = 8

CLOCK_STEP_US = 3_600_000_000
"""How far a clock may be set forward or back between two lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often each kind of fault happens, of all calls of the store; of all lives for a second instance.

    Of two instances one is frozen now and then, of all times that so many commands are in flight: long enough
    for the other one to end what it was doing.
    """

    lost_answers: float = 0.10
    refusals: float = 0.02
    hidden: float = 0.01
    delays: float = 0.20
    longest_delay_s: float = 0.2
    crashes: bool = True
    two_instances: float = 0.25
    freezes: float = 0.3
    longest_freeze_s: float = 12.0


@dataclass(slots=True)
class History:
    """What was done and answered, in order, and what was found wrong after it."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Note something."""
        self.lines.append(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a seed. The digest is that of all events: the same run has the same."""

    seed: int
    steps: Sequence[Step]
    wrong: Sequence[str]
    digest: str
    history: Sequence[str]
    events: int

    @property
    def held(self) -> bool:
        """Whether everything held."""
        return not self.wrong


def simulate(
    seed: int, *, steps: Sequence[Step] | None = None, commands: int = 1_000, faults: Faults = Faults()
) -> Outcome:
    """Run a seed, or some of its steps only, in simulated time."""
    return run_simulated(
        _Simulation(seed, steps_of(seed, commands) if steps is None else steps, faults).run()
    )


class _Simulation:
    def __init__(self, seed: int, steps: Sequence[Step], faults: Faults) -> None:
        self._seed = seed
        self._steps = steps
        self._faults = faults
        self._chance = random.Random(f"faults of {seed}")
        self._world = World(seed)
        self._history = History()
        self._wrong: list[str] = []

    async def run(self) -> Outcome:
        """Live, crash, live again; then let everything come to its end, and look."""
        world = self._world
        try:
            await self._live_on(world)
        except StoodStill as error:
            self._wrong.append(str(error))
        except Exception as error:  # noqa: BLE001 (whatever a fault leads to is found, and told)
            self._wrong.append(f"{type(error).__name__}: {error}")
        events = [event async for page in world.log.read_all() for event in page.events]
        whole = sha256()
        for event in events:
            whole.update(f"{event.stream}@{event.revision} {event.id} ".encode() + event.data)
        return Outcome(
            seed=self._seed,
            steps=self._steps,
            wrong=self._wrong,
            digest=whole.hexdigest(),
            history=self._history.lines,
            events=len(events),
        )

    async def _live_on(self, world: World) -> None:
        await world.run(set_up)
        size = -(-len(self._steps) // LIVES) or 1
        for number in range(LIVES):
            part = self._steps[number * size : (number + 1) * size]
            crash_at, after = self._chance.randint(1, 2 * size), self._chance.random() < 0.5
            world.clock.time_us += self._chance.choice((0, 0, CLOCK_STEP_US, -CLOCK_STEP_US))
            self._history.add(f"life {number + 1}")
            life = Life(world, part, self._chance, self._faults, self._history)
            died = await world.run(life.run, crash_at=crash_at if self._faults.crashes else None, after=after)
            if died:
                self._history.add(f"crash {'after' if after else 'before'} append {crash_at} of this life")
            if self._found(await world.violations()):
                return
        await world.store.show_hidden()
        await world.start()
        await world.finish()
        self._found(await world.leftovers())
        self._found(await world.unended())
        self._found(await world.differing())
        self._found(await world.violations())
        await world.exchange.close()

    def _found(self, wrong: Sequence[str]) -> bool:
        self._wrong += wrong
        for each in wrong:
            self._history.add(f"WRONG: {each}")
        return bool(wrong)


class Life:
    """What happens between a start and an end or a crash."""

    def __init__(
        self, world: World, steps: Sequence[Step], chance: random.Random, faults: Faults, history: History
    ) -> None:
        self._steps = steps
        self._chance = chance
        self._faults = faults
        self._history = history
        self._doing = [Doing(world=world)]

    async def run(self, world: World) -> None:
        """Do all steps, a few at a time, perhaps with a second instance on the same log."""
        if self._chance.random() < self._faults.two_instances:
            await self._second_instance(world)
        for each in self._doing:
            self._disturb(each.world)
        for start in range(0, len(self._steps), IN_FLIGHT):
            if len(self._doing) > 1 and self._chance.random() < self._faults.freezes:
                self._freeze_one()
            await asyncio.gather(*map(self._done, self._steps[start : start + IN_FLIGHT]))
        for each in self._doing:
            each.world.store.behave()
        await world.store.show_hidden()
        for each in self._doing[1:]:
            await each.world.exchange.settled()
            await each.world.exchange.close()

    async def _second_instance(self, world: World) -> None:
        first = self._doing[0]
        other = World(self._chance.getrandbits(32))
        other.log, other.hidden, other.acknowledged = world.log, world.hidden, world.acknowledged
        other.clock.time_us = world.clock.time_us + self._chance.choice((0, CLOCK_STEP_US, -CLOCK_STEP_US))
        await other.start()
        other.store.crashed = world.store.crashed  # the power goes for both
        self._history.add("a second instance is there too")
        self._doing.append(Doing(world=other, open_orders=first.open_orders, order_groups=first.order_groups))

    def _freeze_one(self) -> None:
        """Freeze an instance in the middle of what it is about to do."""
        store = self._chance.choice(self._doing).world.store
        lasts_s = self._chance.uniform(0.5, 1) * self._faults.longest_freeze_s
        store.freeze(appends=self._chance.randint(1, IN_FLIGHT), lasts_s=lasts_s)

    def _disturb(self, world: World) -> None:
        store, faults = world.store, self._faults
        store.lose_answers = self._often(faults.lost_answers)
        store.refuse = self._often(faults.refusals)
        store.hide = self._hidden
        store.delay_s = self._delay_s

    async def _done(self, step: Step) -> None:
        doing = self._doing[0] if len(self._doing) == 1 else self._chance.choice(self._doing)
        try:
            answer = await doing.do(step)
        except (StoreUnavailable, AppendOutcomeUnknown, StillUnderWay) as error:  # it is told to come back
            answer = type(error).__name__
        self._history.add(f"{step}: {_told(answer)}")

    def _often(self, share: float) -> Callable[[], bool]:
        return lambda: self._chance.random() < share

    def _hidden(self) -> Hidden | None:
        if self._chance.random() >= self._faults.hidden:
            return None
        return Hidden([], 0, looks_left=self._chance.randint(1, 6), stays=self._chance.random() < 0.7)

    def _delay_s(self) -> float:
        if self._chance.random() >= self._faults.delays:
            return 0.0
        return self._chance.random() * self._faults.longest_delay_s


def _told(answer: object) -> str:
    text = repr(answer)
    return text if len(text) <= 200 else f"{text[:200]}..."
