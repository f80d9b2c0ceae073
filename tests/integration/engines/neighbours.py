"""Several engines on one log in one process: what one asks another goes over the wire and back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.engine_lines.messages import at_engine, at_worker, from_engine, to_engine
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.older_keys import NoOlderKeys
from application.cluster.membership import Membership, change, joining
from application.cluster.placement import OwnerAway, Placement
from application.cluster.succession import Succession
from application.cluster.wire import Ask, Fault, Reply, command_in, decision_of, error_of, fault_of, reply_of
from application.events import DomainEvent
from application.exchange import Exchange
from application.health import Health
from application.hosting.decision import Decision
from application.log.landmarks import Landmark
from application.notices.notice import Notice
from application.notices.telling import Telling
from application.ports.clock import Clock, Ids


class Begun(MemoryCheckpoints):
    """Remembers where it was begun."""

    first: Landmark | None = None

    async def save(self, name: str, landmark: Landmark) -> None:
        self.first = self.first or landmark
        await super().save(name, landmark)


class Neighbour:
    """One engine, and how it reaches the others."""

    def __init__(self, name: str, all_of_them: "dict[str, Neighbour]", placement: Placement) -> None:
        self.name = name
        self.placement = placement
        self.here = placement.here
        self.away = False
        self.blind = False
        """Whether it hears nothing of who the engines are."""
        self.over = asyncio.Event()
        """Set once it is to end by itself."""
        self.handing_over = False
        self.asked: list[str] = []
        """The streams that others have asked about here."""
        self.checkpoints = MemoryCheckpoints()
        self.outbox: Any = Begun()
        self.listens = asyncio.Event()
        self.listens.set()
        self.told: list[str] = []
        """The orders that accounts were told of from here."""
        self._all = all_of_them
        self._exchange: Exchange | None = None
        self._telling: Telling | None = None

    @property
    def exchange(self) -> Exchange:
        assert self._exchange is not None
        return self._exchange

    @property
    def telling(self) -> Telling:
        assert self._telling is not None
        return self._telling

    async def resume(self) -> None:
        pass

    async def take(self, notices: Sequence[Notice]) -> None:
        await self.listens.wait()
        self.told += [str(notice.order.event.order_id) for notice in notices]

    def ask(self, question: Ask) -> "asyncio.Future[Decision[DomainEvent]]":
        return asyncio.ensure_future(self._ask(question))

    async def _ask(self, question: Ask) -> Decision[DomainEvent]:
        while True:
            other = self._all[self.placement.owner(question.stream)]
            if other.away:
                raise OwnerAway(f"{other.name} is away")
            [(_, arrived)] = at_engine(to_engine([(1, question)]))
            assert isinstance(arrived, Ask)
            takes = other.here if arrived.shared or not other.handing_over else other.placement.stays
            if takes(arrived.stream):
                break
            await asyncio.sleep(0.001)
            await self.placement.membership.look()
        [(_, answer)] = at_worker(from_engine([(1, await other.answer(arrived))]))
        if isinstance(answer, Fault):
            raise error_of(answer)
        assert isinstance(answer, Reply)
        return decision_of(answer)

    async def answer(self, question: Ask) -> Reply | Fault:
        self.asked.append(question.stream)
        owner: Any = self.exchange.directory.owner_of(question.stream)
        try:
            return reply_of(
                await owner.ask(
                    command_in(question),
                    command_id=question.command_id,
                    correlation_id=question.correlation_id,
                    shared=question.shared,
                )
            )
        except Exception as error:  # noqa: BLE001  # as an engine does
            return fault_of(error)

    async def begin(self, log: MemoryEventStore, clock: Clock, ids: Ids, partitions: int) -> Succession:
        codec = JsonCodec()
        exchange = self._exchange = await build_exchange(
            log,
            codec,
            order_keys=NoOlderKeys(),
            transfer_keys=NoOlderKeys(),
            checkpoints=self.checkpoints,
            clock=clock,
            ids=ids,
            partitions=partitions,
            alone=False,
            elsewhere=self,
        )
        self._telling = Telling(log, codec, exchange.webhooks, self.outbox, [self], Health())
        succession = Succession(
            self.name,
            self.placement,
            exchange,
            self,
            self._telling,
            unsent=lambda: 0,
            store=log,
            codec=codec,
            clock=clock,
            checkpoints=self.checkpoints,
        )
        self.over = succession.over
        return succession


class Neighbours:
    """The engines on one log."""

    def __init__(self, log: MemoryEventStore, clock: Clock, ids: Ids, partitions: int) -> None:
        self.log = log
        self.clock = clock
        self.all: dict[str, Neighbour] = {}
        self._ids = ids
        self._partitions = partitions
        self._following: dict[str, asyncio.Task[None]] = {}

    async def open(self, name: str, clock: Clock | None = None) -> Neighbour:
        """Have an engine join and begin its work, maybe with a clock of its own."""
        membership = Membership(self.log, JsonCodec())
        neighbour = self.all[name] = Neighbour(name, self.all, Placement(membership, name))
        succession = await neighbour.begin(self.log, clock or self.clock, self._ids, self._partitions)
        await change(self.log, JsonCodec(), self.clock, joining(name))
        await membership.look()
        await succession.prepare()
        await neighbour.exchange.start()
        neighbour.telling.start()
        self._following[name] = asyncio.create_task(self._follow(neighbour, succession))
        return neighbour

    async def _follow(self, neighbour: Neighbour, succession: Succession) -> None:
        following = asyncio.create_task(succession.run())
        try:
            while not following.done():
                if not neighbour.blind:
                    await neighbour.placement.membership.look()
                await asyncio.sleep(0.005)
            following.result()
        finally:
            following.cancel()

    async def leave(self, name: str) -> None:
        """Have an engine be no more."""
        gone = self.all.pop(name)
        gone.away = True
        task = self._following.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await gone.telling.close()
        await gone.exchange.close()

    async def at_rest(self) -> None:
        """Wait until nobody has to hand over, and everybody knows."""
        async with asyncio.timeout(20):
            while True:
                log = Membership(self.log, JsonCodec())
                await log.look()
                revisions = {each.placement.membership.state.revision for each in self.all.values()}
                waiting = any(each.placement.unprepared() for each in self.all.values())
                if not (waiting or log.state.owing) and revisions == {log.state.revision}:
                    return
                await asyncio.sleep(0.005)

    async def settled(self) -> None:
        """Wait until everything that was decided is booked."""
        for _ in range(3):
            for each in self.all.values():
                await each.exchange.settled()

    async def close(self) -> None:
        for task in self._following.values():
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)
        for each in self.all.values():
            await each.telling.close()
            await each.exchange.close()
        await self.log.close()


@asynccontextmanager
async def neighbours(clock: Clock, ids: Ids, *engines: str, partitions: int = 6) -> AsyncIterator[Neighbours]:
    """Open engines on a log in memory."""
    all_of_them = Neighbours(MemoryEventStore(), clock, ids, partitions)
    try:
        for name in engines:
            await all_of_them.open(name)
        await all_of_them.at_rest()
        yield all_of_them
    finally:
        await all_of_them.close()
