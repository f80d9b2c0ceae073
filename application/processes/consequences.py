"""Waiting until what follows from a decision holds, so that the next command of the same caller finds it."""

import asyncio
from collections.abc import Iterable

from application.hosting.directory import Directory
from application.ports.event_store import Position
from application.processes.runner import ProcessRunner
from domain.identifiers import Ticker
from domain.market.state import MarketState

FOLLOWS_S = 10.0
"""How long a command waits for what follows from it."""


class StillUnderWay(Exception):
    """The command was carried out and is durable; what follows from it is still being done."""


class Consequences:
    """Knows when the processes have done all that follows from an operator's decision."""

    def __init__(self, directory: Directory, processes: ProcessRunner) -> None:
        self._directory = directory
        self._processes = processes

    async def hold(self, position: Position, tickers: Iterable[Ticker]) -> Position:
        """Wait for what follows from a decision at ``position`` in these markets and their dependants.

        Return the position at which all of it can be seen. Raises :class:`StillUnderWay` after a while.
        """
        try:
            async with asyncio.timeout(FOLLOWS_S):
                return await self._hold(position, list(tickers))
        except Exception as fault:
            # Whatever keeps us from seeing it: nobody may be told that nothing was done.
            raise StillUnderWay(
                "the command was carried out, and what follows from it is not done yet; look again soon"
            ) from fault

    async def _hold(self, position: Position, tickers: list[Ticker]) -> Position:
        # Until no market has moved on in its life while the processes came to where the last one did:
        # markets that trade on would never be caught up with.
        standing: object = None
        while True:
            await self._processes.reach(position)
            family = await self._family(tickers)
            stands = [(state.ticker, state.status, state.condition) for state in family]
            if stands == standing:
                return position
            standing = stands
            position = max([position, *(self._directory.market(state.ticker).position for state in family)])

    async def _family(self, tickers: list[Ticker]) -> list[MarketState]:
        """Return the markets, and all that are conditional on one of them."""
        family: dict[Ticker, MarketState] = {}
        waiting = list(reversed(tickers))
        while waiting:
            ticker = waiting.pop()
            state = None if ticker in family else await self._directory.find_market(ticker)
            if state is not None:
                family[ticker] = state
                waiting.extend(sorted(state.children))
        return list(family.values())
