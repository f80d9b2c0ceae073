"""Decisions about order groups."""

from collections.abc import Sequence
from typing import assert_never

from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.state import LedgerState, OrderGroup
from domain.rejections import Reason, Rejected


def decide_order_group(
    command: c.OrderGroupCommand, state: LedgerState
) -> Sequence[e.LedgerEvent] | Rejected:
    """Return what a command causes for an order group of its own account."""
    group = state.order_groups.get(command.order_group_id)
    if isinstance(command, c.CreateOrderGroup):
        return _create(command, group)
    if group is None or group.account_id != command.account_id:
        return Rejected(Reason.ORDER_GROUP_NOT_FOUND, "there is no such order group")
    name, owner = command.order_group_id, command.account_id
    match command:
        case c.ChangeOrderGroupLimit():
            changed = e.OrderGroupLimitChanged(order_group_id=name, account_id=owner, limit=command.limit)
            return _bad_limit(command.limit) or [
                changed,
                *_triggered(group, group.filled, command.limit, name),
            ]
        case c.TriggerOrderGroup():
            return [] if group.triggered else [e.OrderGroupTriggered(order_group_id=name, account_id=owner)]
        case c.ResetOrderGroup():
            return [e.OrderGroupReset(order_group_id=name, account_id=owner)]
        case c.DeleteOrderGroup():
            return [e.OrderGroupDeleted(order_group_id=name, account_id=owner)]
        case _:
            assert_never(command)


def _create(command: c.CreateOrderGroup, existing: OrderGroup | None) -> Sequence[e.LedgerEvent] | Rejected:
    if existing is not None:
        return Rejected(Reason.ORDER_GROUP_EXISTS, f"order group {command.order_group_id} exists")
    created = e.OrderGroupCreated(
        order_group_id=command.order_group_id, account_id=command.account_id, limit=command.limit
    )
    return _bad_limit(command.limit) or [created]


def _bad_limit(limit: int) -> Rejected | None:
    if limit > 0:
        return None
    return Rejected(Reason.INVALID_QUANTITY, "the limit of an order group must be positive")


def _triggered(group: OrderGroup, filled: int, limit: int, name: str) -> list[e.LedgerEvent]:
    if group.triggered or filled < limit:
        return []
    return [e.OrderGroupTriggered(order_group_id=name, account_id=group.account_id)]
