"""Which of two ways an order is carried out in, and what happens when others sold what it was to sell."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from application.ports.event_store import Position as LogPosition
from application.requests import OrderAccepted, OrderAnswer, OrderRequest
from application.sagas.either_way import EitherWay, as_held, is_either, turned
from application.sagas.order_placement import OrderPlacement
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.state import MarketState, Position
from domain.market.vocabulary import Action, Side
from domain.quantities import Quantity, Ticks
from domain.rejections import Reason, Rejected

ANN = AccountId("ann")


def request(action: Action, side: Side = Side.YES, **more: object) -> OrderRequest:
    return OrderRequest(
        account_id=ANN,
        ticker=Ticker("RAIN"),
        side=side,
        action=action,
        quantity=Quantity(500),
        **more,  # type: ignore[arg-type]
    )


def holding(*, yes: int = 0, no: int = 0, offered: int = 0) -> MarketState:
    """A market in which the account holds this much, and has offered some of each."""
    position = Position()
    position.yes, position.no = yes, no
    position.offered_yes = position.offered_no = offered
    return SimpleNamespace(positions={ANN: position})  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("order", "either"),
    [
        (request(Action.BUY), False),
        (request(Action.BUY, closes_first=True), True),
        (request(Action.BUY, reduce_only=True), False),
        (request(Action.SELL), True),
        (request(Action.SELL, reduce_only=True), False),
        (request(Action.SELL, reduce_only=True, closes_first=True), False),
    ],
    ids=str,
)
def test_a_sale_may_buy_the_other_outcome_and_a_purchase_may_sell_it_if_it_says_so(
    order: OrderRequest, *, either: bool
) -> None:
    assert is_either(order) is either


def test_a_sale_stays_one_while_what_is_held_and_not_offered_suffices() -> None:
    sale = request(Action.SELL, price_ticks=Ticks(4_000))
    assert as_held(sale, holding(yes=500)) is sale
    assert as_held(sale, holding(yes=600, offered=100)) is sale
    purchase = request(Action.BUY, Side.NO, price_ticks=Ticks(6_000))
    for lacking in (holding(yes=499), holding(yes=599, offered=100), holding(no=500)):
        assert as_held(sale, lacking) == purchase
    assert as_held(sale, MarketState()) == purchase, "who never had anything there has no position"


def test_a_purchase_becomes_a_sale_only_if_what_is_held_of_the_other_outcome_suffices() -> None:
    purchase = request(Action.BUY, Side.NO, price_ticks=Ticks(6_000), closes_first=True)
    sale = request(Action.SELL, Side.YES, price_ticks=Ticks(4_000), closes_first=True)
    assert as_held(purchase, holding(yes=500)) == sale
    for lacking in (holding(yes=499), holding(no=500), MarketState()):
        assert as_held(purchase, lacking) is purchase


def test_an_order_in_the_terms_of_the_other_outcome_costs_what_is_left_of_a_dollar() -> None:
    order = request(Action.SELL, price_ticks=Ticks(4_000), stop_price_ticks=Ticks(3_500))
    other = turned(order)
    assert (other.side, other.action, other.price_ticks, other.stop_price_ticks) == (
        Side.NO, Action.BUY, 6_000, 6_500,
    )  # fmt: skip
    assert turned(other) == order
    at_any_price = turned(request(Action.BUY, Side.NO))
    assert (at_any_price.price_ticks, at_any_price.stop_price_ticks) == (None, None)


ACCEPTED = OrderAccepted(position=LogPosition(3), order_id=OrderId("o"))
SOLD = Rejected(Reason.INSUFFICIENT_SHARES, "others took them")
POOR = Rejected(Reason.INSUFFICIENT_FUNDS, "not enough")


def placement(answers: Sequence[OrderAnswer], name: str, asked: list[str]) -> OrderPlacement:
    left = list(answers)

    async def run() -> OrderAnswer:
        asked.append(name)
        return left.pop(0)

    return SimpleNamespace(run=run)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (ACCEPTED, None, ["sale"]),
        (POOR, None, ["sale"]),
        (SOLD, ACCEPTED, ["sale", "purchase"]),
        (SOLD, POOR, ["sale", "purchase"]),
        (SOLD, SOLD, ["sale", "purchase"]),
    ],
    ids=str,
)
async def test_only_a_sale_of_what_others_took_is_followed_by_a_purchase_and_by_one(
    first: OrderAnswer, second: OrderAnswer | None, asked: list[str]
) -> None:
    ran: list[str] = []
    purchase = placement([second, ACCEPTED] if second else [], "purchase", ran)
    either = EitherWay(placement([first], "sale", ran), lambda: purchase)
    assert await either.run() == (second or first)
    assert ran == asked
    if second is not None:
        # Run again, as after a cancellation, it goes on where it was.
        assert await either.run() == ACCEPTED
        assert ran == [*asked, "purchase"]


async def test_after_the_purchase_nothing_else_is_tried_however_often_it_is_run() -> None:
    ran: list[str] = []
    purchase = placement([SOLD, SOLD], "purchase", ran)
    either = EitherWay(placement([SOLD], "sale", ran), lambda: purchase)
    assert [await either.run(), await either.run()] == [SOLD, SOLD]
    assert ran == ["sale", "purchase", "purchase"]


async def test_a_purchase_that_no_rule_allows_is_refused_and_not_begun() -> None:
    ran: list[str] = []
    either = EitherWay(placement([SOLD], "sale", ran), lambda: POOR)
    assert await either.run() == POOR
    assert ran == ["sale"]
