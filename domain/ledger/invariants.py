"""What always holds within one ledger."""

from collections import Counter
from collections.abc import Iterator

from domain.ledger.state import LedgerState
from domain.quantities import MAX_DEPOSITS


def ledger_violations(state: LedgerState) -> Iterator[str]:
    """Yield a sentence for everything that is wrong within a ledger."""
    yield from _balance(state)
    yield from _bounds(state)
    set_aside: Counter[str] = Counter()
    open_orders: Counter[str] = Counter()
    for order_id, held in state.reservations.items():
        set_aside[held.account_id] += held.amount + held.extra
        open_orders[held.account_id] += 1
        if held.amount < 0 or held.extra < 0:
            yield f"order {order_id} has {held.amount} and for amendments {held.extra} set aside"
    for name, group in state.order_groups.items():
        if group.filled >= group.limit and not group.triggered:
            yield f"order group {name} has filled {group.filled} of {group.limit} and was not triggered"
    for account_id, account in state.accounts.items():
        if account.reserved != set_aside[account_id]:
            yield f"{account_id} has {account.reserved} reserved, its orders {set_aside[account_id]}"
        if account.open_orders != open_orders[account_id]:
            yield f"{account_id} has {open_orders[account_id]} open orders, {account.open_orders} are counted"
        if account.cash < 0:
            yield f"{account_id} has {account.cash} in cash"
        for ticker, amount in account.locked.items():
            if amount <= 0:
                yield f"{account_id} has {amount} locked in {ticker}"


def _bounds(state: LedgerState) -> Iterator[str]:
    totals = {"deposited": state.deposited, "withdrawn": state.withdrawn, "in markets": state.in_markets}
    for name, total in totals.items():
        if abs(total) > 2 * MAX_DEPOSITS:
            yield f"{total} {name} is more than is ever counted"


def _balance(state: LedgerState) -> Iterator[str]:
    inside = sum(account.total for account in state.accounts.values())
    there = inside + state.in_markets + state.fees_held + state.fees_earned
    came = state.deposited - state.withdrawn
    if came != there:
        yield f"{came} came in, and {there} is there"
    if state.fees_held < 0:
        yield f"fees of {state.fees_held} are held"
