"""Decisions about order groups."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from domain.identifiers import AccountId, Ticker
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.state import LedgerState, OrderGroup
from domain.quantities import MAX_QUANTITY, Quantity
from domain.rejections import Reason, Rejected

MARKETS_MAX = 100
"""In how many markets a group may have orders: each fill is told to all others."""


def decide_order_group(
    command: c.OrderGroupCommand, state: LedgerState
) -> Sequence[e.LedgerEvent] | Rejected:
    """Return what a command causes for an order group of its own account."""
    group = state.order_groups.get(command.order_group_id)
    if isinstance(command, c.CreateOrderGroup):
        return _create(command, group, state)
    if group is None or group.account_id != command.account_id:
        return Rejected(Reason.ORDER_GROUP_NOT_FOUND, "there is no such order group")
    name, owner = command.order_group_id, command.account_id
    match command:
        case c.ChangeOrderGroupLimit():
            return _bad_limit(command.limit) or _change_limit(command, group)
        case c.TriggerOrderGroup():
            return [] if group.triggered else triggered(name, group)
        case c.ResetOrderGroup():
            return _reset(name, group)
        case c.DeleteOrderGroup():
            deleted = e.OrderGroupDeleted(order_group_id=name, account_id=owner)
            return [deleted, *_closed(name, group, group.version + 1)]
        case _:
            assert_never(command)


def group_refusal(
    order_group_id: str | None, account_id: AccountId, ticker: Ticker, state: LedgerState
) -> Rejected | None:
    """Return why an order of an account cannot belong to a group, if it cannot."""
    if order_group_id is None:
        return None
    group = state.order_groups.get(order_group_id)
    if group is None or group.account_id != account_id:
        return Rejected(Reason.ORDER_GROUP_NOT_FOUND, "there is no such order group")
    if group.triggered:
        return Rejected(Reason.ORDER_GROUP_TRIGGERED, "the order group has reached its limit; reset it")
    if len(group.filled_in) >= MARKETS_MAX and ticker not in group.filled_in:
        return Rejected(
            Reason.ORDER_GROUP_TOO_WIDE, f"an order group may have orders in at most {MARKETS_MAX} markets"
        )
    return None


def joined(name: str, group: OrderGroup, ticker: Ticker) -> e.OrderGroupAllotted:
    """Return what an order of a group brings along to its market."""
    return _allotted(name, group, ticker, filled=group.filled, filled_there=group.filled_in.get(ticker, 0))


def filled(
    name: str, group: OrderGroup, ticker: Ticker, quantity: int
) -> Iterable[e.OrderGroupTriggered | e.OrderGroupAllotted]:
    """Return what follows from ``quantity`` more of a group, not counted yet, that filled in a market."""
    total = group.filled + quantity
    if total >= group.limit:
        yield from triggered(name, group)
        return
    for other, there in group.filled_in.items():
        if other != ticker:
            yield _allotted(name, group, other, filled=total, filled_there=there)


def triggered(name: str, group: OrderGroup) -> list[e.OrderGroupTriggered | e.OrderGroupAllotted]:
    """Return what pulls a group: it takes no more orders, and every market takes off those it has."""
    pulled = e.OrderGroupTriggered(order_group_id=name, account_id=group.account_id)
    return [pulled, *_closed(name, group, group.version + 1)]


def _create(
    command: c.CreateOrderGroup, existing: OrderGroup | None, state: LedgerState
) -> Sequence[e.LedgerEvent] | Rejected:
    if existing is not None:
        return Rejected(Reason.ORDER_GROUP_EXISTS, f"order group {command.order_group_id} exists")
    most = command.limits.order_groups
    if state.groups_of[command.account_id] >= most:
        return Rejected(Reason.TOO_MANY_ORDER_GROUPS, f"an account may have at most {most} order groups")
    created = e.OrderGroupCreated(
        order_group_id=command.order_group_id, account_id=command.account_id, limit=command.limit
    )
    return _bad_limit(command.limit) or [created]


def _bad_limit(limit: int) -> Rejected | None:
    if 0 < limit <= MAX_QUANTITY:
        return None
    return Rejected(
        Reason.INVALID_QUANTITY,
        "the limit of an order group must be positive and at most a thousand million contracts",
    )


def _change_limit(command: c.ChangeOrderGroupLimit, group: OrderGroup) -> list[e.LedgerEvent]:
    name, owner, version = command.order_group_id, command.account_id, group.version + 1
    changed = e.OrderGroupLimitChanged(order_group_id=name, account_id=owner, limit=command.limit)
    if group.triggered:
        return [changed]
    if group.filled >= command.limit:
        pulled = e.OrderGroupTriggered(order_group_id=name, account_id=owner)
        return [changed, pulled, *_closed(name, group, version + 1)]
    return [
        changed,
        *(
            _told(name, group, ticker, version=version, allowance=command.limit - group.filled + there)
            for ticker, there in group.filled_in.items()
        ),
    ]


def _reset(name: str, group: OrderGroup) -> list[e.LedgerEvent]:
    reset = e.OrderGroupReset(order_group_id=name, account_id=group.account_id)
    if group.triggered:
        # Its markets stay closed to it until the next order brings along that it is open again.
        return [reset]
    version, round_ = group.version + 1, group.round + 1
    return [
        reset,
        *(
            _told(name, group, ticker, version=version, round_=round_, allowance=group.limit)
            for ticker in group.filled_in
        ),
    ]


def _closed(name: str, group: OrderGroup, version: int) -> list[e.OrderGroupAllotted]:
    return [
        _told(name, group, ticker, version=version, closed_at=version, allowance=0)
        for ticker in group.filled_in
    ]


def _allotted(
    name: str, group: OrderGroup, ticker: Ticker, *, filled: int, filled_there: int
) -> e.OrderGroupAllotted:
    allowance = group.limit - filled + filled_there
    return _told(name, group, ticker, version=group.version, allowance=allowance)


def _told(
    name: str,
    group: OrderGroup,
    ticker: Ticker,
    *,
    version: int,
    allowance: int,
    round_: int | None = None,
    closed_at: int | None = None,
) -> e.OrderGroupAllotted:
    return e.OrderGroupAllotted(
        order_group_id=name,
        account_id=group.account_id,
        ticker=ticker,
        round=group.round if round_ is None else round_,
        version=version,
        closed_at=group.closed_at if closed_at is None else closed_at,
        allowance=Quantity(allowance),
    )
