"""Loads what will be asked for before anybody asks (exercise 16)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from application.health import Health, Trouble
from domain.identifiers import Ticker

log = logging.getLogger(__name__)

PART = "cache warmer"
WARM_MARKETS = 50
WARM_EVERY_S = 30.0

Loader = Callable[[Ticker], Awaitable[object]]
"""Reads something of a market through the cache, so that it is there afterwards."""


class CacheWarmer:
    """Keeps the busiest markets in the cache: a background task from :meth:`start` to :meth:`close`.

    ``busiest`` returns the tickers of active markets with the most recent volume, most first; ``loaders``
    read what is to be warm of each: summary, book, recent trades. What one of them cannot load stays cold
    until the next round and costs the others nothing.
    """

    def __init__(
        self,
        busiest: Callable[[int], Awaitable[Sequence[Ticker]]],
        loaders: Sequence[Loader],
        *,
        health: Health | None = None,
        markets: int = WARM_MARKETS,
        every_s: float = WARM_EVERY_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._busiest = busiest
        self._health = health or Health()
        self._loaders = loaders
        self._markets = markets
        self._every_s = every_s
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self.rounds = 0
        self.failures = 0

    async def warm(self) -> int:
        """Load everything once; return how many markets there were."""
        tickers, cold = await self._busiest(self._markets), ""
        for ticker in tickers:
            for load in self._loaders:
                try:
                    await load(ticker)
                except Exception as error:  # noqa: BLE001  # a cold answer is slower, never wrong
                    self.failures += 1
                    cold = f"{ticker} could not be loaded: {error}; answers about it take longer"
                    log.warning("%s could not be warmed: %s", ticker, error)
        self.rounds += 1
        self._tell(cold)
        return len(tickers)

    def start(self) -> None:
        """Warm now, and again and again."""
        self._task = asyncio.create_task(self._keep_warm(), name="cache warmer")

    async def close(self) -> None:
        """Stop, in the middle of a round if need be."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _keep_warm(self) -> None:
        while True:
            try:
                await self.warm()
            except Exception as error:  # noqa: BLE001  # a cold cache is slower, never wrong
                self._tell(f"the busiest markets could not be found: {error}; answers take longer")
            await self._sleep(self._every_s)

    def _tell(self, fault: str) -> None:
        if fault:
            self._health.report(PART, Trouble.TASK_FAILED, fault)
        else:
            self._health.clear(PART, Trouble.TASK_FAILED)
