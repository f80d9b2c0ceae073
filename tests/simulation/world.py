"""A whole exchange in one process whose store can be made to fail, and which can be killed and restarted."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.snapshots.memory import MemorySnapshots
from application.exchange import Exchange
from application.ports.event_store import (
    START,
    Appended,
    AppendOutcomeUnknown,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)
from application.requests import Accepted, OrderAccepted, OrderRequest
from application.sagas.recovery import SagaRecovery
from application.verification.overdue import PATIENCE_US
from application.verification.verify import verify
from domain.identifiers import AccountId, GroupId, Ticker
from domain.market.vocabulary import Action, Condition, Result, Side
from domain.quantities import Quantity, Ticks
from domain.rejections import Reason, Rejected
from tests.older_keys import NoOlderKeys

PARTITIONS = 3


class Clock:
    """Time that passes a millisecond whenever somebody looks."""

    def __init__(self) -> None:
        self.time_us = 1_700_000_000_000_000

    def now_us(self) -> int:
        self.time_us += 1_000
        return self.time_us


class SeededIds:
    """Ids from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def new(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


@dataclass
class Hidden:
    """An append that a leader without followers keeps: nobody sees it until it is looked for so often.

    Then it is there, with its first bytes, or gone with its leader.
    """

    events: Sequence[NewEvent]
    expected: int
    looks_left: int
    stays: bool


class FailingStore:
    """A store in front of the real one. After a crash nothing it is asked ever comes back.

    What it ``hides`` outlives a crash.
    """

    def __init__(self, inner: MemoryEventStore, *, crash_at: int | None = None, after: bool = False) -> None:
        self._inner = inner
        self._crash_at = crash_at
        self._after = after
        self.appends = 0
        self.crashed = asyncio.Event()
        self.lose_answers: Callable[[], bool] = lambda: False
        self.refuse: Callable[[], bool] = lambda: False
        self.hide: Callable[[], Hidden | None] = lambda: None
        self.hidden: dict[str, Hidden] = {}

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        await self._alive()
        self.appends += 1
        crashing = self.appends == self._crash_at
        if crashing and not self._after:
            await self._die()
        if self.refuse():
            raise StoreUnavailable("the store is away")
        await self._look_for_hidden(stream)
        self._refuse_beside_hidden(stream, events, expected)
        if stream not in self.hidden and (hidden := self.hide()) is not None:
            hidden.events, hidden.expected = events, expected
            self.hidden[stream] = hidden
            raise AppendOutcomeUnknown("kept, and not shown")
        appended = await self._inner.append(stream, events, expected=expected)
        if crashing:
            await self._die()
        if self.lose_answers():
            raise AppendOutcomeUnknown("the answer was lost")
        await asyncio.sleep(0)
        return appended

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        await self._alive()
        await self._look_for_hidden(stream)
        pages = self._inner.read_stream(stream, from_revision=from_revision, backwards=backwards, limit=limit)
        async for page in pages:
            yield page

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
    ) -> AsyncIterator[Page]:
        await self._alive()
        pages = self._inner.read_all(after=after, backwards=backwards, limit=limit, matching=matching)
        async for page in pages:
            yield page

    async def head(self) -> Position:
        await self._alive()
        return await self._inner.head()

    async def subscribe(self, *, after: Position = START, matching: Filter = Filter()) -> AsyncIterator[Page]:
        async for page in self._inner.subscribe(after=after, matching=matching):
            await self._alive()
            yield page

    async def close(self) -> None:
        await self._inner.close()

    async def show_hidden(self) -> None:
        """Have the cluster come to rest: what was kept is there, or gone."""
        for stream, hidden in list(self.hidden.items()):
            hidden.looks_left = 1
            await self._look_for_hidden(stream)

    async def _look_for_hidden(self, stream: str) -> None:
        hidden = self.hidden.get(stream)
        if hidden is None:
            return
        hidden.looks_left -= 1
        if hidden.looks_left <= 0:
            del self.hidden[stream]
            if hidden.stays:
                await self._inner.append(stream, hidden.events, expected=hidden.expected)

    def _refuse_beside_hidden(self, stream: str, events: Sequence[NewEvent], expected: int) -> None:
        hidden = self.hidden.get(stream)
        if hidden is None:
            return
        if [each.id for each in hidden.events] == [each.id for each in events]:
            raise AppendOutcomeUnknown("the repetition waits like the original")
        current = hidden.expected + len(hidden.events)
        raise WrongExpectedRevision(stream, expected=expected, current=current)

    async def _alive(self) -> None:
        if self.crashed.is_set():
            await asyncio.Event().wait()

    async def _die(self) -> None:
        self.crashed.set()
        await asyncio.Event().wait()


class World:
    """One log, and the exchange that currently runs on it."""

    def __init__(self, seed: int = 1, store_type: Callable[..., FailingStore] = FailingStore) -> None:
        self.log = MemoryEventStore()
        self.store_type = store_type
        self.store = store_type(self.log)
        self.clock = Clock()
        self.ids = SeededIds(seed)
        self.codec = JsonCodec()
        self.checkpoints = MemoryCheckpoints()
        self.snapshots = MemorySnapshots()
        self.hidden: dict[str, Hidden] = {}
        self.acknowledged: list[str] = []
        self.exchange: Exchange

    async def start(self, *, crash_at: int | None = None, after: bool = False) -> None:
        """Start an exchange on the log, as a new process would."""
        self.store = self.store_type(self.log, crash_at=crash_at, after=after)
        self.store.hidden = self.hidden
        self.exchange = await build_exchange(
            self.store,
            self.codec,
            order_keys=NoOlderKeys(),
            transfer_keys=NoOlderKeys(),
            checkpoints=self.checkpoints,
            clock=self.clock,
            ids=self.ids,
            partitions=PARTITIONS,
            snapshots=self.snapshots,
        )
        await self.exchange.start()

    async def run(
        self,
        scenario: Callable[["World"], Awaitable[None]],
        *,
        crash_at: int | None = None,
        after: bool = False,
    ) -> bool:
        """Start and run a scenario; return whether the process died in the middle of it."""

        async def life() -> None:
            await self.start(crash_at=crash_at, after=after)
            await scenario(self)
            await self.exchange.settled()

        before = asyncio.all_tasks()
        living = asyncio.create_task(life())
        await asyncio.sleep(0)  # let it make its store
        crashed = asyncio.create_task(self.store.crashed.wait())
        await asyncio.wait({living, crashed}, return_when=asyncio.FIRST_COMPLETED)
        if not self.store.crashed.is_set():
            crashed.cancel()
            await living
            await self.exchange.close()
            return False
        for task in asyncio.all_tasks() - before:
            task.cancel()
        await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
        return True

    async def die(self) -> None:
        """End the process as a power cut would, apart from the test itself."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def recover(self) -> None:
        """Look for sagas that were interrupted, as is done every few seconds."""
        exchange = self.exchange
        recovery = SagaRecovery(
            exchange.directory, exchange.processes, self.ids, exchange.trading.busy, exchange.set_aside
        )
        await recovery.run()
        await exchange.settled()

    async def place(
        self, account: str, side: str, action: str, cents: int, contracts: int, **more: object
    ) -> object:
        """Place an order and note its id if it was accepted."""
        ticker = more.pop("ticker", "M")
        price = more.pop("price_ticks", Ticks(100 * cents))
        answer = await self.exchange.trading.place(
            OrderRequest(
                account_id=AccountId(account),
                ticker=Ticker(str(ticker)),
                side=Side(side),
                action=Action(action),
                quantity=Quantity(100 * contracts),
                price_ticks=price,  # type: ignore[arg-type]
                **more,  # type: ignore[arg-type]
            )
        )
        if isinstance(answer, OrderAccepted):
            self.acknowledged.append(answer.order_id)
        return answer

    async def must(self, answer: Awaitable[Accepted | Rejected]) -> None:
        """Carry out an operator's command, which may have been carried out before a crash."""
        await answer

    async def finish(self) -> None:
        """Resolve everything that is still open, parents before those that depend on them."""
        operations, directory = self.exchange.operations, self.exchange.directory
        for _ in range(6):
            await self.exchange.settled()
            for stream in await self._streams("group-"):
                group = await directory.find_group(GroupId(stream))
                if group is not None and not group.ended and group.members:
                    group_id = GroupId(stream)
                    ended = await operations.resolve_group(group_id, group.winner or group.members[0])
                    if isinstance(ended, Rejected) and ended.reason is not Reason.CONDITION_PENDING:
                        await operations.void_group(group_id)
            for stream in await self._streams("market-"):
                market = await directory.find_market(Ticker(stream))
                if market is None or market.ended or market.group_id is not None:
                    continue
                if market.condition is not Condition.PENDING:
                    await operations.resolve(Ticker(stream), market.result or Result.YES)
        await self.exchange.settled()

    async def _streams(self, prefix: str) -> list[str]:
        names: dict[str, None] = {}
        async for page in self.log.read_all(matching=Filter(stream_prefixes=(prefix,))):
            names.update(dict.fromkeys(event.stream.removeprefix(prefix) for event in page.events))
        return list(names)

    async def unended(self) -> list[str]:
        """Return what a finished exchange must not have: markets and groups that can never end."""
        found = []
        for stream in await self._streams("market-"):
            market = await self.exchange.directory.find_market(Ticker(stream))
            if market is None or not market.ended:
                found.append(f"{stream} is {market.status if market else 'no market'}")
        for stream in await self._streams("group-"):
            group = await self.exchange.directory.find_group(GroupId(stream))
            if group is None or (group.members and not group.ended):
                found.append(f"{stream} is {group.status if group else 'no group'}")
        return found

    async def violations(self, patience_us: int = PATIENCE_US) -> list[str]:
        """Return whatever does not hold in the log, acknowledged orders that are missing included.

        Without patience also what should have followed by itself, once nothing is under way.
        """
        report = await verify(self.log, self.codec, patience_us=patience_us)
        placed = set()
        async for page in self.log.read_all(matching=Filter(types=("OrderPlaced",))):
            for stored in page.events:
                event = self.codec.decode(stored).event
                placed.add(event.order_id)  # type: ignore[union-attr]
        missing = [
            f"acknowledged order {order} is not in the log"
            for order in self.acknowledged
            if order not in placed
        ]
        return report.violations + missing

    async def leftovers(self) -> list[str]:
        """Return what a finished exchange must not have: reservations, locks, open positions, lost money."""
        found = []
        total = deposited = 0
        for number, ledger in enumerate(self.exchange.directory.ledgers):
            state = await ledger.state()
            found += [f"ledger {number}: {order} is still reserved" for order in state.reservations]
            found += [
                f"{name} has locked money" for name, account in state.accounts.items() if account.locked
            ]
            found += [
                f"{name} has reserved money" for name, account in state.accounts.items() if account.reserved
            ]
            total += sum(account.total for account in state.accounts.values())
            total += state.fees_held + state.fees_earned
            deposited += state.deposited - state.withdrawn
        if total != deposited:
            found.append(f"{deposited} was put in and {total} is there")
        return found
