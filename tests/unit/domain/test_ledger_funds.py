"""Deposits, withdrawals, reservations: the rules of the ledger, each shown to refuse."""

from typing import Any

import pytest

from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.decide import MAX_AMOUNT
from domain.ledger.state import REMEMBERED
from domain.limits import AccountLimits
from domain.market.vocabulary import Action
from domain.quantities import Money
from domain.rejections import Reason
from tests.unit.domain.money_words import (
    begin,
    book,
    canceled,
    give_up,
    ledger,
    leg,
    money,
    placed,
    release,
    reserve,
    trade,
)
from tests.unit.domain.trading_words import ANN, BOB, TICKER, dollars


def deposit(amount: int, reference: str = "d1", account: str = ANN) -> c.Deposit:
    return c.Deposit(account_id=account, amount=Money(amount), reference=reference)


def withdraw(amount: int, reference: str = "w1", account: str = ANN) -> c.Withdraw:
    return c.Withdraw(account_id=account, amount=Money(amount), reference=reference)


# ------------------------------------------------------------------------------------- transfers


def test_a_deposit_becomes_cash() -> None:
    outcome = ledger().when(deposit(500))
    outcome.then(e.FundsDeposited(account_id=ANN, amount=Money(500), reference="d1"))
    assert (outcome.state.accounts[ANN].cash, outcome.state.deposited) == (500, 500)


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_transfers_are_positive_and_bounded(amount: int) -> None:
    book_ = ledger(ann=5)
    book_.when(deposit(amount)).then(Reason.INVALID_AMOUNT)
    book_.when(withdraw(amount)).then(Reason.INVALID_AMOUNT)
    book_.when(c.WithdrawFees(amount=Money(amount), reference="f")).then(Reason.INVALID_AMOUNT)


def test_the_same_reference_counts_once() -> None:
    book_ = ledger(ann=5).and_then(deposit(500), withdraw(200))
    book_.when(deposit(500)).then()
    book_.when(withdraw(200)).then()
    assert book_.state.accounts[ANN].cash == dollars(5) + 300


def test_a_reference_used_for_another_amount_is_refused() -> None:
    book_ = ledger(ann=5).and_then(deposit(500), withdraw(200))
    book_.when(deposit(501)).then(Reason.DUPLICATE_REQUEST)
    book_.when(withdraw(201)).then(Reason.DUPLICATE_REQUEST)
    book_.when(withdraw(500, "d1")).then(Reason.DUPLICATE_REQUEST)


def test_accounts_do_not_share_references() -> None:
    book_ = ledger(ann=5).and_then(deposit(500))
    book_.when(deposit(500, account=BOB)).then(e.FundsDeposited)
    assert book_.state.cash(BOB) == 500


def test_a_withdrawal_takes_only_cash() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2))
    book_.when(withdraw(dollars(3) + 1)).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(withdraw(1, account=BOB)).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(withdraw(dollars(3))).then(e.FundsWithdrawn(account_id=ANN, amount=dollars(3), reference="w1"))
    assert (money(book_.state), book_.state.withdrawn) == ((0, 2, 0), dollars(3))


def test_the_house_withdraws_what_it_has_earned() -> None:
    book_ = ledger(ann=5)
    book_.state.fees_earned = 100
    book_.when(c.WithdrawFees(amount=Money(101), reference="f")).then(Reason.INSUFFICIENT_FUNDS)
    take = c.WithdrawFees(amount=Money(60), reference="f")
    book_.when(take).then(e.FeesWithdrawn(amount=Money(60), reference="f"))
    book_.when(take).then()
    book_.when(c.WithdrawFees(amount=Money(40), reference="f")).then(Reason.DUPLICATE_REQUEST)
    assert (book_.state.fees_earned, book_.state.withdrawn) == (40, 60)


def test_one_ledger_takes_out_what_all_have_earned_and_never_more() -> None:
    book_ = ledger(ann=5)
    book_.state.fees_earned = 100

    def take(amount: int, reference: str) -> c.WithdrawFees:
        return c.WithdrawFees(amount=Money(amount), reference=reference, earned_elsewhere=Money(30))

    book_.when(take(131, "f")).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(take(120, "f")).then(e.FeesWithdrawn(amount=Money(120), reference="f"))
    book_.when(take(120, "f")).then()
    book_.when(take(11, "g")).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(take(10, "g")).then(e.FeesWithdrawn(amount=Money(10), reference="g"))
    assert (book_.state.fees_earned, book_.state.withdrawn) == (-30, 130)


# ------------------------------------------------------------------------------------- reserving


def test_money_for_an_order_is_set_aside() -> None:
    outcome = ledger(ann=5).when(reserve("o", 2))
    outcome.then(
        e.FundsReserved(
            order_id=OrderId("o"),
            account_id=ANN,
            ticker=TICKER,
            amount=dollars(2),
            request_digest="o 2",
            order_group_id=None,
        )
    )
    assert money(outcome.state) == (3, 2, 0)
    assert outcome.state.reservations[OrderId("o")].pending


def test_more_than_there_is_is_not_set_aside() -> None:
    book_ = ledger(ann=5)
    book_.when(reserve("o", 5.000_001)).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(reserve("o", 1, BOB)).then(Reason.INSUFFICIENT_FUNDS)
    book_.and_then(reserve("o", 5)).when(reserve("p", 0.000_001)).then(Reason.INSUFFICIENT_FUNDS)


def test_a_refusal_for_want_of_funds_says_what_is_needed_and_what_there_is() -> None:
    refused = ledger(ann=5).when(reserve("o", 7.123_456)).rejected
    assert refused is not None
    assert refused.message == "the order needs $7.1235, fees included, and $5.0000 is available"


def test_a_sale_is_noted_though_nothing_is_set_aside() -> None:
    book_ = ledger().and_then(reserve("s", 0))
    book_.when(reserve("s", 0)).then(Reason.ORDER_EXISTS)
    book_.when(book(placed("s", 0, action=Action.SELL))).then(e.OrderConfirmed)
    assert money(book_.state) == (0, 0, 0)


def test_the_same_order_is_not_reserved_twice() -> None:
    ledger(ann=5).and_then(reserve("o", 2)).when(reserve("o", 2)).then(Reason.ORDER_EXISTS)


def test_another_order_under_the_same_id_is_refused_by_name() -> None:
    ledger(ann=5).and_then(reserve("o", 2)).when(reserve("o", 3)).then(Reason.DUPLICATE_CLIENT_ORDER_ID)


def test_an_order_is_remembered_after_it_has_gone() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), book(placed("o", 2), canceled("o")))
    assert money(book_.state) == (5, 0, 0)
    book_.when(reserve("o", 2)).then(Reason.ORDER_EXISTS)


def test_an_open_order_is_not_reserved_anew_however_many_came_after_it() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), book(placed("o", 2)))
    for number in range(REMEMBERED):
        book_.and_then(reserve(f"s{number}", 0))
    assert book_.state.orders.get("o") is None
    book_.when(reserve("o", 2)).then(Reason.ORDER_EXISTS)
    assert money(book_.state) == (3, 2, 0)


def test_orders_of_all_markets_together_are_bounded() -> None:
    def one_more(name: str, account: AccountId = ANN, **more: Any) -> c.ReserveFunds:
        return reserve(name, 1, account, limits=AccountLimits(open_orders_in_all=2), **more)

    book_ = ledger(ann=5, bob=5).and_then(one_more("a"), one_more("b", ticker=Ticker("SNOW")))
    refused = book_.when(one_more("c", ticker=Ticker("WIND"))).rejected
    assert refused is not None
    assert refused.reason is Reason.TOO_MANY_OPEN_ORDERS
    assert refused.message == "at most 2 orders may be open in all markets together"
    book_.when(one_more("a")).then(Reason.ORDER_EXISTS)
    book_.when(one_more("x", BOB)).then(e.FundsReserved)
    book_.and_then(release("b")).when(one_more("c")).then(e.FundsReserved)
    book_.and_then(book(placed("a", 1))).when(one_more("d")).then(Reason.TOO_MANY_OPEN_ORDERS)
    book_.and_then(book(canceled("a"), first=1)).when(one_more("d")).then(e.FundsReserved)


# ------------------------------------------------------------------------------------- releasing


def test_a_reservation_the_market_did_not_take_is_released_and_the_id_can_be_used_again() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2))
    book_.when(release("o")).then(
        e.ReservationReleased(
            order_id=OrderId("o"),
            account_id=ANN,
            ticker=TICKER,
            amount=dollars(2),
            market_revision=None,
        )
    )
    assert (money(book_.state), book_.state.reservations) == ((5, 0, 0), {})
    book_.when(release("o")).then()
    book_.when(reserve("o", 3)).then(e.FundsReserved)


def test_a_confirmed_reservation_is_not_released() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), book(placed("o", 2)))
    book_.when(release("o")).then()
    assert money(book_.state) == (3, 2, 0)


def test_more_is_set_aside_for_an_amendment_and_released_if_it_is_not_taken() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), book(placed("o", 2)))
    book_.when(begin("o", 1)).then(
        e.ReservationIncreased(
            order_id=OrderId("o"), account_id=ANN, ticker=TICKER, amount=dollars(1), amendment_id="first"
        )
    )
    assert money(book_.state) == (2, 3, 0)
    book_.when(give_up()).then(
        e.IncreaseReleased(
            order_id=OrderId("o"), account_id=ANN, ticker=TICKER, amount=dollars(1), amendment_id="first"
        )
    )
    book_.when(give_up()).then()
    assert money(book_.state) == (3, 2, 0)


def test_an_increase_needs_the_money_and_an_open_order_of_the_account() -> None:
    book_ = ledger(ann=5, bob=5).and_then(reserve("o", 2))
    book_.when(begin("o", 3.1)).then(Reason.INSUFFICIENT_FUNDS)
    book_.when(begin("o", 1, BOB)).then(Reason.ORDER_NOT_FOUND)
    book_.when(begin("none", 1)).then(Reason.ORDER_NOT_FOUND)


def test_an_increase_comes_back_even_before_the_order_is_confirmed() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), begin("o", 1), give_up())
    assert money(book_.state) == (3, 2, 0)
    assert book_.state.reservations[OrderId("o")].pending
    book_.and_then(book(placed("o", 2)))
    assert money(book_.state) == (3, 2, 0)


def test_an_increase_comes_back_after_the_order_has_filled() -> None:
    filled = trade(1, 50, 4, leg("o"), leg("x", BOB))
    book_ = ledger(ann=5, bob=5).and_then(reserve("o", 2), book(placed("o", 2)), begin("o", 1))
    book_.and_then(book(filled, first=1, accounts=(ANN,)))
    assert money(book_.state) == (2, 1, 0)
    book_.and_then(give_up())
    assert (money(book_.state), book_.state.reservations) == ((3, 0, 0), {})


def test_releasing_the_order_leaves_an_increase_to_its_own_release() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), begin("o", 1), release("o"))
    assert money(book_.state) == (4, 1, 0)
    book_.and_then(give_up())
    assert (money(book_.state), book_.state.reservations) == ((5, 0, 0), {})


def test_deposits_never_add_up_to_more_than_can_be_counted() -> None:
    book_ = ledger()
    most = 3 * MAX_AMOUNT
    for number in range(3):
        book_ = book_.and_then(
            c.Deposit(account_id=ANN, amount=Money(MAX_AMOUNT), reference=f"d{number}", most=Money(most))
        )
    more = c.Deposit(account_id=ANN, amount=Money(1), reference="more", most=Money(most))
    book_.when(more).then(Reason.DEPOSIT_LIMIT)
    again = c.Deposit(account_id=ANN, amount=Money(MAX_AMOUNT), reference="d0", most=Money(most))
    book_.when(again).then()
    assert book_.state.deposited == most


# ----------------------------------------------------------------------------------- further client ids


def named(key: str = "key", digest: str = "digest") -> dict[str, Any]:
    return {"key": OrderId(key), "request_digest": digest}


def taken(name: str, amendment: str | None = "first") -> e.ClientIdTaken:
    return e.ClientIdTaken(
        key=OrderId("key"),
        account_id=ANN,
        order_id=OrderId(name),
        ticker=TICKER,
        request_digest="digest",
        amendment_id=amendment,
    )


def test_a_client_id_is_taken_by_an_amendment_even_if_that_needs_no_money() -> None:
    book_ = ledger(ann=5)  # a sale has nothing set aside
    book_.when(begin("o", 0, **named())).then(e.ReservationIncreased, taken("o"))
    assert money(book_.state) == (5, 0, 0)
    assert book_.state.orders.get("key") == ("digest", TICKER, "o")


def test_a_client_id_that_was_taken_names_no_other_order() -> None:
    book_ = ledger(ann=5).and_then(begin("o", 0, **named()))
    book_.when(begin("p", 0, amendment="second", **named())).then(Reason.ORDER_EXISTS)
    book_.when(begin("p", 0, amendment="second", **named(digest="other"))).then(
        Reason.DUPLICATE_CLIENT_ORDER_ID
    )
    book_.when(reserve("key", 1)).then(Reason.DUPLICATE_CLIENT_ORDER_ID)


def test_a_client_id_is_free_again_if_the_amendment_is_not_made() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), begin("o", 1, **named()))
    book_.when(give_up()).then(e.IncreaseReleased, e.ClientIdFreed(key=OrderId("key"), account_id=ANN))
    assert (money(book_.state), book_.state.amendments) == ((3, 2, 0), {})
    book_.when(reserve("key", 1)).then(e.FundsReserved)


def test_an_order_placed_after_another_of_its_client_id_was_given_up_takes_the_client_id() -> None:
    book_ = ledger(ann=5)
    book_.when(reserve("o", 2, key=OrderId("key"), request_digest="digest")).then(
        e.FundsReserved, taken("o", None)
    )


def test_two_amendments_of_one_order_are_told_apart() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), begin("o", 1), begin("o", 2, amendment="second"))
    assert money(book_.state) == (0, 5, 0)
    book_.and_then(give_up("second"))
    assert (money(book_.state), list(book_.state.amendments)) == ((2, 3, 0), ["first"])
    book_.and_then(give_up("second"), give_up("first"))
    assert money(book_.state) == (3, 2, 0)


def test_an_amendment_begins_once() -> None:
    book_ = ledger(ann=5).and_then(reserve("o", 2), begin("o", 1))
    book_.when(begin("o", 1)).then()


def test_the_largest_amount_there_is_comes_in_and_goes_out_at_once() -> None:
    most = Money(MAX_AMOUNT)
    book = ledger().and_then(c.Deposit(account_id=ANN, amount=most, reference="in", most=most))
    book.when(c.Withdraw(account_id=ANN, amount=most, reference="out")).then(
        e.FundsWithdrawn(account_id=ANN, amount=most, reference="out")
    )
