"""Folds a whole log into the states of all its aggregates, and follows every event to its booking."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from application.events import DomainEvent, Recorded
from application.processes.settlement import concerned
from application.streams import (
    CLUSTER,
    EXCHANGE,
    GROUP,
    IDENTITY,
    LEDGER,
    MARKET,
    QUOTES,
    WEBHOOKS,
    partition_of,
)
from application.verification.overdue import PATIENCE_US, Overdue
from application.verification.payments import Payments
from application.verification.quotes import Agreements
from domain.cluster import ClusterEvent, ClusterState, evolve, fault_of
from domain.decider import execute
from domain.founding import ExchangeFounded
from domain.group.aggregate import GROUP as GROUP_DECIDER
from domain.group.aggregate import GroupState
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.identity.aggregate import IDENTITY as IDENTITY_DECIDER
from domain.identity.aggregate import IdentityState
from domain.ledger.aggregate import LEDGER as LEDGER_DECIDER
from domain.ledger.commands import BookMarketEvents, MarketEntry
from domain.ledger.events import FillBooked
from domain.ledger.state import LedgerState
from domain.market.aggregate import MARKET as MARKET_DECIDER
from domain.market.events import ConditionMet, OrderAmended, OrderPlaced, OrderRenamed, TradeExecuted
from domain.market.state import MarketState
from domain.quotes.aggregate import QUOTES as QUOTES_DECIDER
from domain.quotes.invariants import quotes_violations
from domain.quotes.state import QuotesState
from domain.webhooks.aggregate import WEBHOOKS as WEBHOOKS_DECIDER
from domain.webhooks.aggregate import NoticeUndelivered, WebhooksState


def over_limit(market: MarketState, event: DomainEvent) -> Iterator[str]:
    """Yield a sentence for every order group of which an event lets more fill than the market may."""
    if isinstance(event, TradeExecuted):
        for leg in (event.maker, event.taker):
            group = market.order_groups.get(leg.order_group_id or "")
            if group is not None and event.quantity > group.room:
                yield (
                    f"market {market.ticker}: {event.quantity} of order group {leg.order_group_id} fill in "
                    f"trade {event.trade_id}, and {group.room} may"
                )
    elif isinstance(event, OrderPlaced):
        group = market.order_groups.get(event.order_group_id or "")
        if group is not None and not group.room:
            yield (
                f"market {market.ticker}: order {event.order_id} joins order group {event.order_group_id}, "
                "of which no more may fill"
            )


@dataclass(slots=True)
class _Waiting:
    """Market events that a ledger has not booked yet, as far as is known, oldest first."""

    entries: deque[MarketEntry] = field(default_factory=deque)


class FoldedLog:
    """All aggregates of a log. Feed it every event in order, then :meth:`finish`."""

    def __init__(self, *, patience_us: int = PATIENCE_US) -> None:
        self.markets: dict[Ticker, MarketState] = {}
        self.ledgers: dict[int, LedgerState] = {}
        self.groups: dict[GroupId, GroupState] = {}
        self.identities: dict[str, IdentityState] = {}
        self.webhooks: dict[str, WebhooksState] = {}
        self.quotes: dict[str, QuotesState] = {}
        self.cluster = ClusterState()
        self.violations: list[str] = []
        self.events = 0
        self._partitions = 1
        self._overdue = Overdue()
        self._payments = Payments()
        self._agreements = Agreements()
        self._patience_us = patience_us
        self._revisions: dict[str, int] = {}
        self._waiting: dict[tuple[int, Ticker], _Waiting] = {}
        self._unbooked: dict[str, set[AccountId]] = {}
        self._named: dict[tuple[AccountId, str], OrderId] = {}

    @property
    def streams(self) -> int:
        """How many streams the log has."""
        return len(self._revisions)

    def add(self, recorded: Recorded[DomainEvent]) -> None:
        """Apply the next event of the log."""
        self.events += 1
        stream = recorded.stream
        expected = self._revisions.get(stream, -1) + 1
        if recorded.revision != expected:
            self.violations.append(f"{stream}: revision {recorded.revision} follows {expected - 1}")
        self._revisions[stream] = recorded.revision
        self._overdue.note(recorded, of_group=stream.startswith(GROUP))
        self.violations += self._agreements.note(recorded)
        if stream.startswith(MARKET):
            self._market(Ticker(stream.removeprefix(MARKET)), recorded)
        elif stream.startswith(LEDGER):
            self._ledger(int(stream.removeprefix(LEDGER)), recorded)
        elif stream.startswith(GROUP):
            state = self.groups.setdefault(GroupId(stream.removeprefix(GROUP)), GroupState())
            GROUP_DECIDER.evolve(state, recorded.event)  # type: ignore[arg-type]
        elif stream.startswith(IDENTITY):
            keys = self.identities.setdefault(stream, IdentityState())
            IDENTITY_DECIDER.evolve(keys, recorded.event)  # type: ignore[arg-type]
        elif stream.startswith(WEBHOOKS):
            self._webhooks(stream, recorded.event)
        elif stream.startswith(QUOTES):
            desk = self.quotes.setdefault(stream, QuotesState())
            QUOTES_DECIDER.evolve(desk, recorded.event)  # type: ignore[arg-type]
        elif stream == EXCHANGE:
            assert isinstance(recorded.event, ExchangeFounded)
            self._partitions = recorded.event.partitions
            for partition in range(self._partitions):
                self.ledgers[partition] = LedgerState()
        elif stream == CLUSTER:
            self._engines(recorded.event)  # type: ignore[arg-type]

    def _engines(self, event: ClusterEvent) -> None:
        if (fault := fault_of(self.cluster, event)) is not None:
            self.violations.append(f"{CLUSTER}: {fault}")
        evolve(self.cluster, event)

    def _webhooks(self, stream: str, event: DomainEvent) -> None:
        if isinstance(event, NoticeUndelivered):
            market = self.markets.get(event.ticker)
            if market is None or market.revision < event.revision:
                self.violations.append(f"{stream}: notice {event.notice_id} is of an order that is not there")
        state = self.webhooks.setdefault(stream, WebhooksState())
        WEBHOOKS_DECIDER.evolve(state, event)  # type: ignore[arg-type]

    def finish(self) -> None:
        """Book what the markets decided and the ledgers had not booked when the log ends."""
        for (partition, ticker), waiting in self._waiting.items():
            ledger = self.ledgers[partition]
            command = BookMarketEvents(ticker=ticker, entries=tuple(waiting.entries))
            events, _ = execute(LEDGER_DECIDER, ledger, command, 0)
            for event in events:
                self._booked(event)
        self.violations += self._payments.unbooked()
        self.violations += self._agreements.untraded()
        for stream, desk in self.quotes.items():
            self.violations += (f"{stream}: {each}" for each in quotes_violations(desk))
        self.violations += self._overdue.find(self.markets, self.groups, self._patience_us)
        for trade_id in self._unbooked:
            self.violations.append(f"trade {trade_id} was never booked in all of its accounts")

    def digest(self) -> str:
        """Return a hash over the states of all markets and ledgers."""
        return sha256("\n".join(self._digests()).encode()).hexdigest()

    def _digests(self) -> Iterator[str]:
        for ticker, market in sorted(self.markets.items()):
            yield f"{ticker} {market.digest()}"
        for partition, ledger in sorted(self.ledgers.items()):
            yield f"{partition} {ledger.digest()}"

    def _market(self, ticker: Ticker, recorded: Recorded[DomainEvent]) -> None:
        state = self.markets.get(ticker)
        if state is None:
            state = self.markets[ticker] = MarketState()
        event = recorded.event
        self.violations += over_limit(state, event)
        MARKET_DECIDER.evolve(state, event)  # type: ignore[arg-type]
        self._payments.decided(ticker, recorded.revision, event)
        if isinstance(event, TradeExecuted):
            self._unbooked[event.trade_id] = {event.maker.account_id, event.taker.account_id}
        if isinstance(event, OrderPlaced | OrderAmended | OrderRenamed) and event.client_order_id:
            self._names(event)
        by_partition: dict[int, set[AccountId]] = {}
        if isinstance(event, ConditionMet):
            by_partition = {partition: set() for partition in range(self._partitions)}
        for account_id in concerned(event):
            by_partition.setdefault(partition_of(account_id, self._partitions), set()).add(account_id)
        for partition, accounts in by_partition.items():
            entry = MarketEntry(
                revision=recorded.revision,
                event=event,  # type: ignore[arg-type]
                accounts=frozenset(accounts),
            )
            self._waiting.setdefault((partition, ticker), _Waiting()).entries.append(entry)

    def _names(self, event: OrderPlaced | OrderAmended | OrderRenamed) -> None:
        """Check that a client id names one order for ever."""
        name = event.account_id, event.client_order_id
        order_id = self._named.setdefault(name, event.order_id)
        if order_id != event.order_id:
            self.violations.append(
                f"{event.account_id}: orders {order_id} and {event.order_id} both have the client id "
                f"{event.client_order_id}"
            )

    def _below_zero(self, partition: int, recorded: Recorded[DomainEvent]) -> None:
        order_id = getattr(recorded.event, "order_id", None)
        held = None if order_id is None else self.ledgers[partition].reservations.get(order_id)
        if held is not None and (held.amount < 0 or held.extra < 0 or held.for_sale < 0):
            self.violations.append(
                f"{recorded.stream} revision {recorded.revision}: order {order_id} has a reservation below "
                f"zero: {held.amount}, {held.extra} for amendments, and {held.for_sale} for sale"
            )

    def _ledger(self, partition: int, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        LEDGER_DECIDER.evolve(self.ledgers[partition], event)  # type: ignore[arg-type]
        self._below_zero(partition, recorded)
        revision = getattr(event, "market_revision", None)
        if revision is not None:
            waiting = self._waiting.get((partition, event.ticker))  # type: ignore[union-attr]
            while waiting is not None and waiting.entries and waiting.entries[0].revision < revision:
                waiting.entries.popleft()
        self._booked(event)

    def _booked(self, event: DomainEvent) -> None:
        if isinstance(event, FillBooked):
            self._filled(event)
        else:
            self.violations += self._payments.booked(event)

    def _filled(self, event: FillBooked) -> None:
        accounts = self._unbooked.get(event.trade_id, set())
        if event.account_id not in accounts:
            self.violations.append(
                f"trade {event.trade_id} was booked twice, or without a trade, for {event.account_id}"
            )
            return
        accounts.remove(event.account_id)
        if not accounts:
            del self._unbooked[event.trade_id]
