"""Order groups: taken off together once so much has filled."""

from typing import Any

import pytest

from domain.identifiers import AccountId
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.quantities import Quantity
from domain.rejections import Reason
from tests.unit.domain.money_words import Ledger, book, ledger, leg, placed, reserve, trade
from tests.unit.domain.trading_words import ANN, BOB, CAT, dollars, hundredths


def named(kind: type[Any], account: AccountId = ANN, **more: Any) -> Any:
    return kind(order_group_id="g", account_id=account, **more)


def grouped(limit: float = 10) -> Ledger:
    """Return a ledger in which Ann has a group with an order in it."""
    return ledger(ann=100).and_then(
        named(c.CreateOrderGroup, limit=hundredths(limit)),
        reserve("a", 50, order_group_id="g"),
        book(placed("a", 50, order_group_id="g"), accounts=(ANN,)),
    )


def fill(number: int, contracts: float) -> c.BookMarketEvents:
    mine = leg("a", order_group_id="g", reserved=dollars(10))
    return book(trade(number, 10, contracts, mine, leg("x", CAT)), first=number, accounts=(ANN,))


def test_a_group_is_created_once_and_its_limit_is_positive() -> None:
    book_ = ledger()
    book_.when(named(c.CreateOrderGroup, limit=Quantity(0))).then(Reason.INVALID_QUANTITY)
    create = named(c.CreateOrderGroup, limit=Quantity(100))
    book_.when(create).then(e.OrderGroupCreated(order_group_id="g", account_id=ANN, limit=Quantity(100)))
    book_.when(create).then(Reason.ORDER_GROUP_EXISTS)


@pytest.mark.parametrize(
    "command",
    [
        named(c.ChangeOrderGroupLimit, BOB, limit=Quantity(1)),
        named(c.TriggerOrderGroup, BOB),
        named(c.ResetOrderGroup, BOB),
        named(c.DeleteOrderGroup, BOB),
        reserve("b", 0, BOB, order_group_id="g"),
    ],
)
def test_a_group_is_its_owners_alone(command: c.LedgerCommand) -> None:
    grouped().when(command).then(Reason.ORDER_GROUP_NOT_FOUND)
    ledger().when(command).then(Reason.ORDER_GROUP_NOT_FOUND)


def test_a_group_is_triggered_when_its_limit_has_filled_and_once_only() -> None:
    book_ = grouped()
    book_.when(fill(1, 9.99)).then(e.FillBooked)
    book_.when(fill(2, 0.01)).then(e.FillBooked, e.OrderGroupTriggered(order_group_id="g", account_id=ANN))
    book_.when(fill(3, 1)).then(e.FillBooked)


def test_fills_booked_together_trigger_a_group_once() -> None:
    mine = leg("a", order_group_id="g", reserved=dollars(10))
    fills = (trade(number, 10, 6, mine, leg("x", CAT)) for number in range(1, 4))
    outcome = grouped().when(book(*fills, first=1, accounts=(ANN,)))
    outcome.then(e.FillBooked, e.FillBooked, e.OrderGroupTriggered, e.FillBooked)


def test_a_triggered_group_takes_no_orders_until_it_is_reset() -> None:
    book_ = grouped().and_then(fill(1, 10))
    book_.when(reserve("b", 1, order_group_id="g")).then(Reason.ORDER_GROUP_TRIGGERED)
    book_.when(named(c.ResetOrderGroup)).then(e.OrderGroupReset(order_group_id="g", account_id=ANN))
    book_.when(reserve("b", 1, order_group_id="g")).then(e.FundsReserved)
    book_.when(fill(2, 9.99)).then(e.FillBooked)


def test_a_group_can_be_pulled_by_hand() -> None:
    book_ = grouped()
    book_.when(named(c.TriggerOrderGroup)).then(e.OrderGroupTriggered(order_group_id="g", account_id=ANN))
    book_.when(named(c.TriggerOrderGroup)).then()


def test_a_limit_lowered_to_what_has_filled_triggers_the_group() -> None:
    book_ = grouped().and_then(fill(1, 6))
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(7))).then(e.OrderGroupLimitChanged)
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(6))).then(
        e.OrderGroupLimitChanged, e.OrderGroupTriggered
    )
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(5))).then(e.OrderGroupLimitChanged)
    book_.when(named(c.ChangeOrderGroupLimit, limit=Quantity(-1))).then(Reason.INVALID_QUANTITY)


def test_a_deleted_group_is_gone() -> None:
    book_ = grouped()
    book_.when(named(c.DeleteOrderGroup)).then(e.OrderGroupDeleted(order_group_id="g", account_id=ANN))
    book_.when(fill(1, 10)).then(e.FillBooked)
    book_.when(reserve("b", 1, order_group_id="g")).then(Reason.ORDER_GROUP_NOT_FOUND)
