"""Requests for quotes: who may do what when, and what ends by itself."""

import pytest

from domain.market.vocabulary import Action, Side
from domain.quantities import Money
from domain.quotes import commands as c
from domain.quotes import events as e
from domain.quotes.decide import QUOTES_MAX, REQUESTS_MAX
from domain.quotes.invariants import quotes_violations
from domain.quotes.state import ENDED_QUOTES, REMEMBERED_REQUESTS
from domain.quotes.vocabulary import Ending, QuoteStatus
from domain.rejections import Reason
from tests.unit.domain.quoting_words import (
    Desk,
    accepting,
    asking,
    confirming,
    desk,
    ending,
    executing,
    failing,
    looking,
    quoting,
    seconds,
)
from tests.unit.domain.trading_words import ANN, BOB, CAT, TICKER, hundredths


def status(made: Desk, name: str = "q") -> tuple[QuoteStatus, Ending | None]:
    quote = made.state.quote(name)
    assert quote is not None
    assert list(quotes_violations(made.state)) == []
    return quote.status, quote.ending


def test_a_request_stands_for_ten_minutes() -> None:
    (asked,) = desk().when(asking()).events
    assert isinstance(asked, e.QuotesRequested)
    assert (asked.quantity, asked.target_cost, asked.expires_at_us) == (500, 0, seconds(600))
    made = desk(asking())
    made.when(looking(599), at=seconds(599.9)).then()
    made.when(looking(600), at=seconds(600)).then(
        e.RequestEnded(rfq_id="r", ending=Ending.EXPIRED, at_us=seconds(600))
    )


@pytest.mark.parametrize(("contracts", "cost"), [(0, 0), (5, 1_000_000), (-1, 0), (10**10, 0), (0, 10**18)])
def test_a_request_is_for_contracts_or_for_a_cost(contracts: int, cost: int) -> None:
    desk().when(asking(contracts=contracts, target_cost=Money(cost))).then(Reason.INVALID_QUANTITY)


def test_an_account_has_a_number_of_open_requests_and_may_replace_those_of_a_market() -> None:
    made = desk(*(asking(f"r{number}") for number in range(REQUESTS_MAX)))
    made.when(asking("more")).then(Reason.TOO_MANY_RFQS)
    made.when(asking("another's", BOB)).then(e.QuotesRequested)
    outcome = made.when(asking("instead", replaces=True))
    assert [event.ending for event in outcome.of(e.RequestEnded)] == [Ending.REPLACED] * REQUESTS_MAX
    assert made.state.open_requests == {ANN: 1, BOB: 1}
    made.when(asking("elsewhere", ticker="SUN", replaces=True)).then(e.QuotesRequested)
    assert list(quotes_violations(made.state)) == []


def test_a_quote_stands_for_five_minutes_but_no_longer_than_its_request() -> None:
    made = desk(asking(), quoting(at=10), quoting("late", CAT, at=400))
    assert made.state.quote("q").given.expires_at_us == seconds(310)  # type: ignore[union-attr]
    assert made.state.quote("late").given.expires_at_us == seconds(600)  # type: ignore[union-attr]
    made.when(looking(310), at=seconds(310)).then(e.QuoteEnded)
    assert status(made) == (QuoteStatus.CANCELED, Ending.EXPIRED)
    made.and_then(looking(600), at=seconds(600))
    assert status(made, "late")[0] is QuoteStatus.CANCELED


@pytest.mark.parametrize(("yes", "no"), [(0, 0), (60, 41), (-1, 5), (100, 0), (0, 100)])
def test_a_quote_bids_for_one_outcome_at_least_and_for_both_no_more_than_a_dollar(yes: int, no: int) -> None:
    desk(asking()).when(quoting(yes=yes, no=no)).then(Reason.INVALID_PRICE)
    desk(asking()).when(quoting(yes=60, no=40)).then(e.QuoteGiven)


def test_nobody_quotes_a_request_of_their_own_or_one_that_is_over() -> None:
    made = desk(asking())
    made.when(quoting(account=ANN)).then(Reason.OWN_RFQ)
    made.when(quoting(rfq="none")).then(Reason.RFQ_NOT_FOUND)
    made.and_then(c.WithdrawRequest(rfq_id="r", account_id=ANN, now_us=0))
    made.when(quoting()).then(Reason.RFQ_CLOSED)


def test_a_makers_next_quote_takes_the_place_of_the_one_before() -> None:
    made = desk(asking(), quoting("first"), quoting("other", CAT))
    made.when(quoting("second")).then(e.QuoteEnded, e.QuoteGiven)
    assert status(made, "first") == (QuoteStatus.CANCELED, Ending.REPLACED)
    assert status(made, "other") == (QuoteStatus.OPEN, None)
    made.and_then(accepting("second")).when(quoting("third")).then(Reason.QUOTE_NOT_OPEN)


def test_so_many_quotes_stand_for_a_request_and_so_many_that_are_over_are_remembered() -> None:
    made = desk(asking(), *(quoting(f"q{number}", f"maker-{number}") for number in range(QUOTES_MAX)))  # type: ignore[arg-type]
    made.when(quoting("more")).then(Reason.TOO_MANY_QUOTES)
    made.when(quoting("again", "maker-7")).then(e.QuoteEnded, e.QuoteGiven)  # type: ignore[arg-type]
    for number in range(2 * ENDED_QUOTES):
        made.and_then(quoting(f"again {number}", "maker-7"))  # type: ignore[arg-type]
    assert len(made.state.requests["r"].quotes) == QUOTES_MAX + ENDED_QUOTES
    assert list(quotes_violations(made.state)) == []


def test_the_asker_takes_one_bid_of_one_quote() -> None:
    made = desk(asking(), quoting(), quoting("other", CAT))
    made.when(accepting(account=CAT)).then(Reason.QUOTE_NOT_FOUND)
    made.when(accepting(at=3)).then(
        e.QuoteAccepted(
            quote_id="q",
            rfq_id="r",
            side=Side.YES,
            quantity=hundredths(5),
            confirm_by_us=seconds(33),
            at_us=seconds(3),
        )
    )
    made.when(accepting(at=4)).then()  # the same again
    made.when(accepting(side=Side.NO)).then(Reason.QUOTE_NOT_OPEN)
    made.when(accepting("other")).then(Reason.QUOTE_NOT_OPEN)
    assert status(made, "other") == (QuoteStatus.OPEN, None)


def test_a_bid_that_was_not_made_cannot_be_taken() -> None:
    desk(asking(), quoting(no=0)).when(accepting(side=Side.NO)).then(Reason.INVALID_PRICE)


@pytest.mark.parametrize(
    ("cost", "step", "contracts"),
    [(2_500_000, 1, 5), (2_499_999, 1, 4.99), (2_500_000, 100, 5), (2_400_000, 100, 4), (4_999, 1, None)],
)
def test_a_target_cost_buys_what_it_suffices_for(cost: int, step: int, contracts: float | None) -> None:
    """The asker gives the maker's bid, and pays the rest of a dollar: fifty cents."""
    made = desk(asking(contracts=0, target_cost=Money(cost)), quoting(yes=50))
    outcome = made.when(accepting(step=step))
    if contracts is None:
        outcome.then(Reason.INVALID_QUANTITY)
    else:
        assert [event.quantity for event in outcome.of(e.QuoteAccepted)] == [hundredths(contracts)]


def test_what_is_not_confirmed_in_half_a_minute_lapses_and_the_request_stands() -> None:
    made = desk(asking(), quoting(), quoting("other", CAT), accepting(at=10))
    outcome = made.when(confirming(at=40), at=seconds(40))
    assert outcome.rejected is not None
    assert outcome.rejected.reason is Reason.QUOTE_NOT_OPEN
    assert status(made) == (QuoteStatus.CANCELED, Ending.NOT_CONFIRMED)
    assert made.state.requests["r"].open
    made.when(accepting("other", at=41), at=seconds(41)).then(e.QuoteAccepted)


def test_a_request_whose_time_is_up_waits_for_the_quote_that_was_accepted() -> None:
    made = desk(asking(), quoting(at=400), accepting(at=590))
    made.when(looking(600), at=seconds(600)).then()
    assert [type(each) for each in made.when(looking(620), at=seconds(620)).events] == [
        e.QuoteEnded,
        e.RequestEnded,
    ]
    assert status(made) == (QuoteStatus.CANCELED, Ending.NOT_CONFIRMED)


@pytest.mark.parametrize(
    ("side", "maker", "taker", "price", "orders"),
    [
        (Side.YES, Action.BUY, Action.BUY, 50, ((Side.YES, Action.BUY), (Side.NO, Action.BUY))),
        (Side.YES, Action.SELL, Action.BUY, 50, ((Side.NO, Action.SELL), (Side.NO, Action.BUY))),
        (Side.YES, Action.BUY, Action.SELL, 50, ((Side.YES, Action.BUY), (Side.YES, Action.SELL))),
        (Side.NO, Action.BUY, Action.BUY, 55, ((Side.NO, Action.BUY), (Side.YES, Action.BUY))),
        (Side.NO, Action.SELL, Action.SELL, 55, ((Side.YES, Action.SELL), (Side.NO, Action.SELL))),
    ],
)
def test_the_maker_comes_to_hold_what_it_bids_for_and_the_asker_the_other(
    side: Side, maker: Action, taker: Action, price: int, orders: tuple[tuple[Side, Action], ...]
) -> None:
    made = desk(asking(), quoting(), accepting(side=side))
    made.when(confirming(account=ANN)).then(Reason.QUOTE_NOT_FOUND)
    (confirmed,) = made.when(confirming(maker=maker, taker=taker)).events
    assert isinstance(confirmed, e.QuoteConfirmed)
    assert (confirmed.price_ticks, confirmed.quantity, confirmed.ticker) == (100 * price, 500, TICKER)
    assert (confirmed.maker.account_id, confirmed.taker.account_id) == (BOB, ANN)
    assert (
        (confirmed.maker.side, confirmed.maker.action),
        (confirmed.taker.side, confirmed.taker.action),
    ) == (orders)
    assert confirmed.maker.order_id != confirmed.taker.order_id
    made.when(confirming()).then()  # the same again


def test_only_what_was_accepted_can_be_confirmed() -> None:
    made = desk(asking(), quoting())
    made.when(confirming()).then(Reason.QUOTE_NOT_OPEN)
    made.and_then(c.WithdrawQuote(quote_id="q", account_id=BOB, now_us=0))
    made.when(confirming()).then(Reason.QUOTE_NOT_OPEN)
    made.when(accepting()).then(Reason.QUOTE_NOT_OPEN)


def test_between_confirmation_and_trade_nobody_can_go_back_and_nothing_lapses() -> None:
    made = desk(asking(), quoting(), accepting(), confirming())
    made.when(c.WithdrawQuote(quote_id="q", account_id=BOB, now_us=0)).then(Reason.QUOTE_NOT_OPEN)
    made.when(c.WithdrawRequest(rfq_id="r", account_id=ANN, now_us=0)).then(Reason.QUOTE_NOT_OPEN)
    made.when(asking("instead", replaces=True)).then(e.QuotesRequested)
    made.when(ending()).then(e.RequestEnded(rfq_id="instead", ending=Ending.MARKET_NOT_TRADING, at_us=0))
    made.when(looking(9_999), at=seconds(9_999)).then()
    assert status(made) == (QuoteStatus.CONFIRMED, None)


def test_a_trade_ends_the_request_and_its_other_quotes() -> None:
    made = desk(asking(), quoting(), quoting("other", CAT), accepting(), confirming())
    made.when(executing(at=2)).then(
        e.QuoteExecuted(quote_id="q", rfq_id="r", trade_id="RAIN:1", at_us=seconds(2)),  # type: ignore[arg-type]
        e.RequestEnded(rfq_id="r", ending=Ending.EXECUTED, at_us=seconds(2)),
    )
    assert status(made) == (QuoteStatus.EXECUTED, None)
    assert status(made, "other") == (QuoteStatus.CANCELED, Ending.REQUEST_CLOSED)
    made.when(executing()).then()
    made.when(failing()).then()
    made.when(accepting()).then()
    made.when(confirming()).then()
    assert (made.state.open_requests, made.state.standing_quotes) == ({}, {})


def test_a_trade_that_fails_leaves_the_request_open_unless_its_market_stopped() -> None:
    made = desk(asking(), quoting(), quoting("other", CAT), accepting(), confirming())
    made.when(failing()).then(e.QuoteEnded)
    assert status(made) == (QuoteStatus.CANCELED, Ending.EXECUTION_FAILED)
    made.and_then(accepting("other"), confirming("other", CAT))
    made.when(failing("other", closes=True)).then(e.QuoteEnded, e.RequestEnded)
    assert not made.state.requests["r"].open


def test_a_request_whose_time_ran_out_during_its_trade_ends_once_that_has_failed() -> None:
    made = desk(asking(), quoting(at=400), accepting(at=590), confirming(at=595))
    made.when(failing(at=700), at=seconds(700)).then(e.QuoteEnded, e.RequestEnded)


def test_a_market_that_stops_ends_its_requests_and_no_others() -> None:
    made = desk(asking(), asking("sun", BOB, ticker="SUN"), quoting(), accepting())
    made.when(ending()).then(e.RequestEnded(rfq_id="r", ending=Ending.MARKET_NOT_TRADING, at_us=0))
    assert status(made) == (QuoteStatus.CANCELED, Ending.REQUEST_CLOSED)
    assert made.state.requests["sun"].open
    made.when(ending()).then()


def test_requests_and_quotes_are_taken_back_by_those_whose_they_are() -> None:
    made = desk(asking(), quoting())
    made.when(c.WithdrawRequest(rfq_id="r", account_id=BOB, now_us=0)).then(Reason.RFQ_NOT_FOUND)
    made.when(c.WithdrawQuote(quote_id="q", account_id=ANN, now_us=0)).then(Reason.QUOTE_NOT_FOUND)
    taking_back = c.WithdrawQuote(quote_id="q", account_id=BOB, now_us=0)
    made.when(taking_back).then(e.QuoteEnded)
    made.when(taking_back).then()
    ending_it = c.WithdrawRequest(rfq_id="r", account_id=ANN, now_us=0)
    made.when(ending_it).then(e.RequestEnded)
    made.when(ending_it).then()


def test_an_account_is_introduced_once() -> None:
    made = desk()
    made.when(c.IntroduceAccount(account_id=ANN, communications_id="x")).then()
    assert made.state.communications == {ANN: "at-0"}


def test_the_latest_requests_that_are_over_are_remembered() -> None:
    made = desk()
    for number in range(REMEMBERED_REQUESTS + 5):
        made.and_then(asking(f"r{number}"), quoting(f"q{number}", rfq=f"r{number}"), ending())
    assert len(made.state.requests) == REMEMBERED_REQUESTS == len(made.state.request_of)
    assert made.state.quote("q4") is None
    assert made.state.quote("q5") is not None
    assert list(quotes_violations(made.state)) == []


def test_an_account_sees_the_quotes_it_gave_and_was_given_and_no_others() -> None:
    made = desk()
    made.and_then(asking("of-ann"), asking("of-bob", BOB))
    made.and_then(quoting("to-ann", BOB, rfq="of-ann"), quoting("to-bob", CAT, rfq="of-bob"))
    seen = {who: [each.quote_id for each in made.state.quotes_seen_by(who)] for who in (ANN, BOB, CAT)}
    assert seen == {ANN: ["to-ann"], BOB: ["to-bob", "to-ann"], CAT: ["to-bob"]}


def test_quotes_that_are_forgotten_are_not_looked_for() -> None:
    made = desk()
    made.and_then(asking())
    for number in range(ENDED_QUOTES + 3):
        made.and_then(quoting(f"q{number}"))
    assert len(list(made.state.quotes_seen_by(BOB))) == ENDED_QUOTES + 1 == len(made.state.request_of)
    assert list(quotes_violations(made.state)) == []
