"""A whole exchange in one process whose store can be made to fail, and which can be killed and restarted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.failing_store import FailingStore, Hidden
from adapters.simulation.older_keys import NoOlderKeys
from adapters.simulation.sources import Clock, SeededIds
from adapters.simulation.virtual_time import SimulatedLoop
from adapters.snapshots.memory import MemorySnapshots
from application.exchange import Exchange
from application.ports.event_store import Filter
from application.requests import Accepted, OrderAccepted, OrderRequest
from application.sagas.recovery import SagaRecovery
from application.verification.overdue import PATIENCE_US
from application.verification.verify import verify
from domain.decider import Decider
from domain.identifiers import AccountId, GroupId, Ticker
from domain.ledger.aggregate import LEDGER
from domain.market.aggregate import MARKET
from domain.market.vocabulary import Action, Condition, Result, Side
from domain.quantities import Quantity, Ticks
from domain.rejections import Reason, Rejected

PARTITIONS = 3


def _in_order(tasks: set["asyncio.Task[object]"]) -> Iterable["asyncio.Task[object]"]:
    loop = asyncio.get_running_loop()
    return loop.in_order(tasks) if isinstance(loop, SimulatedLoop) else tasks


class World:
    """One log, and the exchange that currently runs on it."""

    def __init__(self, seed: int = 1, store_type: Callable[..., FailingStore] = FailingStore) -> None:
        self.store_type = store_type
        self.clock = Clock()
        self.log = MemoryEventStore(now_us=lambda: self.clock.time_us)
        self.store = store_type(self.log)
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
        for task in _in_order(asyncio.all_tasks() - before):
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
                group = await directory.present_group(GroupId(stream))
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
            group = await self.exchange.directory.present_group(GroupId(stream))
            if group is None or (group.members and not group.ended):
                found.append(f"{stream} is {group.status if group else 'no group'}")
        return found

    async def differing(self) -> list[str]:
        """Return the streams whose state in memory is another than what the log says."""
        directory = self.exchange.directory
        owners: list[tuple[str, Decider[Any, Any, Any], Any]] = [
            (ledger.stream, LEDGER, await ledger.state()) for ledger in directory.ledgers
        ]
        for ticker in await self._streams("market-"):
            market = directory.market(Ticker(ticker))
            owners.append((market.stream, MARKET, await market.state()))
        found = []
        for stream, decider, live in owners:
            replayed = decider.initial()
            async for page in self.log.read_stream(stream):
                for stored in page:
                    decider.evolve(replayed, self.codec.decode(stored).event)
            if replayed.digest() != live.digest():
                found.append(f"{stream} is another in memory than in the log")
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
