"""Each account's money, every entry that moved it, and the sums each ledger must come out at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar
from uuid import UUID

from application.events import DomainEvent, Recorded
from domain.ledger import events as e
from domain.market.vocabulary import Action
from projections.running.projection import Projection
from projections.running.rows import Journal, Rows
from projections.running.store import Transaction
from projections.running.table import Table


@dataclass(slots=True)
class AccountRow:
    """An account's money now, and what came in and went out of the exchange for it."""

    account_id: str
    cash: int
    reserved: int
    locked: int
    deposited: int
    withdrawn: int
    updated_at_us: int


@dataclass(slots=True)
class LockedRow:
    """What an account took out of a conditional market and may have to give back."""

    account_id: str
    ticker: str
    ledger: str
    amount: int


@dataclass(slots=True)
class LedgerRow:
    """The sums of one ledger; its accounts' money comes out at deposits less what went elsewhere."""

    ledger: str
    deposited: int
    withdrawn: int
    in_markets: int
    fees_held: int
    fees_earned: int


@dataclass(slots=True)
class LedgerEntryRow:
    """Why an account's money moved."""

    account_id: str
    position: int
    kind: str
    cash_delta: int
    reserved_delta: int
    locked_delta: int
    order_id: str | None
    ticker: str | None
    trade_id: str | None
    reference: str
    market_revision: int | None
    ledger: str
    ledger_revision: int
    command_id: str
    correlation_id: str
    at_us: int


ACCOUNTS = Table("accounts", AccountRow, key=("account_id",))
LOCKED = Table("locked_proceeds", LockedRow, key=("account_id", "ticker"))
LEDGERS = Table("ledgers", LedgerRow, key=("ledger",))
ENTRIES = Table("ledger_entries", LedgerEntryRow, key=("account_id", "at_us", "position"))


class BalancesProjection(Projection):
    """Follows the ledgers to the millionth of a dollar."""

    name: ClassVar[str] = "balances"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._accounts = Rows(ACCOUNTS)
        self._locked = Rows(LOCKED)
        self._ledgers = Rows(LEDGERS)
        self._entries = Journal(ENTRIES)
        super().__init__(
            parts=(self._accounts, self._locked, self._ledgers, self._entries),
            handlers={
                e.FundsDeposited: self._deposited,
                e.FundsWithdrawn: self._withdrawn,
                e.FundsReserved: self._reserved,
                e.ReservationIncreased: self._reserved,
                e.OrderConfirmed: self._confirmed,
                e.ReservationReleased: self._released,
                e.IncreaseReleased: self._released,
                e.ReservationAmended: self._amended,
                e.FillBooked: self._filled,
                e.RedemptionBooked: self._redeemed,
                e.PayoutBooked: self._paid,
                e.UnwindBooked: self._unwound,
                e.ProceedsUnlocked: self._unlocked,
                e.FeesWithdrawn: self._fees_withdrawn,
            },
            wants={
                e.FundsDeposited: self._want_account,
                e.FundsWithdrawn: self._want_account,
                e.FundsReserved: self._want_account,
                e.ReservationIncreased: self._want_account,
                e.OrderConfirmed: self._want_account,
                e.ReservationReleased: self._want_account,
                e.IncreaseReleased: self._want_account,
                e.ReservationAmended: self._want_account,
                e.FillBooked: self._want_locked,
                e.RedemptionBooked: self._want_locked,
                e.PayoutBooked: self._want_locked,
                e.UnwindBooked: self._want_locked,
                e.ProceedsUnlocked: lambda r: self._locked.want_where("ticker", r.event.ticker),
                e.FeesWithdrawn: lambda r: self._ledgers.want(r.stream),
            },
        )

    async def load(self, transaction: Transaction, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Fetch the rows these events need; what is unlocked says only when loaded whose it is."""
        await super().load(transaction, events)
        if any(type(event.event) is e.ProceedsUnlocked for event in events):
            for row in self._locked.at_hand():
                self._accounts.want(row.account_id)
            await self._accounts.load(transaction)

    def _want_account(self, recorded: Recorded[Any]) -> None:
        self._accounts.want(recorded.event.account_id)
        self._ledgers.want(recorded.stream)

    def _want_locked(
        self, recorded: Recorded[e.FillBooked | e.RedemptionBooked | e.PayoutBooked | e.UnwindBooked]
    ) -> None:
        self._want_account(recorded)
        if recorded.event.locked_delta:
            self._locked.want((recorded.event.account_id, recorded.event.ticker))

    # ------------------------------------------------------------------------- one kind of entry each

    def _deposited(self, recorded: Recorded[e.FundsDeposited]) -> None:
        event = recorded.event
        row = self._move(recorded, cash=event.amount, reference=event.reference)
        row.deposited += event.amount
        self._ledger(recorded).deposited += event.amount

    def _withdrawn(self, recorded: Recorded[e.FundsWithdrawn]) -> None:
        event = recorded.event
        row = self._move(recorded, cash=-event.amount, reference=event.reference)
        row.withdrawn += event.amount
        self._ledger(recorded).withdrawn += event.amount

    def _reserved(self, recorded: Recorded[e.FundsReserved | e.ReservationIncreased]) -> None:
        amount = recorded.event.amount
        self._move(recorded, cash=-amount, reserved=amount)

    def _confirmed(self, recorded: Recorded[e.OrderConfirmed]) -> None:
        self._move(recorded, cash=recorded.event.released, reserved=-recorded.event.released)

    def _released(self, recorded: Recorded[e.ReservationReleased | e.IncreaseReleased]) -> None:
        self._move(recorded, cash=recorded.event.amount, reserved=-recorded.event.amount)

    def _amended(self, recorded: Recorded[e.ReservationAmended]) -> None:
        self._move(recorded, cash=recorded.event.released, reserved=-recorded.event.released)

    def _filled(self, recorded: Recorded[e.FillBooked]) -> None:
        event = recorded.event
        self._move(
            recorded,
            cash=event.cash_delta,
            reserved=event.reserved_delta,
            locked=event.locked_delta,
            trade_id=event.trade_id,
        )
        ledger = self._ledger(recorded)
        ledger.in_markets += event.value if event.action is Action.BUY else -event.value
        ledger.fees_held += event.fee

    def _redeemed(self, recorded: Recorded[e.RedemptionBooked]) -> None:
        event = recorded.event
        self._move(recorded, cash=event.cash_delta, locked=event.locked_delta, trade_id=event.trade_id)
        self._ledger(recorded).in_markets -= event.payout

    def _paid(self, recorded: Recorded[e.PayoutBooked]) -> None:
        event = recorded.event
        cash = event.payout + event.fees_delta - event.locked_delta
        self._move(recorded, cash=cash, locked=event.locked_delta)
        ledger = self._ledger(recorded)
        ledger.in_markets -= event.payout
        ledger.fees_held -= event.fees
        ledger.fees_earned += event.fees - event.fees_delta

    def _unwound(self, recorded: Recorded[e.UnwindBooked]) -> None:
        event = recorded.event
        self._move(recorded, cash=event.cash_delta, locked=event.locked_delta)
        ledger = self._ledger(recorded)
        ledger.in_markets -= event.refund - event.fees
        ledger.fees_held -= event.fees

    def _unlocked(self, recorded: Recorded[e.ProceedsUnlocked]) -> None:
        ticker = recorded.event.ticker
        for row in self._locked.at_hand():
            if row.ticker == ticker and row.ledger == recorded.stream:
                self._move(recorded, account_id=row.account_id, cash=row.amount, locked=-row.amount)

    def _fees_withdrawn(self, recorded: Recorded[e.FeesWithdrawn]) -> None:
        ledger = self._ledger(recorded)
        ledger.fees_earned -= recorded.event.amount
        ledger.withdrawn += recorded.event.amount

    # ---------------------------------------------------------------------------------- what they share

    def _move(
        self,
        recorded: Recorded[Any],
        *,
        account_id: str = "",
        cash: int = 0,
        reserved: int = 0,
        locked: int = 0,
        reference: str = "",
        trade_id: str | None = None,
    ) -> AccountRow:
        """Book an entry, and note why unless it moves nothing."""
        event = recorded.event
        owner = account_id or event.account_id
        row = self._accounts.get(owner) or AccountRow(owner, 0, 0, 0, 0, 0, 0)
        self._accounts.put(row)
        if not (cash or reserved or locked):
            return row
        row.cash += cash
        row.reserved += reserved
        row.locked += locked
        row.updated_at_us = recorded.cause.at_us
        ticker = getattr(event, "ticker", None)
        if locked:
            self._lock(owner, event.ticker, recorded.stream, locked)
        self._entries.add(
            LedgerEntryRow(
                account_id=owner,
                position=recorded.position,
                kind=kind_of(type(event).__name__),
                cash_delta=cash,
                reserved_delta=reserved,
                locked_delta=locked,
                order_id=getattr(event, "order_id", None),
                ticker=ticker,
                trade_id=trade_id,
                reference=reference,
                market_revision=getattr(event, "market_revision", None),
                ledger=recorded.stream,
                ledger_revision=recorded.revision,
                command_id=_text(recorded.cause.command_id),
                correlation_id=_text(recorded.cause.correlation_id),
                at_us=recorded.cause.at_us,
            )
        )
        return row

    def _lock(self, account_id: str, ticker: str, ledger: str, amount: int) -> None:
        row = self._locked.get((account_id, ticker)) or LockedRow(account_id, ticker, ledger, 0)
        row.amount += amount
        if row.amount:
            self._locked.put(row)
        else:
            self._locked.drop((account_id, ticker))

    def _ledger(self, recorded: Recorded[Any]) -> LedgerRow:
        row = self._ledgers.get(recorded.stream) or LedgerRow(recorded.stream, 0, 0, 0, 0, 0)
        self._ledgers.put(row)
        return row


@cache
def kind_of(event: str) -> str:
    """Return an event's name in words, for example ``fill_booked`` for ``FillBooked``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


@lru_cache(maxsize=1_024)
def _text(identity: UUID) -> str:
    """Return an id as text; the entries of one command come one after the other."""
    return str(identity)
