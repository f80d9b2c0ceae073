"""Booking what markets decided. The market states every amount; the ledger works out what moves here."""

from collections.abc import Iterator

from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import events as e
from domain.ledger.commands import BookMarketEvents, MarketEntry
from domain.ledger.order_groups import filled
from domain.ledger.state import LedgerState
from domain.market import events as m
from domain.market.vocabulary import Action, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks


def book(command: BookMarketEvents, state: LedgerState) -> list[e.LedgerEvent]:
    """Return the entries for all events that were not booked before."""
    booked = state.booked.get(command.ticker, -1)
    bookkeeper = _Bookkeeper(command.ticker, state)
    entries = [
        entry for item in command.entries if item.revision > booked for entry in bookkeeper.entries(item)
    ]
    return [*entries, *bookkeeper.groups()]


class _Held:
    """What is set aside for an order, as the entries worked out so far leave it."""

    __slots__ = ("amount", "extra", "for_sale")

    def __init__(self, amount: int, extra: int, for_sale: int) -> None:
        self.amount = amount
        self.extra = extra
        self.for_sale = for_sale


class _Bookkeeper:
    """Works out entries one after the other, on top of a state that is not changed meanwhile."""

    def __init__(self, ticker: Ticker, state: LedgerState) -> None:
        self._ticker = ticker
        self._state = state
        self._held: dict[OrderId, _Held | None] = {}
        self._locked: dict[AccountId, int] = {}
        self._filled: dict[str, int] = {}

    def entries(self, item: MarketEntry) -> Iterator[e.LedgerEvent]:
        """Yield what an event moves in this ledger."""
        event, revision = item.event, item.revision
        match event:
            case m.TradeExecuted():
                for leg in (event.maker, event.taker):
                    if leg.account_id in item.accounts:
                        yield from self._fill(event, leg, revision)
            case m.OrderPlaced():
                yield from self._confirm(event, revision)
            case m.OrderCanceled():
                yield from self._release(event, 0, revision)
            case m.OrderDecreased():
                yield from self._release(event, event.reserved, revision)
            case m.OrderAmended():
                yield from self._amend(event, revision)
            case m.OrderRenamed():
                yield from self._rename(event, revision)
            case m.PairsRedeemed():
                yield self._redeem(event, revision)
            case m.PositionSettled():
                yield self._payout(event, revision)
            case m.PositionUnwound():
                yield self._unwind(event, revision)
            case m.ConditionMet():
                self._locked = dict.fromkeys(self._state.accounts, 0)
                yield e.ProceedsUnlocked(ticker=self._ticker, market_revision=revision)
            case _:
                return

    def _holding(self, order_id: OrderId) -> _Held | None:
        if order_id not in self._held:
            held = self._state.reservations.get(order_id)
            self._held[order_id] = None if held is None else _Held(held.amount, held.extra, held.for_sale)
        return self._held[order_id]

    def _keep(self, order_id: OrderId, held: _Held) -> None:
        self._held[order_id] = held if held.amount or held.for_sale or held.extra else None

    def _confirm(self, event: m.OrderPlaced, revision: int) -> Iterator[e.LedgerEvent]:
        held = self._holding(event.order_id)
        if held is None:
            return
        released = held.amount - event.reserved
        held.amount -= released
        held.for_sale = event.terms.quantity if event.action is Action.SELL else 0
        self._keep(event.order_id, held)
        yield e.OrderConfirmed(
            order_id=event.order_id,
            account_id=event.account_id,
            ticker=self._ticker,
            released=Money(released),
            market_revision=revision,
            for_sale=Quantity(held.for_sale),
        )

    def _release(
        self, event: m.OrderCanceled | m.OrderDecreased, reserved: int, revision: int
    ) -> Iterator[e.LedgerEvent]:
        held = self._holding(event.order_id)
        if held is None or not (held.for_sale or held.amount > reserved):
            return
        released = held.amount - reserved
        held.amount = reserved
        if held.for_sale:
            held.for_sale -= event.quantity
        self._keep(event.order_id, held)
        yield e.ReservationReleased(
            order_id=event.order_id,
            account_id=event.account_id,
            ticker=self._ticker,
            amount=Money(released),
            market_revision=revision,
            for_sale=Quantity(held.for_sale),
        )

    def _amend(self, event: m.OrderAmended, revision: int) -> Iterator[e.LedgerEvent]:
        held = self._holding(event.order_id)
        if held is None and event.amendment_id not in self._state.amendments:
            return
        released = for_sale = 0
        if held is not None:
            released = held.amount + event.extra - event.reserved
            held.amount, held.extra = event.reserved, held.extra - event.extra
            if held.for_sale:
                held.for_sale = for_sale = event.remaining
            self._keep(event.order_id, held)
        yield self._amended(event, event.reserved, event.extra, released, for_sale, revision)

    def _rename(self, event: m.OrderRenamed, revision: int) -> Iterator[e.LedgerEvent]:
        """End an amendment that, as the order stood, needed no more money: all of it goes back."""
        amendment = self._state.amendments.get(event.amendment_id)
        if amendment is None:
            return
        held, extra, reserved, for_sale = self._holding(event.order_id), amendment.amount, 0, 0
        if held is not None:
            held.extra, reserved, for_sale = held.extra - extra, held.amount, held.for_sale
            self._keep(event.order_id, held)
        yield self._amended(event, reserved, extra, extra, for_sale, revision)

    def _amended(
        self,
        event: m.OrderAmended | m.OrderRenamed,
        reserved: int,
        extra: int,
        released: int,
        for_sale: int,
        revision: int,
    ) -> e.LedgerEvent:
        return e.ReservationAmended(
            order_id=event.order_id,
            account_id=event.account_id,
            ticker=self._ticker,
            reserved=Money(reserved),
            extra=Money(extra),
            released=Money(released),
            market_revision=revision,
            amendment_id=event.amendment_id,
            for_sale=Quantity(for_sale),
        )

    def _fill(self, event: m.TradeExecuted, leg: m.Leg, revision: int) -> Iterator[e.LedgerEvent]:
        yes = leg.side is Side.YES
        price = event.price_ticks if yes else Ticks(PAYOUT_TICKS - event.price_ticks)
        value = price * event.quantity
        reserved = 0
        held = self._holding(leg.order_id)
        if held is not None:
            reserved = leg.reserved - held.amount
            held.amount = leg.reserved
            if held.for_sale:
                held.for_sale -= event.quantity
            self._keep(leg.order_id, held)
        locked = leg.locked - self._lock_of(leg.account_id)
        self._locked[leg.account_id] = leg.locked
        moved = -value if leg.action is Action.BUY else value
        yield e.FillBooked(
            order_id=leg.order_id,
            account_id=leg.account_id,
            ticker=self._ticker,
            trade_id=event.trade_id,
            side=leg.side,
            action=leg.action,
            price_ticks=price,
            quantity=event.quantity,
            value=Money(value),
            fee=leg.fee,
            cash_delta=Money(moved - leg.fee - reserved - locked),
            reserved_delta=Money(reserved),
            locked_delta=Money(locked),
            order_group_id=leg.order_group_id,
            market_revision=revision,
        )
        if leg.order_group_id is not None:
            self._filled[leg.order_group_id] = self._filled.get(leg.order_group_id, 0) + event.quantity

    def _lock_of(self, account_id: AccountId) -> int:
        if account_id not in self._locked:
            account = self._state.accounts.get(account_id)
            self._locked[account_id] = account.locked.get(self._ticker, 0) if account else 0
        return self._locked[account_id]

    def groups(self) -> Iterator[e.LedgerEvent]:
        """Yield what follows for the order groups of which something has filled."""
        for name, quantity in self._filled.items():
            group = self._state.order_groups.get(name)
            if group is not None and not group.triggered:
                yield from filled(name, group, self._ticker, quantity)

    def _redeem(self, event: m.PairsRedeemed, revision: int) -> e.LedgerEvent:
        locked = event.locked - self._lock_of(event.account_id)
        self._locked[event.account_id] = event.locked
        return e.RedemptionBooked(
            account_id=event.account_id,
            ticker=self._ticker,
            quantity=event.quantity,
            payout=event.payout,
            cash_delta=Money(event.payout - locked),
            locked_delta=Money(locked),
            trade_id=event.trade_id,
            market_revision=revision,
        )

    def _payout(self, event: m.PositionSettled, revision: int) -> e.LedgerEvent:
        locked = self._lock_of(event.account_id)
        self._locked[event.account_id] = 0
        return e.PayoutBooked(
            account_id=event.account_id,
            ticker=self._ticker,
            payout=event.payout,
            fees=event.fees,
            fees_delta=event.fees if event.fees_returned else Money(0),
            locked_delta=Money(-locked),
            market_revision=revision,
        )

    def _unwind(self, event: m.PositionUnwound, revision: int) -> e.LedgerEvent:
        locked = self._lock_of(event.account_id)
        self._locked[event.account_id] = 0
        return e.UnwindBooked(
            account_id=event.account_id,
            ticker=self._ticker,
            refund=event.refund,
            fees=event.fees,
            cash_delta=Money(event.refund + locked),
            locked_delta=Money(-locked),
            market_revision=revision,
        )
