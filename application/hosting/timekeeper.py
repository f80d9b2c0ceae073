"""Lets time pass for the markets, and has interrupted sagas looked after."""

import asyncio
import logging
from contextlib import suppress

from application.health import Health, Trouble, kept_running
from application.hosting.directory import Directory, MarketOwner, QuotesOwner
from application.hosting.open_markets import OpenMarkets
from application.hosting.owner import Overloaded
from application.log.guard import LogGuard
from application.ports.event_store import EventStoreError
from application.sagas.recovery import SagaRecovery
from domain.identifiers import Ticker

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How late an expiry or a closing time may be noticed in a market nobody trades in."""

LOADED_AT_ONCE = 100
"""How many markets that the store could not give are asked for again at a time."""

RECOVERY_S = 5.0

KEEP_S = 60.0
"""How often it is put down which markets are open: what was listed since is looked for at the next start."""


class Timekeeper:
    """Wakes every market, and every desk of requests, that has something to do by itself."""

    def __init__(
        self,
        directory: Directory,
        recovery: SagaRecovery,
        open_markets: OpenMarkets,
        guard: LogGuard,
        health: Health,
    ) -> None:
        self._directory = directory
        self._recovery = recovery
        self._open_markets = open_markets
        self._guard = guard
        self._health = health
        self._tasks: list[asyncio.Task[None]] = []
        self._faults: set[str] = set()

    def start(self) -> None:
        """Begin to keep time."""
        work = {
            "timekeeper": self._keep_time,
            "saga recovery": self._recover,
            "open markets": self._keep,
            "watch on the log": self._guard.watch,
        }
        self._tasks = [
            asyncio.create_task(kept_running(each, health=self._health, part=name), name=name)
            for name, each in work.items()
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_time(self) -> None:
        while True:
            self._wake_all()
            await asyncio.sleep(TICK_S)

    def _wake_all(self) -> None:
        """Give every market its turn; whatever is wrong with one of them, the others have theirs."""
        for desk in self._directory.quotes:
            self._wake(f"desk {desk.stream}", desk)
        asleep = 0
        for ticker, market in list(self._directory.markets.items()):
            if market.loaded is None:
                asleep += 1
                if asleep > LOADED_AT_ONCE:
                    continue
                # The next time others come first.
                self._directory.markets[ticker] = self._directory.markets.pop(ticker)
            if self._wake(f"market {ticker}", market):
                self._let_go(ticker, market)

    def _wake(self, what: str, owner: MarketOwner | QuotesOwner) -> bool:
        """Let time pass for one of them; return whether it could."""
        try:
            owner.wake()
        except Exception as error:
            if what not in self._faults:
                self._faults.add(what)
                log.exception("time stands still in %s", what)
                self._health.report(
                    f"time in {what}",
                    Trouble.TASK_FAILED,
                    f"{type(error).__name__}: {error}; it is tried again",
                )
            return False
        if what in self._faults:
            self._faults.discard(what)
            self._health.clear(f"time in {what}", Trouble.TASK_FAILED)
        return True

    def _let_go(self, ticker: Ticker, market: MarketOwner) -> None:
        """Forget a market that never does anything by itself again, or is none."""
        state = market.loaded
        if state is None or not market.idle:
            return
        if state.ended and not state.positions:
            self._open_markets.over(ticker)
        elif state.created:
            return
        del self._directory.markets[ticker]

    def _let_groups_go(self) -> None:
        """Forget groups that nothing comes to any more, and what is none. Who asks again has them read."""
        for group_id, group in list(self._directory.groups.items()):
            state = group.loaded
            if group.idle and (state is None or state.ended or not state.created):
                del self._directory.groups[group_id]

    async def _recover(self) -> None:
        """End sagas whose steps failed while the store was away."""
        while True:
            await asyncio.sleep(RECOVERY_S)
            try:
                await self._recovery.run()
            except (EventStoreError, Overloaded) as error:
                log.warning("saga recovery waits: %s", error)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            self._let_groups_go()
            await self._open_markets.keep()
