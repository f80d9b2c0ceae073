"""The process itself: what is wrong with it, and how full its event loop is."""

import asyncio
from collections.abc import Iterator

from application.exchange import Exchange
from application.health import Trouble
from application.ports.measures import Measure, gauge, histogram
from application.watching.histogram import Histogram

EVERY_S = 0.2
DELAYS_S = (0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Process:
    """Measures readiness, conditions, and how late the event loop is."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._delay_s = Histogram(DELAYS_S)

    async def run(self) -> None:
        """Note again and again how much later than asked the event loop goes on, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._delay_s.observe(max(0.0, loop.time() - due_s))

    def measures(self) -> Iterator[Measure]:
        """Yield whether it is ready, all that can be wrong, and saturation."""
        health = self._exchange.health
        yield gauge(
            "presage_ready",
            "Whether the exchange takes commands and shows what came of them.",
            self._exchange.ready and not health.stopped,
        )
        present = {condition.code for condition in health.conditions}
        yield gauge(
            "presage_condition",
            "What can be wrong with the process, and whether it is now.",
            {(code.value,): code in present for code in Trouble},
            "code",
        )
        yield histogram(
            "presage_event_loop_delay_seconds",
            "How much later than asked the event loop went on: what everything waits for.",
            self._delay_s,
        )
