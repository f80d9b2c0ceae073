"""Why: the chain from a command over the events it led to and the ledger's entries to the settlement.

An account is told of its own doings only. What others did to its orders shows as what it did to the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from application.events import Recorded
from application.past import Past
from application.streams import MARKET, market_stream
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import events as e
from domain.market.vocabulary import EndReason
from projections.reading.queries import (
    MAX_LIMIT,
    FillFilter,
    LedgerFilter,
    OrderQueries,
    Period,
    PortfolioQueries,
    SettlementFilter,
    everything,
)
from projections.reading.views import LedgerEntryView, OrderView

OWN_ENDS = frozenset({EndReason.REQUESTED, EndReason.IMMEDIATE, EndReason.FILL_OR_KILL, EndReason.SELF_TRADE})
"""Why orders end by what their own account asked for."""

SCANNED = 50_000
"""How many events of a market are looked through for those of one order or one holder."""

NEAR = 1_000
"""How many events are looked through first for one that came shortly before."""

SOON_US = 60_000_000
"""Within how long a ledger has booked what a market decided, unless something is wrong."""

ENDINGS = ("MarketFinalized", "MarketVoided", "MarketCalledOff")


class CausedBy(StrEnum):
    """Who is behind an event, as its account may know."""

    OWN_COMMAND = "own_command"
    COUNTERPARTY = "counterparty"
    MARKET = "market"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStep:
    """An event of the market. ``leg`` is the account's own part in a trade."""

    recorded: Recorded[Any]
    caused_by: CausedBy
    leg: e.Leg | None = None

    @property
    def position(self) -> int:
        """Where it stands in the log."""
        return self.recorded.position


Step = MarketStep | LedgerEntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChain:
    """All that became of an order, in the order of the log. ``complete`` unless it lived very long."""

    order: OrderView
    steps: Sequence[Step]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChain:
    """Why one entry of the ledger moved money, in the order of the log; the entry itself is the last."""

    entry: LedgerEntryView
    steps: Sequence[Step]


class Why:
    """Traces orders and entries back and forth, from the read model's rows into the log."""

    def __init__(self, *, orders: OrderQueries, portfolio: PortfolioQueries, past: Past) -> None:
        self._orders = orders
        self._portfolio = portfolio
        self._past = past

    async def order(self, account_id: AccountId, order_id: OrderId) -> OrderChain | None:
        """Return the chain of an account's order, ``None`` if it has no such order."""
        view = await self._orders.order(account_id, order_id)
        if view is None:
            return None
        first = await self._first_at(view.ticker, view.created_at_us)
        last = min(view.revision, first + SCANNED)
        found = [
            recorded
            async for recorded in self._past.naming(view.ticker, order_id, first=first, last=last)
            if _concerns(recorded.event, order_id)
        ]
        entries = await self._entries(account_id, LedgerFilter(order_id=order_id))
        steps: list[Step] = [*(_order_step(recorded, order_id) for recorded in found), *entries]
        if view.filled:
            steps += await self._redeemed(account_id, view, found)
            steps += await self._settlement(account_id, view.ticker)
        steps.sort(key=lambda step: step.position)
        return OrderChain(order=view, steps=steps, complete=last == view.revision)

    async def entry(self, account_id: AccountId, ledger: str, revision: int) -> EntryChain | None:
        """Return why an entry moved an account's money, ``None`` if it has no such entry."""
        recorded = await self._past.event(ledger, revision)
        if recorded is None:
            return None
        at_us = recorded.cause.at_us
        entries = await self._entries(account_id, LedgerFilter(at=Period(since_us=at_us, until_us=at_us)))
        entry = next((each for each in entries if each.ledger_revision == revision), None)
        if entry is None:
            return None
        return EntryChain(entry=entry, steps=[*await self._before(entry), entry])

    async def _before(self, entry: LedgerEntryView) -> list[Step]:
        """Return the market's events that led to an entry: the placing, what was booked, the market's end."""
        if entry.ticker is None or entry.market_revision is None:
            return []
        booked = await self._past.event(market_stream(entry.ticker), entry.market_revision)
        assert booked is not None, "the ledger booked an event that is not there"
        steps: list[Step] = [_order_step(booked, entry.order_id)]
        if isinstance(booked.event, e.PositionSettled | e.PositionUnwound):
            return [*await self._ending(entry.ticker, booked), *steps]
        if isinstance(booked.event, e.PairsRedeemed):
            return [*await self._completed(entry, booked), *steps]
        placed = await self._placed(entry.account_id, entry.order_id)
        if placed is not None and placed.revision != booked.revision:
            steps.insert(0, _order_step(placed, entry.order_id))
        return steps

    async def _completed(self, entry: LedgerEntryView, redeemed: Recorded[Any]) -> list[Step]:
        """Return the trade that completed pairs, as it concerns the account: it came shortly before them."""
        assert entry.ticker is not None
        if entry.trade_id is None:
            return []
        for looked_back in (NEAR, SCANNED):
            first, last = max(0, redeemed.revision - looked_back), redeemed.revision - 1
            async for trade in self._past.naming(entry.ticker, entry.trade_id, first=first, last=last):
                event = trade.event
                if isinstance(event, e.TradeExecuted) and event.trade_id == entry.trade_id:
                    taking = event.taker.account_id == entry.account_id
                    return [_order_step(trade, (event.taker if taking else event.maker).order_id)]
        return []

    async def _placed(self, account_id: AccountId, order_id: OrderId | None) -> Recorded[Any] | None:
        view = None if order_id is None else await self._orders.order(account_id, order_id)
        if view is None:
            return None
        first = await self._first_at(view.ticker, view.created_at_us)
        async for found in self._past.naming(view.ticker, view.order_id, first=first, last=first + SCANNED):
            if _concerns(found.event, view.order_id):
                return found
        return None

    # ------------------------------------------------------------------------- the pairs it completed

    async def _redeemed(
        self, account_id: AccountId, order: OrderView, found: Sequence[Recorded[Any]]
    ) -> list[Step]:
        """Return which pairs were redeemed because an order's trades completed them, and what was booked."""
        fills = await everything(
            lambda cursor: self._portfolio.fills(
                account_id, FillFilter(order_id=order.order_id), limit=MAX_LIMIT, cursor=cursor
            )
        )
        completing = {fill.trade_id for fill in fills if fill.redeemed}
        trades = [r for r in found if isinstance(r.event, e.TradeExecuted) and r.event.trade_id in completing]
        if not trades:
            return []
        first, redeemed = trades[0].revision, []
        named = self._past.naming(order.ticker, account_id, first=first, last=first + SCANNED)
        async for recorded in named:
            if isinstance(recorded.event, e.PairsRedeemed) and recorded.event.trade_id in completing:
                redeemed.append(recorded)
                completing.remove(recorded.event.trade_id)
            if not completing:
                break
        return [*(_order_step(each, None) for each in redeemed), *await self._booked(account_id, redeemed)]

    async def _booked(
        self, account_id: AccountId, redeemed: Sequence[Recorded[Any]]
    ) -> Sequence[LedgerEntryView]:
        """Return the entries that book redemptions of one market: as a rule they follow at once."""
        booked: list[LedgerEntryView] = []
        if not redeemed:
            return booked
        ticker = Ticker(redeemed[0].stream.removeprefix(MARKET))
        since_us, revisions = redeemed[0].cause.at_us, {each.revision for each in redeemed}
        for until_us in (redeemed[-1].cause.at_us + SOON_US, None):
            at = Period(since_us=since_us, until_us=until_us)
            entries = await self._entries(account_id, LedgerFilter(ticker=ticker, at=at))
            booked = [entry for entry in entries if entry.market_revision in revisions]
            if {entry.market_revision for entry in booked} == revisions:
                break
        return booked

    # --------------------------------------------------------------------------------- the settlement

    async def _settlement(self, account_id: AccountId, ticker: Ticker) -> list[Step]:
        """Return how the account's position in a market ended, and what was booked for it."""
        ends = await everything(
            lambda cursor: self._portfolio.settlements(
                account_id, SettlementFilter(ticker=ticker), limit=MAX_LIMIT, cursor=cursor
            )
        )
        steps: list[Step] = []
        for end in ends:
            first = await self._first_at(ticker, end.at_us)
            async for paid in self._past.naming(ticker, account_id, first=first, last=first + SCANNED):
                if paid.position == end.position:
                    steps += [*await self._ending(ticker, paid), _order_step(paid, None)]
                    break
            at_or_after = LedgerFilter(ticker=ticker, at=Period(since_us=end.at_us))
            entries = await self._entries(account_id, at_or_after)
            steps += [
                each
                for each in entries
                if each.order_id is None and each.trade_id is None and each.position > end.position
            ]
        return steps

    async def _ending(self, ticker: Ticker, paid: Recorded[Any]) -> list[Step]:
        """Return the event that ended the market before it paid, if it is not far."""
        ended = await self._past.latest(ticker, ENDINGS, until=paid.revision - 1, within=SCANNED)
        return [] if ended is None else [MarketStep(recorded=ended, caused_by=CausedBy.MARKET)]

    # ----------------------------------------------------------------------------------- looking up

    async def _first_at(self, ticker: Ticker, at_us: int) -> int:
        """Return the revision of a market's first event at a time or after it."""
        return await self._past.revision_at(ticker, at_us - 1) + 1

    async def _entries(self, account_id: AccountId, matching: LedgerFilter) -> Sequence[LedgerEntryView]:
        return await everything(
            lambda cursor: self._portfolio.ledger_entries(
                account_id, matching, limit=MAX_LIMIT, cursor=cursor
            )
        )


def _concerns(event: Any, order_id: OrderId) -> bool:
    """Return whether an event is of an order, and does not merely hold the same word."""
    if isinstance(event, e.TradeExecuted):
        return order_id in (event.maker.order_id, event.taker.order_id)
    return getattr(event, "order_id", None) == order_id


def _order_step(recorded: Recorded[Any], order_id: OrderId | None) -> MarketStep:
    """Return an event as it concerns an order."""
    event = recorded.event
    match event:
        case e.OrderPlaced() | e.OrderAmended() | e.OrderRenamed() | e.OrderDecreased():
            return MarketStep(recorded=recorded, caused_by=CausedBy.OWN_COMMAND)
        case e.TradeExecuted():
            taking = event.taker.order_id == order_id
            return MarketStep(
                recorded=recorded,
                caused_by=CausedBy.OWN_COMMAND if taking else CausedBy.COUNTERPARTY,
                leg=event.taker if taking else event.maker,
            )
        case e.OrderCanceled() if event.reason in OWN_ENDS:
            return MarketStep(recorded=recorded, caused_by=CausedBy.OWN_COMMAND)
        case _:
            return MarketStep(recorded=recorded, caused_by=CausedBy.MARKET)
