"""Lets time pass for the markets, and has interrupted sagas looked after."""

import asyncio
import logging
from contextlib import suppress

from application.hosting.directory import Directory
from application.hosting.open_markets import OpenMarkets
from application.hosting.owner import Overloaded
from application.ports.event_store import EventStoreError
from application.sagas.recovery import SagaRecovery

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How late an expiry or a closing time may be noticed in a market nobody trades in."""

RECOVERY_S = 5.0

KEEP_S = 60.0
"""How often it is put down which markets are open: what was listed since is looked for at the next start."""


class Timekeeper:
    """Wakes every market that has something to do by itself."""

    def __init__(self, directory: Directory, recovery: SagaRecovery, open_markets: OpenMarkets) -> None:
        self._directory = directory
        self._recovery = recovery
        self._open_markets = open_markets
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to keep time."""
        self._tasks = [
            asyncio.create_task(self._keep_time(), name="timekeeper"),
            asyncio.create_task(self._recover(), name="saga recovery"),
            asyncio.create_task(self._keep(), name="open markets"),
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_time(self) -> None:
        while True:
            for ticker, market in list(self._directory.markets.items()):
                market.wake()
                state = market.loaded
                if state is not None and state.ended and market.idle and not state.positions:
                    del self._directory.markets[ticker]
                    self._open_markets.over(ticker)
            await asyncio.sleep(TICK_S)

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
            await self._open_markets.keep()
