"""Every text that a market's rules have had, and from when on."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from application.past import Past
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market.events import MarketCreated, RulesAmended

MOST = 20
"""How many of a market's latest texts are told."""

REMEMBERED = 10_000
"""Of how many markets it is remembered where the texts stand; what once was is never another."""

Revisions = dict[int, int]
"""The revisions of the events that brought the versions of a market's rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesVersion:
    """A text, and the event of the market that made it the rules."""

    version: int
    rules: str
    at_us: int
    revision: int


class RulesHistory:
    """Finds the events that changed a market's rules, by halving its life: each is looked for once."""

    def __init__(self) -> None:
        self._known: OrderedDict[Ticker, Revisions] = OrderedDict()
        self._turn = asyncio.Lock()

    async def versions(self, past: Past, ticker: Ticker, present: int) -> Sequence[RulesVersion]:
        """Return the latest texts of a market whose rules are at a version, oldest first."""
        wanted = range(max(1, present - MOST + 1), present + 1)
        async with self._turn:
            known = self._remembered(ticker)
            await self._find(past, ticker, wanted, known)
        return [await _read(past, ticker, version, known[version]) for version in wanted]

    def _remembered(self, ticker: Ticker) -> Revisions:
        known = self._known.setdefault(ticker, {})
        self._known.move_to_end(ticker)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _find(self, past: Past, ticker: Ticker, wanted: Sequence[int], known: Revisions) -> None:
        missing = [version for version in wanted if version not in known]
        last = await past.last_revision(ticker) if missing else 0
        for version in missing:
            before = known.get(version - 1, version - 2)  # each takes an event
            known[version] = await _first(past, ticker, version, before + 1, last)


async def _first(past: Past, ticker: Ticker, version: int, low: int, high: int) -> int:
    """Return the revision from which on the rules are at a version or a later one."""
    while low < high:
        middle = (low + high) // 2
        stood = await past.market_after(ticker, middle)
        if stood is not None and stood.state.rules_version >= version:
            high = middle
        else:
            low = middle + 1
    return low


async def _read(past: Past, ticker: Ticker, version: int, revision: int) -> RulesVersion:
    found = await past.event(market_stream(ticker), revision)
    assert found is not None, f"{ticker} has no revision {revision}"
    event = found.event
    assert isinstance(event, MarketCreated | RulesAmended), f"{ticker}@{revision} changes no rules"
    return RulesVersion(version=version, rules=event.rules, at_us=found.cause.at_us, revision=revision)
