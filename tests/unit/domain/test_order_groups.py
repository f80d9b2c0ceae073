"""Order groups: taken off together once so much has filled."""

from typing import Any

import pytest

from domain.identifiers import AccountId, Ticker
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.order_groups import MARKETS_MAX
from domain.limits import AccountLimits
from domain.quantities import MAX_QUANTITY, Quantity
from domain.rejections import Reason
from tests.unit.domain.money_words import Ledger, book, ledger, leg, placed, reserve, trade
from tests.unit.domain.trading_words import ANN, BOB, CAT, TICKER, dollars, hundredths


def named(kind: type[Any], account: AccountId = ANN, **more: Any) -> Any:
    return kind(order_group_id="g", account_id=account, **more)


def grouped(limit: float = 10) -> Ledger:
    """Return a ledger in which Ann has a group with an order in it."""
    return ledger(ann=100).and_then(
        named(c.CreateOrderGroup, limit=hundredths(limit)),
        reserve("a", 50, order_group_id="g"),
        book(placed("a", 50, order_group_id="g"), accounts=(ANN,)),
    )


def allotted(
    contracts: float, *, version: int = 0, round_: int = 0, closed_at: int = 0, ticker: Ticker = TICKER
) -> e.OrderGroupAllotted:
    return e.OrderGroupAllotted(
        order_group_id="g",
        account_id=ANN,
        ticker=ticker,
        round=round_,
        version=version,
        closed_at=closed_at,
        allowance=hundredths(contracts),
    )


def closed(version: int = 1, ticker: Ticker = TICKER) -> e.OrderGroupAllotted:
    return allotted(0, version=version, closed_at=version, ticker=ticker)


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
    book_.when(fill(2, 0.01)).then(
        e.FillBooked, e.OrderGroupTriggered(order_group_id="g", account_id=ANN), closed()
    )
    book_.when(fill(3, 1)).then(e.FillBooked)


def test_fills_booked_together_trigger_a_group_once() -> None:
    mine = leg("a", order_group_id="g", reserved=dollars(10))
    fills = (trade(number, 10, 6, mine, leg("x", CAT)) for number in range(1, 4))
    outcome = grouped().when(book(*fills, first=1, accounts=(ANN,)))
    outcome.then(e.FillBooked, e.FillBooked, e.FillBooked, e.OrderGroupTriggered, closed())


def test_a_triggered_group_takes_no_orders_until_it_is_reset() -> None:
    book_ = grouped().and_then(fill(1, 10))
    book_.when(reserve("b", 1, order_group_id="g")).then(Reason.ORDER_GROUP_TRIGGERED)
    book_.when(named(c.ResetOrderGroup)).then(e.OrderGroupReset(order_group_id="g", account_id=ANN))
    book_.when(reserve("b", 1, order_group_id="g")).then(
        e.FundsReserved, allotted(10, version=2, round_=1, closed_at=1)
    )
    book_.when(fill(2, 9.99)).then(e.FillBooked)


def test_a_group_can_be_pulled_by_hand() -> None:
    book_ = grouped()
    book_.when(named(c.TriggerOrderGroup)).then(
        e.OrderGroupTriggered(order_group_id="g", account_id=ANN), closed()
    )
    book_.when(named(c.TriggerOrderGroup)).then()


def test_a_limit_lowered_to_what_has_filled_triggers_the_group() -> None:
    book_ = grouped().and_then(fill(1, 6))
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(7))).then(
        e.OrderGroupLimitChanged, allotted(7, version=1)
    )
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(6))).then(
        e.OrderGroupLimitChanged, e.OrderGroupTriggered, closed(3)
    )
    book_.when(named(c.ChangeOrderGroupLimit, limit=hundredths(5))).then(e.OrderGroupLimitChanged)
    book_.when(named(c.ChangeOrderGroupLimit, limit=Quantity(-1))).then(Reason.INVALID_QUANTITY)


def test_a_deleted_group_is_gone() -> None:
    book_ = grouped()
    book_.when(named(c.DeleteOrderGroup)).then(
        e.OrderGroupDeleted(order_group_id="g", account_id=ANN), closed()
    )
    book_.when(fill(1, 10)).then(e.FillBooked)
    book_.when(reserve("b", 1, order_group_id="g")).then(Reason.ORDER_GROUP_NOT_FOUND)


SNOW = Ticker("SNOW")


def in_two_markets(limit: float = 10) -> Ledger:
    return grouped(limit).and_then(reserve("b", 1, order_group_id="g", ticker=SNOW))


def test_an_order_brings_along_what_may_fill_where_it_goes() -> None:
    ledger_ = in_two_markets()
    ledger_.when(fill(1, 6)).then(e.FillBooked, allotted(4, ticker=SNOW))
    ledger_.when(reserve("c", 1, order_group_id="g")).then(e.FundsReserved, allotted(10))
    ledger_.when(reserve("d", 1, order_group_id="g", ticker=SNOW)).then(
        e.FundsReserved, allotted(4, ticker=SNOW)
    )


def test_what_fills_in_one_market_is_told_to_the_others_once_for_a_booking() -> None:
    mine = leg("a", order_group_id="g", reserved=dollars(10))
    fills = (trade(number, 10, 2, mine, leg("x", CAT)) for number in range(1, 4))
    outcome = in_two_markets().when(book(*fills, first=1, accounts=(ANN,)))
    outcome.then(e.FillBooked, e.FillBooked, e.FillBooked, allotted(4, ticker=SNOW))


def test_whatever_closes_a_group_closes_it_in_all_its_markets() -> None:
    ledger_ = in_two_markets().and_then(fill(1, 6))
    outcome = ledger_.when(fill(2, 4))
    assert outcome.events[2:] == [closed(), closed(ticker=SNOW)]


def test_a_group_that_is_reset_before_it_was_triggered_keeps_its_orders_and_counts_anew() -> None:
    ledger_ = in_two_markets().and_then(fill(1, 6))
    ledger_.when(named(c.ResetOrderGroup)).then(
        e.OrderGroupReset,
        allotted(10, version=1, round_=1),
        allotted(10, version=1, round_=1, ticker=SNOW),
    )


def test_a_group_spans_a_bounded_number_of_markets() -> None:
    ledger_ = grouped()
    for number in range(MARKETS_MAX - 1):
        ledger_.and_then(reserve(f"o{number}", 0, order_group_id="g", ticker=Ticker(f"M{number}")))
    more = reserve("z", 0, order_group_id="g", ticker=SNOW)
    ledger_.when(more).then(Reason.ORDER_GROUP_TOO_WIDE)
    ledger_.when(reserve("y", 0, order_group_id="g")).then(e.FundsReserved, e.OrderGroupAllotted)
    ledger_.and_then(named(c.TriggerOrderGroup), named(c.ResetOrderGroup))
    ledger_.when(more).then(e.FundsReserved, e.OrderGroupAllotted)


def test_an_account_has_a_bounded_number_of_order_groups() -> None:
    def create(name: str, account: AccountId = ANN) -> c.CreateOrderGroup:
        return c.CreateOrderGroup(
            order_group_id=name,
            account_id=account,
            limit=Quantity(100),
            limits=AccountLimits(order_groups=2),
        )

    ledger_ = ledger().and_then(create("1"), create("2"), create("3", BOB))
    ledger_.when(create("4")).then(Reason.TOO_MANY_ORDER_GROUPS)
    ledger_.and_then(c.DeleteOrderGroup(order_group_id="1", account_id=ANN))
    ledger_.when(create("4")).then(e.OrderGroupCreated)


def test_a_limit_is_as_large_as_an_order_at_most() -> None:
    ledger().when(named(c.CreateOrderGroup, limit=Quantity(MAX_QUANTITY + 1))).then(Reason.INVALID_QUANTITY)
    ledger().when(named(c.CreateOrderGroup, limit=MAX_QUANTITY)).then(e.OrderGroupCreated)
