"""Decisions about money."""

from collections.abc import Sequence

from domain.identifiers import AccountId
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.bookings import book
from domain.ledger.order_groups import decide_order_group, group_refusal, joined
from domain.ledger.state import HOUSE, KnownOrder, LedgerState, reference_key
from domain.quantities import Money
from domain.rejections import Reason, Rejected

MAX_AMOUNT = 10**17
"""The most one deposit or withdrawal moves: a hundred thousand million dollars, far inside 63 bits."""

Decided = Sequence[e.LedgerEvent] | Rejected


def decide(command: c.LedgerCommand, state: LedgerState) -> Decided:
    """Return what a command causes in this ledger, or why it is refused."""
    match command:
        case c.ReserveFunds():
            return _reserve(command, state)
        case c.BookMarketEvents():
            return book(command, state)
        case c.ReleaseReservation():
            return _release(command, state)
        case c.BeginAmendment():
            return _begin_amendment(command, state)
        case c.GiveUpAmendment():
            return _give_up_amendment(command, state)
        case c.Deposit():
            return _deposit(command, state)
        case c.Withdraw():
            return _withdraw(command, state)
        case c.WithdrawFees():
            return _withdraw_fees(command, state)
        case _:
            return decide_order_group(command, state)


def _reserve(command: c.ReserveFunds, state: LedgerState) -> Decided:
    known = state.orders.get(command.order_id)
    if known is not None:
        return _repeated_order(command, known)
    if command.order_id in state.reservations:
        return Rejected(Reason.ORDER_EXISTS, f"order {command.order_id} is open")
    if refused := group_refusal(command.order_group_id, command.account_id, command.ticker, state):
        return refused
    account = state.accounts.get(command.account_id)
    most = command.limits.open_orders_in_all
    if account is not None and account.open_orders >= most:
        return Rejected(
            Reason.TOO_MANY_OPEN_ORDERS, f"at most {most} orders may be open in all markets together"
        )
    if command.amount > state.cash(command.account_id):
        return _insufficient(state.cash(command.account_id), command.amount)
    reserved: list[e.LedgerEvent] = [
        e.FundsReserved(
            order_id=command.order_id,
            account_id=command.account_id,
            ticker=command.ticker,
            amount=command.amount,
            request_digest=command.request_digest,
            order_group_id=command.order_group_id,
        )
    ]
    if command.key is not None:
        reserved += _client_id(command, None)
    name = command.order_group_id
    return reserved if name is None else [*reserved, joined(name, state.order_groups[name], command.ticker)]


def _repeated_order(command: c.ReserveFunds | c.BeginAmendment, known: KnownOrder) -> Rejected:
    if known.request_digest == command.request_digest:
        return Rejected(Reason.ORDER_EXISTS, f"order {command.order_id} was sent before")
    return Rejected(
        Reason.DUPLICATE_CLIENT_ORDER_ID,
        f"order {command.order_id} was sent before with another content; use a new client_order_id",
    )


def _insufficient(cash: int, needed: int) -> Rejected:
    return Rejected(
        Reason.INSUFFICIENT_FUNDS,
        f"the order needs {_dollars(needed)}, fees included, and {_dollars(cash)} is available",
    )


def _dollars(amount: int) -> str:
    """Return an amount rounded up to the hundredth of a cent, for people."""
    ticks = -(-amount // 100)
    return f"${ticks // 10_000}.{ticks % 10_000:04d}"


def _begin_amendment(command: c.BeginAmendment, state: LedgerState) -> Decided:
    if command.amendment_id in state.amendments:
        return []
    known = None if command.key is None else state.orders.get(command.key)
    if known is not None:
        return _repeated_order(command, known)
    held = state.reservations.get(command.order_id)
    if command.amount and (held is None or held.account_id != command.account_id):
        return Rejected(Reason.ORDER_NOT_FOUND, "no such open order; it may have filled or been canceled")
    if command.amount > state.cash(command.account_id):
        return _insufficient(state.cash(command.account_id), command.amount)
    increased = e.ReservationIncreased(
        order_id=command.order_id,
        account_id=command.account_id,
        ticker=command.ticker,
        amount=command.amount,
        amendment_id=command.amendment_id,
    )
    return [increased, *_client_id(command, command.amendment_id)]


def _client_id(command: c.ReserveFunds | c.BeginAmendment, amendment_id: str | None) -> list[e.LedgerEvent]:
    if command.key is None:
        return []
    return [
        e.ClientIdTaken(
            key=command.key,
            account_id=command.account_id,
            order_id=command.order_id,
            ticker=command.ticker,
            request_digest=command.request_digest,
            amendment_id=amendment_id,
        )
    ]


def _release(command: c.ReleaseReservation, state: LedgerState) -> Decided:
    held = state.reservations.get(command.order_id)
    if held is None or not held.pending:
        return []
    return [
        e.ReservationReleased(
            order_id=command.order_id,
            account_id=held.account_id,
            ticker=held.ticker,
            amount=Money(held.amount),
            market_revision=None,
        )
    ]


def _give_up_amendment(command: c.GiveUpAmendment, state: LedgerState) -> Decided:
    amendment = state.amendments.get(command.amendment_id)
    if amendment is None:
        return []
    released = e.IncreaseReleased(
        order_id=amendment.order_id,
        account_id=amendment.account_id,
        ticker=amendment.ticker,
        amount=Money(amendment.amount),
        amendment_id=command.amendment_id,
    )
    if amendment.key is None:
        return [released]
    return [released, e.ClientIdFreed(key=amendment.key, account_id=amendment.account_id)]


def _deposit(command: c.Deposit, state: LedgerState) -> Decided:
    if not 0 < command.amount <= MAX_AMOUNT:
        return Rejected(Reason.INVALID_AMOUNT, "the amount must be positive")
    repeated = _repeated(command.account_id, command.reference, command.amount, state)
    if repeated is not None:
        return repeated
    if state.deposited + command.amount > command.most:
        return Rejected(
            Reason.DEPOSIT_LIMIT,
            f"at most {_dollars(command.most)} may be deposited with this part of the exchange in all, "
            f"and {_dollars(state.deposited)} was",
        )
    return [
        e.FundsDeposited(account_id=command.account_id, amount=command.amount, reference=command.reference)
    ]


def _withdraw(command: c.Withdraw, state: LedgerState) -> Decided:
    if not 0 < command.amount <= MAX_AMOUNT:
        return Rejected(Reason.INVALID_AMOUNT, "the amount must be positive")
    repeated = _repeated(command.account_id, command.reference, -command.amount, state)
    if repeated is not None:
        return repeated
    if command.amount > state.cash(command.account_id):
        return Rejected(
            Reason.INSUFFICIENT_FUNDS, f"{_dollars(state.cash(command.account_id))} is available to withdraw"
        )
    return [
        e.FundsWithdrawn(account_id=command.account_id, amount=command.amount, reference=command.reference)
    ]


def _withdraw_fees(command: c.WithdrawFees, state: LedgerState) -> Decided:
    if not 0 < command.amount <= MAX_AMOUNT:
        return Rejected(Reason.INVALID_AMOUNT, "the amount must be positive")
    repeated = _repeated(HOUSE, command.reference, -command.amount, state)
    if repeated is not None:
        return repeated
    earned = state.fees_earned + command.earned_elsewhere
    if command.amount > earned:
        return Rejected(Reason.INSUFFICIENT_FUNDS, f"the house has earned {_dollars(earned)} of fees")
    return [e.FeesWithdrawn(amount=command.amount, reference=command.reference)]


def _repeated(account_id: AccountId, reference: str, amount: int, state: LedgerState) -> Decided | None:
    known = state.references.get(reference_key(account_id, reference))
    if known is None:
        return None
    return repeated_transfer(reference, known, amount) or []


def repeated_transfer(reference: str, known: int, amount: int) -> Rejected | None:
    """Return the refusal of a transfer whose reference was used before, ``None`` if it is the same again.

    ``known`` is what the reference moved, ``amount`` what it is to move; both below zero for money out.
    """
    if known == amount:
        return None
    return Rejected(Reason.DUPLICATE_REQUEST, f"reference {reference} was used for another amount")
