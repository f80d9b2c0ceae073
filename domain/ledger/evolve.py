"""How each event changes a ledger. Nothing here refuses, and nothing here works out a rule."""

from typing import assert_never

from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import events as e
from domain.ledger.state import (
    HOUSE,
    Account,
    Amendment,
    KnownOrder,
    LedgerState,
    OrderGroup,
    Reservation,
    reference_key,
)
from domain.market.vocabulary import Action


def evolve(state: LedgerState, event: e.LedgerEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case e.FundsReserved():
            _reserved(state, event)
        case e.OrderConfirmed():
            held = state.reservations[event.order_id]
            held.pending, held.for_sale = False, event.for_sale
            _set_aside(state, event.order_id, amount=-event.released)
            state.booked[event.ticker] = event.market_revision
        case e.FillBooked():
            _filled(state, event)
        case e.ReservationReleased():
            _released(state, event)
        case (
            e.ReservationIncreased()
            | e.IncreaseReleased()
            | e.ReservationAmended()
            | e.ClientIdTaken()
            | e.ClientIdFreed()
        ):
            _amendment(state, event)
        case e.RedemptionBooked() | e.PayoutBooked() | e.UnwindBooked() | e.ProceedsUnlocked():
            _paid(state, event)
        case e.FundsDeposited():
            state.account(event.account_id).cash += event.amount
            state.deposited += event.amount
            state.references.add(reference_key(event.account_id, event.reference), event.amount)
        case e.FundsWithdrawn():
            state.account(event.account_id).cash -= event.amount
            state.withdrawn += event.amount
            state.references.add(reference_key(event.account_id, event.reference), -event.amount)
        case e.FeesWithdrawn():
            state.fees_earned -= event.amount
            state.withdrawn += event.amount
            state.references.add(reference_key(HOUSE, event.reference), -event.amount)
        case _:
            _order_group(state, event)


def _reserved(state: LedgerState, event: e.FundsReserved) -> None:
    account = state.account(event.account_id)
    account.cash -= event.amount
    account.reserved += event.amount
    account.open_orders += 1
    state.reservations[event.order_id] = Reservation(event.account_id, event.ticker, event.amount)
    state.orders.add(event.order_id, KnownOrder(event.request_digest, event.ticker, event.order_id))
    if event.order_group_id is not None:
        state.order_groups[event.order_group_id].filled_in.setdefault(event.ticker, 0)


def _set_aside(state: LedgerState, order_id: OrderId, *, amount: int = 0, extra: int = 0) -> None:
    held = state.reservations[order_id]
    account = state.accounts[held.account_id]
    account.cash -= amount + extra
    account.reserved += amount + extra
    held.amount += amount
    held.extra += extra
    if held.spent:
        _forget(state, order_id, account)


def _forget(state: LedgerState, order_id: OrderId, account: Account) -> None:
    del state.reservations[order_id]
    account.open_orders -= 1


def _amendment(
    state: LedgerState,
    event: e.ReservationIncreased
    | e.IncreaseReleased
    | e.ReservationAmended
    | e.ClientIdTaken
    | e.ClientIdFreed,
) -> None:
    match event:
        case e.ReservationIncreased():
            _began(state, event)
        case e.IncreaseReleased():
            _ended(state, event.amendment_id, event.amount)
            _set_extra_aside(state, event.order_id, extra=-event.amount)
        case e.ReservationAmended():
            _ended(state, event.amendment_id, event.extra)
            gained = event.extra - event.released
            if event.for_sale:
                state.reservations[event.order_id].for_sale = event.for_sale
            _set_extra_aside(state, event.order_id, amount=gained, extra=-event.extra)
            state.booked[event.ticker] = event.market_revision
        case e.ClientIdTaken():
            state.orders.add(event.key, KnownOrder(event.request_digest, event.ticker, event.order_id))
            if event.amendment_id is not None:
                state.amendments[event.amendment_id].key = event.key
        case e.ClientIdFreed():
            state.orders.forget(event.key)
        case _:
            assert_never(event)


def _began(state: LedgerState, event: e.ReservationIncreased) -> None:
    # Amendments of old had no ids of their own: those of one order count together.
    amendment = state.amendments.get(event.amendment_id)
    if amendment is None:
        amendment = Amendment(event.order_id, event.account_id, event.ticker)
        state.amendments[event.amendment_id] = amendment
    amendment.amount += event.amount
    _set_extra_aside(state, event.order_id, extra=event.amount)


def _ended(state: LedgerState, amendment_id: str, amount: int) -> None:
    amendment = state.amendments.get(amendment_id)
    if amendment is None:
        return
    amendment.amount -= amount
    if not amendment.amount:
        del state.amendments[amendment_id]


def _set_extra_aside(state: LedgerState, order_id: OrderId, *, amount: int = 0, extra: int = 0) -> None:
    """Change what is set aside for an order that may, as a sale, have nothing set aside."""
    if amount or extra or order_id in state.reservations:
        _set_aside(state, order_id, amount=amount, extra=extra)


def _released(state: LedgerState, event: e.ReservationReleased) -> None:
    held = state.reservations[event.order_id]
    held.for_sale = event.for_sale
    if event.market_revision is None:
        held.pending = False
        state.orders.forget(event.order_id)
    else:
        state.booked[event.ticker] = event.market_revision
    _set_aside(state, event.order_id, amount=-event.amount)


def _filled(state: LedgerState, event: e.FillBooked) -> None:
    account = state.accounts[event.account_id]
    account.cash += event.cash_delta
    account.reserved += event.reserved_delta
    _lock(account, event.ticker, event.locked_delta)
    buys = event.action is Action.BUY
    state.in_markets += event.value if buys else -event.value
    state.fees_held += event.fee
    state.booked[event.ticker] = event.market_revision
    held = state.reservations.get(event.order_id)
    if held is not None:
        held.amount += event.reserved_delta
        if held.for_sale:
            held.for_sale -= event.quantity
        if held.spent:
            _forget(state, event.order_id, account)
    if event.order_group_id is not None and event.order_group_id in state.order_groups:
        group = state.order_groups[event.order_group_id]
        group.filled += event.quantity
        group.filled_in[event.ticker] = group.filled_in.get(event.ticker, 0) + event.quantity


def _lock(account: Account, ticker: Ticker, amount: int) -> None:
    if amount:
        locked = account.locked.get(ticker, 0) + amount
        if locked:
            account.locked[ticker] = locked
        else:
            del account.locked[ticker]


def _paid(
    state: LedgerState, event: e.RedemptionBooked | e.PayoutBooked | e.UnwindBooked | e.ProceedsUnlocked
) -> None:
    match event:
        case e.RedemptionBooked():
            account = state.account(event.account_id)
            account.cash += event.cash_delta
            _lock(account, event.ticker, event.locked_delta)
            state.in_markets -= event.payout
        case e.PayoutBooked():
            account = state.account(event.account_id)
            account.cash += event.payout + event.fees_delta - event.locked_delta
            _lock(account, event.ticker, event.locked_delta)
            state.in_markets -= event.payout
            state.fees_held -= event.fees
            state.fees_earned += event.fees - event.fees_delta
        case e.UnwindBooked():
            account = state.account(event.account_id)
            account.cash += event.cash_delta
            _lock(account, event.ticker, event.locked_delta)
            state.in_markets -= event.refund - event.fees
            state.fees_held -= event.fees
        case e.ProceedsUnlocked():
            for account in state.accounts.values():
                account.cash += account.locked.pop(event.ticker, 0)
    state.booked[event.ticker] = event.market_revision


def _order_group(state: LedgerState, event: e.OrderGroupEvent) -> None:
    match event:
        case e.OrderGroupCreated():
            state.order_groups[event.order_group_id] = OrderGroup(AccountId(event.account_id), event.limit)
            state.groups_of[event.account_id] += 1
        case e.OrderGroupLimitChanged():
            group = state.order_groups[event.order_group_id]
            group.limit = event.limit
            group.version += 1
        case e.OrderGroupTriggered():
            group = state.order_groups[event.order_group_id]
            group.triggered = True
            group.version += 1
            group.closed_at = group.version
        case e.OrderGroupAllotted():
            pass  # what it says to a market follows from what the ledger knows already
        case e.OrderGroupReset():
            _reset(state.order_groups[event.order_group_id])
        case e.OrderGroupDeleted():
            del state.order_groups[event.order_group_id]
            state.groups_of[event.account_id] -= 1
            if not state.groups_of[event.account_id]:
                del state.groups_of[event.account_id]
        case _:
            assert_never(event)


def _reset(group: OrderGroup) -> None:
    """Begin a new round. The markets of a triggered group have been told to take its orders off."""
    group.filled_in = {} if group.triggered else dict.fromkeys(group.filled_in, 0)
    group.triggered, group.filled = False, 0
    group.round += 1
    group.version += 1
